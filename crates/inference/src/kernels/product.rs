//! Rows of activations times a packed matrix.
//!
//! A load of memory that fills every lane with one number is dear: measured, one a cycle where
//! there are two products. So where the registers hold as much, each load of a row's bytes is
//! used for three tiles.
//!
//! A large product is shared out among threads by rows, or by tiles where there is one row.
//! Whoever computes it, a row's result is the same.

use super::activations::{Activations, FOURS, Group};
use super::blocks::{Coding, Width};
use super::packed::{Halves, LINES, Line, Packed, Tile};
use super::simd::Simd;
use super::{Kernel, LANES, Tier};
use crate::share::share;

/// The most tiles that share a load of a row's bytes.
const MOST_TILES: usize = 3;

/// Smaller products, in multiplications, are not shared out: starting a thread costs as much.
const WORTH: usize = 8 << 20;

/// How a kernel reads codes, known when it is compiled.
mod form {
    /// One scale and an offset.
    pub(super) const PLAIN: u8 = 0;
    /// One scale, an offset of 128, any byte.
    pub(super) const WIDE: u8 = 1;
    /// One scale and a minimum.
    pub(super) const MINS: u8 = 2;
    /// A scale for each half, an offset.
    pub(super) const HALVES: u8 = 3;
}

/// Writes each row times the `tiles` of `weights` that are listed, in their order: `out` has
/// a row of sixteen numbers per tile for each row of `rows`.
///
/// Gives nothing if the widths differ.
pub(crate) fn product(
    (tier, threads): (Tier, usize),
    rows: &Activations,
    weights: &Packed,
    tiles: impl ExactSizeIterator<Item = usize>,
    out: &mut [f32],
) {
    let tiles: Vec<usize> = tiles.collect();
    let width = tiles.len() * LANES;
    if rows.inputs() != weights.inputs() || width == 0 || rows.rows() == 0 {
        return;
    }
    let whole = Part { tier, weights, tiles: &tiles, rows, first: 0 };
    let threads = threads.max(1);
    if threads == 1 || rows.rows() * width * rows.inputs() < WORTH {
        whole.compute(out);
    } else if rows.rows() == 1 {
        let each = tiles.len().div_ceil(threads).next_multiple_of(tier.tiles());
        let parts = tiles.chunks(each).map(|tiles| Part { tiles, ..whole });
        let parts = parts.zip(out.chunks_mut(each * LANES)).collect();
        share(threads, parts, |(part, out)| part.compute(out));
    } else {
        let each = rows.rows().div_ceil(threads).next_multiple_of(tier.rows());
        let parts = (0..).step_by(each).map(|first| Part { first, ..whole });
        let parts = parts.zip(out.chunks_mut(each * width)).collect();
        share(threads, parts, |(part, out)| part.compute(out));
    }
}

/// What one thread computes of a product.
#[derive(Clone, Copy)]
struct Part<'a> {
    tier: Tier,
    weights: &'a Packed,
    tiles: &'a [usize],
    rows: &'a Activations,
    /// The first row; the last is known by the room for results.
    first: usize,
}

impl Part<'_> {
    fn compute(self, out: &mut [f32]) {
        let Self { tier, weights, tiles, rows, first } = self;
        let (coding, width) = (weights.coding(), tiles.len() * LANES);
        let mut rooms = [const { Vec::new() }; MOST_TILES];
        for (chunk, some) in tiles.chunks(tier.tiles()).enumerate() {
            let column = chunk * tier.tiles();
            let mut out = Out { numbers: &mut *out, width, first, column };
            if let &[a, b, c] = some {
                let [ra, rb, rc] = &mut rooms;
                let [a, b, c] = [(a, ra), (b, rb), (c, rc)];
                let found = [a, b, c].map(|(tile, room)| weights.tile(tier, tile, room));
                let [Some(a), Some(b), Some(c)] = found else { continue };
                in_form(tier, coding, [a, b, c], rows, out);
                continue;
            }
            for tile in some {
                let [room, ..] = &mut rooms;
                if let Some(tile) = weights.tile(tier, *tile, room) {
                    let out = Out { numbers: &mut *out.numbers, ..out };
                    in_form(tier, coding, [tile], rows, out);
                }
                out.column += 1;
            }
        }
    }
}

/// Where results go: rows of `width` from row `first` on, and the first tile's place in each.
struct Out<'a> {
    numbers: &'a mut [f32],
    width: usize,
    first: usize,
    column: usize,
}

impl Out<'_> {
    /// The row after the last that there is room for.
    fn end(&self) -> usize {
        self.first + self.numbers.len() / self.width
    }
}

fn in_form<const T: usize>(
    tier: Tier,
    coding: Coding,
    tiles: [Tile<'_>; T],
    rows: &Activations,
    out: Out<'_>,
) {
    use form::{HALVES, MINS, PLAIN, WIDE};
    // The last number is how many products of a pair of codes, each times 127, fit into sixteen
    // bits: of codes of four bits all of a block.
    match (coding.width, coding.mins) {
        (Width::Four, false) => tier.run(Product::<T, PLAIN, 8> { tiles, rows, out }),
        (Width::Four, true) => tier.run(Product::<T, MINS, 8> { tiles, rows, out }),
        (Width::Five, false) => tier.run(Product::<T, PLAIN, 4> { tiles, rows, out }),
        (Width::Five, true) => tier.run(Product::<T, MINS, 4> { tiles, rows, out }),
        (Width::Six, _) => tier.run(Product::<T, HALVES, 2> { tiles, rows, out }),
        (Width::Eight, _) => tier.run(Product::<T, WIDE, 1> { tiles, rows, out }),
    }
}

/// The outputs of `T` tiles for all rows.
struct Product<'a, const T: usize, const FORM: u8, const FEW: usize> {
    tiles: [Tile<'a>; T],
    rows: &'a Activations,
    out: Out<'a>,
}

impl<const T: usize, const FORM: u8, const FEW: usize> Kernel for Product<'_, T, FORM, FEW> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { tiles, rows, mut out } = self;
        let within = out.first..out.end();
        for group in rows.groups().filter(|group| within.contains(&group.first)) {
            match group.rows {
                1 => of_group::<S, 1, T, FORM, FEW>(simd, &tiles, &group, &mut out),
                2 => of_group::<S, 2, T, FORM, FEW>(simd, &tiles, &group, &mut out),
                3 => of_group::<S, 3, T, FORM, FEW>(simd, &tiles, &group, &mut out),
                4 => of_group::<S, 4, T, FORM, FEW>(simd, &tiles, &group, &mut out),
                more => debug_assert!(false, "a group of {more} rows"),
            }
        }
    }
}

/// The sixteen outputs of each of `T` tiles for each of `R` rows.
///
/// Tables are asked for each block with its number, not cut to one length beforehand: measured,
/// the compiler then keeps all sums in registers, and products are a fifth faster.
#[inline(always)]
fn of_group<S: Simd, const R: usize, const T: usize, const FORM: u8, const FEW: usize>(
    simd: S,
    tiles: &[Tile<'_>; T],
    group: &Group<'_>,
    out: &mut Out<'_>,
) {
    let mut totals = [[simd.splat(0.0); T]; R];
    let offset = tiles.first().map_or(0, |tile| tile.offset);
    let codes = group.codes.as_chunks::<R>().0.as_chunks::<FOURS>().0;
    let tables = group.scales.as_chunks::<R>().0.iter().zip(group.sums.as_chunks::<R>().0);
    let tables = tables.zip(group.drops.as_chunks::<R>().0);
    for (at, (codes, ((units, sums), drops))) in codes.iter().zip(tables).enumerate() {
        let mut lines = [&[Line::ZERO; LINES]; T];
        for (lines, tile) in lines.iter_mut().zip(tiles) {
            let Some(found) = tile.codes.as_chunks().0.get(at) else { return };
            *lines = found;
        }
        if FORM == form::HALVES {
            let ([low, high], _) = codes.as_chunks::<4>() else { return };
            for (half, codes) in [low, high].into_iter().enumerate() {
                let offsets = if half == 0 { [offset, 0] } else { [0, offset] };
                let starts = starts::<S, R, false>(simd, offsets, sums);
                let whole = dot::<S, R, T, false, 4, FEW>(simd, lines, half * 4, codes, starts);
                scale(simd, &mut totals, whole, tiles, 2 * at + half, units);
            }
            continue;
        }
        // With minima the offset is none.
        let whole = if FORM == form::WIDE {
            let starts = starts::<S, R, true>(simd, [offset; 2], sums);
            dot::<S, R, T, true, LINES, FEW>(simd, lines, 0, codes, starts)
        } else {
            let starts = starts::<S, R, false>(simd, [offset; 2], sums);
            dot::<S, R, T, false, LINES, FEW>(simd, lines, 0, codes, starts)
        };
        scale(simd, &mut totals, whole, tiles, at, units);
        if FORM == form::MINS {
            lower(simd, &mut totals, tiles, at, drops);
        }
    }
    let rows = out.numbers.chunks_exact_mut(out.width).skip(group.first - out.first);
    for (row, totals) in rows.zip(&totals) {
        let columns = row.as_chunks_mut::<LANES>().0.iter_mut().skip(out.column);
        for (out, total) in columns.zip(totals) {
            simd.store(*total, out);
        }
    }
}

// No `map` over these arrays: it is a call once they are long, and every register goes through
// memory for it.

/// What each row's sums begin at, the same for all tiles.
#[inline(always)]
fn starts<S: Simd, const R: usize, const WIDE: bool>(
    simd: S,
    offsets: [i16; 2],
    sums: &[[i16; 2]; R],
) -> [S::Sums; R] {
    let mut out = [simd.start::<WIDE>([0; 2], [0; 2]); R];
    for (out, sums) in out.iter_mut().zip(sums) {
        *out = simd.start::<WIDE>(offsets, *sums);
    }
    out
}

/// Sums of codes times bytes, exactly: `N` lines of each tile, from line `first` on, of which
/// `FEW` are added up before they are widened.
#[inline(always)]
fn dot<
    S: Simd,
    const R: usize,
    const T: usize,
    const WIDE: bool,
    const N: usize,
    const FEW: usize,
>(
    simd: S,
    tiles: [&[Line; LINES]; T],
    first: usize,
    rows: &[[[i8; 4]; R]; N],
    starts: [S::Sums; R],
) -> [[S::Sums; T]; R] {
    let mut whole = [[simd.start::<WIDE>([0; 2], [0; 2]); T]; R];
    for (whole, start) in whole.iter_mut().zip(starts) {
        *whole = [start; T];
    }
    for (at, rows) in rows.as_chunks::<FEW>().0.iter().enumerate() {
        let mut few = [[simd.open(simd.start::<WIDE>([0; 2], [0; 2])); T]; R];
        for (few, whole) in few.as_flattened_mut().iter_mut().zip(whole.as_flattened()) {
            *few = simd.open(*whole);
        }
        for (line, fours) in rows.iter().enumerate() {
            let mut codes = [simd.codes::<WIDE>(&Line::ZERO.0); T];
            for (codes, lines) in codes.iter_mut().zip(tiles) {
                if let Some(line) = lines.get(first + at * FEW + line) {
                    *codes = simd.codes::<WIDE>(&line.0);
                }
            }
            for (few, four) in few.iter_mut().zip(fours) {
                for (few, codes) in few.iter_mut().zip(codes) {
                    *few = simd.dot::<WIDE>(*few, codes, *four);
                }
            }
        }
        for (whole, few) in whole.as_flattened_mut().iter_mut().zip(few.as_flattened()) {
            *whole = simd.close(*whole, *few);
        }
    }
    whole
}

/// Adds the sums, each times the scale of its weights and that of its row.
#[inline(always)]
fn scale<S: Simd, const R: usize, const T: usize>(
    simd: S,
    totals: &mut [[S::Floats; T]; R],
    whole: [[S::Sums; T]; R],
    tiles: &[Tile<'_>; T],
    at: usize,
    units: &[f32; R],
) {
    let scales = halves(simd, tiles, |tile| tile.scales.get(at));
    for ((totals, whole), unit) in totals.iter_mut().zip(whole).zip(units) {
        for ((total, whole), scales) in totals.iter_mut().zip(whole).zip(scales) {
            let factor = simd.mul(scales, simd.splat(*unit));
            *total = simd.fma(simd.floats(whole), factor, *total);
        }
    }
}

/// Takes away the minimum of each weight, times the sum of what they are multiplied by.
#[inline(always)]
fn lower<S: Simd, const R: usize, const T: usize>(
    simd: S,
    totals: &mut [[S::Floats; T]; R],
    tiles: &[Tile<'_>; T],
    at: usize,
    drops: &[f32; R],
) {
    let mins = halves(simd, tiles, |tile| tile.mins.get(at));
    for (totals, drop) in totals.iter_mut().zip(drops) {
        for (total, mins) in totals.iter_mut().zip(mins) {
            *total = simd.fma(mins, simd.splat(*drop), *total);
        }
    }
}

#[inline(always)]
fn halves<'t, S: Simd, const T: usize>(
    simd: S,
    tiles: &'t [Tile<'_>; T],
    of: impl Fn(&'t Tile<'_>) -> Option<&'t Halves>,
) -> [S::Floats; T] {
    let mut out = [simd.splat(0.0); T];
    for (out, tile) in out.iter_mut().zip(tiles) {
        if let Some(found) = of(tile) {
            *out = simd.halves(&found.0);
        }
    }
    out
}
