//! BM25 over titles and over all words, each with rarities of its own.
//!
//! Beside `lexical`, which weights fields into one score over passages: over thousands of
//! procedures a word that is rare in titles tells more than its rarity in all texts admits, and
//! two scores added measured better than one over weighted fields.

use std::collections::HashMap;

use super::file::{Input, Writer};
use crate::index::IndexError;
use crate::text::{each_term, exact_terms, fold, words};

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What each term adds to the score of each text that holds it: those of one term side by side.
#[derive(Debug, Default, PartialEq)]
struct Postings {
    /// Where those of each term begin, and the end of all.
    starts: Vec<u32>,
    adds: Vec<(u32, f32)>,
}

/// Both fields over one list of terms.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bm25 {
    /// Hashes of the terms in their order; a term's place is its number.
    terms: Vec<u64>,
    titles: Postings,
    all: Postings,
    /// How rare each word of each title is among titles.
    words: Postings,
    /// How rare the words of each title are together.
    masses: Vec<f32>,
}

/// Numbers of terms by their hash, in the order in which they came: a country's procedures have a
/// million pairs of syllables, whose letters would take more memory than all else. Two that share
/// 64 bits would count as one.
#[derive(Debug, Default)]
struct Known(HashMap<u64, u32>);

impl Known {
    fn number(&mut self, parts: &[&str]) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(hash(parts)).or_insert(next)
    }
}

/// FNV-1a: the same in every version of everything, because files hold it.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A number for a store, which takes 32 bits. Of a million terms some hundred share one; each such
/// word then finds a few texts more, which are ranked by their own words.
fn short(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// In the order of the numbers, each once.
fn summed(mut words: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    words.sort_unstable_by_key(|(number, _)| *number);
    words.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    words
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
        let mut terms: Vec<(u64, u32)> = self.known.0.into_iter().collect();
        terms.sort_unstable();
        let mut places = vec![0; terms.len()];
        for (place, (_, number)) in (0..).zip(&terms) {
            if let Some(slot) = places.get_mut(*number as usize) {
                *slot = place;
            }
        }
        let texts = self.titles.lengths.len();
        let (titles, all) =
            (self.titles.postings(&places, worth), self.all.postings(&places, worth));
        let words = self.words.postings(&places, |_, _| 1.0);
        let mut masses = vec![0.0; texts];
        for (text, rarity) in &words.adds {
            if let Some(mass) = masses.get_mut(*text as usize) {
                *mass += rarity;
            }
        }
        let terms = terms.into_iter().map(|(hash, _)| hash).collect();
        Bm25 { terms, titles, all, words, masses }
    }
}

impl Bm25 {
    /// The number of a term, where any text holds it.
    pub(super) fn term(&self, term: &str) -> Option<u32> {
        self.terms.binary_search(&hash(&[term])).ok().and_then(|place| u32::try_from(place).ok())
    }

    pub(super) fn write(&self, to: &mut Writer) -> Result<(), IndexError> {
        to.column(&self.terms)?;
        for field in [&self.titles, &self.all, &self.words] {
            to.column(&field.starts)?;
            to.column(&field.adds)?;
        }
        to.column(&self.masses)
    }

    pub(super) fn read(from: &mut Input) -> Result<Self, IndexError> {
        let terms = from.column()?;
        let mut field = || Ok(Postings { starts: from.column()?, adds: from.column()? });
        let (titles, all, words) = (field()?, field()?, field()?);
        Ok(Self { terms, titles, all, words, masses: from.column()? })
    }

    /// The score of every text by terms and how much each counts, weighted over the fields.
    pub(super) fn scores(&self, terms: &[(u32, f32)], title: f32, all: f32) -> Vec<f32> {
        let mut out = vec![0.0; self.masses.len()];
        for (field, weight) in [(&self.titles, title), (&self.all, all)] {
            for (term, by) in terms {
                for (text, adds) in field.of(*term) {
                    if let Some(score) = out.get_mut(*text as usize) {
                        *score += weight * by * adds;
                    }
                }
            }
        }
        out
    }

    /// How much of what each title says is in `terms`, from nothing to 1, rare words counting
    /// more.
    pub(super) fn covered(&self, terms: &[(u32, f32)]) -> Vec<f32> {
        let mut out = vec![0.0; self.masses.len()];
        for (text, rarity) in terms.iter().flat_map(|(term, _)| self.words.of(*term)) {
            let text = *text as usize;
            if let Some((share, mass)) = out.get_mut(text).zip(self.masses.get(text)) {
                *share += if *mass > 0.0 { rarity / mass } else { 0.0 };
            }
        }
        out
    }

    /// What each word adds to the score of each text, as a store holds it.
    pub(super) fn words_of_texts(&self, title: f32, all: f32) -> Vec<Vec<(u32, f32)>> {
        let mut out: Vec<Vec<(u32, f32)>> = vec![Vec::new(); self.masses.len()];
        for (term, hash) in (0..).zip(&self.terms) {
            for (field, weight) in [(&self.titles, title), (&self.all, all)] {
                for (text, adds) in field.of(term) {
                    if let Some(words) = out.get_mut(*text as usize) {
                        words.push((short(*hash), weight * adds));
                    }
                }
            }
        }
        out.into_iter().map(summed).collect()
    }

    /// Terms as a store is asked for them.
    pub(super) fn asked(&self, terms: &[(u32, f32)]) -> Vec<(u32, f32)> {
        let hash = |term: u32| self.terms.get(term as usize).copied();
        summed(terms.iter().filter_map(|(term, by)| Some((short(hash(*term)?), *by))).collect())
    }

    /// How rare each term is among all texts, where any holds it.
    pub(super) fn rarity(&self, term: u32) -> f32 {
        rarity(self.masses.len(), self.all.of(term).len())
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
    fn postings(self, places: &[u32], worth: impl Fn(f32, f32) -> f32) -> Postings {
        let place = |term: u32| places.get(term as usize).copied().unwrap_or_default() as usize;
        let mut starts = vec![0_u32; places.len() + 1];
        for (_, term, _) in &self.each {
            if let Some(count) = starts.get_mut(place(*term) + 1) {
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
            let term = place(term);
            let ends = starts.get(term + 1).zip(starts.get(term));
            let holding = ends.map_or(0, |(end, start)| (end - start) as usize);
            let length = self.lengths.get(text as usize).copied().map_or(0.0, small);
            let worth = worth(small(often), length / average);
            if let Some(place) = next.get_mut(term) {
                if let Some(slot) = adds.get_mut(*place as usize) {
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
        let place = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
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
        let term = |word| (bm25.term(word).unwrap(), 1.0);
        let scores = bm25.scores(&[term("khai"), term("sinh")], 0.0, 1.0);
        assert!(scores[0] > scores[2] && scores[2] > scores[1], "{scores:?}");
        assert!(bm25.term("dat").is_none());
        assert_eq!(bm25.scores(&[], 1.0, 1.0), [0.0; 3]);
        assert!(bm25.rarity(term("tu").0) > bm25.rarity(term("khai").0));
    }
}
