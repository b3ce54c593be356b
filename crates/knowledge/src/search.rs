//! A question in, ranked passages out, with the reason for each.
//!
//! First what may not be found is left out (kind, code, place, day); then two rankings are
//! made, by meaning and by words, and fused by reciprocal rank: their scores have no common
//! scale, and the sum of ranks measured better than any weighting of scores that was tried.
//! A question that names a code or the number of an act gets that document first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::chunk::Passage;
use crate::corpus::{Kind, Place};
use crate::embed::{Embed, EmbedError, unit};
use crate::index::Index;
use crate::lexical::Lexical;
use crate::procedures::Bounds;
use crate::restore::{Restored, Restorer};
use crate::store::{Asked, Scan, StoreError, VectorStore, sync};
use crate::text::{exact_terms, fold, nfc, spaced, words};

/// The usual constant of reciprocal rank fusion: how soon a rank stops to matter.
const RRF_K: f32 = 60.0;
/// How deep both rankings go.
const DEPTH: usize = 100;
/// What one more level of place is worth, so that of two passages which are otherwise about
/// as good the province's own comes before the country's. Some eight ranks at the top.
const NEARER_PLACE: f32 = 0.002;
/// What it is worth that the whole question is a name of the document: as much as one more
/// first rank. Names are given by hand, so a question that holds one means it.
const CALLED: f32 = 1.0 / RRF_K;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question, as typed.
    pub text: String,
    /// Only these kinds; none named means all.
    pub kinds: Vec<Kind>,
    /// Only documents that serve one of these procedures or life events.
    pub codes: Option<Vec<String>>,
    /// Only what holds at this place; none means anywhere.
    pub place: Option<Place>,
    /// Only what is in force on this day.
    pub in_force_on: Date,
    /// At most so many passages.
    pub limit: usize,
}

impl Query {
    /// A question about the law of a day, with no other bound and ten answers.
    pub fn new(text: impl Into<String>, in_force_on: Date) -> Self {
        Self {
            text: text.into(),
            kinds: Vec::new(),
            codes: None,
            place: None,
            in_force_on,
            limit: 10,
        }
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            kinds: self.kinds.clone(),
            codes: self.codes.clone(),
            place: self.place.clone(),
            in_force_on: Some(self.in_force_on),
            level: None,
        }
    }
}

/// A passage that answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The passage.
    pub passage: Arc<Passage>,
    /// What it is ranked by: comparable within one answer only.
    pub score: f32,
    /// How near in meaning, as a cosine; none where it was not among the nearest.
    pub dense: Option<f32>,
    /// BM25; none where it shares no word.
    pub lexical: Option<f32>,
    /// What speaks for it.
    pub why: Why,
}

/// What speaks for a hit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Codes or numbers of acts in the question that name this document.
    pub named: Vec<String>,
    /// The longest name of the document, without marks, that the question holds.
    pub called: Option<String>,
    /// Terms shared with the question, the rarest first.
    pub terms: Vec<String>,
    /// The rank by meaning, from 1.
    pub dense_rank: Option<usize>,
    /// The rank by words, from 1.
    pub lexical_rank: Option<usize>,
    /// The question as it was understood, where that is not as it was typed.
    pub read_as: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A question without a word.
    #[error("the question holds no word")]
    Empty,
    /// Index and model do not belong together.
    #[error(
        "the index was built with the model `{index}`, and `{loaded}` is loaded: build it anew \
         with `cotmoc index`"
    )]
    Model {
        /// The index's model.
        index: String,
        /// The model at hand.
        loaded: String,
    },
    /// The model failed.
    #[error("cannot embed the question")]
    Embed(#[source] EmbedError),
    /// The model gave no usable vector.
    #[error("the model gave no usable vector for the question")]
    Vector,
    /// The store failed.
    #[error("cannot search the vectors")]
    Store(#[from] StoreError),
}

/// An open index that answers. Shared between threads; each call blocks while the model reads
/// the question.
pub struct Search {
    index: Index,
    passages: Vec<Arc<Passage>>,
    names: Vec<Names>,
    lexical: Lexical,
    restorer: Restorer,
    store: Box<dyn VectorStore>,
    embedder: Arc<dyn Embed>,
}

impl Search {
    /// Searches in the process.
    pub fn open(index: Index, embedder: Arc<dyn Embed>) -> Result<Self, SearchError> {
        Self::with_store(index, embedder, Box::new(Scan::default()))
    }

    /// Searches a store, which is first brought to hold what the index holds.
    pub fn with_store(
        index: Index,
        embedder: Arc<dyn Embed>,
        mut store: Box<dyn VectorStore>,
    ) -> Result<Self, SearchError> {
        if index.model() != embedder.model() {
            let (index, loaded) = (index.model().to_owned(), embedder.model());
            return Err(SearchError::Model { index, loaded });
        }
        sync(store.as_mut(), index.model(), &index.points())?;
        let texts = index.passages().iter().flat_map(|passage| {
            let names = passage.aliases.iter().chain([&passage.title, &passage.heading]);
            names.chain([&passage.text]).map(String::as_str)
        });
        Ok(Self {
            restorer: Restorer::learn(texts),
            lexical: Lexical::build(index.passages()),
            names: index.passages().iter().map(Names::of).collect(),
            passages: index.passages().iter().cloned().map(Arc::new).collect(),
            index,
            store,
            embedder,
        })
    }

    /// The index that is searched.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The passages that answer `query`, the best first. The same question to the same index
    /// has the same answer; equal scores come in the order of the ids.
    // The question is not recorded: people write names into it.
    #[tracing::instrument(name = "knowledge.find_passages", skip_all, fields(limit = query.limit))]
    pub fn find(&self, query: &Query) -> Result<Vec<Hit>, SearchError> {
        let typed = nfc(query.text.trim());
        if words(&typed).next().is_none() {
            return Err(SearchError::Empty);
        }
        let bounds = query.bounds();
        let named = exact_terms(&typed);
        let read = self.restorer.restore(&typed);
        let mut ranked = Ranked::default();
        self.by_words(&read, &bounds, &mut ranked);
        // Digits mean nothing to the model: a bare code is looked up, not guessed at.
        if !is_only(&typed, &named) {
            self.by_meaning(&read, &bounds, &mut ranked)?;
        }
        Ok(self.fuse(ranked, &named, &read, query.limit))
    }

    fn by_words(&self, read: &Restored, bounds: &Bounds, ranked: &mut Ranked) {
        let admits = |place: usize| {
            let passage = self.passages.get(place);
            passage.is_some_and(|passage| bounds.admit(passage.traits()))
        };
        let found = self.lexical.search(&read.text, admits);
        for (rank, hit) in found.into_iter().take(DEPTH).enumerate() {
            let part = ranked.0.entry(hit.passage).or_default();
            part.lexical = Some((rank + 1, hit.score));
            part.terms = hit.terms;
        }
    }

    fn by_meaning(
        &self,
        read: &Restored,
        bounds: &Bounds,
        ranked: &mut Ranked,
    ) -> Result<(), SearchError> {
        let vectors = self.embedder.embed_queries(&[&read.text]).map_err(SearchError::Embed)?;
        let vector = vectors.into_iter().next().and_then(unit).ok_or(SearchError::Vector)?;
        let near = self.store.query(Asked::Vector(&vector), bounds, DEPTH)?;
        // A server may still hold a passage that this index has not.
        let near = near.into_iter().filter_map(|(id, score)| Some((self.index.place(&id)?, score)));
        for (rank, (place, score)) in near.enumerate() {
            ranked.0.entry(place).or_default().dense = Some((rank + 1, score));
        }
        Ok(())
    }

    fn fuse(&self, ranked: Ranked, named: &[String], read: &Restored, limit: usize) -> Vec<Hit> {
        let asked = spaced(&read.text);
        let hit = |(place, part): (usize, Part)| {
            let passage = self.passages.get(place)?.clone();
            let own = self.names.get(place)?;
            let named: Vec<String> =
                named.iter().filter(|name| own.exact.contains(*name)).cloned().collect();
            let called = own.in_question(&asked);
            let share = called.map_or(0.0, |name| as_f32(name.len()) / as_f32(asked.len()));
            let ranks = [part.dense, part.lexical].into_iter().flatten();
            let fused: f32 = ranks.map(|(rank, _)| 1.0 / (RRF_K + as_f32(rank))).sum();
            let nearer = NEARER_PLACE * as_f32(passage.place.depth());
            let score = fused + nearer + CALLED * share + as_f32(named.len());
            let why = Why {
                named,
                called: called.map(|name| name.trim().to_owned()),
                terms: part.terms,
                dense_rank: part.dense.map(|(rank, _)| rank),
                lexical_rank: part.lexical.map(|(rank, _)| rank),
                read_as: read.changed.then(|| read.text.clone()),
            };
            let (dense, lexical) = (part.dense.map(|d| d.1), part.lexical.map(|l| l.1));
            Some(Hit { passage, score, dense, lexical, why })
        };
        let mut hits: Vec<Hit> = ranked.0.into_iter().filter_map(hit).collect();
        hits.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then_with(|| a.passage.id.cmp(&b.passage.id))
        });
        hits.truncate(limit);
        hits
    }
}

/// What a document is called.
struct Names {
    /// Codes and numbers of acts.
    exact: BTreeSet<String>,
    /// Title and other names, the longest first.
    spoken: Vec<String>,
}

impl Names {
    fn of(passage: &Passage) -> Self {
        let names = passage.aliases.iter().chain([&passage.title]);
        let mut spoken: Vec<String> = names.map(|name| spaced(name)).collect();
        spoken.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self { exact: passage.names().into_iter().collect(), spoken }
    }

    fn in_question(&self, asked: &str) -> Option<&str> {
        self.spoken.iter().find(|name| asked.contains(name.as_str())).map(String::as_str)
    }
}

/// Both rankings, by the place of the passage in the index.
#[derive(Default)]
struct Ranked(HashMap<usize, Part>);

#[derive(Default)]
struct Part {
    dense: Option<(usize, f32)>,
    lexical: Option<(usize, f32)>,
    terms: Vec<String>,
}

/// Whether `typed` consists of nothing but the codes in `named`.
fn is_only(typed: &str, named: &[String]) -> bool {
    let folded = fold(typed);
    let mut tokens = folded.split_whitespace();
    tokens.all(|token| named.iter().any(|name| name == token))
}

#[expect(clippy::cast_precision_loss, reason = "ranks and depths are small")]
fn as_f32(n: usize) -> f32 {
    n as f32
}
