//! `GET /health/…`: for whoever runs the service. Says nothing about anybody.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorCode};
use crate::extract::Json;
use crate::http::AppState;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthOut {
    /// Always `ok`; anything else is a problem document.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process runs.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "It runs.", body = HealthOut))
)]
pub(super) async fn live() -> Json<HealthOut> {
    Json(HealthOut { status: "ok" })
}

/// Whether it can answer: the database is there and its tables are this version's.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses((status = 200, description = "It can answer.", body = HealthOut))
)]
pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<HealthOut>, ApiError> {
    match state.engine.store.is_migrated().await {
        Ok(true) => Ok(Json(HealthOut { status: "ok" })),
        Ok(false) => {
            let detail = "the database lacks tables: run `cotmoc migrate`";
            Err(ApiError::new(ErrorCode::Unavailable, detail))
        }
        Err(error) => Err(ApiError::unavailable(error)),
    }
}
