//! The search over procedures and law, as the settings want it: the index in its file, and
//! the vectors in the process or on a Qdrant server.

use std::sync::Arc;

use knowledge::{Built, Corpus, Embed, Index, Progress, Qdrant, QdrantConfig, Search};
use rules::PackFiles;

use crate::config::Config;
use crate::{models, pack};

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
    let settings = QdrantConfig { url, api_key: None, collection: "cotmoc-passages".to_owned() };
    let store = Qdrant::connect(settings, runtime.clone())?;
    Ok(Search::with_store(index, embedder, Box::new(store))?)
}
