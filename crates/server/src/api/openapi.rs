//! `GET /openapi.json`: the description of this API.

use std::sync::Arc;

use axum::Extension;

use crate::extract::Json;

/// The description, made with the routes.
#[derive(Clone)]
pub struct Document(pub utoipa::openapi::OpenApi);

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "about",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value))
)]
pub(super) async fn openapi(
    Extension(document): Extension<Arc<Document>>,
) -> Json<utoipa::openapi::OpenApi> {
    Json(document.0.clone())
}
