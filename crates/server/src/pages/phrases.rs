//! `/officers/words`: phrases that a model wrote, and where people decide about them.
//!
//! As on the command line, whoever decides types a name and a reason, and nobody proves who they
//! are: the page is there only where the operator wants it, and who reaches it is up to the
//! operator.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use engine::NotDecided;
use serde::Deserialize;
use storage::phrases::{Decision, PhraseAction, PhraseState};

use super::{Frame, back_to, show, show_with};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::http::AppState;
use crate::phrases::{self, Change, Listed, PhrasesError, Shown};
use crate::sign_in::{OurForm, Visitor};
use crate::wiring::Country;

/// How many one page lists.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "phrases.html")]
struct ListPage {
    frame: Frame,
    state: PhraseState,
    listed: Vec<Listed>,
    more: usize,
}

#[derive(Template)]
#[template(path = "phrase.html")]
struct PhrasePage {
    frame: Frame,
    form_token: String,
    shown: Shown,
    /// What was typed, where it was not taken.
    typed: DecisionIn,
    fault: Option<&'static str>,
    saved: bool,
}

#[derive(Deserialize)]
pub(super) struct ListIn {
    state: Option<PhraseState>,
}

#[derive(Deserialize)]
pub(super) struct OneIn {
    saved: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct DecisionIn {
    action: String,
    by: String,
    because: String,
}

/// `GET /officers/words`
pub(super) async fn list(
    State(state): State<AppState>,
    frame: Frame,
    Query(asked): Query<ListIn>,
) -> Result<Response, ApiError> {
    let country = there(&state)?;
    let asked = asked.state.unwrap_or(PhraseState::Proved);
    let mut conn = state.engine.store.read().await?;
    let mut listed = phrases::list(&mut conn, country, Some(asked)).await?;
    let more = listed.len().saturating_sub(SHOWN);
    listed.truncate(SHOWN);
    show(&ListPage { frame, state: asked, listed, more })
}

/// `GET /officers/words/{id}`
pub(super) async fn one(
    State(state): State<AppState>,
    frame: Frame,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<OneIn>,
) -> Result<Response, ApiError> {
    let saved = asked.saved.is_some();
    page(&state, frame, visitor, &id, |page| PhrasePage { saved, ..page }).await
}

/// `POST /officers/words/{id}`
pub(super) async fn decide(
    State(state): State<AppState>,
    frame: Frame,
    visitor: Visitor,
    Path(id): Path<String>,
    OurForm(typed): OurForm<DecisionIn>,
) -> Result<Response, ApiError> {
    let country = there(&state)?;
    let action = action(&typed.action).ok_or_else(ApiError::not_found)?;
    let decision = Decision {
        at: state.engine.clock.now(),
        by_whom: typed.by.clone(),
        action,
        because: typed.because.clone(),
    };
    let words = &frame.words.phrases;
    let fault = match phrases::decide(&state.engine.store, country, &id, &decision).await {
        Ok(_) => return Ok(back_to(&format!("/officers/words/{id}?saved=1#said"))),
        Err(PhrasesError::NotDecided(NotDecided::Nobody)) => words.nobody,
        Err(PhrasesError::NotDecided(NotDecided::Again(_))) => words.again,
        Err(PhrasesError::NotDecided(NotDecided::State { .. })) => words.moved_on,
        Err(error) => return Err(error.into()),
    };
    let told = |page| PhrasePage { typed, fault: Some(fault), ..page };
    page(&state, frame, visitor, &id, told).await
}

async fn page(
    state: &AppState,
    frame: Frame,
    visitor: Visitor,
    id: &str,
    told: impl FnOnce(PhrasePage) -> PhrasePage,
) -> Result<Response, ApiError> {
    let country = there(state)?;
    let mut conn = state.engine.store.read().await?;
    let shown = phrases::one(&mut conn, country, id).await?.ok_or_else(ApiError::not_found)?;
    let Visitor { form_token, set_cookie } = visitor;
    let typed = DecisionIn::default();
    let page = PhrasePage { frame, form_token, shown, typed, fault: None, saved: false };
    show_with(set_cookie, &told(page))
}

fn there(state: &AppState) -> Result<&Country, ApiError> {
    state.phrases.as_deref().ok_or_else(ApiError::not_found)
}

fn action(name: &str) -> Option<PhraseAction> {
    let all = [PhraseAction::Approve, PhraseAction::Refuse, PhraseAction::Retire];
    all.into_iter().find(|action| action.name() == name)
}

impl Frame {
    fn phrase_state(&self, state: PhraseState) -> &'static str {
        let all = PhraseState::ALL.into_iter().zip(self.words.phrases.states);
        all.into_iter().find(|(it, _)| *it == state).map_or("", |(_, word)| word)
    }
}

impl PhrasePage {
    fn did(&self, action: PhraseAction) -> &'static str {
        let [approved, refused, retired] = self.frame.words.phrases.did;
        match action {
            PhraseAction::Approve => approved,
            PhraseAction::Refuse => refused,
            PhraseAction::Retire => retired,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Language;
    use jiff::Timestamp;
    use storage::phrases::Phrase;

    use super::*;
    use crate::pages::check;
    use crate::phrases::Carried;

    fn phrase(state: PhraseState) -> Phrase {
        let text = |text: &str| text.to_owned();
        Phrase {
            id: text("phr_1"),
            life_event: text("LE-BIRTH"),
            point: text("birth.offer"),
            variant: 0,
            language: Language::VI,
            text: text("{pronoun} có thể nộp <b>hồ sơ</b>."),
            approved: text("hash"),
            state,
            evidence: serde_json::Value::Null,
            measures: serde_json::Value::Null,
            model: text("model"),
            prompt: text("prompt"),
            seed: 1,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn shown(state: PhraseState) -> Shown {
        let phrase = phrase(state);
        Shown {
            nearest: Some("{pronoun} nộp được hồ sơ.".to_owned()),
            difference: vec![
                (Change::Same, "{pronoun} ".to_owned()),
                (Change::Added, "có thể ".to_owned()),
                (Change::Removed, "được ".to_owned()),
            ],
            proof: vec![Carried {
                sentence: phrase.text.clone(),
                by: "{pronoun} nộp được hồ sơ.".to_owned(),
                moved: true,
                likeness: Some(0.987),
            }],
            decisions: vec![Decision {
                at: Timestamp::UNIX_EPOCH,
                by_whom: "Nguyễn Thị Mẫu".to_owned(),
                action: PhraseAction::Approve,
                because: "đọc trôi chảy".to_owned(),
            }],
            approvals_needed: 2,
            stale: false,
            left_out: None,
            phrase,
        }
    }

    fn page(state: PhraseState, fault: Option<&'static str>) -> impl Fn(Frame) -> PhrasePage {
        move |frame| PhrasePage {
            frame,
            form_token: "token".to_owned(),
            shown: shown(state),
            typed: DecisionIn { by: "\"><i>Trần".to_owned(), ..DecisionIn::default() },
            fault,
            saved: fault.is_none(),
        }
    }

    #[test]
    fn a_phrase_is_shown_with_what_differs_what_carries_it_and_who_decided() {
        let (vi, en) = check::in_both(page(PhraseState::Proved, Some("Cần ghi cả họ tên")));
        for words in
            ["<ins>có thể </ins>", "<del>được </del>", "0.987", "Nguyễn Thị Mẫu", "2 người"]
        {
            assert!(vi.contains(words), "no `{words}` in {vi}");
        }
        assert!(vi.contains("role=\"alert\"") && !vi.contains("<b>hồ") && !vi.contains("<i>Trần"));
        assert!(en.contains("one part moved to the front") && en.contains("value=\"approve\""));
        // What is approved can be taken out, and nothing else; what was refused stays so.
        let (vi, _) = check::in_both(page(PhraseState::Approved, None));
        assert!(vi.contains("value=\"retire\"") && !vi.contains("value=\"approve\""));
        let (vi, _) = check::in_both(page(PhraseState::Refused, None));
        assert!(!vi.contains("<button name=\"action\""));
    }

    #[test]
    fn a_list_says_what_waits_and_what_it_leaves_out() {
        let list = |listed: fn() -> Vec<Listed>, more| {
            move |frame| ListPage { frame, state: PhraseState::Proved, listed: listed(), more }
        };
        let some = || {
            let left_out = Some("stale".to_owned());
            vec![Listed { phrase: phrase(PhraseState::Proved), left_out }]
        };
        let (vi, _) = check::in_both(list(some, 7));
        assert!(vi.contains("/officers/words/phr_1") && vi.contains("Còn 7 câu"), "{vi}");
        assert!(vi.contains("aria-current=\"page\"") && !vi.contains("<b>hồ"));
        let (vi, _) = check::in_both(list(Vec::new, 0));
        assert!(vi.contains("Không có câu nào"));
    }

    #[test]
    fn nothing_but_the_three_is_decided() {
        assert_eq!(action("refuse"), Some(PhraseAction::Refuse));
        assert_eq!((action("delete"), action("")), (None, None));
    }
}
