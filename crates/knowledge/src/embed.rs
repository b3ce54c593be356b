//! The face of an embedding model: the index asks for nothing else.
//!
//! It stands here, and not in `inference`, so that the index can be tested with a model of
//! ten lines that gives the same vectors everywhere.

use inference::embed::Embedder;

/// Why a text could not be embedded: whatever the model says.
#[derive(Debug, thiserror::Error)]
#[error("the embedding model failed")]
pub struct EmbedError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// Turns texts into vectors whose dot product says how near they are in meaning.
pub trait Embed: Send + Sync {
    /// What tells this model from every other: name and content hash. Vectors of two models
    /// never meet in one index.
    fn model(&self) -> String;

    /// Vectors of texts to be found.
    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Vectors of texts to find them by.
    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// A model loaded in the process.
#[derive(Debug)]
pub struct LoadedModel {
    name: String,
    embedder: Embedder,
}

impl LoadedModel {
    /// `name` and `sha256` are those of the file that `embedder` was loaded from.
    #[must_use]
    pub fn new(name: &str, sha256: &str, embedder: Embedder) -> Self {
        Self { name: format!("{name} {sha256}"), embedder }
    }
}

impl Embed for LoadedModel {
    fn model(&self) -> String {
        self.name.clone()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder.embed_passages(texts).map_err(|error| EmbedError(error.into()))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder.embed_queries(texts).map_err(|error| EmbedError(error.into()))
    }
}
