//! `GET /v1/drafts/{id}`: an application prepared for one person.

use axum::extract::State;
use domain::{DraftId, SubjectId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::purpose::Purpose;
use super::views::DraftOut;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::http::AppState;
use crate::portal::{Drafts, Portal};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DraftIn {
    /// The person whom the draft is for, by pseudonym.
    #[param(value_type = String, example = "sbj_0123456789abcdefghjkmnpqrs")]
    subject: SubjectId,
    /// What the reading is for.
    #[param(inline)]
    purpose: Purpose,
}

/// Read a draft.
///
/// All fields, each with where its value comes from, what is missing, and what registers
/// disagree on. The reading is logged and shown to the person.
#[utoipa::path(
    get,
    path = "/v1/drafts/{id}",
    tag = "suggestions",
    params(
        ("id" = String, Path, description = "The draft.", example = "drf_0123456789abcdefghjkmnpqrs"),
        DraftIn
    ),
    responses((status = 200, description = "The draft.", body = DraftOut)),
    security(("key" = ["drafts"]))
)]
#[tracing::instrument(name = "http.read_draft", skip_all, fields(portal.key = %portal.key, subject.id = %asked.subject))]
pub(super) async fn read_draft(
    State(state): State<AppState>,
    portal: Portal<Drafts>,
    Path(id): Path<DraftId>,
    Query(asked): Query<DraftIn>,
) -> Result<Json<DraftOut>, ApiError> {
    let reader = state.engine.reader(&portal.name, asked.purpose.into());
    let draft = state.engine.draft_page(asked.subject, id, &reader).await?;
    draft.map(|page| Json(DraftOut::from(page))).ok_or_else(ApiError::not_found)
}
