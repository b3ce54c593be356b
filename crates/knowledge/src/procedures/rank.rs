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
//! The weights are few and round. They were chosen by the questions that `cotmoc eval retrieval`
//! reports; `--cross-validate` chooses them on four fifths of the answers and asks for the rest.

use serde::Serialize;

use super::{Bounds, Entry, Procedures, Question, Ways, count};
use crate::corpus::Kind;
use crate::source::Level;
use crate::store::keep_first;

/// How much each part counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// BM25 of the title.
    pub title_words: f32,
    /// BM25 of all words.
    pub all_words: f32,
    /// One standard deviation of the title's meaning.
    pub title_meaning: f32,
    /// One standard deviation of the card's meaning.
    pub card_meaning: f32,
    /// That the question says all that the title says.
    pub covered: f32,
    /// What a procedure is ahead that citizens may ask for: a question put here is a citizen's.
    pub citizens: f32,
    /// What a procedure is ahead that the commune handles, which is where most people go.
    pub commune: f32,
    /// What a procedure is behind that one province alone has, while no place is known.
    pub local: f32,
    /// One standard deviation of how near it is to what the best have in common.
    pub feedback: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            title_words: 0.5,
            all_words: 1.3,
            title_meaning: 4.0,
            card_meaning: 8.0,
            covered: 35.0,
            citizens: 4.0,
            commune: 18.0,
            local: 8.0,
            feedback: 3.0,
        }
    }
}

/// How many of the best are asked what they have in common.
const ASKED_FOR_MORE: usize = 5;
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
        (ways, weights): (Ways, &Weights),
        bounds: &Bounds,
        admitted: &[usize],
    ) -> Ranked {
        let lexical = |terms: &[(u32, f32)], title: f32, full: f32| -> Vec<f32> {
            of_admitted(self.bm25.scores(terms, title, full), admitted)
        };
        let dense = || of_admitted(self.cards.all(&question.vector), admitted);
        let scores = match ways {
            Ways::Hybrid => return self.hybrid(question, weights, bounds, admitted),
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
        weights: &Weights,
        bounds: &Bounds,
        admitted: &[usize],
    ) -> Ranked {
        let telling = &question.telling;
        let words = self.bm25.scores(telling, weights.title_words, weights.all_words);
        let words = of_admitted(words, admitted);
        let covered = of_admitted(self.bm25.covered(telling), admitted);
        let covered = scaled(covered, weights.covered);
        let title = of_admitted(self.titles.all(&question.vector), admitted);
        let card = of_admitted(self.cards.all(&question.vector), admitted);
        let dense = scaled(sum([title.clone(), card.clone()]), 0.5);
        let meaning = sum([
            scaled(standard(title), weights.title_meaning),
            scaled(standard(card), weights.card_meaning),
        ]);
        let entries = || admitted.iter().map(|&place| self.entries.get(place));
        let ahead = entries().map(|it| it.map_or(0.0, |it| head_start(it, weights, bounds)));
        let ahead: Vec<f32> = ahead.collect();
        let named = entries().map(|it| it.map_or(0.0, |it| worth_of_names(it, question)));
        let named: Vec<f32> = named.collect();
        let first =
            sum([words.clone(), covered.clone(), meaning.clone(), ahead.clone(), named.clone()]);
        let feedback = scaled(standard(self.alike(&first, admitted)), weights.feedback);
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
        keep_first(&mut best, ASKED_FOR_MORE, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let both = |place: usize| {
            let (title, card) = (self.titles.rows().row(place)?, self.cards.rows().row(place)?);
            let by = self.halves.get(place)?;
            Some(title.iter().zip(card).map(|(a, b)| (a + b) * by).collect::<Vec<f32>>())
        };
        let best = best.iter().filter_map(|(place, _)| both(*place));
        let middle = best.reduce(|a, b| sum([a, b])).and_then(crate::embed::unit);
        let Some(middle) = middle else { return vec![0.0; admitted.len()] };
        let mut out =
            of_admitted(sum([self.titles.all(&middle), self.cards.all(&middle)]), admitted);
        for (value, &place) in out.iter_mut().zip(admitted) {
            *value *= self.halves.get(place).copied().unwrap_or_default();
        }
        out
    }
}

fn head_start(entry: &Entry, weights: &Weights, bounds: &Bounds) -> f32 {
    if entry.kind != Kind::Procedure {
        return 0.0;
    }
    let yes = |is: bool, worth: f32| if is { worth } else { 0.0 };
    // Where nobody told who handles it, it is not held against it.
    let by_commune = entry.levels.is_empty() || entry.levels.contains(&Level::Commune);
    yes(entry.for_citizens, weights.citizens) + yes(by_commune, weights.commune)
        - yes(entry.place.depth() > 1 && bounds.place.is_none(), weights.local)
}

/// What it is worth that the question names the document.
pub(super) fn worth_of_names(entry: &Entry, question: &Question) -> f32 {
    let code = question.codes.iter().any(|code| entry.called.codes.contains(code));
    let name = entry.called.names.iter().find(|name| question.spoken.contains(name.as_str()));
    let share = name.map_or(0.0, |name| count(name.len()) / count(question.spoken.len()));
    CALLED * share + if code { NAMED } else { 0.0 }
}

/// Those of the places that were admitted, of what there is for each place.
fn of_admitted(all: Vec<f32>, admitted: &[usize]) -> Vec<f32> {
    if admitted.len() == all.len() {
        return all;
    }
    admitted.iter().map(|&place| all.get(place).copied().unwrap_or_default()).collect()
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
