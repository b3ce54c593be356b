//! A share with its interval.

use serde::Serialize;

/// How far a tail of 95 % in the middle reaches.
const TAIL: f64 = 0.025;

/// A share and its 95 % interval after Clopper and Pearson, which never promises too much: with
/// none of `n` seen, up to some `3.7 / n` may still be there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The share; 0 of nothing.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Rate {
    /// `count` of `of`.
    #[must_use]
    pub fn new(count: usize, of: usize) -> Self {
        let count = count.min(of);
        let value = if of == 0 { 0.0 } else { as_f64(count) / as_f64(of) };
        // The share under which so many or more, or so few or fewer, would be rare.
        let low = if count == 0 { 0.0 } else { solve(|p| 1.0 - at_most(count - 1, of, p) < TAIL) };
        let high = if count == of { 1.0 } else { solve(|p| at_most(count, of, p) > TAIL) };
        Self { count, of, value, low, high }
    }
}

/// The share up to which `holds`, which holds from 0 on and from somewhere no more.
fn solve(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// How likely at most `k` of `n` are, each with the chance `p`.
fn at_most(k: usize, n: usize, p: f64) -> f64 {
    let (log_p, log_q) = (p.ln(), (-p).ln_1p());
    let mut log_choose = 0.0;
    let mut sum = 0.0;
    for i in 0..=k.min(n) {
        if i > 0 {
            log_choose += (as_f64(n - i + 1) / as_f64(i)).ln();
        }
        sum += (log_choose + as_f64(i) * log_p + as_f64(n - i) * log_q).exp();
    }
    sum.min(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "cases of a set are few")]
fn as_f64(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures that tables of Clopper and Pearson give.
    #[test]
    fn intervals_are_those_of_the_tables() {
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.3085),
            (1, 10, 0.0025, 0.4450),
            (5, 10, 0.1871, 0.8129),
            (10, 10, 0.6915, 1.0),
            (0, 736, 0.0, 0.0050),
        ] {
            let rate = Rate::new(count, of);
            assert!((rate.low - low).abs() < 5e-5 && (rate.high - high).abs() < 5e-5, "{rate:?}");
        }
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        let rate = Rate::new(0, 0);
        assert!(rate.value.abs() < 1e-12 && rate.low.abs() < 1e-12 && rate.high > 0.999);
    }
}
