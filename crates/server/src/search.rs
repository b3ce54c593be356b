//! The search over procedures and law, as the settings want it: the index in its file, and
//! the vectors in the process or on a Qdrant server.

use std::sync::Arc;

use knowledge::{Built, Corpus, Embed, Index, Progress, Qdrant, QdrantConfig, Search};
use rules::PackFiles;
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::{chance, models, pack};

/// The index of the corpus as it is now, with what was done for it and the model that it was
/// made with. Only passages that changed are embedded again.
///
/// # Errors
/// Names the model, the document or the file that stands in the way.
pub fn index(
    config: &Config,
    files: &PackFiles,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<(Index, Built, Arc<dyn Embed>)> {
    let embedder = models::embedder(&config.models.dir)?;
    let corpus = Corpus::parse(&pack::corpus(files))?;
    let (index, built) =
        Index::build(&corpus, embedder.as_ref(), &config.knowledge.index, progress)?;
    Ok((index, built, embedder))
}

/// Opens `index` for questions. `runtime` talks to the Qdrant server, where one is set.
///
/// # Errors
/// When the Qdrant server cannot be reached or does not take the vectors.
pub fn open(
    config: &Config,
    index: Index,
    embedder: Arc<dyn Embed>,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<Search> {
    let Some(url) = config.knowledge.qdrant_url.clone() else {
        return Ok(Search::open(index, embedder)?);
    };
    let collection = collection(index.model());
    let settings = QdrantConfig { url, api_key: None, collection };
    let store = Qdrant::connect(settings, runtime.clone())?;
    Ok(Search::with_store(index, embedder, Box::new(store))?)
}

/// One collection for each model: vectors of two models have nothing to say to each other.
fn collection(model: &str) -> String {
    let hash = chance::hex(&Sha256::digest(model));
    format!("cotmoc-{}", hash.get(..12).unwrap_or(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_models_have_two_collections() {
        assert_ne!(collection("a@1"), collection("a@2"));
        assert_eq!(collection("a@1").len(), "cotmoc-".len() + 12);
    }
}
