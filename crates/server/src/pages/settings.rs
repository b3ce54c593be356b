//! `/settings`: what a person refuses, and who looked at their data.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::{Detail, Language, RefusalScope, Text};
use engine::view::{AccessLine, RefusalLine};
use jiff::civil::Date;
use serde::Deserialize;

use super::reach::{self, Reach};
use super::refusable::refusable;
use super::{Frame, back_to, show};
use crate::error::{ApiError, ErrorCode};
use crate::extract::Query;
use crate::http::AppState;
use crate::sign_in::{Citizen, OurForm};

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    frame: Frame,
    all: Choice,
    groups: Vec<Choice>,
    events: Vec<Choice>,
    reaches: Vec<Reach>,
    languages: Vec<Spoken>,
    accesses: Vec<AccessLine>,
    form_token: String,
    saved: bool,
}

/// Something that can be refused, and whether it is.
struct Choice {
    key: String,
    label: String,
    since: Option<Date>,
}

/// A language in which letters are written.
struct Spoken {
    tag: String,
    name: String,
    chosen: bool,
}

#[derive(Deserialize)]
pub(super) struct SettingsIn {
    saved: Option<String>,
}

/// `GET /settings`
pub(super) async fn settings(
    State(state): State<AppState>,
    frame: Frame,
    citizen: Citizen,
    Query(asked): Query<SettingsIn>,
) -> Result<Response, ApiError> {
    let refused = state.engine.refusals(citizen.subject).await?;
    let accesses = state.engine.accesses(citizen.subject).await?;
    let all = choice(&refused, &RefusalScope::All, frame.words.settings.all);
    let contacts = state.engine.contacts(citizen.subject).await?;
    let reaches = reach::offered(&state, &frame, &contacts);
    let languages = spoken(&state, state.engine.language(citizen.subject).await?);
    let (mut groups, mut events) = (Vec::new(), Vec::new());
    for (scope, label) in refusable(&state.engine.pack) {
        let label = frame.say(&label);
        match scope {
            RefusalScope::All => {}
            RefusalScope::Group(_) => {
                let label = (frame.words.settings.group)(label);
                groups.push(choice(&refused, &scope, &label));
            }
            RefusalScope::LifeEvent(_) => events.push(choice(&refused, &scope, label)),
        }
    }
    let form_token = citizen.form_token;
    let saved = asked.saved.is_some();
    let frame = frame.signed_in(&form_token);
    show(&Page { frame, all, groups, events, reaches, languages, accesses, form_token, saved })
}

fn choice(refused: &[RefusalLine], scope: &RefusalScope, label: &str) -> Choice {
    let key = scope.key();
    let since = refused.iter().find(|line| line.scope == key).map(|line| line.since);
    Choice { key, label: label.to_owned(), since }
}

fn spoken(state: &AppState, chosen: Language) -> Vec<Spoken> {
    let of = |it: &writer::Manners| Spoken {
        tag: it.language.tag().to_owned(),
        name: it.name.clone(),
        chosen: it.language == chosen,
    };
    state.engine.writing.words.languages().map(of).collect()
}

#[derive(Deserialize)]
pub(super) struct LanguageIn {
    language: String,
}

/// `POST /settings/language`
pub(super) async fn choose_language(
    State(state): State<AppState>,
    citizen: Citizen,
    OurForm(asked): OurForm<LanguageIn>,
) -> Result<Response, ApiError> {
    let mut all = state.engine.writing.words.languages();
    let found = all.find(|it| it.language.tag() == asked.language).map(|it| it.language);
    let wrong = || ApiError::new(ErrorCode::InvalidBody, "no letter is written in this language");
    let language = found.ok_or_else(wrong)?;
    // Who signed in is known, or else was erased just now: then there is nothing to note.
    state.engine.choose_language(citizen.subject, language).await?;
    Ok(back_to("/settings?saved=1#said"))
}

#[derive(Deserialize)]
pub(super) struct ScopeIn {
    scope: String,
}

impl ScopeIn {
    /// The scope, where it is one that can be refused here.
    fn known(&self, offered: &[(RefusalScope, Text)]) -> Result<RefusalScope, ApiError> {
        RefusalScope::from_key(&self.scope)
            .filter(|scope| {
                *scope == RefusalScope::All || offered.iter().any(|(known, _)| known == scope)
            })
            .ok_or_else(|| {
                ApiError::new(ErrorCode::InvalidBody, "there is no such thing to refuse")
            })
    }
}

/// `POST /settings/refuse`
pub(super) async fn refuse(
    State(state): State<AppState>,
    citizen: Citizen,
    OurForm(asked): OurForm<ScopeIn>,
) -> Result<Response, ApiError> {
    let scope = asked.known(&refusable(&state.engine.pack))?;
    state.engine.refuse(citizen.subject, scope).await?;
    Ok(back_to("/settings?saved=1#said"))
}

/// `POST /settings/allow`
pub(super) async fn allow(
    State(state): State<AppState>,
    citizen: Citizen,
    OurForm(asked): OurForm<ScopeIn>,
) -> Result<Response, ApiError> {
    let scope = asked.known(&refusable(&state.engine.pack))?;
    state.engine.allow(citizen.subject, scope).await?;
    Ok(back_to("/settings?saved=1#said"))
}

impl Page {
    /// A word that our own programs write into the log of readings, as people say it.
    fn known<'a>(&self, word: &'a str) -> &'a str {
        (self.frame.words.settings.known)(word).unwrap_or(word)
    }
}

#[cfg(test)]
mod tests {
    use domain::Channel;
    use storage::contacts::{Chosen, Contact};

    use super::*;
    use crate::pages::{check, sample};

    fn shown(refused: &[RefusalLine]) -> String {
        let make = |frame: Frame| Page {
            all: choice(refused, &RefusalScope::All, frame.words.settings.all),
            groups: vec![choice(refused, &RefusalScope::Group("COCONNHO".into()), "Có con nhỏ")],
            events: vec![choice(refused, &RefusalScope::LifeEvent("LE-BIRTH".into()), "Sinh con")],
            reaches: vec![
                reach::reach(&frame, Channel::Email, Detail::L1, &[]),
                reach::reach(&frame, Channel::Sms, Detail::L0, &[given()]),
            ],
            languages: ["vi", "en"].map(tongue).into(),
            accesses: sample::accesses(),
            frame,
            form_token: "t".into(),
            saved: false,
        };
        check::in_both(make).0
    }

    fn tongue(tag: &str) -> Spoken {
        Spoken { tag: tag.to_owned(), name: format!("tiếng {tag}"), chosen: tag == "en" }
    }

    #[test]
    fn the_language_of_letters_is_chosen_among_those_that_are_written() {
        let html = shown(&[]);
        assert_eq!(html.matches("action=\"/settings/language\"").count(), 1);
        assert!(html.contains("<option value=\"en\" lang=\"en\" selected>tiếng en<"), "{html}");
        assert!(html.contains("<option value=\"vi\" lang=\"vi\">"), "{html}");
    }

    fn given() -> Contact {
        let address = "+84900000001".to_owned();
        let chosen = Chosen { detail: Some(Detail::L1), plain: true };
        let (channel, since) = (Channel::Sms, jiff::Timestamp::UNIX_EPOCH);
        Contact { channel, address, chosen, since }
    }

    #[test]
    fn an_address_is_given_and_taken_back() {
        let html = shown(&[]);
        assert_eq!(html.matches("action=\"/settings/reach\"").count(), 2);
        assert!(html.contains("+84900000001") && html.contains("Thôi báo"), "{html}");
        assert!(html.contains("id=\"reach-email\"") && html.contains("for=\"reach-email\""));
        // How much a notice says is asked where there is one; what was chosen stands there.
        assert_eq!(html.matches("action=\"/settings/detail\"").count(), 1);
        assert!(html.contains("<option value=\"L1\" selected>"), "{html}");
        assert_eq!(html.matches("name=\"plain\" value=\"1\" checked").count(), 1);
    }

    fn line(scope: &RefusalScope) -> RefusalLine {
        RefusalLine { scope: scope.key(), label: sample::text("a", "b"), since: sample::today() }
    }

    #[test]
    fn each_choice_can_be_refused_and_taken_back() {
        let open = shown(&[]);
        assert_eq!(open.matches("action=\"/settings/refuse\"").count(), 3);
        let some = shown(&[line(&RefusalScope::Group("COCONNHO".into()))]);
        assert_eq!(some.matches("action=\"/settings/allow\"").count(), 1);
        assert!(some.contains("Đã từ chối từ ngày <time datetime=\"2026-11-23\">"));
        let all = shown(&[line(&RefusalScope::All)]);
        assert!(all.contains("Ông/bà đang từ chối tất cả"));
        assert!(all.contains("Đã từ chối cùng lựa chọn rộng hơn"));
    }

    #[test]
    fn each_reading_is_shown_with_who_what_for_and_which_law() {
        let html = shown(&[]);
        for words in ["Hệ thống Cột Mốc", "Dịch vụ công chủ động", "Điều 16"] {
            assert!(html.contains(words), "no `{words}`");
        }
    }

    #[test]
    fn only_what_is_offered_can_be_refused() {
        let offered = [(RefusalScope::Group("COCONNHO".into()), sample::text("a", "b"))];
        let known = |scope: &str| ScopeIn { scope: scope.to_owned() }.known(&offered).is_ok();
        assert!(known("all") && known("group:COCONNHO"));
        assert!(!known("group:NONE") && !known("life-event:LE-BIRTH") && !known("everything"));
    }
}
