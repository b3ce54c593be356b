//! The only error that leaves the server: a closed list of codes, each with a page.
//!
//! A program gets it as a problem document (RFC 9457), a person as a page. What caused it
//! rides on the response to the request log, which is the one place that logs it and the
//! only place that knows the request's id.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

mod code;

pub use code::ErrorCode;

/// One place of a body that is wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) into the body.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// What went wrong, as a program reads it (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the problem, and is the address of a page about it. Stable.
    #[schema(example = "/problems/not-found")]
    r#type: String,
    /// The problem in one line.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time. Repeats nothing about a person.
    detail: String,
    /// Places in the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// Names this request in our logs.
    request_id: String,
}

/// What caused an internal error. Logged, never shown.
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut deeper = self.0.source();
        while let Some(error) = deeper {
            write!(f, ": {error}")?;
            deeper = error.source();
        }
        Ok(())
    }
}

/// The only error that leaves the server.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    cause: Option<Cause>,
}

impl ApiError {
    /// An error that the client can act on.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new(), cause: None }
    }

    /// An error that only the operator can act on. Its cause goes to the log alone.
    #[must_use]
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::caused(ErrorCode::Internal, "the request could not be carried out", cause)
    }

    /// The database is busy, locked, out of reach or read-only.
    #[must_use]
    pub fn unavailable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::caused(ErrorCode::Unavailable, "the database cannot be used right now", cause)
    }

    fn caused(
        code: ErrorCode,
        detail: &'static str,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { cause: Some(Cause(Arc::new(cause))), ..Self::new(code, detail) }
    }

    /// There is no such thing, or not for whom it was asked. One answer for both, so that
    /// nobody learns of another's.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "there is nothing here for you")
    }

    /// Names the place in the body that is wrong.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Which code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the client is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What caused it.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// The problem document, for the request that `request_id` names.
    #[must_use]
    pub fn problem(&self, request_id: &str) -> Response {
        let body = Problem {
            r#type: format!("/problems/{}", self.code.name()),
            title: self.code.title().en,
            status: self.code.status().as_u16(),
            detail: self.detail.clone().into_owned(),
            errors: self.faults.clone(),
            request_id: request_id.to_owned(),
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut answer = (self.code.status(), bytes).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.code {
            ErrorCode::KeyNeeded => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            ErrorCode::Overloaded => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            }
            ErrorCode::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        answer
    }
}

/// The error itself rides on the response: the layer that knows the request's id and whether
/// a person or a program asked writes the body (`http::answer`).
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = self.code.status().into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

impl From<storage::StorageError> for ApiError {
    fn from(error: storage::StorageError) -> Self {
        match error {
            storage::StorageError::Busy(_)
            | storage::StorageError::Unreachable(_)
            | storage::StorageError::ReadOnly(_) => Self::unavailable(error),
            storage::StorageError::Full(_) => {
                Self::caused(ErrorCode::Unavailable, "the database has no room left", error)
            }
            _ => Self::internal(error),
        }
    }
}

impl From<engine::EngineError> for ApiError {
    fn from(error: engine::EngineError) -> Self {
        use engine::EngineError as E;
        // No `_` arm: a new variant must decide what the public sees of it.
        match error {
            E::Storage(error) => Self::from(error),
            E::Overloaded { .. } => {
                Self::caused(ErrorCode::Overloaded, "more work waits than may", error)
            }
            E::Input(_)
            | E::Work(_)
            | E::WrongDesk
            | E::Unanswered
            | E::Vanished { .. }
            | E::Search(_)
            | E::Writer(_)
            | E::Part(_)
            | E::NotCarried(_)
            | E::Timetable(_) => Self::internal(error),
        }
    }
}

impl From<engine::OutcomeError> for ApiError {
    // No `_` arm: a new variant must decide what the public sees of it.
    fn from(error: engine::OutcomeError) -> Self {
        match error {
            // One answer for both, so that nobody learns of another's suggestion.
            engine::OutcomeError::NotFound | engine::OutcomeError::NotYours => Self::not_found(),
            engine::OutcomeError::Transition(moves) => {
                Self::new(ErrorCode::OutcomeNotPossible, moves.to_string())
            }
            engine::OutcomeError::Storage(error) => Self::from(error),
            engine::OutcomeError::Unnoted(error) => Self::internal(*error),
        }
    }
}

impl From<crate::finder::FinderError> for ApiError {
    fn from(error: crate::finder::FinderError) -> Self {
        use crate::finder::FinderError as F;
        use knowledge::ProceduresError as P;
        // No `_` arm: a new variant must decide what the public sees of it.
        match error {
            F::Overloaded => Self::new(ErrorCode::Overloaded, error.to_string()),
            F::Procedures(P::NoWord | P::TooLong) => {
                Self::new(ErrorCode::InvalidQuery, error.to_string())
            }
            F::Model(_) | F::Procedures(P::Index(_) | P::Model { .. }) => {
                let detail = "there is no index of procedures that can be searched: whoever runs \
                              this service makes one with `cotmoc index`";
                Self::caused(ErrorCode::Unavailable, detail, error)
            }
            F::Procedures(P::Store(_)) => {
                let detail = "the store that procedures are looked up in does not answer";
                Self::caused(ErrorCode::Unavailable, detail, error)
            }
            F::BrokenOff(_)
            | F::Procedures(P::Empty | P::Vectors { .. } | P::Embed { .. } | P::Vector(_)) => {
                Self::internal(error)
            }
        }
    }
}

impl From<crate::phrases::PhrasesError> for ApiError {
    // No `_` arm: a new variant must decide what the public sees of it.
    fn from(error: crate::phrases::PhrasesError) -> Self {
        use crate::phrases::PhrasesError as P;
        use engine::NotDecided as N;
        match error {
            P::Storage(error) | P::NotDecided(N::Storage(error)) => Self::from(error),
            P::NotDecided(N::Unknown(_)) => Self::not_found(),
            P::NotDecided(N::Nobody | N::State { .. } | N::Again(_)) => {
                Self::new(ErrorCode::InvalidBody, error.to_string())
            }
            P::Words(_) | P::Vocabulary(_) => Self::internal(error),
        }
    }
}

impl From<crate::chance::ChanceError> for ApiError {
    fn from(error: crate::chance::ChanceError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_written_with_its_chain_and_never_into_the_answer() {
        let broken =
            storage::StorageError::Unwritable(serde_json::from_str::<u8>("x").unwrap_err());
        let error = ApiError::from(broken);
        let cause = error.cause().unwrap().to_string();
        assert!(cause.contains("could not be written") && cause.contains("expected value"));
        assert!(!format!("{:?}", error.problem("r").into_body()).contains("expected value"));
        assert!(!error.detail.contains("JSON"));
    }
}
