//! What every answer goes through: an id, a span, the headers that keep a browser safe, the
//! body of an error, and one line in the log.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use tracing::Instrument as _;

use super::AppState;
use crate::error::{ApiError, ErrorCode};
use crate::{chance, pages};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No script at all, styles and pictures from here, forms to here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Names one request, in the answer and in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The outermost layer.
pub(super) async fn finish(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    // The path as the router knows it: an id in it stays out of the log.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "http.request",
        request = %id,
        method = %request.method(),
        route = route.as_deref().unwrap_or("none"),
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = known_method(request.method());

    let began = Instant::now();
    let mut answer = next.run(request).instrument(span.clone()).await;
    let error = answer.extensions_mut().remove::<ApiError>();
    let seconds = began.elapsed().as_secs_f64();
    let status = error.as_ref().map_or(answer.status(), |error| error.code().status());
    let route = route.as_deref().unwrap_or("none");
    state.engine.operation.metrics.answer(route, method, status.as_u16(), seconds);
    span.in_scope(|| log(&answer, error.as_ref(), began));

    if let Some(error) = error {
        answer = tell(&state, &error, &id, &uri, &headers);
    }
    guard(&state, answer.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(cookie) = pages::language_cookie(&uri, state.behind_tls) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// A method as a word of a closed list: a caller may send any.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own id where it is a plain one, so that both sides' logs can be joined.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (8..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain) {
        Some(given) => given.to_owned(),
        None => chance::token::<8>().unwrap_or_else(|_| "none".to_owned()),
    }
}

fn log(answer: &Response, error: Option<&ApiError>, began: Instant) {
    let status = answer.status().as_u16();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match error.map(|error| (error.code(), error.cause())) {
        Some((ErrorCode::Internal, Some(cause))) => {
            tracing::error!(status, ms, cause = %cause, "request failed");
        }
        Some((code, Some(cause))) => {
            tracing::warn!(status, ms, code = code.name(), cause = %cause, "request refused");
        }
        Some((code, None)) => tracing::info!(status, ms, code = code.name(), "request refused"),
        None => tracing::info!(status, ms, "request answered"),
    }
}

/// A problem document for programs, a page for people.
fn tell(state: &AppState, error: &ApiError, id: &str, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = uri.path();
    if ["/v1/", "/health/", "/metrics", "/openapi.json"].iter().any(|start| path.starts_with(start))
    {
        return error.problem(id);
    }
    if error.code() == ErrorCode::SignInNeeded {
        return Redirect::to("/").into_response();
    }
    pages::error_page(state, error, id, uri, headers).unwrap_or_else(|| error.problem(id))
}

fn guard(state: &AppState, headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if state.behind_tls {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    // What is shown here is somebody's own; only the style sheet says that it may be kept.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("cookie, accept-language"));
}
