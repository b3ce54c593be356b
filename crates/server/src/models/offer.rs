//! The models of this machine as other programs may ask them.

use std::sync::Arc;

use inference::serve::{Figures, Handle};
use knowledge::Embed as _;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{LateText, Models};

/// How many calls for vectors may wait for the one that is worked on.
const EMBEDDINGS: usize = 64;

/// What is offered; cheap to clone.
#[derive(Debug, Clone)]
pub struct Offer {
    models: Arc<Models>,
    /// One call after the other is made into vectors.
    embedding: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Vectors, and how many tokens their texts have.
pub(crate) struct Embedded {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) tokens: usize,
}

/// Why a model of this machine does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OfferError {
    /// Too many wait.
    #[error("too many calls wait for the embedding model")]
    Overloaded,
    /// It is not there or cannot be loaded.
    #[error("the model cannot be used: {0}")]
    Unusable(String),
}

fn unusable(error: impl std::fmt::Display) -> OfferError {
    OfferError::Unusable(format!("{error:#}"))
}

impl Offer {
    /// Those of `models`.
    #[must_use]
    pub fn of(models: Arc<Models>) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { models, embedding: places(1), waiting: places(EMBEDDINGS) }
    }

    /// The names of the text model and of the embedding model, where they are there.
    pub(crate) async fn names(&self) -> [Option<String>; 2] {
        let models = Arc::clone(&self.models);
        let found = spawn_blocking(move || {
            let embedder = models.embedder().ok().map(|it| it.0.clone());
            [models.text().ok().map(|it| it.name.clone()), embedder]
        });
        found.await.unwrap_or_default()
    }

    /// Something to ask the text model with; it is loaded if it was not.
    pub(crate) async fn handle(&self) -> Result<Handle, OfferError> {
        let models = Arc::clone(&self.models);
        let loaded = spawn_blocking(move || models.text()?.handle());
        loaded.await.map_err(unusable)?.map_err(unusable)
    }

    /// A vector of each text. One that begins with `query: ` is a question, any other a passage.
    pub(crate) async fn embed(&self, texts: Vec<String>) -> Result<Embedded, OfferError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let _waiting = waiting.map_err(|_| OfferError::Overloaded)?;
        // Held by the work itself: whoever hangs up does not let two run side by side.
        let place = Arc::clone(&self.embedding).acquire_owned().await.map_err(unusable)?;
        let models = Arc::clone(&self.models);
        let embedded = spawn_blocking(move || {
            let _place = place;
            let embedder = models.embedder().map_err(unusable)?;
            let embedder = &embedder.1;
            let mut vectors = Vec::with_capacity(texts.len());
            for run in texts.chunk_by(|a, b| question(a).is_some() == question(b).is_some()) {
                let questions: Option<Vec<&str>> = run.iter().map(|it| question(it)).collect();
                vectors.extend(
                    match questions {
                        Some(questions) => embedder.embed_queries(&questions),
                        None => embedder
                            .embed_passages(&run.iter().map(|it| passage(it)).collect::<Vec<_>>()),
                    }
                    .map_err(unusable)?,
                );
            }
            let tokens = embedder.count_tokens(&texts).map_err(unusable)?;
            Ok(Embedded { vectors, tokens })
        });
        embedded.await.map_err(unusable)?
    }

    /// What the text model did so far, if it was ever asked.
    pub(crate) fn figures(&self) -> Option<Figures> {
        let text: Arc<LateText> = self.models.text_at_work()?;
        Some(text.at_work.peek()?.handle().figures())
    }
}

fn question(text: &str) -> Option<&str> {
    text.strip_prefix("query: ")
}

fn passage(text: &str) -> &str {
    text.strip_prefix("passage: ").unwrap_or(text)
}
