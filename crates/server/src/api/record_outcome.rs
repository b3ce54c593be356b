//! `POST /v1/suggestions/{id}/outcome`: what the person then did and said.

use axum::extract::State;
use domain::{OutcomeKind, SubjectId, SuggestionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorCode};
use crate::extract::{Json, Path};
use crate::http::AppState;
use crate::portal::{Outcomes, Portal};

/// What a person did or said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeIn {
    /// The person, by pseudonym.
    #[schema(value_type = String, example = "sbj_0123456789abcdefghjkmnpqrs")]
    subject: SubjectId,
    /// What.
    #[schema(inline)]
    kind: Kind,
    /// With `wrong`: the field of the draft.
    #[serde(default)]
    field: Option<String>,
    /// With `rated`: one to five.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5)]
    stars: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Seen,
    Filed,
    AlreadyDone,
    NotForMe,
    Wrong,
    Rated,
}

impl OutcomeIn {
    fn kind(&self) -> Result<OutcomeKind, ApiError> {
        let misplaced = |pointer: &str, detail: &str| {
            Err(ApiError::new(ErrorCode::InvalidBody, "the outcome does not fit together")
                .at(pointer, detail))
        };
        if self.stars.is_some() && self.kind != Kind::Rated {
            return misplaced("/stars", "only goes with `rated`");
        }
        if self.field.is_some() && self.kind != Kind::Wrong {
            return misplaced("/field", "only goes with `wrong`");
        }
        Ok(match (self.kind, self.stars) {
            (Kind::Seen, _) => OutcomeKind::Seen,
            (Kind::Filed, _) => OutcomeKind::Filed,
            (Kind::AlreadyDone, _) => OutcomeKind::AlreadyDone,
            (Kind::NotForMe, _) => OutcomeKind::NotForMe,
            (Kind::Wrong, _) => OutcomeKind::Wrong { field: self.field.clone() },
            (Kind::Rated, Some(stars @ 1..=5)) => OutcomeKind::Rated { stars },
            (Kind::Rated, _) => return misplaced("/stars", "must be from 1 to 5"),
        })
    }
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutcomeOut {
    /// The outcome.
    #[schema(example = "out_0123456789abcdefghjkmnpqrs")]
    id: String,
    /// What.
    kind: String,
    /// When, in UTC.
    #[schema(format = DateTime)]
    at: String,
}

/// Say what the person did.
///
/// Saying the same again is saying it once. `filed`, `already_done` and `not_for_me` move
/// the suggestion; where it stands elsewhere already, the answer is `409`.
#[utoipa::path(
    post,
    path = "/v1/suggestions/{id}/outcome",
    tag = "suggestions",
    params(("id" = String, Path, description = "The suggestion.", example = "sug_0123456789abcdefghjkmnpqrs")),
    request_body = OutcomeIn,
    responses((status = 200, description = "Recorded.", body = OutcomeOut)),
    security(("key" = ["outcomes"]))
)]
#[tracing::instrument(name = "http.record_outcome", skip_all, fields(portal.key = %portal.key))]
pub(super) async fn record_outcome(
    State(state): State<AppState>,
    portal: Portal<Outcomes>,
    Path(id): Path<SuggestionId>,
    Json(said): Json<OutcomeIn>,
) -> Result<Json<OutcomeOut>, ApiError> {
    let kind = said.kind()?;
    let outcome = state.engine.record_outcome(said.subject, id, kind).await?;
    Ok(Json(OutcomeOut {
        id: outcome.id.to_string(),
        kind: outcome.kind.name().to_owned(),
        at: outcome.at.to_string(),
    }))
}
