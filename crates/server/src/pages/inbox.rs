//! `GET /inbox`: what came, sorted by who must act next.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::view::InboxItem;

use super::turn::{self, Turn};
use super::{Frame, show};
use crate::error::ApiError;
use crate::http::AppState;
use crate::sign_in::Citizen;

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    /// The sample person's name, in the demo.
    name: Option<String>,
    groups: Vec<Group>,
}

struct Group {
    turn: Turn,
    title: &'static str,
    items: Vec<InboxItem>,
}

pub(super) async fn inbox(
    State(state): State<AppState>,
    frame: Frame,
    citizen: Citizen,
) -> Result<Response, ApiError> {
    let items = state.engine.inbox(citizen.subject).await?;
    // Whoever tries the demo is many people in a row and has to see which one.
    let name = if state.is_demo() {
        let people = state.engine.sample_people().await?;
        people.into_iter().find(|person| person.subject == citizen.subject).map(|found| found.name)
    } else {
        None
    };
    let groups = grouped(&frame, items);
    show(&InboxPage { frame: frame.signed_in(&citizen.form_token), name, groups })
}

fn grouped(frame: &Frame, items: Vec<InboxItem>) -> Vec<Group> {
    let words = &frame.words.inbox;
    let mut groups =
        [(Turn::You, words.to_do), (Turn::Agency, words.waiting), (Turn::Nobody, words.settled)]
            .map(|(turn, title)| Group { turn, title, items: Vec::new() });
    for item in items {
        let turn = Turn::at(item.state);
        if let Some(group) = groups.iter_mut().find(|group| group.turn == turn) {
            group.items.push(item);
        }
    }
    for group in &mut groups {
        // Nearest deadline first; what has none comes after, newest first.
        group.items.sort_by_key(|item| {
            let deadline = item.deadline.as_ref().map(|deadline| deadline.on);
            (deadline.is_none(), deadline, std::cmp::Reverse(item.sent_on))
        });
    }
    groups.into_iter().filter(|group| !group.items.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{check, sample};

    #[test]
    fn the_inbox_shows_who_must_act_and_by_when() {
        let make = |frame: Frame| {
            let groups = grouped(&frame, sample::inbox());
            InboxPage { frame, name: Some("Nguyễn Thị Thử Lan".into()), groups }
        };
        let (vi, en) = check::in_both(make);
        let places = ["Việc cần làm", "04/01/2027", "Chưa rõ hạn", "Đang chờ cơ quan", "Đã xong"]
            .map(|words| vi.find(words).unwrap_or_else(|| panic!("no `{words}`")));
        assert!(places.is_sorted(), "nearest deadline first, what is settled last");
        assert!(vi.contains("Đến lượt ông/bà") && vi.contains("còn 42 ngày"));
        assert!(en.contains("Your turn") && en.contains("42 days left"));
        assert_eq!(vi.matches("pill new").count(), 1, "one message was not opened yet");
    }

    #[test]
    fn an_empty_inbox_says_that_nothing_is_to_do() {
        let make = |frame| InboxPage { frame, name: None, groups: Vec::new() };
        let (vi, _) = check::in_both(make);
        assert!(vi.contains("Chưa có tin nào"));
    }
}
