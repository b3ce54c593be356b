//! Recall, reciprocal rank and nDCG over a set of questions, with bootstrap intervals.

use serde::Serialize;

use crate::chance::Chance;

/// How often the questions are drawn anew for an interval.
const RESAMPLES: usize = 1_000;
/// What every run draws from.
const SEED: u64 = 0x00c0_7a0c;

/// What came of one question.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome([f64; 5]);

impl Outcome {
    /// `hits` says of each of the first ten places whether it is right; `relevant` is how many
    /// could be.
    pub(super) fn of(hits: &[bool], relevant: usize) -> Self {
        let first = hits.iter().position(|hit| *hit);
        let within = |most: usize| if first.is_some_and(|it| it < most) { 1.0 } else { 0.0 };
        let gain = |place: usize| 1.0 / (float(place) + 2.0).log2();
        let found = hits.iter().enumerate().filter(|(_, hit)| **hit);
        let found: f64 = found.map(|(place, _)| gain(place)).sum();
        let best: f64 = (0..relevant.min(10)).map(gain).sum();
        let reciprocal = first.map_or(0.0, |place| 1.0 / (float(place) + 1.0));
        let ndcg = if best > 0.0 { found / best } else { 0.0 };
        Self([within(1), within(5), within(10), reciprocal, ndcg])
    }

    pub(super) fn ndcg(self) -> f64 {
        let [.., ndcg] = self.0;
        ndcg
    }
}

/// A mean with the interval that holds it 95 of 100 times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The mean over the questions.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What is told of a set of questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Questions whose first answer is right.
    pub recall_1: Figure,
    /// Questions with a right answer among the first five.
    pub recall_5: Figure,
    /// Questions with a right answer among the first ten.
    pub recall_10: Figure,
    /// One over the place of the first right answer, 0 beyond the tenth.
    pub mrr_10: Figure,
    /// Normalised discounted cumulative gain over ten places.
    pub ndcg_10: Figure,
}

impl Figures {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let value = mean(outcomes.iter(), outcomes.len());
        let mut chance = Chance(SEED);
        let mut drawn: Vec<[f64; 5]> = Vec::with_capacity(RESAMPLES);
        for _ in 0..RESAMPLES {
            let sample = outcomes.iter().filter_map(|_| outcomes.get(chance.below(outcomes.len())));
            drawn.push(mean(sample, outcomes.len()));
        }
        let figure = |which: usize| {
            let of = |means: &[f64; 5]| means.get(which).copied().unwrap_or_default();
            let mut means: Vec<f64> = drawn.iter().map(of).collect();
            means.sort_by(f64::total_cmp);
            let at = |place: usize| means.get(place).copied().unwrap_or_default();
            Figure {
                value: of(&value),
                low: at(RESAMPLES / 40),
                high: at(RESAMPLES - 1 - RESAMPLES / 40),
            }
        };
        Self {
            recall_1: figure(0),
            recall_5: figure(1),
            recall_10: figure(2),
            mrr_10: figure(3),
            ndcg_10: figure(4),
        }
    }
}

fn mean<'a>(outcomes: impl Iterator<Item = &'a Outcome>, many: usize) -> [f64; 5] {
    let mut sums = [0.0; 5];
    for outcome in outcomes {
        for (sum, value) in sums.iter_mut().zip(outcome.0) {
            *sum += value;
        }
    }
    sums.map(|sum| sum / float(many.max(1)))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of questions stay far below 2^52")]
fn float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_what_the_measures_say() {
        let of = |hits: &[bool], relevant: usize| Outcome::of(hits, relevant).0.to_vec();
        let second = of(&[false, true, false], 1);
        assert_eq!(second[..4].to_vec(), [0.0, 1.0, 1.0, 0.5]);
        assert!((second[4] - 1.0 / 3.0_f64.log2()).abs() < 1e-12);
        assert_eq!(of(&[true, true], 2), [1.0; 5]);
        assert_eq!(of(&[false; 10], 1), [0.0; 5]);
        let sixth = [false, false, false, false, false, true];
        assert_eq!(of(&sixth, 1)[..3].to_vec(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn an_interval_holds_its_mean_and_is_the_same_each_time() {
        let half: Vec<Outcome> = (0..100).map(|n| Outcome::of(&[n % 2 == 0], 1)).collect();
        let figures = Figures::of(&half);
        let it = figures.recall_1;
        assert!((it.value - 0.5).abs() < 1e-12);
        assert!(it.low > 0.38 && it.low < 0.45 && it.high > 0.55 && it.high < 0.62, "{it:?}");
        assert_eq!(Figures::of(&half), figures);
    }
}
