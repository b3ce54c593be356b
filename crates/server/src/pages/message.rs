//! `GET /messages/{id}`: one message, what to do about it, and why it came.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::{Evidence, MessageId, MessageSource, MilestoneState, OutcomeKind, SuggestionState};
use engine::view::{MessagePage, PassageLine, SuggestionView};
use jiff::civil::Date;
use serde::Deserialize;

use super::turn::{self, Turn};
use super::{Frame, show};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::http::AppState;
use crate::sign_in::Citizen;

#[derive(Template)]
#[template(path = "message.html")]
struct Letter {
    frame: Frame,
    page: MessagePage,
    stops: Vec<Stop>,
    form_token: String,
    said: Option<&'static str>,
}

/// One milestone stone on the way from the event to the deadline.
struct Stop {
    day: Date,
    label: String,
    class: &'static str,
}

#[derive(Deserialize)]
pub(super) struct MessageIn {
    #[serde(default)]
    said: String,
}

pub(super) async fn message(
    State(state): State<AppState>,
    frame: Frame,
    citizen: Citizen,
    Path(id): Path<MessageId>,
    Query(asked): Query<MessageIn>,
) -> Result<Response, ApiError> {
    let page = state.engine.message_page(citizen.subject, id).await?;
    let page = page.ok_or_else(ApiError::not_found)?;
    // To open a message is to have seen it. The page is shown even where that cannot be
    // recorded.
    let seen = state.engine.record_outcome(citizen.subject, page.main.id, OutcomeKind::Seen).await;
    if let Err(error) = seen {
        tracing::warn!(%error, "message shown but not recorded as seen");
    }
    let stops = stops(&frame, &page);
    let said = (frame.words.message.said)(&asked.said);
    let form_token = citizen.form_token;
    show(&Letter { frame: frame.signed_in(&form_token), page, stops, form_token, said })
}

/// The event, today and the deadline in the order of their days.
fn stops(frame: &Frame, page: &MessagePage) -> Vec<Stop> {
    let mut stops = vec![
        Stop {
            day: page.why.occurred_on,
            label: frame.say(&page.why.event).to_owned(),
            class: "past",
        },
        Stop { day: frame.today, label: frame.words.message.today.to_owned(), class: "today" },
    ];
    // What was withdrawn is due on no day.
    let due = page.milestone_state != MilestoneState::Withdrawn;
    if let Some(deadline) = page.main.deadline.as_ref().filter(|_| due) {
        stops.push(Stop {
            day: deadline.on,
            label: frame.say(&deadline.duty).to_owned(),
            class: if deadline.on < frame.today { "past deadline" } else { "deadline" },
        });
    }
    stops.sort_by_key(|stop| stop.day);
    stops
}

impl Letter {
    fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.page.text.lines().map(str::trim).filter(|line| !line.is_empty())
    }

    fn is_withdrawn(&self) -> bool {
        self.page.milestone_state == MilestoneState::Withdrawn
    }

    fn can_answer(&self) -> bool {
        !self.is_withdrawn() && self.page.main.state == SuggestionState::Open
    }

    fn maker(&self) -> &'static str {
        match self.page.why.source {
            MessageSource::Model => self.frame.words.message.by_model,
            MessageSource::Template => self.frame.words.message.by_template,
        }
    }

    /// How far the engine goes with `service`, in words.
    fn level(&self, service: &SuggestionView) -> Option<&'static str> {
        let place = usize::from(service.level).checked_sub(1)?;
        self.frame.words.service.levels.get(place).copied()
    }

    /// The passages that carry one sentence.
    fn passages<'a>(&'a self, evidence: &'a Evidence) -> impl Iterator<Item = &'a PassageLine> {
        self.page.why.passages.iter().filter(|passage| evidence.passages.contains(&passage.id))
    }
}

/// A sentence of a template as people read it: a gap for each slot, whose name is the engine's.
fn with_gaps(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('…');
        rest = after.split_once('}').map_or("", |(_, behind)| behind);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{check, sample};

    #[test]
    fn a_slot_is_a_gap_and_its_name_is_not_shown() {
        assert_eq!(with_gaps("{address} sinh con vào {born_on}."), "… sinh con vào ….");
        assert_eq!(with_gaps("Từ chối không mất quyền."), "Từ chối không mất quyền.");
        assert_eq!(with_gaps("mục {cite:a#b"), "mục …");
    }

    fn shown(page: &MessagePage) -> (String, String) {
        check::in_both(|frame: Frame| {
            let stops = stops(&frame, page);
            Letter { frame, page: page.clone(), stops, form_token: "t".into(), said: None }
        })
    }

    #[test]
    fn a_message_says_what_to_do_by_when_and_why() {
        let (vi, en) = shown(&sample::message());
        for words in [
            "Kính gửi bà Nguyễn Thị Thử Lan",
            "còn 42 ngày",
            "Nên làm chậm nhất: <time datetime=\"2026-12-31\">",
            "Tôi đã làm rồi",
            "Không phù hợp với tôi",
            "Có thông tin sai",
            "Vì sao tôi nhận tin này?",
            "Điều 15 khoản 1, Luật Hộ tịch 60/2014/QH13",
            "LE-BIRTH@2026-09-01",
            "Trong thời hạn 60 ngày",
            "Cơ sở dữ liệu y tế",
            "Soạn tự động",
            "Chưa biết ngày mẹ đi làm trở lại",
        ] {
            assert!(vi.contains(words), "no `{words}`");
        }
        assert!(en.contains("<div lang=\"vi\">"), "a Vietnamese letter on an English page");
    }

    #[test]
    fn the_stones_stand_in_the_order_of_their_days() {
        let (vi, _) = shown(&sample::message());
        let places = ["datetime=\"2026-11-02\"", "<li class=\"today\">", "<li class=\"deadline\">"]
            .map(|words| vi.find(words).unwrap_or_else(|| panic!("no `{words}`")));
        assert!(places.is_sorted());
    }

    #[test]
    fn a_withdrawn_message_says_so_and_asks_for_nothing() {
        let page = MessagePage { milestone_state: MilestoneState::Withdrawn, ..sample::message() };
        let (vi, _) = shown(&page);
        assert!(vi.contains("Tin này đã được rút lại"));
        assert!(!vi.contains("Tôi đã nộp hồ sơ") && !vi.contains("Xem hồ sơ đã soạn"));
        assert!(!vi.contains("<li class=\"deadline\">"), "it is due on no day");
    }

    #[test]
    fn what_was_settled_is_not_asked_again() {
        let main = SuggestionView { state: SuggestionState::Done, ..sample::suggestion() };
        let (vi, _) = shown(&MessagePage { main, ..sample::message() });
        assert!(!vi.contains("Tôi đã làm rồi") && vi.contains("Có thông tin sai"));
    }

    #[test]
    fn what_a_register_says_cannot_become_markup() {
        let text = "<script>alert(1)</script>\nx & y".to_owned();
        let (vi, _) = shown(&MessagePage { text, ..sample::message() });
        assert!(!vi.contains("<script>alert") && vi.contains("alert(1)"));
    }
}
