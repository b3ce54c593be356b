//! How a token is chosen among those that are allowed.

use super::Sampling;
use crate::kernels::Tier;
use crate::kernels::rows::peak;

/// Draws tokens; the state of a small generator (`SplitMix64`) is all it remembers.
#[derive(Debug)]
pub(super) struct Chance {
    sampling: Sampling,
    state: u64,
}

/// A chosen token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) token: u32,
    /// The natural logarithm of its chance among the candidates.
    pub(super) log_probability: f64,
}

impl Chance {
    pub(super) fn new(sampling: Sampling) -> Self {
        let state = match sampling {
            Sampling::Greedy => 0,
            Sampling::Random { seed, .. } => seed,
        };
        Self { sampling, state }
    }

    /// Chooses among `ids`, which ascend, by their scores; none if no score is a number.
    pub(super) fn choose(&mut self, tier: Tier, ids: &[u32], scores: &[f32]) -> Option<Choice> {
        let (top, all) = peak(tier, scores);
        let candidates = || ids.iter().zip(scores);
        // The first of equals, so that the choice does not depend on the order of the search.
        let (mut token, mut score) = candidates().find(|(_, score)| **score >= top)?;
        if let Sampling::Random { temperature, .. } = self.sampling
            && temperature > 0.0
        {
            let weight = |score: f32| (f64::from(score - top) / f64::from(temperature)).exp();
            let total: f64 = scores.iter().map(|score| weight(*score)).sum();
            let mut left = self.next() * total;
            for (id, other) in candidates() {
                left -= weight(*other);
                if left < 0.0 {
                    (token, score) = (id, other);
                    break;
                }
            }
        }
        Some(Choice { token: *token, log_probability: f64::from(*score) - all })
    }

    /// A number from 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what an f64 holds")]
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}
