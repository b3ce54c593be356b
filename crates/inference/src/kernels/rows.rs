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

/// The largest of `logits`, and the logarithm of the sum of the exponentials of all.
pub(crate) fn peak(tier: Tier, logits: &[f32]) -> (f32, f64) {
    tier.run(Peak(logits))
}

struct Peak<'a>(&'a [f32]);

impl Kernel for Peak<'_> {
    type Out = (f32, f64);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f32, f64) {
        let (whole, rest) = self.0.as_chunks::<LANES>();
        let mut last = [f32::NEG_INFINITY; LANES];
        for (slot, x) in last.iter_mut().zip(rest) {
            *slot = *x;
        }
        let mut top = simd.load(&last);
        for x in whole {
            top = simd.max(top, simd.load(x));
        }
        let top = simd.largest(top);
        if top == f32::NEG_INFINITY {
            return (top, f64::NEG_INFINITY);
        }
        // In f32 a quarter of a million terms lose digits: runs are summed in the wider type.
        let above = |x: &[f32; LANES]| simd.exp(simd.sub(simd.load(x), simd.splat(top)));
        let mut sum = f64::from(simd.total(above(&last)));
        for run in whole.chunks(64) {
            let mut part = simd.splat(0.0);
            for x in run {
                part = simd.add(part, above(x));
            }
            sum += f64::from(simd.total(part));
        }
        (top, f64::from(top) + sum.ln())
    }
}
