//! The first page: the picker of sample persons in the demo, signing in otherwise.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use domain::SubjectId;
use engine::view::SamplePerson;
use serde::Deserialize;

use super::{Frame, back_to, show};
use crate::error::ApiError;
use crate::http::AppState;
use crate::sign_in::{self, Citizen, Oidc, OurForm, SignIn, Visitor};

#[derive(Template)]
#[template(path = "picker.html")]
struct PickerPage {
    frame: Frame,
    people: Vec<SamplePerson>,
    form_token: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    oidc: &'a Oidc,
}

/// `GET /`
pub(super) async fn home(
    State(state): State<AppState>,
    frame: Frame,
    citizen: Result<Citizen, ApiError>,
    visitor: Visitor,
) -> Result<Response, ApiError> {
    let frame = match &citizen {
        Ok(citizen) => frame.signed_in(&citizen.form_token),
        Err(_) => frame,
    };
    let mut page = match &*state.sign_in {
        SignIn::DemoPicker => {
            let people = state.engine.sample_people().await?;
            show(&PickerPage { frame, people, form_token: visitor.form_token })?
        }
        SignIn::Oidc(_) if citizen.is_ok() => back_to("/inbox"),
        SignIn::Oidc(oidc) => show(&SignInPage { frame, oidc })?,
    };
    if let Some(cookie) = visitor.set_cookie {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(page)
}

#[derive(Deserialize)]
pub(super) struct PickIn {
    subject: SubjectId,
}

/// `POST /sign-in`: becomes one of the sample persons. Routed in the demo only.
pub(super) async fn pick(
    State(state): State<AppState>,
    OurForm(picked): OurForm<PickIn>,
) -> Result<Response, ApiError> {
    // Even in the demo nobody becomes a person who is not a sample.
    let people = state.engine.sample_people().await?;
    if !people.iter().any(|person| person.subject == picked.subject) {
        return Err(ApiError::not_found());
    }
    let cookie = sign_in::begin(&state, picked.subject).await?;
    Ok(([(header::SET_COOKIE, cookie)], back_to("/inbox")).into_response())
}

#[derive(Deserialize)]
pub(super) struct NothingIn {}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(state): State<AppState>,
    headers: HeaderMap,
    OurForm(NothingIn {}): OurForm<NothingIn>,
) -> Result<Response, ApiError> {
    let mut answer = back_to("/");
    if let Some(cookie) = sign_in::end(&state, &headers).await? {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{check, sample};

    #[test]
    fn the_picker_offers_each_sample_person_by_a_form() {
        let make = |frame| PickerPage { frame, people: sample::people(), form_token: "t".into() };
        let (vi, en) = check::in_both(make);
        for person in sample::people() {
            assert!(vi.contains(&person.name) && vi.contains(&person.subject.to_string()));
        }
        assert!(vi.contains("3 tin nhắn") && en.contains("3 messages") && en.contains("1 message"));
    }

    #[test]
    fn the_sign_in_page_says_that_it_cannot_sign_in_yet() {
        let oidc = Oidc { issuer: Some("https://id.example".into()), client_id: None };
        let (vi, _) = check::in_both(|frame| SignInPage { frame, oidc: &oidc });
        assert!(vi.contains("chưa bật đăng nhập") && vi.contains("https://id.example"));
        let oidc = Oidc::default();
        let (vi, _) = check::in_both(|frame| SignInPage { frame, oidc: &oidc });
        assert!(vi.contains("chưa khai báo nơi xác thực"));
    }
}
