//! The models that the program uses, and how they are loaded: those of this machine, or one of
//! another server where the settings name it.
//!
//! A model is checked at once and loaded by the first question, so that a server answers
//! seconds after it was started and a second demo, which words nothing anew, loads nothing.
//! Whoever words letters and whoever asks through the API ask the same workers.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use inference::embed::Embedder;
use inference::manifest::{Catalogue, ModelManifest, Role};
use inference::serve::{Handle, Settings, Workers};
use inference::store::Store;
use inference::text::TextModel;
use knowledge::{Embed, EmbedError};
use writer::{Ask, Candidate, ServedModel, Wording, WordingError};

mod at_work;
mod offer;

pub use at_work::Models;
pub use offer::Offer;
pub(crate) use offer::OfferError;

/// Something that is loaded by the first that asks for it; the others wait for that.
pub(crate) struct Late<T>(Mutex<Option<Arc<T>>>);

impl<T> Late<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn of(loaded: T) -> Self {
        Self(Mutex::new(Some(Arc::new(loaded))))
    }

    pub(crate) fn get<E>(&self, load: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = &*held {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(load()?);
        *held = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn peek(&self) -> Option<Arc<T>> {
        self.0.try_lock().ok()?.clone()
    }
}

/// The embedding model under the name that the index remembers: vectors of two models, or of
/// two versions of one file, never meet.
pub(crate) struct LateEmbedder {
    path: PathBuf,
    name: String,
    /// How many threads share many texts.
    threads: NonZeroUsize,
    embedder: Late<Embedder>,
}

impl LateEmbedder {
    fn embedder(&self) -> Result<Arc<Embedder>, EmbedError> {
        self.embedder.get(|| {
            tracing::info!(model = %self.name, "embedding model loading");
            let loaded = Embedder::load(&self.path).map_err(|error| EmbedError(error.into()))?;
            Ok(loaded.on_threads(self.threads))
        })
    }

    /// How many tokens the texts have.
    pub(crate) fn count_tokens(&self, texts: &[String]) -> Result<usize, EmbedError> {
        let embedder = self.embedder()?;
        let counts = texts.iter().map(|text| embedder.count_tokens(text));
        counts.sum::<Result<usize, _>>().map_err(|error| EmbedError(error.into()))
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

/// The text model at work. Its hash is known from the manifest, against which its file was
/// checked.
pub(crate) struct LateText {
    name: String,
    path: PathBuf,
    hash: String,
    settings: Settings,
    at_work: Late<Workers>,
}

impl LateText {
    /// Something to ask with. The first that wants it waits until the model is loaded.
    pub(crate) fn handle(&self) -> anyhow::Result<Handle> {
        let load = || -> anyhow::Result<Workers> {
            tracing::info!(model = %self.path.display(), "text model loading");
            let model = Arc::new(TextModel::load(&self.path)?);
            let served = writer::served(&self.name, &model)?;
            Ok(Workers::start(served, self.settings, Instant::now)?)
        };
        Ok(self.at_work.get(load)?.handle())
    }
}

/// Words letters with the model of this machine.
struct LateWording(Arc<LateText>);

impl Wording for LateWording {
    fn hash(&self) -> &str {
        &self.0.hash
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        let handle = self.0.handle().map_err(|error| WordingError::Other(format!("{error:#}")))?;
        ServedModel::new(handle, self.0.hash.clone()).word(ask)
    }
}

/// The embedding model in the store in `dir`, checked and not loaded yet.
///
/// # Errors
/// Says which file is missing or wrong and which command mends it.
pub fn embedder(dir: &Path) -> anyhow::Result<Arc<dyn Embed>> {
    // Nothing else is done while an index is made: all processors share its texts.
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Ok(Arc::new(late_embedder(dir, threads)?.1))
}

fn late_embedder(dir: &Path, threads: NonZeroUsize) -> anyhow::Result<(String, LateEmbedder)> {
    let catalogue = Catalogue::embedded()?;
    let (model, path) = ready(&catalogue, Role::Embedding, dir)?;
    let late = LateEmbedder { path, name: identity(model), threads, embedder: Late::new() };
    Ok((model.name.clone(), late))
}

/// The text model in the store in `dir`, checked and not loaded yet.
///
/// # Errors
/// Says which file is missing or wrong and which command mends it.
pub fn wording(dir: &Path) -> anyhow::Result<Box<dyn Wording>> {
    Ok(Box::new(LateWording(Arc::new(late_text(dir, Settings::default())?))))
}

/// The text model called `name`, or by one of its other names, in the store in `dir`; the one that
/// words letters where no name is given.
///
/// # Errors
/// When there is none, it is no text model, or a file is missing: with the command that mends it.
pub fn wording_by(dir: &Path, name: Option<&str>) -> anyhow::Result<Box<dyn Wording>> {
    let Some(name) = name else { return wording(dir) };
    let catalogue = Catalogue::embedded()?;
    let model = catalogue.get(name)?;
    anyhow::ensure!(model.role == Role::Text, "`{name}` words nothing: it is no text model");
    let path = checked(model, dir)?;
    Ok(Box::new(LateWording(Arc::new(late(model, path, Settings::default())?))))
}

fn late_text(dir: &Path, settings: Settings) -> anyhow::Result<LateText> {
    let catalogue = Catalogue::embedded()?;
    let (model, path) = ready(&catalogue, Role::Text, dir)?;
    late(model, path, settings)
}

fn late(model: &ModelManifest, path: PathBuf, settings: Settings) -> anyhow::Result<LateText> {
    let file = model.main_file().with_context(|| no_file(model))?;
    let (name, hash) = (model.name.clone(), file.sha256.clone());
    Ok(LateText { name, path, hash, settings, at_work: Late::new() })
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
    Ok((model, checked(model, dir)?))
}

/// The main file of `model`, which is there and sound.
fn checked(model: &ModelManifest, dir: &Path) -> anyhow::Result<PathBuf> {
    let store = Store::new(dir);
    store.ready(model)?;
    let file = model.main_file().with_context(|| no_file(model))?;
    Ok(store.path(model, file))
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
