//! The models on this machine: which the program uses, and how they are loaded.
//!
//! A model is checked at once and loaded by the first question, so that a server answers
//! seconds after it was started and a second demo, which words nothing anew, loads nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use inference::embed::Embedder;
use inference::manifest::{Catalogue, ModelManifest, Role};
use inference::store::Store;
use inference::text::TextModel;
use knowledge::{Embed, EmbedError};
use writer::{Ask, Candidate, LocalModel, Wording, WordingError};

/// Something that is loaded by the first that asks for it; the others wait for that.
struct Late<T>(Mutex<Option<Arc<T>>>);

impl<T> Late<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get<E>(&self, load: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*held {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(load()?);
        *held = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// The embedding model under the name that the index remembers: vectors of two models, or of
/// two versions of one file, never meet.
struct LateEmbedder {
    path: PathBuf,
    name: String,
    embedder: Late<Embedder>,
}

impl LateEmbedder {
    fn embedder(&self) -> Result<Arc<Embedder>, EmbedError> {
        self.embedder.get(|| {
            tracing::info!(model = %self.name, "embedding model loading");
            Embedder::load(&self.path).map_err(|error| EmbedError(error.into()))
        })
    }
}

impl Embed for LateEmbedder {
    fn model(&self) -> String {
        self.name.clone()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder()?.embed_passages(texts).map_err(|error| EmbedError(error.into()))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder()?.embed_queries(texts).map_err(|error| EmbedError(error.into()))
    }
}

/// The text model. Its hash is known from the manifest, against which its file was checked.
struct LateWording {
    path: PathBuf,
    hash: String,
    model: Late<LocalModel>,
}

impl LateWording {
    fn load(&self) -> anyhow::Result<LocalModel> {
        tracing::info!(model = %self.path.display(), "text model loading");
        let model = TextModel::load(&self.path)?;
        Ok(LocalModel::new(Arc::new(model), self.hash.clone())?)
    }
}

impl Wording for LateWording {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        let loaded = self.model.get(|| self.load());
        let model = loaded.map_err(|error| WordingError::Other(format!("{error:#}")))?;
        model.word(ask)
    }
}

/// The embedding model in the store in `dir`, checked and not loaded yet.
///
/// # Errors
/// Says which file is missing or wrong and which command mends it.
pub fn embedder(dir: &Path) -> anyhow::Result<Arc<dyn Embed>> {
    let catalogue = Catalogue::embedded()?;
    let (model, path) = ready(&catalogue, Role::Embedding, dir)?;
    Ok(Arc::new(LateEmbedder { path, name: identity(model), embedder: Late::new() }))
}

/// The text model in the store in `dir`, checked and not loaded yet.
///
/// # Errors
/// Says which file is missing or wrong and which command mends it.
pub fn wording(dir: &Path) -> anyhow::Result<Box<dyn Wording>> {
    let catalogue = Catalogue::embedded()?;
    let (model, path) = ready(&catalogue, Role::Text, dir)?;
    let file = model.main_file().with_context(|| no_file(model))?;
    Ok(Box::new(LateWording { path, hash: file.sha256.clone(), model: Late::new() }))
}

/// The default model for `role` and its main file, which is there and sound.
fn ready<'a>(
    catalogue: &'a Catalogue,
    role: Role,
    dir: &Path,
) -> anyhow::Result<(&'a ModelManifest, PathBuf)> {
    let model = catalogue
        .default_for(role)
        .with_context(|| format!("the catalogue names no model for {role:?}"))?;
    let store = Store::new(dir);
    store.ready(model)?;
    let file = model.main_file().with_context(|| no_file(model))?;
    Ok((model, store.path(model, file)))
}

fn no_file(model: &ModelManifest) -> String {
    format!("model `{}` has no files", model.name)
}

/// Name and content of a model in one word.
#[must_use]
pub fn identity(model: &ModelManifest) -> String {
    let hash = model.main_file().map_or("", |file| file.sha256.as_str());
    format!("{}@{hash}", model.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_model_is_named_with_the_command_that_fetches_it() {
        let folder = tempfile::tempdir().unwrap();
        for error in [embedder(folder.path()).err(), wording(folder.path()).err()] {
            let error = format!("{:#}", error.unwrap());
            assert!(error.contains("is missing; run `cotmoc models pull"), "{error}");
        }
    }

    #[test]
    fn what_loads_late_loads_once_and_tries_again_after_a_failure() {
        let late = Late::new();
        assert_eq!(late.get(|| Err::<u8, _>("no")).unwrap_err(), "no");
        assert_eq!(*late.get(|| Ok::<_, &str>(1)).unwrap(), 1);
        assert_eq!(*late.get(|| Ok::<_, &str>(2)).unwrap(), 1);
    }
}
