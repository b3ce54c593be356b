//! The search over all procedures: its index is made by `cotmoc index` and opened by whoever
//! searches first.
//!
//! A server embeds nothing but the questions. Where there is no index, or one of another model, it
//! says so and goes on with everything else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use knowledge::{
    Added, Corpus, Embed, Everyday, MadeOf, Procedures, ProceduresBuild, ProceduresBuilt,
    ProceduresError, Qdrant, QdrantConfig, SetAside,
};
use rules::PackFiles;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::models::Late;
use crate::sources::Source;
use crate::{chance, pack};

/// How many questions are answered side by side, and how many may wait.
const AT_ONCE: usize = 2;
const WAITING: usize = 64;

/// Where the index of procedures is, `index` being that of passages.
#[must_use]
pub fn place(index: &Path) -> PathBuf {
    index.with_file_name("procedures.index")
}

/// Where the vectors of its texts are kept, so that none is made twice.
#[must_use]
pub fn vectors(index: &Path) -> PathBuf {
    index.with_file_name("procedures.vectors")
}

/// What an index is to be made of.
#[derive(Debug)]
pub struct Wanted {
    corpus: Corpus,
    everyday: Everyday,
    sources: Vec<Source>,
    pack_hash: String,
    made_of: String,
}

/// What happens while an index is made.
#[derive(Debug)]
pub enum Step<'a> {
    /// A record of a file is no procedure.
    SetAside(&'a Path, SetAside),
    /// So many procedures were read.
    Read(usize),
    /// So many texts have their vectors, of how many.
    Embedded(usize, usize),
}

/// What became of what sources tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Procedures that sources told of and the index holds.
    pub taken: usize,
    /// Those that the pack tells of in its own words.
    pub told_by_pack: usize,
    /// Those that an earlier source told of.
    pub twins: usize,
    /// Lines that are no procedure.
    pub set_aside: usize,
}

impl Wanted {
    /// The pack's corpus and everyday phrases, and what the manifests at `sources` describe.
    ///
    /// # Errors
    /// All that is wrong with the corpus or the phrases, or the first source that cannot be read.
    pub fn new(files: &PackFiles, sources: &[PathBuf]) -> anyhow::Result<Self> {
        let corpus = Corpus::parse(&pack::corpus(files))?;
        let sources = sources.iter().map(|path| Source::read(path));
        Self::of(corpus, pack::everyday(files)?, sources.collect::<anyhow::Result<_>>()?)
    }

    /// A corpus, everyday phrases and sources.
    ///
    /// # Errors
    /// When a source's file cannot be read.
    pub fn of(corpus: Corpus, everyday: Everyday, sources: Vec<Source>) -> anyhow::Result<Self> {
        let hashes = corpus.documents().iter().map(|document| document.hash.as_str());
        let phrases = serde_json::to_string(&everyday)?;
        let told = hashes.chain([phrases.as_str()]).collect::<Vec<_>>().join("\n");
        let pack_hash = chance::hex(&Sha256::digest(told));
        let mut made_of = vec![pack_hash.clone()];
        for source in &sources {
            made_of.push(source.hash()?);
        }
        Ok(Self { corpus, everyday, sources, pack_hash, made_of: made_of.join(" ") })
    }

    /// Whether the index at `path` is of `model` and of this. Where no source is named, it may
    /// hold any: they were named when it was made.
    #[must_use]
    pub fn is_at(&self, path: &Path, model: &str) -> bool {
        MadeOf::read(path).is_ok_and(|there| {
            let same = there.sources == self.made_of;
            let has_others = self.sources.is_empty() && there.sources.contains(' ');
            let same_pack = there.sources.split(' ').next() == Some(&self.pack_hash);
            there.model == model && (same || (has_others && same_pack))
        })
    }

    /// Makes the index at `path`.
    ///
    /// # Errors
    /// Names the file, the text or the model that stands in the way.
    pub fn build(
        &self,
        embedder: &dyn Embed,
        path: &Path,
        vectors: &Path,
        step: &mut dyn FnMut(Step<'_>),
    ) -> anyhow::Result<(ProceduresBuilt, Counts)> {
        let own = self.corpus.documents();
        let mut build = ProceduresBuild::begin(own, embedder, path, &self.made_of)?
            .with_everyday(self.everyday.clone());
        let mut counts = Counts::default();
        for source in &self.sources {
            for read in source.manifest.read(source.open()?) {
                match read {
                    Ok(procedure) => match build.add(&procedure)? {
                        Added::Taken => counts.taken += 1,
                        Added::OursWins { .. } => counts.told_by_pack += 1,
                        Added::Twin => counts.twins += 1,
                    },
                    Err(aside) => {
                        counts.set_aside += 1;
                        step(Step::SetAside(&source.file, aside));
                    }
                }
                step(Step::Read(counts.taken));
            }
        }
        let built = build.finish(vectors, &mut |done, all| step(Step::Embedded(done, all)))?;
        Ok((built, counts))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FinderError {
    /// Too many wait.
    #[error("too many questions wait to be answered")]
    Overloaded,
    /// There is no model to read questions with.
    #[error("the embedding model cannot be used: {0}")]
    Model(String),
    /// There is no index, or the question is none.
    #[error(transparent)]
    Procedures(#[from] ProceduresError),
    /// The work was broken off.
    #[error("the question was not answered")]
    BrokenOff(#[from] tokio::task::JoinError),
}

/// Where procedures are looked up that lie on a server.
#[derive(Debug, Clone)]
pub struct OnServer {
    url: String,
    runtime: Handle,
}

impl OnServer {
    /// The Qdrant server of the settings, where there is one; `runtime` talks to it.
    #[must_use]
    pub fn of(config: &Config, runtime: Handle) -> Option<Self> {
        Some(Self { url: config.knowledge.qdrant_url.clone()?, runtime })
    }
}

/// Opens the index at `path`; where there is a server, what it holds is brought there first, unless
/// it is there.
///
/// # Errors
/// When index and model do not fit, or the server does not answer.
pub fn open(
    path: &Path,
    embedder: Arc<dyn Embed>,
    server: Option<&OnServer>,
) -> Result<Procedures, ProceduresError> {
    let procedures = Procedures::open(path, embedder)?;
    let Some(OnServer { url, runtime }) = server else { return Ok(procedures) };
    let (url, collection) = (url.clone(), "cotmoc-procedures".to_owned());
    let store = Qdrant::connect(QdrantConfig { url, api_key: None, collection }, runtime.clone())?;
    procedures.with_store(Box::new(store))
}

type LoadModel = dyn Fn() -> anyhow::Result<Arc<dyn Embed>> + Send + Sync;

/// Answers questions; cheap to clone.
#[derive(Clone)]
pub struct Finder {
    index: Arc<Path>,
    model: Arc<LoadModel>,
    server: Option<OnServer>,
    opened: Arc<Late<Procedures>>,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    has_page: bool,
}

impl Finder {
    /// Searches the index at `index` with what `model` gives. Neither is looked at before somebody
    /// asks.
    #[must_use]
    pub fn new(
        index: &Path,
        model: impl Fn() -> anyhow::Result<Arc<dyn Embed>> + Send + Sync + 'static,
    ) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            index: Arc::from(index),
            model: Arc::new(model),
            server: None,
            opened: Arc::new(Late::new()),
            running: places(AT_ONCE),
            waiting: places(WAITING),
            has_page: false,
        }
    }

    /// The same with a server that procedures are looked up on, or without.
    #[must_use]
    pub fn on_server(self, server: Option<OnServer>) -> Self {
        Self { server, ..self }
    }

    /// The same with a page to try it on, or without.
    #[must_use]
    pub fn with_page(self, has_page: bool) -> Self {
        Self { has_page, ..self }
    }

    /// Whether there is a page to try it on.
    #[must_use]
    pub fn has_page(&self) -> bool {
        self.has_page
    }

    /// What `work` makes of the procedures, on a thread that may wait. The first that asks waits
    /// until the index is read.
    ///
    /// # Errors
    /// When there is no index that can be used, when too many ask, and what `work` says.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Procedures) -> Result<T, ProceduresError> + Send + 'static,
    ) -> Result<T, FinderError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let _waiting = waiting.map_err(|_| FinderError::Overloaded)?;
        let place = Arc::clone(&self.running).acquire_owned().await;
        let place = place.map_err(|_| FinderError::Overloaded)?;
        let (index, opened) = (Arc::clone(&self.index), Arc::clone(&self.opened));
        let (model, server) = (Arc::clone(&self.model), self.server.clone());
        let answered = tokio::task::spawn_blocking(move || {
            // Held by the work itself: whoever hangs up does not let more run side by side.
            let _place = place;
            let procedures = opened.get(|| {
                let model = model().map_err(|error| FinderError::Model(format!("{error:#}")))?;
                let opened = open(&index, model, server.as_ref())?;
                tracing::info!(documents = opened.len(), "index of procedures read");
                Ok::<_, FinderError>(opened)
            })?;
            Ok(work(&procedures)?)
        });
        answered.await?
    }
}

impl std::fmt::Debug for Finder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finder").field("index", &self.index).finish_non_exhaustive()
    }
}
