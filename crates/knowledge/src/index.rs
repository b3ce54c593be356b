//! Passages with their vectors, in one file.
//!
//! The file is a pure function of corpus and model: passages in the order of their ids, no time,
//! no path of the machine, and vectors that do not depend on what is embedded beside them. Its hash therefore names exactly what an answer was found in, and stands in
//! receipts. Only passages whose hash or model changed are embedded again. What can be made
//! from the passages in milliseconds, such as the lexical postings, is not in the file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::chunk::Passage;
use crate::corpus::Corpus;
use crate::embed::{self, Embed, EmbedError, NoVector};
use crate::store::Point;

mod file;

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// No file.
    #[error("there is no index at {path}: build it with `cotmoc index`")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the index {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what was written.
    #[error("the index {path} is damaged ({what}): build it anew with `cotmoc index`")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that was noticed.
        what: &'static str,
    },
    /// Written by another version of this software.
    #[error(
        "the index {path} has format {found}, this version reads {wanted}: build it anew with \
         `cotmoc index`"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Ours.
        wanted: u32,
    },
    /// The file cannot be written.
    #[error("cannot write the index {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The model failed.
    #[error("cannot embed the passage `{passage}`")]
    Embed {
        /// The passage.
        passage: String,
        /// Why.
        #[source]
        source: EmbedError,
    },
    /// The model gave no usable vector.
    #[error("the model gave no usable vector for the passage `{passage}`")]
    Vector {
        /// The passage.
        passage: String,
    },
    /// Nothing to index.
    #[error("the corpus holds no passage")]
    Empty,
}

/// How far a build has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Passages that have their vector.
    pub done: usize,
    /// All passages.
    pub total: usize,
}

/// What stood at the index's path before a build.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing.
    None,
    /// An index, whose vectors were used where they could be.
    Used,
    /// Something unreadable, which was replaced.
    Replaced(IndexError),
}

/// What a build did.
#[derive(Debug)]
pub struct Built {
    /// Passages embedded now.
    pub embedded: usize,
    /// Passages that kept their vector.
    pub reused: usize,
    /// Passages of the earlier index that are no more.
    pub dropped: usize,
    /// What stood there before.
    pub earlier: Earlier,
}

/// Passages and their vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    model: String,
    passages: Vec<Passage>,
    /// All vectors, one after the other, each of unit length.
    vectors: Vec<f32>,
    dimensions: usize,
    hash: String,
}

impl Index {
    /// Builds the index of `corpus` at `path`, from what is there where that still holds.
    #[tracing::instrument(name = "knowledge.build_index", skip_all)]
    pub fn build(
        corpus: &Corpus,
        embedder: &dyn Embed,
        path: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Built), IndexError> {
        let (old, earlier) = match Self::open(path) {
            Ok(index) => (Some(index), Earlier::Used),
            Err(IndexError::Missing { .. }) => (None, Earlier::None),
            Err(error @ IndexError::Read { .. }) => return Err(error),
            Err(error) => (None, Earlier::Replaced(error)),
        };
        let model = embedder.model();
        let kept: HashMap<&str, &[f32]> = match &old {
            Some(old) if old.model == model => old.by_hash().collect(),
            _ => HashMap::new(),
        };
        let passages = corpus.passages();
        let total = passages.len();
        let mut built = Built { embedded: 0, reused: 0, dropped: 0, earlier };
        let known = |passage: &Passage| kept.get(passage.hash.as_str()).copied();
        let (there, new): (Vec<usize>, Vec<usize>) =
            (0..total).partition(|&at| passages.get(at).and_then(known).is_some());
        let mut made: HashMap<usize, Vec<f32>> = HashMap::new();
        let mut dimensions = 0;
        for &at in &there {
            let vector = passages.get(at).and_then(known).unwrap_or_default();
            dimensions = vector.len();
            made.insert(at, vector.to_vec());
        }
        for places in new.chunks(embed::GROUP) {
            progress(Progress { done: made.len(), total });
            let group: Vec<&Passage> = places.iter().filter_map(|&at| passages.get(at)).collect();
            let vectors = embed_group(embedder, &group, dimensions)?;
            dimensions = vectors.first().map_or(dimensions, Vec::len);
            made.extend(places.iter().copied().zip(vectors));
        }
        progress(Progress { done: total, total });
        (built.embedded, built.reused) = (new.len(), there.len());
        let vectors = (0..total).filter_map(|at| made.remove(&at)).flatten().collect();
        let mut index = Self { model, passages, vectors, dimensions, hash: String::new() };
        if index.passages.is_empty() {
            return Err(IndexError::Empty);
        }
        if let Some(old) = &old {
            built.dropped = old.passages.iter().filter(|p| index.passage(&p.id).is_none()).count();
        }
        index.hash = file::write(&index, path)?;
        Ok((index, built))
    }

    /// Reads an index and checks every byte of it.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        file::read(path)
    }

    /// SHA-256 of the index, in hex: what receipts name.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The model whose vectors these are.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How many numbers a vector has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All passages, ordered by id.
    #[must_use]
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// The passage with this id.
    #[must_use]
    pub fn passage(&self, id: &str) -> Option<&Passage> {
        self.place(id).and_then(|place| self.passages.get(place))
    }

    /// Where in the order the passage with this id stands.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.passages.binary_search_by(|passage| passage.id.as_str().cmp(id)).ok()
    }

    /// Everything as a store wants it.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let pairs = self.passages.iter().zip(self.vectors.chunks(self.dimensions));
        pairs.map(|(passage, vector)| Point::of(passage, &self.model, vector)).collect()
    }

    fn by_hash(&self) -> impl Iterator<Item = (&str, &[f32])> {
        let hashes = self.passages.iter().map(|passage| passage.hash.as_str());
        hashes.zip(self.vectors.chunks(self.dimensions))
    }
}

fn embed_group(
    embedder: &dyn Embed,
    passages: &[&Passage],
    dimensions: usize,
) -> Result<Vec<Vec<f32>>, IndexError> {
    let texts: Vec<String> = passages.iter().map(|passage| passage.embedded_text()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    embed::group(embedder, &texts, dimensions).map_err(|(place, why)| {
        let passage = passages.get(place).map(|passage| passage.id.clone()).unwrap_or_default();
        match why {
            NoVector::Failed(source) => IndexError::Embed { passage, source },
            NoVector::Unusable => IndexError::Vector { passage },
        }
    })
}
