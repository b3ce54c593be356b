//! Procedures whose vectors and words lie in a store: it tells which come into question, and these
//! alone are ranked.
//!
//! So a question costs what the store takes and no more with more procedures; the ranking is the
//! same code, over some hundred of them instead of all.

use std::collections::{HashMap, HashSet};

use super::rank::{Weights, worth_of_names};
use super::{Bounds, Entry, Procedures, ProceduresError, Question};
use crate::embed::unit;
use crate::store::{Asked, Point, VectorStore};

/// How many come into question by meaning, and how many by words.
const LISTED: usize = 200;

/// Where procedures are looked up.
pub(super) struct Shortlist {
    store: Box<dyn VectorStore>,
    /// Places of documents by their ids.
    places: HashMap<String, usize>,
}

impl Procedures {
    /// Looks up in `store` which procedures come into question, after bringing it to hold what this
    /// index holds. Each index is a generation of its own: what a word is worth changes with every
    /// procedure that comes or goes.
    pub fn with_store(mut self, mut store: Box<dyn VectorStore>) -> Result<Self, ProceduresError> {
        if !store.holds(&self.hash)? {
            store.replace(&self.hash, &self.points())?;
        }
        let ids = self.entries.iter().map(|entry| entry.id.clone());
        let places = ids.zip(0..).collect();
        self.shortlist = Some(Shortlist { store, places });
        Ok(self)
    }

    fn points(&self) -> Vec<Point> {
        let weights = Weights::default();
        let words = self.bm25.words_of_texts(weights.title_words, weights.all_words);
        let rows = self.titles.rows().rows().zip(self.cards.rows().rows());
        let each = self.entries.iter().zip(words).zip(rows);
        let point = |((entry, words), (title, card)): ((&Entry, _), (&[f32], &[f32]))| {
            let both: Vec<f32> = title.iter().zip(card).map(|(a, b)| a + b).collect();
            Point {
                id: entry.id.clone(),
                hash: entry.hash.clone(),
                vector: unit(both).unwrap_or_else(|| card.to_vec()),
                kind: entry.kind,
                codes: entry.codes.clone(),
                place: entry.place.clone(),
                in_force: entry.in_force,
                levels: entry.levels.clone(),
                words,
            }
        };
        each.map(point).collect()
    }

    /// The places of what comes into question: by meaning, by words, and what is named.
    pub(super) fn listed(
        &self,
        shortlist: &Shortlist,
        question: &Question,
        bounds: &Bounds,
    ) -> Result<HashSet<usize>, ProceduresError> {
        let words = self.bm25.asked(&question.telling);
        let mut listed: HashSet<usize> = HashSet::new();
        for asked in [Asked::Vector(&question.vector), Asked::Words(&words)] {
            let found = shortlist.store.query(asked, bounds, LISTED)?;
            listed.extend(found.iter().filter_map(|(id, _)| shortlist.places.get(id)));
        }
        let named = self.entries.iter().enumerate();
        let named = named.filter(|(_, entry)| worth_of_names(entry, question) > 0.0);
        listed.extend(named.map(|(place, _)| place));
        Ok(listed)
    }
}
