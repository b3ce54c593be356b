//! The models on this machine: which the program uses, and how they are loaded.

use std::path::Path;
use std::sync::Arc;

use inference::embed::Embedder;
use inference::manifest::{Catalogue, ModelManifest, Role};
use inference::store::Store;
use knowledge::{Embed, EmbedError};

/// The embedding model under the name that the index remembers: vectors of two models, or of
/// two versions of one file, never meet.
struct Local {
    embedder: Embedder,
    name: String,
}

impl Embed for Local {
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

/// Loads the embedding model from the store in `dir`.
///
/// # Errors
/// Says which file is missing or wrong and which command mends it.
pub fn embedder(dir: &Path) -> anyhow::Result<Arc<dyn Embed>> {
    let catalogue = Catalogue::embedded()?;
    let model = catalogue
        .default_for(Role::Embedding)
        .ok_or_else(|| anyhow::anyhow!("the catalogue names no embedding model"))?;
    let paths = Store::new(dir).ready(model)?;
    let path =
        paths.first().ok_or_else(|| anyhow::anyhow!("model `{}` has no files", model.name))?;
    Ok(Arc::new(Local { embedder: Embedder::load(path)?, name: identity(model) }))
}

/// Name and content of a model in one word.
#[must_use]
pub fn identity(model: &ModelManifest) -> String {
    let hash = model.main_file().map_or("", |file| file.sha256.as_str());
    format!("{}@{hash}", model.name)
}
