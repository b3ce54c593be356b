//! `GET /problems`: a page for each problem, at the address that is its `type`.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use crate::error::{ApiError, ErrorCode};
use crate::extract::Path;
use crate::pages::Frame;

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    frame: Frame,
    codes: Vec<ErrorCode>,
}

/// A page about every problem.
#[utoipa::path(
    get,
    path = "/problems",
    tag = "about",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String))
)]
pub(super) async fn problems(frame: Frame) -> Result<Response, ApiError> {
    show(frame, ErrorCode::ALL.to_vec())
}

/// A page about one problem.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "about",
    params(("code" = String, Path, description = "The last part of the problem's `type`.", example = "not-found")),
    responses((status = 200, description = "A page.", content_type = "text/html", body = String))
)]
pub(super) async fn problem(frame: Frame, Path(code): Path<String>) -> Result<Response, ApiError> {
    let code = ErrorCode::named(&code).ok_or_else(ApiError::not_found)?;
    show(frame, vec![code])
}

fn show(frame: Frame, codes: Vec<ErrorCode>) -> Result<Response, ApiError> {
    let page = Page { frame, codes }.render().map_err(ApiError::internal)?;
    Ok(Html(page).into_response())
}
