//! Thousands of procedures, and which of them a question in everyday words is about.
//!
//! [`Search`](crate::Search) finds a passage in a corpus written by hand. This finds the one
//! procedure among all those of a country, by its title, by all of its words and by meaning.
//!
//! The scores are added, not the ranks: title and full text speak with a certainty that a rank
//! forgets. Meaning is measured against how near all procedures are to the question, because a
//! cosine by itself says little (all of them lie between 0.75 and 0.9). Then the five best are
//! asked for what they have in common (pseudo-relevance feedback): it brings in those that are
//! about the same and share no word with the question.
//!
//! The weights are few and round. They were set on the questions that `cotmoc eval retrieval`
//! reports, so a set that nobody here has seen is what they have to prove themselves on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::corpus::Place;
use crate::embed::{Embed, EmbedError};
use crate::index::unit;
use crate::restore::Restorer;
use crate::source::{Level, Procedure};
use crate::text::{nfc, terms, words};

mod bm25;
mod vectors;

use bm25::Bm25;

/// How much meaning counts, in BM25 for one standard deviation.
const MEANING: f32 = 12.0;
/// What a procedure is ahead that citizens may ask for: a question put here is a citizen's.
const CITIZENS: f32 = 4.0;
/// What a procedure is ahead that the commune handles, which is where most people go.
const COMMUNE: f32 = 10.0;
/// What a procedure is behind that one province alone has, while no place is known.
const LOCAL: f32 = 6.0;
/// How many of the best are asked what they have in common, and how much that counts.
const FEEDBACK: (usize, f32) = (5, 6.0);
/// The usual constant of reciprocal rank fusion.
const RRF_K: f32 = 60.0;

/// Words that every question is made of and no procedure is about, without marks.
const FUNCTION_WORDS: &str = "toi to minh anh chi em ong ba gi nao sao dau ai may bao nhieu lau \
    the vay nhu lam co khong duoc phai can muon xin hoi cho biet la thi ma va hay hoac neu khi de \
    voi cua o tai tu den trong ve bi da dang se vua moi roi chua con nua nhung cac mot nay do kia \
    ay nhe a nhi theo boi vi nen cung chi thoi xong sau truoc";

/// Why there is nothing to search, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProceduresError {
    /// Nothing to search.
    #[error("the source holds no procedure")]
    Empty,
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
    /// A question without a word.
    #[error("the question holds no word")]
    NoWord,
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
    /// All of it, as this module's head says.
    Hybrid,
}

/// A question, understood.
#[derive(Debug, Clone)]
pub struct Question {
    /// As it was read: marks given back, slips mended.
    pub read_as: String,
    every: Vec<u32>,
    telling: Vec<u32>,
    vector: Vec<f32>,
}

/// A procedure that answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'a> {
    /// The procedure.
    pub entry: &'a Entry,
    /// What it is ranked by: comparable within one answer only.
    pub score: f32,
}

/// What is known of a procedure without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The document's id.
    pub id: String,
    /// The national code.
    pub code: String,
    /// The title.
    pub title: String,
    /// Where it holds.
    pub place: Place,
    /// Who handles it.
    pub levels: Vec<Level>,
    /// Whether citizens may ask for it.
    pub for_citizens: bool,
}

/// Procedures that can be searched.
pub struct Procedures {
    entries: Vec<Entry>,
    bm25: Bm25,
    titles: Vec<Vec<f32>>,
    cards: Vec<Vec<f32>>,
    /// The mean of both.
    both: Vec<Vec<f32>>,
    function_words: Vec<u32>,
    restorer: Restorer,
    embedder: Arc<dyn Embed>,
}

impl Procedures {
    /// Takes in `procedures`. Vectors are kept in the file `vectors` by the text and the model
    /// they are of, so that a build that was broken off goes on where it was; `progress` is
    /// told how many texts have theirs, of how many.
    pub fn build(
        procedures: &[Procedure],
        embedder: Arc<dyn Embed>,
        vectors: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, ProceduresError> {
        if procedures.is_empty() {
            return Err(ProceduresError::Empty);
        }
        let texts = procedures.iter().flat_map(|it| [it.document.title.clone(), it.card()]);
        let texts: Vec<String> = texts.collect();
        let made = vectors::of(&texts, embedder.as_ref(), vectors, progress)?;
        let (mut titles, mut cards, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for pair in made.chunks(2) {
            if let [title, card] = pair {
                let sum = title.iter().zip(card).map(|(a, b)| a + b).collect();
                both.push(unit(sum).unwrap_or_else(|| card.clone()));
                titles.push(title.clone());
                cards.push(card.clone());
            }
        }
        let said: Vec<String> = procedures.iter().map(said).collect();
        let titled = procedures.iter().map(|it| it.document.title.as_str());
        let bm25 = Bm25::build(titled.zip(said.iter().map(String::as_str)));
        Ok(Self {
            entries: procedures.iter().map(entry).collect(),
            function_words: FUNCTION_WORDS.split(' ').filter_map(|it| bm25.term(it)).collect(),
            bm25,
            titles,
            cards,
            both,
            restorer: Restorer::learn(said.iter().map(String::as_str)),
            embedder,
        })
    }

    /// How many procedures there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true: see [`ProceduresError::Empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The procedures, in the order of the source.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Reads a question: the work that takes a model, done once for however many rankings.
    pub fn understand(&self, typed: &str) -> Result<Question, ProceduresError> {
        let typed = nfc(typed.trim());
        if words(&typed).next().is_none() {
            return Err(ProceduresError::NoWord);
        }
        let read_as = self.restorer.restore(&typed).text;
        // The question is not in the error: people write names into it.
        let failed = |source| ProceduresError::Embed { text: "the question".to_owned(), source };
        let vectors = self.embedder.embed_queries(&[&read_as]).map_err(failed)?;
        let vector = vectors.into_iter().next().and_then(unit);
        let vector = vector.ok_or_else(|| ProceduresError::Vector("the question".to_owned()))?;
        let mut every: Vec<u32> =
            terms(&read_as).iter().filter_map(|term| self.bm25.term(term)).collect();
        every.sort_unstable();
        every.dedup();
        let is_telling = |term: &u32| !self.function_words.contains(term);
        let mut telling: Vec<u32> = every.iter().copied().filter(is_telling).collect();
        if telling.is_empty() {
            telling.clone_from(&every);
        }
        Ok(Question { read_as, every, telling, vector })
    }

    /// The procedures that answer, the best first, equal ones in the order of the source. With
    /// a level only those that it handles: left out before anything is ranked.
    #[must_use]
    pub fn find(
        &self,
        question: &Question,
        ways: Ways,
        level: Option<Level>,
        limit: usize,
    ) -> Vec<Found<'_>> {
        let admitted = self.entries.iter().enumerate();
        let admitted = admitted.filter(|(_, it)| level.is_none_or(|l| it.levels.contains(&l)));
        let admitted: Vec<usize> = admitted.map(|(place, _)| place).collect();
        let scores = self.scores(question, ways, &admitted);
        let found = admitted.iter().zip(scores);
        let found =
            found.filter_map(|(&at, score)| Some(Found { entry: self.entries.get(at)?, score }));
        let mut found: Vec<Found<'_>> = found.collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        found
    }

    fn scores(&self, question: &Question, ways: Ways, admitted: &[usize]) -> Vec<f32> {
        let lexical = |terms: &[u32], title: f32, full: f32| -> Vec<f32> {
            let all = self.bm25.scores(terms, title, full);
            admitted.iter().map(|&place| all.get(place).copied().unwrap_or_default()).collect()
        };
        match ways {
            Ways::Bm25 => lexical(&question.every, 0.0, 1.0),
            Ways::Lexical => lexical(&question.every, 1.0, 0.5),
            Ways::Dense => near(&self.cards, &question.vector, admitted),
            Ways::Rrf => {
                let full = lexical(&question.every, 0.0, 1.0);
                let titled = lexical(&question.every, 1.0, 0.5);
                let dense = near(&self.cards, &question.vector, admitted);
                sum([full, titled, dense].map(reciprocal_ranks))
            }
            Ways::Hybrid => {
                let words = lexical(&question.telling, 1.0, 1.0);
                let title = near(&self.titles, &question.vector, admitted);
                let card = near(&self.cards, &question.vector, admitted);
                let meaning = scaled(standard(sum([title, card])), MEANING);
                let ahead = admitted.iter().map(|&place| self.ahead(place)).collect();
                let first = sum([words, meaning, ahead]);
                let alike = self.alike(&first, admitted);
                sum([first, scaled(standard(alike), FEEDBACK.1)])
            }
        }
    }

    fn ahead(&self, place: usize) -> f32 {
        let Some(entry) = self.entries.get(place) else { return 0.0 };
        let yes = |is: bool, worth: f32| if is { worth } else { 0.0 };
        yes(entry.for_citizens, CITIZENS) + yes(entry.levels.contains(&Level::Commune), COMMUNE)
            - yes(entry.place.depth() > 1, LOCAL)
    }

    /// How near each one is to the middle of the best.
    fn alike(&self, scores: &[f32], admitted: &[usize]) -> Vec<f32> {
        let mut best: Vec<(usize, f32)> =
            admitted.iter().copied().zip(scores.iter().copied()).collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = best.iter().take(FEEDBACK.0).filter_map(|(place, _)| self.both.get(*place));
        let best: Vec<Vec<f32>> = best.cloned().collect();
        let middle = best.into_iter().reduce(|a, b| sum([a, b])).and_then(unit);
        middle.map_or_else(|| vec![0.0; admitted.len()], |it| near(&self.both, &it, admitted))
    }
}

fn entry(procedure: &Procedure) -> Entry {
    let document = &procedure.document;
    Entry {
        id: document.id.clone(),
        code: document.code.clone().unwrap_or_default(),
        title: document.title.clone(),
        place: document.place.clone(),
        levels: procedure.levels.clone(),
        for_citizens: procedure.for_citizens,
    }
}

/// All that a procedure says, but for its law: acts are named everywhere and tell little.
fn said(procedure: &Procedure) -> String {
    let document = &procedure.document;
    let sections = document.sections.iter().filter(|it| !it.id.starts_with("law"));
    let names = document.aliases.iter().chain(&document.code).map(String::as_str);
    let texts = [document.title.as_str(), &procedure.sector].into_iter().chain(names);
    texts.chain(sections.map(|it| it.text.as_str())).collect::<Vec<_>>().join("\n")
}

/// The cosine of `to` and each admitted vector.
fn near(vectors: &[Vec<f32>], to: &[f32], admitted: &[usize]) -> Vec<f32> {
    let of =
        |place: &usize| vectors.get(*place).map_or(0.0, |vector| crate::store::dot(vector, to));
    admitted.iter().map(of).collect()
}

fn sum<const N: usize>(parts: [Vec<f32>; N]) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut out = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, value) in out.iter_mut().zip(part) {
            *sum += value;
        }
    }
    out
}

fn scaled(mut values: Vec<f32>, by: f32) -> Vec<f32> {
    for value in &mut values {
        *value *= by;
    }
    values
}

/// By how many standard deviations each value lies above the mean.
fn standard(mut values: Vec<f32>) -> Vec<f32> {
    let many = count(values.len().max(1));
    let mean = values.iter().sum::<f32>() / many;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / many).sqrt();
    for value in &mut values {
        *value = if deviation.is_normal() { (*value - mean) / deviation } else { 0.0 };
    }
    values
}

fn reciprocal_ranks(values: Vec<f32>) -> Vec<f32> {
    let mut order: Vec<(usize, f32)> = values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut out = values;
    for (rank, (place, _)) in order.into_iter().enumerate() {
        if let Some(value) = out.get_mut(place) {
            *value = 1.0 / (RRF_K + count(rank + 1));
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "numbers of procedures stay far below 2^24")]
fn count(n: usize) -> f32 {
    n as f32
}

/// Whether two titles are the same when read aloud: the portal lists a procedure once for each
/// of several authorities, with other spaces and capitals.
#[must_use]
pub fn same_title(title: &str) -> String {
    nfc(title).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn function_words_are_written_as_terms_are() {
        assert_eq!(fold(FUNCTION_WORDS), FUNCTION_WORDS);
    }

    #[test]
    fn ranks_and_deviations() {
        assert_eq!(standard(vec![1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(standard(vec![2.0, 2.0]), [0.0, 0.0], "no value stands out");
        let ranks = reciprocal_ranks(vec![0.2, 0.9]);
        assert_eq!(ranks, [1.0 / 62.0, 1.0 / 61.0]);
    }
}
