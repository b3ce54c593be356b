//! `POST /v1/embeddings`: a vector of each text.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{ModelError, ModelErrorOut};
use super::{UsageOut, given, open};
use crate::error::ApiError;
use crate::extract::Json;
use crate::http::AppState;
use crate::portal::{Models, Portal};

/// How many texts one call may bring, and how many bytes they may have together: some seconds of
/// work.
const MOST_TEXTS: usize = 256;
const MOST_BYTES: usize = 512 * 1024;

/// The texts.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct EmbeddingsIn {
    /// Which model.
    model: String,
    /// A text or a list of at most 256, 512 KiB together. One that begins with `query: ` is a
    /// question, any other a passage, with `passage: ` before it or without.
    input: Texts,
    /// `float`, or `base64` of little-endian floats of 32 bits.
    #[serde(default)]
    encoding_format: Encoding,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

/// The vectors.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct EmbeddingsOut {
    /// Always `list`.
    object: &'static str,
    /// In the order of the texts.
    data: Vec<EmbeddingOut>,
    model: String,
    usage: UsageOut,
}

#[derive(Debug, Serialize, ToSchema)]
struct EmbeddingOut {
    /// Always `embedding`.
    object: &'static str,
    index: usize,
    /// Of length 1.
    embedding: VectorOut,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum VectorOut {
    Float(Vec<f32>),
    Base64(String),
}

impl VectorOut {
    fn new(vector: Vec<f32>, encoding: Encoding) -> Self {
        match encoding {
            Encoding::Float => Self::Float(vector),
            Encoding::Base64 => {
                let bytes: Vec<u8> = vector.iter().flat_map(|it| it.to_le_bytes()).collect();
                Self::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

/// Make vectors of texts.
///
/// Their product is the cosine of the angle between them. Not supported: `dimensions`, tokens in
/// place of texts.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    tag = "models",
    operation_id = "embed_texts",
    request_body(content = EmbeddingsIn, description = "The texts."),
    responses(
        (status = 200, description = "The vectors.", body = EmbeddingsOut),
        (status = "4XX", description = "What is wrong.", body = ModelErrorOut),
        (status = 503, description = "Too many wait: ask again after `Retry-After`.", body = ModelErrorOut)
    ),
    security(("key" = ["models"]))
)]
pub(in crate::api) async fn embed(
    State(state): State<AppState>,
    portal: Result<Portal<Models>, ApiError>,
    body: Result<Json<Map<String, Value>>, ApiError>,
) -> Result<Json<EmbeddingsOut>, ModelError> {
    let offer = open(&state, portal)?;
    let asked: EmbeddingsIn = given::read(body, &["model", "input", "encoding_format", "user"])?;
    let model = given::embedding_model(offer, &asked.model).await?;
    let texts = match asked.input {
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    };
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(ModelError::empty("input"));
    }
    if texts.len() > MOST_TEXTS || texts.iter().map(String::len).sum::<usize>() > MOST_BYTES {
        let message = format!("`input` may have {MOST_TEXTS} texts and {MOST_BYTES} bytes at most");
        return Err(ModelError::wrong("input", "input_too_long", message));
    }
    let embedded = offer.embed(texts).await?;
    let vectors = embedded.vectors.into_iter().enumerate();
    let data = vectors.map(|(index, vector)| EmbeddingOut {
        object: "embedding",
        index,
        embedding: VectorOut::new(vector, asked.encoding_format),
    });
    let usage = UsageOut::new(embedded.tokens, 0);
    Ok(Json(EmbeddingsOut { object: "list", data: data.collect(), model, usage }))
}
