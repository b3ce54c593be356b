//! Errors in the form of OpenAI's API.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inference::generate::GenerateError;
use inference::serve::{Refused, ServeError};
use inference::text::TextError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorCode};
use crate::models::OfferError;

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ModelErrorOut {
    error: ErrorOut,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorOut {
    /// What is wrong, in words.
    message: String,
    /// `invalid_request_error` where the request is, `server_error` where we are.
    r#type: &'static str,
    /// Which parameter is wrong.
    param: Option<String>,
    /// A word of a closed list: `context_length_exceeded`, `empty_prompt`, `invalid_api_key`,
    /// `invalid_grammar`, `invalid_request`, `model_not_found`, `no_turns`, `overloaded`,
    /// `unsupported_parameter`, …
    code: &'static str,
}

/// An error of the models' part of the API.
#[derive(Debug)]
pub(in crate::api) struct ModelError {
    status: StatusCode,
    code: &'static str,
    param: Option<String>,
    message: String,
}

impl ModelError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, param: None, message: message.into() }
    }

    /// The request is wrong at `param`.
    pub(super) fn wrong(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        let param = (!param.is_empty()).then(|| param.to_owned());
        Self { param, ..Self::new(StatusCode::BAD_REQUEST, code, message) }
    }

    /// Something that OpenAI's API has and this one has not.
    pub(super) fn unsupported(param: &str, only: &str) -> Self {
        let message = format!("`{param}` is not supported here{only}: leave it out");
        Self::wrong(param, "unsupported_parameter", message)
    }

    /// `there` is the model that can do this, where one can.
    pub(super) fn no_such_model(there: Option<&str>) -> Self {
        let there = there.map_or_else(
            || "; none is here that can do this".to_owned(),
            |name| format!("; there is `{name}`"),
        );
        let message = format!("there is no such model here{there}");
        Self {
            param: Some("model".to_owned()),
            ..Self::new(StatusCode::NOT_FOUND, "model_not_found", message)
        }
    }

    pub(super) fn not_served() -> Self {
        let message = "this server lets nobody ask its models: its setting `models.serve` is off";
        Self::new(StatusCode::NOT_FOUND, "not_served", message)
    }

    /// There is nothing to continue.
    pub(super) fn empty(param: &str) -> Self {
        Self::wrong(param, "empty_prompt", format!("`{param}` must not be empty"))
    }

    fn overloaded(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message)
    }
}

impl IntoResponse for ModelError {
    fn into_response(self) -> Response {
        let ours = self.status.is_server_error();
        let kind = if ours { "server_error" } else { "invalid_request_error" };
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(code = self.code, "a model did not answer");
        }
        let Self { status, code, param, message } = self;
        let error = ErrorOut { message, r#type: kind, param, code };
        let mut answer = (status, Json(ModelErrorOut { error })).into_response();
        let headers = answer.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// What keys, bodies and paths can be wrong in is found by what finds it for all of the API.
impl From<ApiError> for ModelError {
    fn from(error: ApiError) -> Self {
        let code = match error.code() {
            ErrorCode::KeyNeeded => "invalid_api_key",
            ErrorCode::ScopeMissing => "scope_missing",
            ErrorCode::Internal => "internal",
            ErrorCode::Unavailable => "unavailable",
            _ => "invalid_request",
        };
        if let Some(cause) = error.cause() {
            tracing::error!(cause = %cause, "request failed");
        }
        let status = match error.code().status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self::new(status, code, error.detail())
    }
}

impl From<Refused> for ModelError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Overloaded { .. } => Self::overloaded(refused.to_string()),
            Refused::Stopped => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", refused.to_string())
            }
        }
    }
}

impl From<OfferError> for ModelError {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Overloaded => Self::overloaded(error.to_string()),
            OfferError::Unusable(why) => {
                tracing::error!(cause = why, "a model cannot be used");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "model_unusable",
                    "the model cannot be used right now; the server's log says why",
                )
            }
        }
    }
}

impl From<ServeError> for ModelError {
    fn from(error: ServeError) -> Self {
        let text = error.to_string();
        match error {
            ServeError::Generate(GenerateError::Grammar(_)) => {
                Self::wrong("response_format", "invalid_grammar", text)
            }
            ServeError::Generate(GenerateError::Text(TextError::ContextFull { .. })) => {
                Self::wrong("prompt", "context_length_exceeded", text)
            }
            ServeError::Generate(GenerateError::Text(TextError::Empty)) => Self::empty("prompt"),
            ServeError::Generate(GenerateError::Text(TextError::CacheFull { .. })) => {
                Self::overloaded(text)
            }
            ServeError::NoTurns => Self::wrong("messages", "no_turns", text),
            ServeError::Stopped | ServeError::Late => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", text)
            }
            ServeError::Generate(_) | ServeError::Remote(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the model failed at this request",
            ),
        }
    }
}
