//! What is done to rows of floats between products: norms, rotations, activations.

use super::simd::Simd;
use super::{Kernel, LANES, Tier};

/// What the gate of a feed-forward part goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// GELU in its tanh form.
    Gelu,
    /// `x * sigmoid(x)`.
    Silu,
}

/// Writes each row of `rows` over the root of its mean square, times `weight`, to `out`.
pub(crate) fn norm(tier: Tier, rows: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    for (row, out) in rows.chunks_exact(weight.len()).zip(out.chunks_exact_mut(weight.len())) {
        tier.run(Norm { row, weight, eps, out });
    }
}

/// As [`norm`], in place.
pub(crate) fn norm_in_place(tier: Tier, rows: &mut [f32], weight: &[f32], eps: f32) {
    for row in rows.chunks_exact_mut(weight.len()) {
        tier.run(NormInPlace { row, weight, eps });
    }
}

struct Norm<'a> {
    row: &'a [f32],
    weight: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl Kernel for Norm<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let factor = simd.splat(inverse_root(simd, self.row, self.eps));
        let inputs = self.row.as_chunks::<LANES>().0.iter().zip(self.weight.as_chunks().0);
        for ((x, weight), out) in inputs.zip(self.out.as_chunks_mut().0) {
            let x = simd.mul(simd.load(x), factor);
            simd.store(simd.mul(x, simd.load(weight)), out);
        }
    }
}

struct NormInPlace<'a> {
    row: &'a mut [f32],
    weight: &'a [f32],
    eps: f32,
}

impl Kernel for NormInPlace<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let factor = simd.splat(inverse_root(simd, self.row, self.eps));
        for (x, weight) in
            self.row.as_chunks_mut::<LANES>().0.iter_mut().zip(self.weight.as_chunks().0)
        {
            let normed = simd.mul(simd.load(x), factor);
            simd.store(simd.mul(normed, simd.load(weight)), x);
        }
    }
}

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a row has a few thousand numbers")]
fn inverse_root<S: Simd>(simd: S, row: &[f32], eps: f32) -> f32 {
    let mut sum = simd.splat(0.0);
    for x in row.as_chunks::<LANES>().0 {
        let x = simd.load(x);
        sum = simd.fma(x, x, sum);
    }
    1.0 / (simd.total(sum) / row.len() as f32 + eps).sqrt()
}

/// Takes from each row of `rows` its mean, divides it by its deviation, multiplies it with
/// `weight` and adds `bias`.
pub(crate) fn layer_norm(tier: Tier, rows: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    tier.run(LayerNorm { rows, weight, bias, eps });
}

struct LayerNorm<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    eps: f32,
}

impl Kernel for LayerNorm<'_> {
    type Out = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a row has a few thousand numbers")]
    fn run<S: Simd>(self, simd: S) {
        let length = self.weight.len().max(1);
        let share = 1.0 / length as f32;
        for row in self.rows.chunks_exact_mut(length) {
            let row = row.as_chunks_mut::<LANES>().0;
            let mut sum = simd.splat(0.0);
            for x in &*row {
                sum = simd.add(sum, simd.load(x));
            }
            let mean = simd.splat(simd.total(sum) * share);
            let mut squares = simd.splat(0.0);
            for x in &*row {
                let centred = simd.sub(simd.load(x), mean);
                squares = simd.fma(centred, centred, squares);
            }
            let factor = simd.splat(1.0 / (simd.total(squares) * share + self.eps).sqrt());
            let ends = self.weight.as_chunks().0.iter().zip(self.bias.as_chunks().0);
            for (x, (weight, bias)) in row.iter_mut().zip(ends) {
                let normed = simd.mul(simd.sub(simd.load(x), mean), factor);
                simd.store(simd.fma(normed, simd.load(weight), simd.load(bias)), x);
            }
        }
    }
}

/// Adds `rows` onto `onto`.
pub(crate) fn add(rows: &[f32], onto: &mut [f32]) {
    for (onto, x) in onto.iter_mut().zip(rows) {
        *onto += x;
    }
}

/// Adds `row` onto each row of `onto`.
pub(crate) fn add_each(row: &[f32], onto: &mut [f32]) {
    for onto in onto.chunks_exact_mut(row.len().max(1)) {
        add(row, onto);
    }
}

/// Turns each gate by `kind` and multiplies it with its partner in `ups`.
pub(crate) fn gate(tier: Tier, kind: Gate, gates: &mut [f32], ups: &[f32]) {
    tier.run(Gated { kind, gates, ups });
}

struct Gated<'a> {
    kind: Gate,
    gates: &'a mut [f32],
    ups: &'a [f32],
}

impl Kernel for Gated<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        /// `2 * sqrt(2 / pi)`, and the cubic part of what goes into the tanh.
        const OUTER: f32 = 1.595_769_2;
        const CUBIC: f32 = 0.044_715;
        let one = simd.splat(1.0);
        for (gate, up) in
            self.gates.as_chunks_mut::<LANES>().0.iter_mut().zip(self.ups.as_chunks().0)
        {
            let x = simd.load(gate);
            // Half of (1 + tanh(y / 2)) is the sigmoid of y: both kinds are x times one.
            let y = match self.kind {
                Gate::Silu => x,
                Gate::Gelu => {
                    let bent = simd.fma(simd.mul(x, x), simd.splat(CUBIC), one);
                    simd.mul(simd.mul(x, simd.splat(OUTER)), bent)
                }
            };
            let falling = simd.exp(simd.sub(simd.splat(0.0), y));
            let turned = simd.div(x, simd.add(one, falling));
            simd.store(simd.mul(turned, simd.load(up)), gate);
        }
    }
}

/// Adds `bias` to each row of `rows` and takes every number through GELU in its exact form,
/// by the error function.
pub(crate) fn gelu(tier: Tier, rows: &mut [f32], bias: &[f32]) {
    tier.run(Gelu { rows, bias });
}

struct Gelu<'a> {
    rows: &'a mut [f32],
    bias: &'a [f32],
}

impl Kernel for Gelu<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        /// Abramowitz and Stegun, 7.1.26: the complement of the error function is
        /// `e^(-z^2)` times a polynomial of `1 / (1 + p z)`, to 1.5e-7. Here `z` is `x` over
        /// the root of 2, and all is halved.
        const P: f32 = 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2;
        const TERMS: [f32; 5] = [
            0.5 * 1.061_405_4,
            0.5 * -1.453_152,
            0.5 * 1.421_413_7,
            0.5 * -0.284_496_74,
            0.5 * 0.254_829_6,
        ];
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        for row in self.rows.chunks_exact_mut(self.bias.len().max(1)) {
            for (x, bias) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(self.bias.as_chunks().0)
            {
                let value = simd.add(simd.load(x), simd.load(bias));
                let size = simd.max(value, simd.sub(zero, value));
                let t = simd.div(one, simd.fma(size, simd.splat(P), one));
                let mut sum = zero;
                for term in TERMS {
                    sum = simd.fma(sum, t, simd.splat(term));
                }
                let bell = simd.exp(simd.mul(simd.mul(value, simd.splat(-0.5)), value));
                let tail = simd.mul(simd.mul(sum, t), simd.mul(size, bell));
                // What is left of a number above zero and of one below differ by that number.
                simd.store(simd.sub(simd.max(value, zero), tail), x);
            }
        }
    }
}

/// How a head's numbers are paired for rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// The first half with the second.
    Halves,
    /// Neighbours.
    Neighbours,
}

/// Rotates each head of `heads`, which all stand at the place of `angles`: cosines, then sines.
pub(crate) fn rotate(tier: Tier, pairing: Pairing, heads: &mut [f32], angles: &[f32]) {
    tier.run(Rotate { pairing, heads, angles });
}

struct Rotate<'a> {
    pairing: Pairing,
    heads: &'a mut [f32],
    angles: &'a [f32],
}

impl Kernel for Rotate<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let half = self.angles.len() / 2;
        let (cosines, sines) = self.angles.split_at(half);
        let turn = |a: &mut f32, b: &mut f32, cosine: f32, sine: f32| {
            (*a, *b) = (*a * cosine - *b * sine, *a * sine + *b * cosine);
        };
        for head in self.heads.chunks_exact_mut((2 * half).max(1)) {
            let angles = cosines.iter().zip(sines);
            match self.pairing {
                Pairing::Halves => {
                    let (first, second) = head.split_at_mut(half);
                    for ((a, b), (cosine, sine)) in first.iter_mut().zip(second).zip(angles) {
                        turn(a, b, *cosine, *sine);
                    }
                }
                Pairing::Neighbours => {
                    for ([a, b], (cosine, sine)) in head.as_chunks_mut().0.iter_mut().zip(angles) {
                        turn(a, b, *cosine, *sine);
                    }
                }
            }
        }
    }
}

/// Where the largest of `logits` stands, the first of equals; none if no number is there.
pub(crate) fn likeliest(tier: Tier, logits: &[f32]) -> Option<usize> {
    // One after the other only where the largest is known to be.
    let (run, top) = tier.run(Top(logits))?;
    let at = logits.chunks(RUN).nth(run)?.iter().position(|logit| *logit >= top)?;
    Some(run * RUN + at)
}

/// Numbers that are looked through together.
const RUN: usize = 64 * LANES;

/// The first run that has the largest number, and that number.
struct Top<'a>(&'a [f32]);

impl Kernel for Top<'_> {
    type Out = Option<(usize, f32)>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Out {
        let mut best: Option<(usize, f32)> = None;
        for (at, run) in self.0.chunks(RUN).enumerate() {
            let (whole, rest) = run.as_chunks();
            let top = simd.largest(tops(simd, whole, &padded(rest)));
            if best.is_none_or(|(_, best)| top > best) {
                best = Some((at, top));
            }
        }
        best
    }
}

/// The last lanes, filled up with what is no number's equal.
#[inline(always)]
fn padded(rest: &[f32]) -> [f32; LANES] {
    let mut out = [f32::NEG_INFINITY; LANES];
    for (slot, x) in out.iter_mut().zip(rest) {
        *slot = *x;
    }
    out
}

/// The largest of each lane.
#[inline(always)]
fn tops<S: Simd>(simd: S, whole: &[[f32; LANES]], last: &[f32; LANES]) -> S::Floats {
    let mut top = simd.load(last);
    for x in whole {
        top = simd.max(top, simd.load(x));
    }
    top
}

/// The largest of `logits`, and the logarithm of the sum of the exponentials of all.
pub(crate) fn peak(tier: Tier, logits: &[f32]) -> (f32, f64) {
    tier.run(Peak(logits))
}

struct Peak<'a>(&'a [f32]);

impl Kernel for Peak<'_> {
    type Out = (f32, f64);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f32, f64) {
        let (whole, rest) = self.0.as_chunks();
        let last = padded(rest);
        let top = simd.largest(tops(simd, whole, &last));
        if top == f32::NEG_INFINITY {
            return (top, f64::NEG_INFINITY);
        }
        // In f32 a quarter of a million terms lose digits: runs are summed in the wider type.
        let lanes = simd.splat(top);
        let mut sum = f64::from(simd.total(simd.exp(simd.sub(simd.load(&last), lanes))));
        for run in whole.chunks(RUN / LANES) {
            let mut part = simd.splat(0.0);
            for x in run {
                part = simd.add(part, simd.exp(simd.sub(simd.load(x), lanes)));
            }
            sum += f64::from(simd.total(part));
        }
        (top, f64::from(top) + sum.ln())
    }
}
