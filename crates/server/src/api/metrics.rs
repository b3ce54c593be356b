//! `GET /metrics`: what is counted, for Prometheus. Says nothing about anybody; it needs a key all
//! the same, since a small count of a rare event may point to somebody.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use crate::error::ApiError;
use crate::http::AppState;
use crate::portal::{Metrics, Portal};

/// The type of the text, as `OpenMetrics` 1.0 names it.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted.
///
/// Counts and times of this program, and how much work waits in the database, in the text format
/// of `OpenMetrics` 1.0. Prometheus sends the key as `authorization: {credentials: cmk_…}`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((
        status = 200,
        description = "The metrics.",
        body = String,
        content_type = "application/openmetrics-text"
    )),
    security(("key" = ["metrics"]))
)]
pub(super) async fn metrics(
    State(state): State<AppState>,
    _portal: Portal<Metrics>,
) -> Result<Response, ApiError> {
    let text = state.engine.measured().await?;
    let kind = HeaderValue::from_static(OPEN_METRICS);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
