//! Rows of activations as bytes, quantised once for all products that read them.

use super::blocks::BLOCK;
use super::simd::Simd;
use super::{Kernel, LANES, Tier};

/// Fours of bytes in a block.
pub(super) const FOURS: usize = BLOCK / 4;

/// Rows of bytes with a scale for each thirty-two.
///
/// Rows that are multiplied together stand together: of each block, first the first four bytes
/// of every row of the group, then the next four. So a product reads straight on.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    rows: usize,
    inputs: usize,
    /// How many rows a group has; the last may have fewer.
    group: usize,
    codes: Vec<[i8; 4]>,
    scales: Vec<f32>,
    /// Sums of the bytes of each half block: what an offset of the weights amounts to.
    sums: Vec<[i16; 2]>,
    /// Minus the sum of each block's numbers: what a minimum of the weights amounts to.
    drops: Vec<f32>,
}

/// One group's part of each table.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) codes: &'a [[i8; 4]],
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [[i16; 2]],
    pub(super) drops: &'a [f32],
}

impl Activations {
    /// Takes the `rows`, of `inputs` floats each, in place of what was there.
    pub(crate) fn set(&mut self, tier: Tier, rows: &[f32], inputs: usize) {
        let blocks = inputs / BLOCK;
        self.rows = rows.len().checked_div(inputs).unwrap_or(0);
        self.inputs = inputs;
        self.group = tier.rows();
        self.codes.resize(self.rows * blocks * FOURS, [0; 4]);
        self.scales.resize(self.rows * blocks, 0.0);
        self.sums.resize(self.rows * blocks, [0; 2]);
        self.drops.resize(self.rows * blocks, 0.0);
        tier.run(Quantise { to: self, rows });
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let blocks = self.inputs / BLOCK;
        let size = blocks * self.group;
        let codes = self.codes.chunks((size * FOURS).max(1));
        let tables = self.scales.chunks(size.max(1)).zip(self.sums.chunks(size.max(1)));
        let tables = tables.zip(self.drops.chunks(size.max(1)));
        codes.zip(tables).enumerate().map(move |(at, (codes, ((scales, sums), drops)))| Group {
            first: at * self.group,
            rows: scales.len() / blocks.max(1),
            codes,
            scales,
            sums,
            drops,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }
}

struct Quantise<'a> {
    to: &'a mut Activations,
    rows: &'a [f32],
}

impl Kernel for Quantise<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Activations { inputs, group, codes, scales, sums, drops, .. } = self.to;
        let blocks = *inputs / BLOCK;
        let size = blocks * *group;
        if size == 0 {
            return;
        }
        let groups = self.rows.chunks(*inputs * *group);
        let tables = scales.chunks_mut(size).zip(sums.chunks_mut(size));
        let tables = tables.zip(drops.chunks_mut(size));
        for ((rows, codes), ((scales, sums), drops)) in
            groups.zip(codes.chunks_mut(size * FOURS)).zip(tables)
        {
            let count = rows.len() / *inputs;
            for (lane, row) in rows.chunks_exact(*inputs).enumerate() {
                let codes = codes.chunks_exact_mut(count * FOURS);
                let tables = scales.chunks_exact_mut(count).zip(sums.chunks_exact_mut(count));
                let tables = tables.zip(drops.chunks_exact_mut(count));
                let blocks = row.as_chunks::<LANES>().0.as_chunks::<2>().0;
                for ((block, codes), ((scales, sums), drops)) in
                    blocks.iter().zip(codes).zip(tables)
                {
                    let (bytes, scale) = quantise(simd, block);
                    let fours = bytes.as_flattened().as_chunks::<4>().0;
                    for (slot, four) in codes.iter_mut().skip(lane).step_by(count).zip(fours) {
                        *slot = *four;
                    }
                    let sum = |half: [i8; LANES]| half.into_iter().map(i16::from).sum();
                    let places = (scales.get_mut(lane), sums.get_mut(lane), drops.get_mut(lane));
                    let (Some(to_scale), Some(to_sums), Some(drop)) = places else { continue };
                    *to_scale = scale;
                    *to_sums = bytes.map(sum);
                    let [low, high] = *to_sums;
                    *drop = -(scale * f32::from(low + high));
                }
            }
        }
    }
}

/// The block as bytes within ±127, and what they are multiples of.
#[inline(always)]
fn quantise<S: Simd>(simd: S, block: &[[f32; LANES]; 2]) -> ([[i8; LANES]; 2], f32) {
    let [a, b] = block;
    let (a, b) = (simd.load(a), simd.load(b));
    let zero = simd.splat(0.0);
    let sizes = simd.max(simd.max(a, simd.sub(zero, a)), simd.max(b, simd.sub(zero, b)));
    let top = simd.largest(sizes);
    let inverse = simd.splat(if top > 0.0 { 127.0 / top } else { 0.0 });
    ([simd.bytes(simd.mul(a, inverse)), simd.bytes(simd.mul(b, inverse))], top / 127.0)
}
