//! The citizen's pages: rendered here, without a script, in Vietnamese first.
//!
//! A page is a read model of the engine, a template and [`Words`]. Every word of the
//! interface stands in `words`, so that no template decides what is said.

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::{Language, Text};
use jiff::civil::Date;

use crate::error::ApiError;
use crate::http::AppState;
use crate::sign_in::set_cookie;

mod draft;
mod error;
mod home;
mod inbox;
mod language;
mod message;
mod officers;
mod outcome;
mod phrases;
mod privacy;
mod reach;
mod refusable;
mod settings;
mod statics;
mod turn;
mod words;

#[cfg(test)]
mod check;
#[cfg(test)]
mod sample;

pub(crate) use error::error_page;
pub(crate) use language::language_cookie;
pub(crate) use statics::style_href;
pub(crate) use words::Words;

/// The pages' routes. The picker of sample persons is there in the demo only.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    let router = Router::new()
        .route("/", get(home::home))
        .route("/sign-out", post(home::sign_out))
        .route("/inbox", get(inbox::inbox))
        .route("/messages/{id}", get(message::message))
        .route("/drafts/{id}", get(draft::draft))
        .route("/suggestions/{id}/outcome", post(outcome::outcome))
        .route("/settings", get(settings::settings))
        .route("/settings/refuse", post(settings::refuse))
        .route("/settings/allow", post(settings::allow))
        .route("/settings/reach", post(reach::change))
        .route("/settings/detail", post(reach::choose_detail))
        .route("/settings/language", post(settings::choose_language))
        .route("/privacy", get(privacy::privacy))
        .route("/officers/words", get(phrases::list))
        .route("/officers/words/{id}", get(phrases::one).post(phrases::decide))
        .route("/officers/search", get(officers::empty).post(officers::tried))
        .route("/static/style.css", get(statics::style))
        .route("/static/mark.svg", get(statics::mark));
    if state.is_demo() { router.route("/sign-in", post(home::pick)) } else { router }
}

/// What surrounds every page.
pub(crate) struct Frame {
    /// The language of the interface.
    pub(crate) language: Language,
    /// Its words.
    pub(crate) words: &'static Words,
    /// The path of this page, for the language link.
    pub(crate) here: String,
    /// Today, where people live.
    pub(crate) today: Date,
    /// Whether sample persons live here.
    pub(crate) demo: bool,
    /// What the forms carry; `None` where nobody is signed in.
    pub(crate) form_token: Option<String>,
}

impl Frame {
    /// The frame of the page at `uri`.
    pub(crate) fn new(state: &AppState, uri: &Uri, headers: &HeaderMap) -> Self {
        let language = language::chosen(uri, headers);
        Self {
            language,
            words: Words::of(language),
            here: uri.path().to_owned(),
            today: state.engine.clock.today(state.engine.pack.time_zone()),
            demo: state.is_demo(),
            form_token: None,
        }
    }

    /// The same for somebody who is signed in.
    pub(crate) fn signed_in(self, form_token: &str) -> Self {
        Self { form_token: Some(form_token.to_owned()), ..self }
    }

    /// The BCP 47 tag of the interface.
    pub(crate) fn tag(&self) -> &str {
        self.language.tag()
    }

    /// The words of `text` in this language.
    pub(crate) fn say<'a>(&self, text: &'a Text) -> &'a str {
        text.get(self.language)
    }

    /// A day with its weekday.
    pub(crate) fn day(&self, day: Date) -> String {
        (self.words.day)(day)
    }

    /// A day without its weekday.
    pub(crate) fn short_day(&self, day: Date) -> String {
        (self.words.short_day)(day)
    }
}

#[cfg(test)]
impl Frame {
    /// The frame of a test's page.
    fn of(language: Language) -> Self {
        Self {
            language,
            words: Words::of(language),
            here: "/here".to_owned(),
            today: sample::today(),
            demo: true,
            form_token: Some("token".to_owned()),
        }
    }
}

impl FromRequestParts<AppState> for Frame {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::new(state, &parts.uri, &parts.headers))
    }
}

/// The page that `template` makes.
fn show(template: &impl askama::Template) -> Result<Response, ApiError> {
    template.render().map(|page| Html(page).into_response()).map_err(ApiError::internal)
}

/// The same with the `cookie` to which the forms on it are bound, where there is none yet.
fn show_with(
    cookie: Option<HeaderValue>,
    template: &impl askama::Template,
) -> Result<Response, ApiError> {
    let mut page = show(template)?;
    if let Some(cookie) = cookie {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(page)
}

/// To `path` with a `GET`, after a form was dealt with.
fn back_to(path: &str) -> Response {
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}
