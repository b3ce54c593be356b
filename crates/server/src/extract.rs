//! Our own `Json`, `Path` and `Query`: what axum's extractors refuse gets the same envelope
//! as every other error.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ErrorCode};

/// The longest body that is read. 10,000 events of a kilobyte pass at once.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// How long a body may take, whatever its length.
const BODY_TIME: Duration = Duration::from_mins(1);

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if media_type(request.headers()) != "application/json" {
            return Err(ApiError::new(
                ErrorCode::MediaTypeUnsupported,
                "the body must be `application/json`",
            ));
        }
        let bytes = body(request, state).await?;
        let value = json(&bytes)?;
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| ApiError::new(ErrorCode::InvalidBody, error.to_string()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let kind = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, kind)], bytes).into_response()
            }
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// The type of the body without its parameters, in lower case.
#[must_use]
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The whole body, up to [`BODY_LIMIT`].
///
/// # Errors
/// Where it is too long, too slow, broken off, or packed in a way that we do not unpack.
pub(crate) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    plain(request.headers())?;
    let whole = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await;
    let whole = whole.map_err(|_| {
        let detail = format!("the body did not come within {} seconds", BODY_TIME.as_secs());
        ApiError::new(ErrorCode::BodyTooSlow, detail)
    })?;
    whole.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("the body is longer than {BODY_LIMIT} bytes");
            ApiError::new(ErrorCode::BodyTooLarge, detail)
        } else {
            ApiError::new(ErrorCode::InvalidBody, "the body could not be read to its end")
        }
    })
}

/// An error where the body is packed, or in another script than UTF-8: read as if it were not, it
/// would be called broken, and its sender would look for the fault in the wrong place.
fn plain(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refused = |detail: &'static str| ApiError::new(ErrorCode::MediaTypeUnsupported, detail);
    let packed = text(header::CONTENT_ENCODING).trim();
    if !(packed.is_empty() || packed.eq_ignore_ascii_case("identity")) {
        return Err(refused("the body is packed (`Content-Encoding`): send it as it is"));
    }
    let mut parameters = text(header::CONTENT_TYPE).split(';').skip(1);
    let charset = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if charset.is_some_and(|it| !["utf-8", "utf8", "us-ascii"].contains(&&*it.to_lowercase())) {
        return Err(refused("the body must be in UTF-8, and its `charset` says another"));
    }
    Ok(())
}

/// Reads JSON, and says where it breaks off. The text itself is not repeated.
pub(crate) fn json(bytes: &[u8]) -> Result<serde_json::Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let detail = format!("the body is not JSON at line {line}, column {column}");
        ApiError::new(ErrorCode::MalformedJson, detail)
    })
}

/// What the path names.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(found)| Self(found))
            .map_err(|error| ApiError::new(ErrorCode::InvalidPath, error.body_text()))
    }
}

/// The parameters after the question mark.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(found)| Self(found))
            .map_err(|error| ApiError::new(ErrorCode::InvalidQuery, error.body_text()))
    }
}
