//! `POST /v1/suggestions/{id}/questions`: a question about a suggestion, answered from the sources.

use axum::extract::State;
use domain::{SubjectId, SuggestionId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::purpose::Purpose;
use crate::error::{ApiError, ErrorCode};
use crate::extract::{Json, Path};
use crate::http::AppState;
use crate::portal::{Portal, Suggestions};
use crate::questions::{Answer, MOST_CHARACTERS};

/// A question of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionIn {
    /// The person, by pseudonym.
    #[schema(value_type = String, example = "sbj_0123456789abcdefghjkmnpqrs")]
    subject: SubjectId,
    /// What the reading is for.
    #[schema(inline)]
    purpose: Purpose,
    /// The question, with or without Vietnamese marks.
    #[schema(max_length = 500, example = "Lệ phí bao nhiêu?")]
    question: String,
}

/// Answer a question about a suggestion.
///
/// The answer holds sentences of procedure and law that are in force today where the person lives, letter by letter and
/// each with where it stands; or says that the sources do not answer, and whom to ask. The question
/// is neither stored nor logged. The reading is logged and shown to the person.
#[utoipa::path(
    post,
    path = "/v1/suggestions/{id}/questions",
    tag = "suggestions",
    params(("id" = String, Path, description = "The suggestion.", example = "sug_0123456789abcdefghjkmnpqrs")),
    request_body = QuestionIn,
    responses((status = 200, description = "The answer.", body = Answer)),
    security(("key" = ["suggestions"]))
)]
#[tracing::instrument(name = "http.ask_question", skip_all, fields(portal.key = %portal.key, subject.id = %asked.subject))]
pub(super) async fn ask_question(
    State(state): State<AppState>,
    portal: Portal<Suggestions>,
    Path(id): Path<SuggestionId>,
    Json(asked): Json<QuestionIn>,
) -> Result<Json<Answer>, ApiError> {
    if asked.question.chars().count() > MOST_CHARACTERS {
        let error = ApiError::new(ErrorCode::InvalidBody, "the question is too long");
        return Err(error.at("/question", "must have 500 characters at most"));
    }
    let reader = state.engine.reader(&portal.name, asked.purpose.into());
    let about = state.engine.asked_about(asked.subject, id, &reader).await?;
    let about = about.ok_or_else(ApiError::not_found)?;
    Ok(Json(state.questions.answer(&about, &asked.question)))
}
