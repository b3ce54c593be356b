//! Thousands of procedures, and which of them a question in everyday words is about.
//!
//! [`Search`](crate::Search) finds a passage in a corpus written by hand. This finds the one
//! procedure among all those of a country, by its title, by all of its words and by meaning (see
//! `rank`), and the sections of it that answer. The index is a file ([`ProceduresBuild`] makes
//! it); what is searched is in memory, what is shown is read from the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::corpus::{Document, InForce, Kind, Place};
use crate::embed::{Embed, EmbedError, unit};
use crate::index::IndexError;
use crate::near::Near;
use crate::restore::Restorer;
use crate::source::{Level, Procedure};
use crate::store::{StoreError, keep_first};
use crate::text::{exact_terms, fold, nfc, spaced, terms, words};

mod abbreviations;
mod bm25;
mod bounds;
mod build;
mod columns;
mod everyday;
mod file;
mod rank;
mod sections;
mod shortlist;
mod vectors;

pub use abbreviations::Expansion;
pub(crate) use bounds::Traits;
pub use bounds::{Bounds, Facets, LeftOut};
pub use build::{Added, MadeOf, ProceduresBuild, ProceduresBuilt};
pub use everyday::{Everyday, EverydayError};
pub use rank::{Reasons, Weights};
pub use sections::FoundSection;
pub use vectors::kept_vectors;

use abbreviations::Abbreviations;
use bm25::Bm25;
use file::{Records, Searched};
use shortlist::Shortlist;

/// A longer question is none: it would take the model seconds, and nobody types it.
const LONGEST: usize = 2_000;

/// How much a term counts that nobody typed: that of an abbreviation or a phrase written out, which
/// brings several for one.
const MEANT: f32 = 0.5;

/// Words that every question is made of and no procedure is about, without marks.
const FUNCTION_WORDS: &str = "toi to minh anh chi em ong ba gi nao sao dau ai may bao nhieu lau \
    the vay nhu lam co khong duoc phai can muon xin hoi cho biet la thi ma va hay hoac neu khi de \
    voi cua o tai tu den trong ve bi da dang se vua moi roi chua con nua nhung cac mot nay do kia \
    ay nhe a nhi theo boi vi nen cung chi thoi xong sau truoc";

/// Why there is nothing to search, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProceduresError {
    /// Nothing to search.
    #[error("the sources hold no procedure")]
    Empty,
    /// The index cannot be used or made.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Index and model do not belong together.
    #[error(
        "the index of procedures was built with the model `{index}`, and `{loaded}` is loaded: \
         build it anew with `cotmoc index`"
    )]
    Model {
        /// The index's model.
        index: String,
        /// The model at hand.
        loaded: String,
    },
    /// The kept vectors cannot be read or written.
    #[error("cannot keep vectors in {path}")]
    Vectors {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The model failed.
    #[error("cannot embed `{text}`")]
    Embed {
        /// What.
        text: String,
        /// Why.
        #[source]
        source: EmbedError,
    },
    /// The model gave no usable vector.
    #[error("the model gave no usable vector for `{0}`")]
    Vector(String),
    /// The store failed.
    #[error("the store of procedures did not answer")]
    Store(#[from] StoreError),
    /// A question without a word.
    #[error("the question holds no word")]
    NoWord,
    /// A text that is no question.
    #[error("the question has more than {LONGEST} characters")]
    TooLong,
}

/// Which ways of searching are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// BM25 over everything that a procedure says.
    Bm25,
    /// BM25 over the title, and half as much over everything.
    Lexical,
    /// The cosine of title, sector and results.
    Dense,
    /// The three above, fused by reciprocal rank.
    Rrf,
    /// All of it, as `rank` says.
    Hybrid,
}

impl Ways {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Hybrid, Self::Rrf, Self::Lexical, Self::Bm25, Self::Dense];

    /// The word used in figures and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bm25 => "bm25",
            Self::Lexical => "lexical",
            Self::Dense => "dense",
            Self::Rrf => "rrf",
            Self::Hybrid => "hybrid",
        }
    }
}

/// A question, understood.
#[derive(Debug, Clone)]
pub struct Question {
    /// As it was read: marks given back, slips mended.
    pub read_as: String,
    /// Whether that is not as it was typed.
    pub changed: bool,
    /// Abbreviations that were written out.
    pub expansions: Vec<Expansion>,
    /// The words without marks, each between single spaces.
    spoken: String,
    /// Codes and numbers of acts in it.
    codes: Vec<String>,
    /// Terms by their numbers, and how much each counts.
    every: Vec<(u32, f32)>,
    /// The same without the words that every question is made of.
    telling: Vec<(u32, f32)>,
    vector: Vec<f32>,
}

/// What is found, and what was left out before.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'a> {
    /// The documents that answer, the best first, equal ones in the order of the index.
    pub found: Vec<Found<'a>>,
    /// How many bounds left out.
    pub left_out: LeftOut,
    /// Counts over the best hundred.
    pub facets: Facets,
}

/// A document that answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'a> {
    /// The document.
    pub entry: &'a Entry,
    /// What it is ranked by: comparable within one answer only.
    pub score: f32,
    /// What that is made of, in the hybrid way.
    pub reasons: Option<Reasons>,
    place: usize,
}

/// What is known of a document without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The document's id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The national code, where it has one.
    pub code: Option<String>,
    /// Codes of procedures and life events that it serves, its own among them.
    pub codes: Vec<String>,
    /// The title.
    pub title: String,
    /// What it is about, in the source's words; empty where nobody says.
    pub sector: String,
    /// Where it holds.
    pub place: Place,
    /// When it holds.
    pub in_force: InForce,
    /// Where we read it.
    pub source: Vec<String>,
    /// The day it was last compared with its sources.
    pub retrieved_on: Date,
    /// SHA-256 of the document, in hex.
    pub hash: String,
    /// Who handles it; nobody where that is not known.
    pub levels: Vec<Level>,
    /// Whether citizens may ask for it.
    pub for_citizens: bool,
    called: Called,
}

/// What a question names a document by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Called {
    /// Its code, and former ones.
    codes: Vec<String>,
    /// Names that people gave it, as a question is spoken, the longest first.
    names: Vec<String>,
}

/// Procedures that can be searched.
pub struct Procedures {
    entries: Vec<Entry>,
    records: Records,
    hash: String,
    bm25: Bm25,
    titles: Near,
    cards: Near,
    /// What makes the sum of title and card one long.
    halves: Vec<f32>,
    function_words: Vec<u32>,
    abbreviations: Abbreviations,
    everyday: Everyday,
    restorer: Restorer,
    embedder: Arc<dyn Embed>,
    shortlist: Option<Shortlist>,
}

impl Procedures {
    /// Reads the index at `path` and checks every byte of it.
    pub fn open(path: &Path, embedder: Arc<dyn Embed>) -> Result<Self, ProceduresError> {
        let MadeOf { model: index, .. } = MadeOf::read(path)?;
        let loaded = embedder.model();
        if index != loaded {
            return Err(ProceduresError::Model { index, loaded });
        }
        let file::Sound { records, searched, hash } = file::read(path)?;
        let Searched { entries, abbreviations, everyday, bm25, counts, titles, cards } = searched;
        let pairs = titles.rows().zip(cards.rows());
        let halves = pairs.map(|(title, card)| {
            let length = title.iter().zip(card).map(|(a, b)| (a + b).powi(2)).sum::<f32>().sqrt();
            if length.is_normal() { length.recip() } else { 0.0 }
        });
        let halves = halves.collect();
        let near = |rows| {
            let what = "a vector is no vector";
            Near::of(rows).map_err(|_| IndexError::Damaged { path: path.to_owned(), what })
        };
        Ok(Self {
            entries,
            records,
            hash,
            function_words: FUNCTION_WORDS.split(' ').filter_map(|it| bm25.term(it)).collect(),
            bm25,
            halves,
            abbreviations,
            everyday,
            titles: near(titles)?,
            cards: near(cards)?,
            restorer: Restorer::of(counts),
            embedder,
            shortlist: None,
        })
    }

    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true: see [`ProceduresError::Empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The documents, in the order of the index.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// SHA-256 of the index, in hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Reads a question: the work that takes a model, done once for however many rankings.
    pub fn understand(&self, typed: &str) -> Result<Question, ProceduresError> {
        if typed.chars().nth(LONGEST).is_some() {
            return Err(ProceduresError::TooLong);
        }
        // A control character parts words and means nothing.
        let typed: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let typed = nfc(typed.trim());
        if words(&typed).next().is_none() {
            return Err(ProceduresError::NoWord);
        }
        let (explained, phrases) = self.everyday.explain(&typed);
        let (full, mut expansions) = self.abbreviations.write_out(&explained);
        let restored = self.restorer.restore(&full);
        let read_as = restored.text;
        let changed = restored.changed || !(expansions.is_empty() && phrases.is_empty());
        // The question is not in the error: people write names into it.
        let failed = |source| ProceduresError::Embed { text: "the question".to_owned(), source };
        let vectors = self.embedder.embed_queries(&[&read_as]).map_err(failed)?;
        let vector = vectors.into_iter().next().and_then(unit);
        let vector = vector.filter(|it| it.len() == self.cards.rows().dimensions());
        let vector = vector.ok_or_else(|| ProceduresError::Vector("the question".to_owned()))?;
        // Some texts write the abbreviation too.
        let short = expansions.iter().map(|it| fold(&it.short));
        let all = terms(&read_as).into_iter().chain(short);
        let (said, meant) = (terms(&typed), terms(&full));
        let weight = |term: &String| {
            if meant.contains(term) && !said.contains(term) { MEANT } else { 1.0 }
        };
        let mut every: Vec<(u32, f32)> =
            all.filter_map(|term| Some((self.bm25.term(&term)?, weight(&term)))).collect();
        expansions.extend(phrases);
        every.sort_unstable_by_key(|(term, _)| *term);
        every.dedup_by_key(|(term, _)| *term);
        let is_telling = |(term, _): &(u32, f32)| !self.function_words.contains(term);
        let mut telling: Vec<(u32, f32)> = every.iter().copied().filter(is_telling).collect();
        if telling.is_empty() {
            telling.clone_from(&every);
        }
        let (spoken, codes) = (spaced(&read_as), exact_terms(&typed));
        Ok(Question { read_as, changed, expansions, spoken, codes, every, telling, vector })
    }

    /// What answers: what `bounds` leave out is left out before anything is ranked. Fails only where
    /// a store is searched that does not answer.
    // The question is not recorded: people write names into it.
    #[tracing::instrument(name = "knowledge.find_procedures", skip_all, fields(limit = limit))]
    pub fn find(
        &self,
        question: &Question,
        ways: Ways,
        bounds: &Bounds,
        limit: usize,
    ) -> Result<Answer<'_>, ProceduresError> {
        self.find_weighted(question, (ways, &Weights::default()), bounds, limit)
    }

    /// The same by other weights of the hybrid way, to find out which are right.
    pub fn find_weighted(
        &self,
        question: &Question,
        by: (Ways, &Weights),
        bounds: &Bounds,
        limit: usize,
    ) -> Result<Answer<'_>, ProceduresError> {
        let mut left_out = LeftOut::default();
        let admitted = self.entries.iter().enumerate();
        let admitted = admitted.filter(|(_, it)| bounds.admits(it, &mut left_out));
        let mut admitted: Vec<usize> = admitted.map(|(place, _)| place).collect();
        if let Some(shortlist) = &self.shortlist {
            let listed = self.listed(shortlist, question, bounds)?;
            admitted.retain(|place| listed.contains(place));
        }
        let ranked = self.rank(question, by, bounds, &admitted);
        let mut order: Vec<usize> = (0..admitted.len()).collect();
        let score = |at: usize| ranked.scores.get(at).copied().unwrap_or_default();
        let most = limit.max(bounds::COUNTED);
        keep_first(&mut order, most, |a, b| score(*b).total_cmp(&score(*a)).then(a.cmp(b)));
        let mut facets = Facets::default();
        let entry = |at: usize| admitted.get(at).and_then(|&place| self.entries.get(place));
        for counted in order.iter().take(bounds::COUNTED).filter_map(|&at| entry(at)) {
            facets.add(counted);
        }
        let found = order.into_iter().take(limit).filter_map(|at| {
            let reasons = ranked.reasons.get(at).copied();
            Some(Found { entry: entry(at)?, score: score(at), reasons, place: *admitted.get(at)? })
        });
        Ok(Answer { found: found.collect(), left_out, facets })
    }

    /// The whole document of what was found, read from the index.
    pub fn document(&self, found: &Found<'_>) -> Result<Document, ProceduresError> {
        Ok(self.records.get(found.place)?.document)
    }
}

impl Entry {
    fn traits(&self) -> Traits<'_> {
        Traits {
            kind: self.kind,
            codes: &self.codes,
            place: &self.place,
            in_force: self.in_force,
            levels: &self.levels,
        }
    }
}

fn entry(procedure: &Procedure) -> Entry {
    let document = &procedure.document;
    Entry {
        id: document.id.clone(),
        kind: document.kind,
        codes: document.code.iter().chain(&document.about).cloned().collect(),
        code: document.code.clone(),
        title: document.title.clone(),
        sector: procedure.sector.clone(),
        place: document.place.clone(),
        in_force: document.in_force,
        source: document.source.clone(),
        retrieved_on: document.retrieved_on,
        hash: document.hash.clone(),
        levels: procedure.levels.clone(),
        for_citizens: procedure.for_citizens,
        called: called(procedure),
    }
}

fn called(procedure: &Procedure) -> Called {
    let codes = procedure.document.code.iter().chain(&procedure.names);
    let codes = codes.flat_map(|name| exact_terms(name)).collect();
    let mut names: Vec<String> = procedure.names.iter().map(|name| spaced(name)).collect();
    names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    Called { codes, names }
}

/// All that a procedure says, but for its law: acts are named everywhere and tell little.
fn said(procedure: &Procedure) -> String {
    let document = &procedure.document;
    let is_law = |id: &str| document.kind == Kind::Procedure && id.starts_with("law");
    let sections = document.sections.iter().filter(|it| !is_law(&it.id));
    let names = document.aliases.iter().chain(&document.code).map(String::as_str);
    let texts = [document.title.as_str(), &procedure.sector].into_iter().chain(names);
    texts.chain(sections.map(|it| it.text.as_str())).collect::<Vec<_>>().join("\n")
}

/// Whether two titles are the same when read aloud: the portal lists a procedure once for each
/// of several authorities, with other spaces and capitals.
#[must_use]
pub fn same_title(title: &str) -> String {
    nfc(title).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[expect(clippy::cast_precision_loss, reason = "procedures and lengths stay far below 2^24")]
fn count(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_words_are_written_as_terms_are() {
        assert_eq!(fold(FUNCTION_WORDS), FUNCTION_WORDS);
    }
}
