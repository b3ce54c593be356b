//! BM25 over three fields, held in memory.
//!
//! Our own hundred lines, and not tantivy: a search engine that writes segments, merges them
//! and brings some hundred crates is much machinery for a few hundred passages, and its
//! tokenisers know neither Vietnamese tones nor the pairs of syllables that matter most here.
//! It is built anew when an index is opened, in milliseconds.

use std::collections::HashMap;

use crate::chunk::Passage;
use crate::text::terms;

const K1: f32 = 1.2;

/// How much a field counts, and how far its length is held against it.
#[derive(Debug, Clone, Copy)]
struct Field {
    weight: f32,
    b: f32,
}

/// Title with other names, heading, words. A name says best what a passage is about; many
/// names must not make each of them worth less, so the title's length counts little.
const FIELDS: [Field; 3] =
    [Field { weight: 3.0, b: 0.25 }, Field { weight: 2.0, b: 0.5 }, Field { weight: 1.0, b: 0.75 }];

/// How often each term occurs in each passage, weighted over the fields.
#[derive(Debug, Default)]
pub(crate) struct Lexical {
    postings: HashMap<String, Vec<(usize, f32)>>,
    passages: usize,
}

/// A passage that shares terms with a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LexicalHit {
    /// The place of the passage in the index.
    pub(crate) passage: usize,
    pub(crate) score: f32,
    /// The terms that it shares, the rarest first.
    pub(crate) terms: Vec<String>,
}

impl Lexical {
    pub(crate) fn build(passages: &[Passage]) -> Self {
        let fields: Vec<[Vec<String>; 3]> = passages.iter().map(field_terms).collect();
        let mut average = [0.0_f32; 3];
        for of_passage in &fields {
            for (sum, terms) in average.iter_mut().zip(of_passage) {
                *sum += count(terms.len());
            }
        }
        for sum in &mut average {
            *sum = (*sum / count(passages.len()).max(1.0)).max(1.0);
        }
        let mut postings: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        for (passage, of_passage) in fields.into_iter().enumerate() {
            let mut weights: HashMap<String, f32> = HashMap::new();
            for ((terms, field), average) in of_passage.into_iter().zip(FIELDS).zip(average) {
                let length = 1.0 - field.b + field.b * count(terms.len()) / average;
                for term in terms {
                    *weights.entry(term).or_default() += field.weight / length;
                }
            }
            for (term, weight) in weights {
                postings.entry(term).or_default().push((passage, weight));
            }
        }
        Self { postings, passages: passages.len() }
    }

    /// Passages that `admits` lets through, best first; equal scores in the order of the index.
    pub(crate) fn search(&self, text: &str, admits: impl Fn(usize) -> bool) -> Vec<LexicalHit> {
        let mut asked = terms(text);
        asked.sort();
        asked.dedup();
        let known = asked.into_iter().filter_map(|term| {
            let found = self.postings.get(&term)?;
            Some((term, self.idf(found.len()), found))
        });
        let mut known: Vec<_> = known.collect();
        known.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut hits: HashMap<usize, LexicalHit> = HashMap::new();
        for (term, idf, found) in known {
            for &(passage, weight) in found.iter().filter(|(passage, _)| admits(*passage)) {
                let new = || LexicalHit { passage, score: 0.0, terms: Vec::new() };
                let hit = hits.entry(passage).or_insert_with(new);
                hit.score += idf * weight * (K1 + 1.0) / (weight + K1);
                hit.terms.push(term.clone());
            }
        }
        let mut out: Vec<LexicalHit> = hits.into_values().collect();
        out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
        out
    }

    fn idf(&self, found: usize) -> f32 {
        let (all, found) = (count(self.passages), count(found));
        (1.0 + (all - found + 0.5) / (found + 0.5)).ln()
    }
}

fn field_terms(passage: &Passage) -> [Vec<String>; 3] {
    let names = [&passage.title].into_iter().chain(&passage.aliases).chain(&passage.code);
    // Each name by itself: no pair may reach from one into the next.
    let names = names.flat_map(|name| terms(name)).collect();
    [names, terms(&passage.heading), terms(&passage.text)]
}

#[expect(clippy::cast_precision_loss, reason = "counts of terms stay far below 2^24")]
fn count(n: usize) -> f32 {
    n as f32
}
