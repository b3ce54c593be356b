//! Where vectors live: one face, in the process or on a Qdrant server.
//!
//! The face is small because the index file stays the truth: a store can always be brought
//! to it again ([`sync`]). It is not async: searching embeds the question first, which is work
//! for a blocking thread anyway, and a plain call can be made from everywhere.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::chunk::Passage;
use crate::corpus::{InForce, Kind, Place};
use crate::procedures::{Bounds, Traits};
use crate::source::Level;

mod qdrant;
mod scan;

pub use qdrant::{Qdrant, QdrantConfig};
pub use scan::Scan;

/// Something to be found, as a store knows it: its vector, its words and what it is filtered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its id.
    pub id: String,
    /// What tells this state of it and of the model from every other.
    pub hash: String,
    /// Unit length.
    pub vector: Vec<f32>,
    /// What the document is.
    pub kind: Kind,
    /// Codes that the document serves.
    pub codes: Vec<String>,
    /// Where it holds.
    pub place: Place,
    /// When it holds.
    pub in_force: InForce,
    /// Who handles it; nobody where that is not known.
    pub levels: Vec<Level>,
    /// Numbers of words in their order, each once, and what each is worth; none where the store is
    /// not searched by words.
    pub words: Vec<(u32, f32)>,
}

impl Point {
    /// The point of a passage whose vector came from `model`.
    #[must_use]
    pub fn of(passage: &Passage, model: &str, vector: &[f32]) -> Self {
        Self {
            id: passage.id.clone(),
            hash: format!("{} {model}", passage.hash),
            vector: vector.to_vec(),
            kind: passage.kind,
            codes: passage.codes.clone(),
            place: passage.place.clone(),
            in_force: passage.in_force,
            levels: Vec::new(),
            words: Vec::new(),
        }
    }

    fn without_vector(&self) -> Self {
        Self {
            id: self.id.clone(),
            hash: self.hash.clone(),
            vector: Vec::new(),
            kind: self.kind,
            codes: self.codes.clone(),
            place: self.place.clone(),
            in_force: self.in_force,
            levels: self.levels.clone(),
            words: self.words.clone(),
        }
    }

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

/// What points are searched by.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// The nearest in meaning, by their cosine.
    Vector(&'a [f32]),
    /// Those that share words, by the sum of what these are worth: a word's number and how much it
    /// counts.
    Words(&'a [(u32, f32)]),
}

/// Why a store did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server refused, or could not be reached.
    #[error("the Qdrant server at `{url}` did not {what}")]
    Qdrant {
        /// The address.
        url: String,
        /// What was asked.
        what: &'static str,
        /// What the client says.
        #[source]
        source: Box<qdrant_client::QdrantError>,
    },
    /// The server's runtime has stopped.
    #[error("the runtime that talks to the Qdrant server has stopped")]
    Stopped,
    /// A vector that says nothing.
    #[error(transparent)]
    NotFinite(#[from] inference::nearest::NotFinite),
    /// A vector of another size than the store holds.
    #[error("the point `{id}` has {found} numbers instead of {wanted}")]
    Vector {
        /// The point, or `query`.
        id: String,
        /// Its size.
        found: usize,
        /// The store's size.
        wanted: usize,
    },
}

/// A place for points. All that it holds are of one generation: made by one model, or of one build
/// of an index.
pub trait VectorStore: Send + Sync {
    /// Whether points of this generation are what it answers with.
    fn holds(&self, generation: &str) -> Result<bool, StoreError>;

    /// Answers with `points` of a new generation in place of all that it had, at once: until then,
    /// and where this breaks off, with what it had. Vectors may be of another size.
    fn replace(&mut self, generation: &str, points: &[Point]) -> Result<(), StoreError>;

    /// The hash of every point there is, by id.
    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError>;

    /// Adds points of the same generation, or puts them in the place of those with the same id.
    fn upsert(&mut self, points: &[Point]) -> Result<(), StoreError>;

    /// Takes points away; those that are not there are no error.
    fn delete(&mut self, ids: &[String]) -> Result<(), StoreError>;

    /// The `limit` best points that `bounds` admit, with what they are ranked by, the best first.
    fn query(
        &self,
        asked: Asked<'_>,
        bounds: &Bounds,
        limit: usize,
    ) -> Result<Vec<(String, f32)>, StoreError>;
}

/// Keeps the `most` that come first by `order`, sorted. All others are never put in order: among
/// a million that would take longer than finding them.
pub(crate) fn keep_first<T>(items: &mut Vec<T>, most: usize, order: impl Fn(&T, &T) -> Ordering) {
    if items.len() > most {
        items.select_nth_unstable_by(most, &order);
        items.truncate(most);
    }
    items.sort_by(order);
}

/// What a sync changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Synced {
    /// Points added or replaced.
    pub upserted: usize,
    /// Points taken away.
    pub deleted: usize,
}

/// Brings a store to hold `points` of a generation and nothing else; of the same generation only
/// what differs is written. The index that they come from stays the truth, so this restores a store
/// that lost everything, too.
pub fn sync(
    store: &mut dyn VectorStore,
    generation: &str,
    points: &[Point],
) -> Result<Synced, StoreError> {
    if points.is_empty() {
        return Ok(Synced::default());
    }
    if !store.holds(generation)? {
        store.replace(generation, points)?;
        return Ok(Synced { upserted: points.len(), deleted: 0 });
    }
    let mut there = store.hashes()?;
    let is_new = |point: &&Point| there.get(&point.id) != Some(&point.hash);
    let new: Vec<Point> = points.iter().filter(is_new).cloned().collect();
    for point in points {
        there.remove(&point.id);
    }
    let stale: Vec<String> = there.into_keys().collect();
    if !new.is_empty() {
        store.upsert(&new)?;
    }
    if !stale.is_empty() {
        store.delete(&stale)?;
    }
    Ok(Synced { upserted: new.len(), deleted: stale.len() })
}

#[cfg(test)]
mod contract;
