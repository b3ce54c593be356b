//! BM25 over titles and over all words, each with rarities of its own.
//!
//! Beside `lexical`, which weights fields into one score over passages: over thousands of
//! procedures a word that is rare in titles tells more than its rarity in all texts admits, and
//! two scores added measured better than one over weighted fields.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};

use crate::text::{each_term, exact_terms, fold, words};

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What each term adds to the score of each text that holds it: those of one term side by side.
#[derive(Debug, Default)]
struct Postings {
    /// Where those of each term begin, and the end of all.
    starts: Vec<usize>,
    adds: Vec<(u32, f32)>,
}

/// Both fields over one list of terms.
#[derive(Debug, Default)]
pub(super) struct Bm25 {
    known: Known,
    texts: usize,
    titles: Postings,
    all: Postings,
    /// How rare each word of each title is among titles.
    words: Postings,
    /// How rare the words of each title are together.
    masses: Vec<f32>,
}

/// Numbers of terms by their hash: a country's procedures have a million pairs of syllables, whose
/// letters would take more memory than all else. Two that share 64 bits would count as one.
#[derive(Debug, Default)]
struct Known(HashMap<u64, u32>);

impl Known {
    fn hash(parts: &[&str]) -> u64 {
        let mut hasher = DefaultHasher::new();
        for part in parts {
            hasher.write(part.as_bytes());
        }
        hasher.finish()
    }

    fn number(&mut self, parts: &[&str]) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(Self::hash(parts)).or_insert(next)
    }
}

/// Texts that are being taken in.
#[derive(Debug, Default)]
pub(super) struct Builder {
    known: Known,
    titles: Counts,
    all: Counts,
    words: Counts,
}

impl Builder {
    /// One more text: its title, the title with other names, and all that it says.
    pub(super) fn add(&mut self, title: &str, called: &str, said: &str) {
        self.titles.add(called, &mut self.known);
        self.all.add(said, &mut self.known);
        self.words.add_words(title, &mut self.known);
    }

    pub(super) fn build(self) -> Bm25 {
        let (known, texts) = (self.known, self.titles.lengths.len());
        let terms = known.0.len();
        let (titles, all) = (self.titles.postings(terms, worth), self.all.postings(terms, worth));
        let words = self.words.postings(terms, |_, _| 1.0);
        let mut masses = vec![0.0; texts];
        for (text, rarity) in &words.adds {
            if let Some(mass) = masses.get_mut(*text as usize) {
                *mass += rarity;
            }
        }
        Bm25 { known, texts, titles, all, words, masses }
    }
}

impl Bm25 {
    /// The number of a term, where any text holds it.
    pub(super) fn term(&self, term: &str) -> Option<u32> {
        self.known.0.get(&Known::hash(&[term])).copied()
    }

    /// The score of every text, weighted over the fields.
    pub(super) fn scores(&self, terms: &[u32], title: f32, all: f32) -> Vec<f32> {
        let mut out = vec![0.0; self.texts];
        for (field, weight) in [(&self.titles, title), (&self.all, all)] {
            for (text, adds) in terms.iter().flat_map(|term| field.of(*term)) {
                if let Some(score) = out.get_mut(*text as usize) {
                    *score += weight * adds;
                }
            }
        }
        out
    }

    /// How much of what each title says is in `terms`, from nothing to 1, rare words counting
    /// more.
    pub(super) fn covered(&self, terms: &[u32]) -> Vec<f32> {
        let mut out = vec![0.0; self.texts];
        for (text, rarity) in terms.iter().flat_map(|term| self.words.of(*term)) {
            let text = *text as usize;
            if let Some((share, mass)) = out.get_mut(text).zip(self.masses.get(text)) {
                *share += if *mass > 0.0 { rarity / mass } else { 0.0 };
            }
        }
        out
    }

    /// How rare each term is among all texts, where any holds it.
    pub(super) fn rarity(&self, term: u32) -> f32 {
        rarity(self.texts, self.all.of(term).len())
    }
}

/// How often each term occurs in each text.
#[derive(Debug, Default)]
struct Counts {
    /// How many terms each text has.
    lengths: Vec<u32>,
    /// Text, term, how often.
    each: Vec<(u32, u32, u32)>,
}

impl Counts {
    /// Takes in a text by all of its terms.
    fn add(&mut self, text: &str, known: &mut Known) {
        let exact = exact_terms(text);
        let mut numbers: Vec<u32> = exact.iter().map(|term| known.number(&[term])).collect();
        each_term(&fold(text), |parts| numbers.push(known.number(parts)));
        self.count(numbers);
    }

    /// Takes in a text by its words alone, each once.
    fn add_words(&mut self, text: &str, known: &mut Known) {
        let mut numbers: Vec<u32> = words(&fold(text)).map(|word| known.number(&[word])).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.count(numbers);
    }

    fn count(&mut self, mut numbers: Vec<u32>) {
        let number = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        self.lengths.push(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        numbers.sort_unstable();
        let runs = numbers.chunk_by(|a, b| a == b);
        self.each.extend(runs.filter_map(|run| {
            Some((number, *run.first()?, u32::try_from(run.len()).unwrap_or(u32::MAX)))
        }));
    }

    /// What each term is worth where it stands, by how often it does and how long the text is
    /// beside the average, times its rarity.
    fn postings(self, terms: usize, worth: impl Fn(f32, f32) -> f32) -> Postings {
        let mut starts = vec![0_usize; terms + 1];
        for (_, term, _) in &self.each {
            if let Some(count) = starts.get_mut(*term as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let texts = self.lengths.len();
        let total: f32 = self.lengths.iter().copied().map(small).sum();
        let average = (total / float(texts).max(1.0)).max(1.0);
        let mut next = starts.clone();
        let mut adds = vec![(0, 0.0); self.each.len()];
        for (text, term, often) in self.each {
            let term = term as usize;
            let holding =
                starts.get(term + 1).zip(starts.get(term)).map_or(0, |(end, at)| end - at);
            let length = self.lengths.get(text as usize).copied().map_or(0.0, small);
            let worth = worth(small(often), length / average);
            if let Some(place) = next.get_mut(term) {
                if let Some(slot) = adds.get_mut(*place) {
                    *slot = (text, worth * rarity(texts, holding));
                }
                *place += 1;
            }
        }
        Postings { starts, adds }
    }
}

impl Postings {
    fn of(&self, term: u32) -> &[(u32, f32)] {
        let place = |at: usize| self.starts.get(at).copied().unwrap_or_default();
        let term = term as usize;
        self.adds.get(place(term)..place(term + 1)).unwrap_or_default()
    }
}

/// BM25.
fn worth(often: f32, length: f32) -> f32 {
    often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * length))
}

fn rarity(all: usize, holding: usize) -> f32 {
    let (all, holding) = (float(all), float(holding));
    (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln()
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
        let mut builder = Builder::default();
        for (title, said) in texts {
            builder.add(title, title, said);
        }
        let bm25 = builder.build();
        let term = |word| bm25.term(word).unwrap();
        let scores = bm25.scores(&[term("khai"), term("sinh")], 0.0, 1.0);
        assert!(scores[0] > scores[2] && scores[2] > scores[1], "{scores:?}");
        assert!(bm25.term("dat").is_none());
        assert_eq!(bm25.scores(&[], 1.0, 1.0), [0.0; 3]);
        assert!(bm25.rarity(term("tu")) > bm25.rarity(term("khai")));
    }
}
