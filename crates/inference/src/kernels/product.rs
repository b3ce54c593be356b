//! Rows of activations times a packed matrix.

use super::activations::{Activations, FOURS, Group};
use super::blocks::{Coding, Width};
use super::packed::{Halves, LINES, Line, Packed, Tile};
use super::simd::Simd;
use super::{Kernel, LANES, Tier};

/// How a kernel reads codes, known when it is compiled.
mod form {
    /// One scale, an offset, codes below 64.
    pub(super) const PLAIN: u8 = 0;
    /// One scale, an offset of 128, any byte.
    pub(super) const WIDE: u8 = 1;
    /// One scale and a minimum, codes below 64.
    pub(super) const MINS: u8 = 2;
    /// A scale for each half, an offset, codes below 64.
    pub(super) const HALVES: u8 = 3;
}

/// Writes each row times the `tiles` of `weights` that are listed, in their order: `out` has
/// a row of sixteen numbers per tile for each row of `rows`.
///
/// Gives nothing if the widths differ.
pub(crate) fn product(
    tier: Tier,
    rows: &Activations,
    weights: &Packed,
    tiles: impl ExactSizeIterator<Item = usize>,
    out: &mut [f32],
) {
    let width = tiles.len() * LANES;
    if rows.inputs() != weights.inputs() || width == 0 {
        return;
    }
    let mut room = Vec::new();
    for (column, tile) in tiles.enumerate() {
        let Some(tile) = weights.tile(tier, tile, &mut room) else { continue };
        for group in rows.groups() {
            let out = out.chunks_exact_mut(width).skip(group.first).take(group.rows);
            let out = out.filter_map(|row| row.as_chunks_mut::<LANES>().0.get_mut(column));
            in_form(tier, weights.coding(), Job { tile, group }, out);
        }
    }
}

#[derive(Clone, Copy)]
struct Job<'a> {
    tile: Tile<'a>,
    group: Group<'a>,
}

fn in_form<'o>(
    tier: Tier,
    coding: Coding,
    job: Job<'_>,
    out: impl Iterator<Item = &'o mut [f32; LANES]>,
) {
    match coding {
        Coding { width: Width::Eight, .. } => of_size::<{ form::WIDE }>(tier, job, out),
        Coding { mins: true, .. } => of_size::<{ form::MINS }>(tier, job, out),
        Coding { halves: true, .. } => of_size::<{ form::HALVES }>(tier, job, out),
        Coding { .. } => of_size::<{ form::PLAIN }>(tier, job, out),
    }
}

fn of_size<'o, const FORM: u8>(
    tier: Tier,
    job: Job<'_>,
    out: impl Iterator<Item = &'o mut [f32; LANES]>,
) {
    match job.group.rows {
        1 => write(tier.run(Dot::<1, FORM>(job)), out),
        2 => write(tier.run(Dot::<2, FORM>(job)), out),
        3 => write(tier.run(Dot::<3, FORM>(job)), out),
        4 => write(tier.run(Dot::<4, FORM>(job)), out),
        5 => write(tier.run(Dot::<5, FORM>(job)), out),
        6 => write(tier.run(Dot::<6, FORM>(job)), out),
        7 => write(tier.run(Dot::<7, FORM>(job)), out),
        8 => write(tier.run(Dot::<8, FORM>(job)), out),
        more => debug_assert!(false, "a group of {more} rows"),
    }
}

fn write<'o, const R: usize>(
    results: [[f32; LANES]; R],
    out: impl Iterator<Item = &'o mut [f32; LANES]>,
) {
    for (out, result) in out.zip(results) {
        *out = result;
    }
}

/// The sixteen outputs of a tile for each of `R` rows.
struct Dot<'a, const R: usize, const FORM: u8>(Job<'a>);

impl<const R: usize, const FORM: u8> Kernel for Dot<'_, R, FORM> {
    type Out = [[f32; LANES]; R];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Out {
        let Job { tile, group } = self.0;
        let mut totals = [simd.splat(0.0); R];
        let weights = tile.codes.as_chunks::<LINES>().0;
        let codes = group.codes.as_chunks::<R>().0.as_chunks::<FOURS>().0;
        let tables = group.scales.as_chunks::<R>().0.iter().zip(group.sums.as_chunks::<R>().0);
        let rows = codes.iter().zip(tables);
        if FORM == form::HALVES {
            let scales = tile.scales.as_chunks::<2>().0;
            for ((weights, scales), (codes, (units, sums))) in weights.iter().zip(scales).zip(rows)
            {
                let halves = weights.as_chunks::<4>().0.iter().zip(codes.as_chunks::<4>().0);
                for (half, ((weights, codes), scales)) in halves.zip(scales).enumerate() {
                    let sum = |[low, high]: [i32; 2]| if half == 0 { low } else { high };
                    let starts = starts::<S, R, false>(simd, tile.offset, sums, sum);
                    let whole = dot::<S, R, false>(simd, weights, codes, starts);
                    scale(simd, &mut totals, whole, scales, units);
                }
            }
        } else if FORM == form::MINS {
            let each = weights.iter().zip(tile.scales).zip(tile.mins).zip(rows);
            for (((weights, scales), mins), (codes, (units, sums))) in each {
                let starts = [simd.start::<false>(0, 0); R];
                let whole = dot::<S, R, false>(simd, weights, codes, starts);
                scale(simd, &mut totals, whole, scales, units);
                lower(simd, &mut totals, mins, units, sums);
            }
        } else {
            let each = weights.iter().zip(tile.scales).zip(rows);
            for ((weights, scales), (codes, (units, sums))) in each {
                let sum = |[low, high]: [i32; 2]| low + high;
                let whole = if FORM == form::WIDE {
                    let starts = starts::<S, R, true>(simd, tile.offset, sums, sum);
                    dot::<S, R, true>(simd, weights, codes, starts)
                } else {
                    let starts = starts::<S, R, false>(simd, tile.offset, sums, sum);
                    dot::<S, R, false>(simd, weights, codes, starts)
                };
                scale(simd, &mut totals, whole, scales, units);
            }
        }
        let mut out = [[0.0; LANES]; R];
        for (out, total) in out.iter_mut().zip(totals) {
            simd.store(total, out);
        }
        out
    }
}

// No `map` over these arrays: it is a call once they are long, and every register goes through
// memory for it.

/// What each row's sums begin at.
#[inline(always)]
fn starts<S: Simd, const R: usize, const WIDE: bool>(
    simd: S,
    offset: i32,
    sums: &[[i32; 2]; R],
    sum: impl Fn([i32; 2]) -> i32,
) -> [S::Sums; R] {
    let mut out = [simd.start::<WIDE>(0, 0); R];
    for (out, both) in out.iter_mut().zip(sums) {
        *out = simd.start::<WIDE>(offset, sum(*both));
    }
    out
}

/// Sums of codes times bytes, exactly.
#[inline(always)]
fn dot<S: Simd, const R: usize, const WIDE: bool>(
    simd: S,
    weights: &[Line],
    rows: &[[[i8; 4]; R]],
    mut whole: [S::Sums; R],
) -> [S::Sums; R] {
    for (line, fours) in weights.iter().zip(rows) {
        let codes = simd.codes::<WIDE>(&line.0);
        for (sums, four) in whole.iter_mut().zip(fours) {
            *sums = simd.dot::<WIDE>(*sums, codes, *four);
        }
    }
    whole
}

#[inline(always)]
fn scale<S: Simd, const R: usize>(
    simd: S,
    totals: &mut [S::Floats; R],
    whole: [S::Sums; R],
    scales: &Halves,
    units: &[f32; R],
) {
    let scales = simd.halves(&scales.0);
    for ((total, whole), unit) in totals.iter_mut().zip(whole).zip(units) {
        let factor = simd.mul(scales, simd.splat(*unit));
        *total = simd.fma(simd.floats(whole), factor, *total);
    }
}

/// Takes away the minimum of each weight, times the sum of what they are multiplied by.
#[inline(always)]
fn lower<S: Simd, const R: usize>(
    simd: S,
    totals: &mut [S::Floats; R],
    mins: &Halves,
    units: &[f32; R],
    sums: &[[i32; 2]; R],
) {
    let mins = simd.halves(&mins.0);
    for ((total, unit), [low, high]) in totals.iter_mut().zip(units).zip(sums) {
        #[expect(clippy::cast_precision_loss, reason = "32 bytes sum up to 4,064 at most")]
        let sum = -(unit * (low + high) as f32);
        *total = simd.fma(mins, simd.splat(sum), *total);
    }
}
