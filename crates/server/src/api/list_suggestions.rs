//! `GET /v1/suggestions`: what one person may get or must do.

use axum::extract::State;
use domain::SubjectId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::purpose::Purpose;
use super::views::SuggestionOut;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::http::AppState;
use crate::portal::{Portal, Suggestions};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SuggestionsIn {
    /// The person, by pseudonym.
    #[param(value_type = String, example = "sbj_0123456789abcdefghjkmnpqrs")]
    subject: SubjectId,
    /// What the reading is for.
    #[param(inline)]
    purpose: Purpose,
}

/// The suggestions of one person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuggestionsOut {
    /// Nearest deadline first.
    suggestions: Vec<SuggestionOut>,
}

/// List a person's suggestions.
///
/// A person whom nobody knows has none: the answer does not tell who is known. The reading
/// is logged and shown to the person.
#[utoipa::path(
    get,
    path = "/v1/suggestions",
    tag = "suggestions",
    params(SuggestionsIn),
    responses((status = 200, description = "The suggestions.", body = SuggestionsOut)),
    security(("key" = ["suggestions"]))
)]
#[tracing::instrument(name = "http.list_suggestions", skip_all, fields(portal.key = %portal.key, subject.id = %asked.subject))]
pub(super) async fn list_suggestions(
    State(state): State<AppState>,
    portal: Portal<Suggestions>,
    Query(asked): Query<SuggestionsIn>,
) -> Result<Json<SuggestionsOut>, ApiError> {
    let reader = state.engine.reader(&portal.name, asked.purpose.into());
    let found = state.engine.suggestions(asked.subject, &reader).await?;
    Ok(Json(SuggestionsOut { suggestions: found.into_iter().map(SuggestionOut::from).collect() }))
}
