//! `POST /suggestions/{id}/outcome`: one press says it all.

use axum::extract::State;
use axum::response::Response;
use domain::{DraftId, MessageId, OutcomeKind, SuggestionId};
use serde::Deserialize;

use super::back_to;
use crate::error::{ApiError, ErrorCode};
use crate::extract::Path;
use crate::http::AppState;
use crate::sign_in::{Citizen, OurForm};

#[derive(Deserialize)]
pub(super) struct OutcomeIn {
    kind: String,
    /// With `rated`.
    stars: Option<u8>,
    /// With `wrong`: the field of the draft.
    field: Option<String>,
    /// The page that the form stood on.
    message: Option<MessageId>,
    draft: Option<DraftId>,
}

pub(super) async fn outcome(
    State(state): State<AppState>,
    citizen: Citizen,
    Path(id): Path<SuggestionId>,
    OurForm(said): OurForm<OutcomeIn>,
) -> Result<Response, ApiError> {
    let kind = kind(&said)
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidBody, "the form says nothing we know"))?;
    let name = kind.name();
    state.engine.record_outcome(citizen.subject, id, kind).await?;
    Ok(back_to(&match (said.message, said.draft) {
        (Some(message), _) => format!("/messages/{message}?said={name}#said"),
        (None, Some(draft)) => format!("/drafts/{draft}?said={name}#said"),
        (None, None) => "/inbox".to_owned(),
    }))
}

fn kind(said: &OutcomeIn) -> Option<OutcomeKind> {
    match (said.kind.as_str(), said.stars) {
        ("filed", _) => Some(OutcomeKind::Filed),
        ("already_done", _) => Some(OutcomeKind::AlreadyDone),
        ("not_for_me", _) => Some(OutcomeKind::NotForMe),
        ("wrong", _) => Some(OutcomeKind::Wrong { field: said.field.clone() }),
        ("rated", Some(stars @ 1..=5)) => Some(OutcomeKind::Rated { stars }),
        _ => None,
    }
}
