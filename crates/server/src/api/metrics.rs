//! `GET /metrics`: what is counted, for Prometheus. Says nothing about anybody; it needs a key all
//! the same, since a small count of a rare event may point to somebody.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use inference::serve::Figures;

use crate::error::ApiError;
use crate::http::AppState;
use crate::models::Offer;
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
    let mut text = state.engine.measured().await?;
    if let Some(figures) = state.models.as_ref().and_then(Offer::figures) {
        text = with_models(&text, &figures);
    }
    let kind = HeaderValue::from_static(OPEN_METRICS);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// What the text model did, after what is counted else, under the names that OpenTelemetry has for
/// generative models where it has one.
fn with_models(text: &str, figures: &Figures) -> String {
    let mut out = text.trim_end().trim_end_matches("# EOF").to_owned();
    let model = &figures.model;
    let mut add = |name: &str, kind: &str, help: &str, samples: &[(&str, u64)]| {
        let suffix = if kind == "counter" { "_total" } else { "" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}");
        for (label, value) in samples {
            let labels = format_args!("gen_ai_request_model=\"{model}\"{label}");
            let _ = writeln!(out, "{name}{suffix}{{{labels}}} {value}");
        }
    };
    add(
        "gen_ai_client_token_usage",
        "counter",
        "tokens read and written",
        &[
            (",gen_ai_token_type=\"input\"", figures.input_tokens),
            (",gen_ai_token_type=\"output\"", figures.output_tokens),
        ],
    );
    add(
        "cotmoc_model_questions",
        "counter",
        "questions, by what became of them",
        &[
            (",outcome=\"answered\"", figures.answered),
            (",outcome=\"refused\"", figures.refused),
            (",outcome=\"cancelled\"", figures.cancelled),
            (",outcome=\"late\"", figures.late),
        ],
    );
    add("cotmoc_model_waiting", "gauge", "questions that wait", &[("", figures.waiting as u64)]);
    add("cotmoc_model_steps", "counter", "steps of the workers", &[("", figures.steps)]);
    add(
        "cotmoc_model_texts_in_steps",
        "counter",
        "texts in those steps",
        &[("", figures.texts_in_steps)],
    );
    add(
        "cotmoc_model_prefixes",
        "counter",
        "shared beginnings, by whether they were there",
        &[(",outcome=\"hit\"", figures.prefix_hits), (",outcome=\"miss\"", figures.prefix_misses)],
    );
    out.push_str("# EOF\n");
    out
}
