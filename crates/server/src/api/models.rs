//! `/v1/models`, `/v1/completions`, `/v1/chat/completions`, `/v1/embeddings`: the models of this
//! machine for other programs, as OpenAI's API has them, so that any client of it can ask.
//!
//! What cannot be done is refused by name and never left out in silence. Errors have that API's
//! form, since its clients read no other. Nothing that is asked or answered is logged.

mod chat;
mod completions;
mod embeddings;
mod error;
mod given;
mod list;

pub(super) use chat::chat;
pub(super) use completions::complete;
pub(super) use embeddings::embed;
pub(super) use list::list;

// What `routes!` takes beside the functions.
pub(super) use chat::__path_chat;
pub(super) use completions::__path_complete;
pub(super) use embeddings::__path_embed;
pub(super) use list::__path_list;

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::http::AppState;
use crate::models::Offer;
use crate::portal::{Models, Portal};
use error::ModelError;

/// How many tokens were read and written.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of OpenAI's API")]
struct UsageOut {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl UsageOut {
    fn new(prompt_tokens: usize, completion_tokens: usize) -> Self {
        let total_tokens = prompt_tokens + completion_tokens;
        Self { prompt_tokens, completion_tokens, total_tokens }
    }
}

/// The models, for a caller whose key opens them.
fn open(state: &AppState, portal: Result<Portal<Models>, ApiError>) -> Result<&Offer, ModelError> {
    portal?;
    state.models.as_ref().ok_or_else(ModelError::not_served)
}

/// An id for an answer, and when it was made, in seconds since 1970.
fn stamp(state: &AppState, kind: &str) -> Result<(String, i64), ModelError> {
    let token = crate::chance::token::<12>().map_err(ApiError::from)?;
    Ok((format!("{kind}-{token}"), state.engine.clock.now().as_second()))
}
