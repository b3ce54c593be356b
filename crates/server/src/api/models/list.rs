//! `GET /v1/models`: which models there are.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ModelError, ModelErrorOut};
use super::open;
use crate::error::ApiError;
use crate::extract::Json;
use crate::http::AppState;
use crate::portal::{Models, Portal};

/// The models.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ModelsOut {
    /// Always `list`.
    object: &'static str,
    data: Vec<ModelOut>,
}

/// One model.
#[derive(Debug, Serialize, ToSchema)]
struct ModelOut {
    /// Its name, as the other calls take it.
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Not known: 0.
    created: i64,
    /// Always `cotmoc`.
    owned_by: &'static str,
}

/// Which models there are.
///
/// The text model for `completions` and `chat/completions`, and the one for `embeddings`.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "models",
    operation_id = "list_models",
    responses(
        (status = 200, description = "The models.", body = ModelsOut),
        (status = "4XX", description = "What is wrong.", body = ModelErrorOut)
    ),
    security(("key" = ["models"]))
)]
pub(in crate::api) async fn list(
    State(state): State<AppState>,
    portal: Result<Portal<Models>, ApiError>,
) -> Result<Json<ModelsOut>, ModelError> {
    let names = open(&state, portal)?.names().await;
    let model = |id| ModelOut { id, object: "model", created: 0, owned_by: "cotmoc" };
    Ok(Json(ModelsOut { object: "list", data: names.into_iter().flatten().map(model).collect() }))
}
