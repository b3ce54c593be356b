//! What a procedure is ranked by.
//!
//! The scores are added, not the ranks: title and full text speak with a certainty that a rank
//! forgets. How much of a title the question says tells *registering a birth* from *registering a
//! birth again, abroad*, which share the same words with it. Meaning is measured against how near
//! all procedures are to the question, because a cosine by itself says little (all of them lie
//! between 0.75 and 0.9). Then the five best are asked for what they have in common
//! (pseudo-relevance feedback): it brings in those that are about the same and share no word with
//! the question.
//!
//! The weights are few and round. They were chosen among 49 sets by the questions that `cotmoc eval
//! retrieval` reports; choosing them on four fifths of the answers and asking for the rest gave the
//! same set in all five turns but one. That was done once, outside of this program.

use serde::Serialize;

use super::{Bounds, Entry, Procedures, Question, Ways, count};
use crate::corpus::Kind;
use crate::source::Level;
use crate::store::keep_first;

/// How much BM25 of the title counts, and of all words.
const WORDS: (f32, f32) = (0.5, 1.3);
/// How much meaning counts, for one standard deviation of the title's and of the card's.
const MEANING: (f32, f32) = (4.0, 8.0);
/// What it is worth that the question says all that the title says.
const COVERED: f32 = 35.0;
/// What a procedure is ahead that citizens may ask for: a question put here is a citizen's.
const CITIZENS: f32 = 4.0;
/// What a procedure is ahead that the commune handles, which is where most people go.
const COMMUNE: f32 = 18.0;
/// What a procedure is behind that one province alone has, while no place is known.
const LOCAL: f32 = 8.0;
/// How many of the best are asked what they have in common, and how much that counts.
const FEEDBACK: (usize, f32) = (5, 3.0);
/// The usual constant of reciprocal rank fusion.
const RRF_K: f32 = 60.0;
/// What it is worth that the question holds the document's own code: more than all else.
const NAMED: f32 = 1_000.0;
/// What it is worth that the whole question is a name that people gave the document.
const CALLED: f32 = 40.0;

/// What speaks for a document, each part as it was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Reasons {
    /// Words of the question that it shares, in BM25.
    pub lexical: f32,
    /// How much of its title the question says.
    pub covered: f32,
    /// How near in meaning, as the mean cosine of title and card.
    pub dense: f32,
    /// What that adds: how far it stands out among all that were admitted.
    pub meaning: f32,
    /// Who may ask for it, who handles it, where it holds.
    pub ahead: f32,
    /// How near it is to what the best have in common.
    pub feedback: f32,
    /// The question holds its code or one of its names.
    pub named: f32,
}

/// Scores of those that were admitted, and, where the way has them, the reasons.
pub(super) struct Ranked {
    pub(super) scores: Vec<f32>,
    pub(super) reasons: Vec<Reasons>,
}

impl Procedures {
    pub(super) fn rank(
        &self,
        question: &Question,
        ways: Ways,
        bounds: &Bounds,
        admitted: &[usize],
    ) -> Ranked {
        let lexical = |terms: &[u32], title: f32, full: f32| -> Vec<f32> {
            let all = self.bm25.scores(terms, title, full);
            admitted.iter().map(|&place| all.get(place).copied().unwrap_or_default()).collect()
        };
        let dense = || self.cards.near(&question.vector, admitted);
        let scores = match ways {
            Ways::Hybrid => return self.hybrid(question, bounds, admitted, lexical),
            Ways::Bm25 => lexical(&question.every, 0.0, 1.0),
            Ways::Lexical => lexical(&question.every, 1.0, 0.5),
            Ways::Dense => dense(),
            Ways::Rrf => {
                let full = lexical(&question.every, 0.0, 1.0);
                let titled = lexical(&question.every, 1.0, 0.5);
                sum([full, titled, dense()].map(reciprocal_ranks))
            }
        };
        Ranked { scores, reasons: Vec::new() }
    }

    fn hybrid(
        &self,
        question: &Question,
        bounds: &Bounds,
        admitted: &[usize],
        lexical: impl Fn(&[u32], f32, f32) -> Vec<f32>,
    ) -> Ranked {
        let words = lexical(&question.telling, WORDS.0, WORDS.1);
        let covered = self.bm25.covered(&question.telling);
        let covered = admitted.iter().map(|&at| covered.get(at).copied().unwrap_or_default());
        let covered: Vec<f32> = scaled(covered.collect(), COVERED);
        let title = self.titles.near(&question.vector, admitted);
        let card = self.cards.near(&question.vector, admitted);
        let dense = scaled(sum([title.clone(), card.clone()]), 0.5);
        let meaning = sum([scaled(standard(title), MEANING.0), scaled(standard(card), MEANING.1)]);
        let entries = || admitted.iter().map(|&place| self.entries.get(place));
        let ahead = entries().map(|it| it.map_or(0.0, |it| head_start(it, bounds)));
        let ahead: Vec<f32> = ahead.collect();
        let named = entries().map(|it| it.map_or(0.0, |it| worth_of_names(it, question)));
        let named: Vec<f32> = named.collect();
        let first =
            sum([words.clone(), covered.clone(), meaning.clone(), ahead.clone(), named.clone()]);
        let feedback = scaled(standard(self.alike(&first, admitted)), FEEDBACK.1);
        let scores = sum([first, feedback.clone()]);
        let part = |of: &[f32], at: usize| of.get(at).copied().unwrap_or_default();
        let reasons = (0..admitted.len()).map(|at| Reasons {
            lexical: part(&words, at),
            covered: part(&covered, at),
            dense: part(&dense, at),
            meaning: part(&meaning, at),
            ahead: part(&ahead, at),
            feedback: part(&feedback, at),
            named: part(&named, at),
        });
        Ranked { scores, reasons: reasons.collect() }
    }

    /// How near each one is to the middle of the best, by title and card together.
    fn alike(&self, scores: &[f32], admitted: &[usize]) -> Vec<f32> {
        let mut best: Vec<(usize, f32)> =
            admitted.iter().copied().zip(scores.iter().copied()).collect();
        keep_first(&mut best, FEEDBACK.0, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let both = |place: usize| {
            let (title, card) = (self.titles.row(place)?, self.cards.row(place)?);
            let by = self.halves.get(place)?;
            Some(title.iter().zip(card).map(|(a, b)| (a + b) * by).collect::<Vec<f32>>())
        };
        let best = best.iter().filter_map(|(place, _)| both(*place));
        let middle = best.reduce(|a, b| sum([a, b])).and_then(crate::embed::unit);
        let Some(middle) = middle else { return vec![0.0; admitted.len()] };
        let mut out =
            sum([self.titles.near(&middle, admitted), self.cards.near(&middle, admitted)]);
        for (value, &place) in out.iter_mut().zip(admitted) {
            *value *= self.halves.get(place).copied().unwrap_or_default();
        }
        out
    }
}

fn head_start(entry: &Entry, bounds: &Bounds) -> f32 {
    if entry.kind != Kind::Procedure {
        return 0.0;
    }
    let yes = |is: bool, worth: f32| if is { worth } else { 0.0 };
    // Where nobody told who handles it, it is not held against it.
    let by_commune = entry.levels.is_empty() || entry.levels.contains(&Level::Commune);
    yes(entry.for_citizens, CITIZENS) + yes(by_commune, COMMUNE)
        - yes(entry.place.depth() > 1 && bounds.place.is_none(), LOCAL)
}

/// What it is worth that the question names the document.
fn worth_of_names(entry: &Entry, question: &Question) -> f32 {
    let code = question.codes.iter().any(|code| entry.called.codes.contains(code));
    let name = entry.called.names.iter().find(|name| question.spoken.contains(name.as_str()));
    let share = name.map_or(0.0, |name| count(name.len()) / count(question.spoken.len()));
    CALLED * share + if code { NAMED } else { 0.0 }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_deviations() {
        assert_eq!(standard(vec![1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(standard(vec![2.0, 2.0]), [0.0, 0.0], "no value stands out");
        let ranks = reciprocal_ranks(vec![0.2, 0.9]);
        assert_eq!(ranks, [1.0 / 62.0, 1.0 / 61.0]);
    }
}
