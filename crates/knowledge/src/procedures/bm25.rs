//! BM25 over titles and over all words, each with rarities of its own.
//!
//! Beside `lexical`, which weights fields into one score over passages: over thousands of
//! procedures a word that is rare in titles tells more than its rarity in all texts admits, and
//! two scores added measured better than one over weighted fields.

use std::collections::HashMap;

use crate::text::terms;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What each term adds to the score of each text that holds it.
#[derive(Debug, Default)]
struct Postings(HashMap<u32, Vec<(u32, f32)>>);

/// Both fields over one list of terms.
#[derive(Debug, Default)]
pub(super) struct Bm25 {
    known: HashMap<String, u32>,
    texts: usize,
    titles: Postings,
    all: Postings,
}

impl Bm25 {
    /// Takes in pairs of a title and all words.
    pub(super) fn build<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut counted = |text: &str| {
            let mut counts: HashMap<u32, u32> = HashMap::new();
            for term in terms(text) {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *counts.entry(*known.entry(term).or_insert(next)).or_default() += 1;
            }
            counts
        };
        let (mut titles, mut all) = (Vec::new(), Vec::new());
        for (title, said) in texts {
            titles.push(counted(title));
            all.push(counted(said));
        }
        let texts = titles.len();
        Self { known, texts, titles: Postings::of(titles), all: Postings::of(all) }
    }

    /// The number of a term, where any text holds it.
    pub(super) fn term(&self, term: &str) -> Option<u32> {
        self.known.get(term).copied()
    }

    /// The score of every text, weighted over the fields.
    pub(super) fn scores(&self, terms: &[u32], title: f32, all: f32) -> Vec<f32> {
        let mut out = vec![0.0; self.texts];
        for (field, weight) in [(&self.titles, title), (&self.all, all)] {
            for (text, adds) in terms.iter().filter_map(|term| field.0.get(term)).flatten() {
                if let Some(score) = out.get_mut(*text as usize) {
                    *score += weight * adds;
                }
            }
        }
        out
    }
}

impl Postings {
    fn of(counts: Vec<HashMap<u32, u32>>) -> Self {
        let all = float(counts.len());
        let length = |counts: &HashMap<u32, u32>| counts.values().copied().map(small).sum::<f32>();
        let average = (counts.iter().map(length).sum::<f32>() / all.max(1.0)).max(1.0);
        let mut out: HashMap<u32, Vec<(u32, f32)>> = HashMap::new();
        for (text, counts) in (0_u32..).zip(counts) {
            let held_against = K1 * (1.0 - B + B * length(&counts) / average);
            for (term, count) in counts {
                let often = small(count);
                let adds = often * (K1 + 1.0) / (often + held_against);
                out.entry(term).or_default().push((text, adds));
            }
        }
        for postings in out.values_mut() {
            let holding = float(postings.len());
            let rarity = (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln();
            for (_, adds) in postings {
                *adds *= rarity;
            }
        }
        Self(out)
    }
}

fn float(n: usize) -> f32 {
    small(u32::try_from(n).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "counts of terms and texts stay below 2^24")]
fn small(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_word_tells_more_and_a_long_text_less() {
        let texts = [("a", "khai sinh"), ("b", "khai tử"), ("c", "khai sinh và mọi thứ khác nữa")];
        let bm25 = Bm25::build(texts.into_iter());
        let term = |word| bm25.term(word).unwrap();
        let scores = bm25.scores(&[term("khai"), term("sinh")], 0.0, 1.0);
        assert!(scores[0] > scores[2] && scores[2] > scores[1], "{scores:?}");
        assert!(bm25.term("dat").is_none());
        assert_eq!(bm25.scores(&[], 1.0, 1.0), [0.0; 3]);
    }
}
