//! Where vectors live: one face, in the process or on a Qdrant server.
//!
//! The face is small because the index file stays the truth: a store can always be brought
//! to it again ([`sync`]). It is not async: searching embeds the question first, which is work
//! for a blocking thread anyway, and a plain call can be made from everywhere.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::chunk::Passage;
use crate::corpus::{InForce, Kind, Place};

mod qdrant;
mod scan;

pub use qdrant::{Qdrant, QdrantConfig};
pub use scan::Scan;
pub(crate) use scan::dot;

/// A passage as a store knows it: its vector and what it is filtered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The passage's id.
    pub id: String,
    /// What tells this state of the passage and of the model from every other.
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
        }
    }
}

/// What is left out before anything is ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only these kinds; none named means all.
    pub kinds: Vec<Kind>,
    /// Only documents that serve one of these procedures or life events.
    pub codes: Option<Vec<String>>,
    /// Only what holds at this place: its own documents and those of all that contain it.
    pub place: Option<Place>,
    /// Only what is in force on this day.
    pub in_force_on: Date,
}

impl Filter {
    /// Whether something with these properties may be found.
    #[must_use]
    pub fn admits(&self, kind: Kind, codes: &[String], place: &Place, in_force: InForce) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.codes.as_ref().is_none_or(|any| any.iter().any(|code| codes.contains(code)))
            && self.place.as_ref().is_none_or(|at| place.covers(at))
            && in_force.contains(self.in_force_on)
    }
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
    /// The collection holds vectors of another size.
    #[error(
        "the collection `{collection}` holds vectors of {found} numbers, and the model makes \
         {wanted}: name another collection"
    )]
    Dimensions {
        /// The collection.
        collection: String,
        /// What it holds.
        found: u64,
        /// What the model makes.
        wanted: usize,
    },
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

/// A place for vectors.
pub trait VectorStore: Send + Sync {
    /// Makes the store ready for vectors of this size.
    fn ensure(&mut self, dimensions: usize) -> Result<(), StoreError>;

    /// The hash of every point there is, by id.
    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError>;

    /// Adds points, or puts them in the place of those with the same id.
    fn upsert(&mut self, points: &[Point]) -> Result<(), StoreError>;

    /// Takes points away; those that are not there are no error.
    fn delete(&mut self, ids: &[String]) -> Result<(), StoreError>;

    /// The `limit` nearest points that `filter` admits, with the cosine, the nearest first.
    fn query(
        &self,
        vector: &[f32],
        filter: &Filter,
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

/// Brings a store to hold `points` and nothing else, and writes only what differs.
pub fn sync(store: &mut dyn VectorStore, points: &[Point]) -> Result<Synced, StoreError> {
    let Some(first) = points.first() else { return Ok(Synced::default()) };
    store.ensure(first.vector.len())?;
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
