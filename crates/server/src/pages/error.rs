//! What a person sees when something went wrong: what it is, what to do, and the request's
//! id to name when asking.

use askama::Template as _;
use axum::http::{HeaderMap, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use domain::Text;

use super::Frame;
use crate::error::ApiError;
use crate::http::AppState;

#[derive(askama::Template)]
#[template(path = "error.html")]
struct Page<'a> {
    frame: Frame,
    title: Text,
    fix: Text,
    request: &'a str,
}

/// The page for `error`; `None` where even that cannot be made.
pub(crate) fn error_page(
    state: &AppState,
    error: &ApiError,
    request: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Option<Response> {
    let frame = Frame::new(state, uri, headers);
    let code = error.code();
    let page = Page { frame, title: code.title(), fix: code.fix(), request };
    Some((code.status(), Html(page.render().ok()?)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::pages::check;

    #[test]
    fn each_error_has_a_page_with_what_to_do() {
        for code in ErrorCode::ALL {
            let make = |frame| Page { frame, title: code.title(), fix: code.fix(), request: "r-1" };
            let (vi, _) = check::in_both(make);
            assert!(vi.contains("r-1") && vi.contains("<a class=\"button\" href=\"/\">"));
        }
    }
}
