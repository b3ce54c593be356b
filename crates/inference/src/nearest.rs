//! The nearest of many vectors: all of them are compared, as bytes or as half bytes.
//!
//! A vector of 384 numbers takes 408 or 216 bytes so, not the 1,536 of its floats, and it is memory
//! that such a search waits for. A product of bytes is a guess at the real one, good to three digits
//! where vectors have length one, and one of half bytes to two: whoever wants the exact order asks
//! for more than are needed and compares those by their floats.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use half::f16;

use crate::kernels::{Activations, BLOCK, Kind, LANES, Packed, Packing, Tier, product};
use crate::share::spread;

/// How many tiles of sixteen vectors are compared before their scores are looked at.
const STEP: usize = 64;
/// A thread is started for no fewer tiles: it takes longer to start than these.
const LEAST: usize = 256;
/// Parts for each thread, so that one which is held up leaves work to the others.
const PARTS: usize = 4;

/// A vector holds what is no finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vector holds what is no finite number")]
pub struct NotFinite;

/// As what a table holds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A byte: products are good to three digits.
    Byte,
    /// Half a byte, as ggml's `Q4_0`: to two.
    Half,
}

/// Vectors as bytes or half bytes, in their order; the default is none.
#[derive(Debug, Default)]
pub struct Table {
    packed: Packed,
    dimensions: usize,
}

impl Table {
    /// The table of `rows`, each of `dimensions` numbers: those that lack some end in zeros.
    pub fn of<'a>(
        rows: impl ExactSizeIterator<Item = &'a [f32]>,
        dimensions: usize,
        width: Width,
    ) -> Result<Self, NotFinite> {
        if rows.len() == 0 || dimensions == 0 {
            return Ok(Self { dimensions, ..Self::default() });
        }
        let inputs = dimensions.next_multiple_of(BLOCK);
        let kind = match width {
            Width::Byte => Kind::F32,
            Width::Half => Kind::Q4_0,
        };
        let mut packing = Packing::new(kind, rows.len(), inputs).map_err(|_| NotFinite)?;
        let (mut padded, mut bytes) = (Vec::with_capacity(inputs), Vec::new());
        for row in rows {
            padded.clear();
            padded.extend(row.iter().take(dimensions));
            padded.resize(inputs, 0.0);
            bytes.clear();
            match width {
                Width::Byte => bytes.extend(padded.iter().flat_map(|x| x.to_le_bytes())),
                Width::Half => halve(&padded, &mut bytes)?,
            }
            packing.rows(&bytes);
        }
        Ok(Self { packed: packing.finish().map_err(|_| NotFinite)?, dimensions })
    }

    /// How many vectors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.outputs()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.packed.bytes()
    }

    /// About the product of `to` with every vector.
    #[must_use]
    pub fn scores(&self, to: &[f32], threads: usize) -> Vec<f32> {
        let tier = Tier::best();
        let tiles = self.packed.tiles();
        let mut out = vec![0.0; tiles * LANES];
        product((tier, threads), &self.asked(tier, to), &self.packed, 0..tiles, &mut out);
        out.truncate(self.len());
        out
    }

    /// The `most` vectors of those that `admits` whose product with `to` is about the largest,
    /// the largest first and of equal ones the first. `admits` is asked only of what would be
    /// among them.
    #[must_use]
    pub fn nearest(
        &self,
        to: &[f32],
        most: usize,
        threads: usize,
        admits: impl Fn(usize) -> bool + Sync,
    ) -> Vec<(usize, f32)> {
        let tier = Tier::best();
        let asked = self.asked(tier, to);
        let tiles = self.packed.tiles();
        let each = tiles.div_ceil(threads.max(1) * PARTS).max(LEAST);
        let parts: Vec<Range<usize>> =
            (0..tiles).step_by(each).map(|start| start..(start + each).min(tiles)).collect();
        // What one part is sure of spares the others asking `admits` of what lies below: each of
        // these looks somewhere else in memory.
        let sure = Sure::default();
        let found = spread(threads, &parts, |part| {
            let mut best = Best::of(most);
            let mut scores = vec![0.0; STEP * LANES];
            for start in part.clone().step_by(STEP) {
                best.least = sure.at_least(best.floor);
                let step = start..(start + STEP).min(part.end);
                let scores = scores.get_mut(..step.len() * LANES).unwrap_or_default();
                product((tier, 1), &asked, &self.packed, step, scores);
                let rows = (start * LANES..self.len()).zip(&*scores);
                for (row, &score) in rows {
                    best.offer(row, score, &admits);
                }
            }
            best.held
        });
        let mut best = Best { held: found.concat(), ..Best::of(most) };
        best.cut();
        best.held.sort_unstable_by(Best::order);
        best.held
    }

    fn asked(&self, tier: Tier, to: &[f32]) -> Activations {
        let mut row = to.get(..self.dimensions.min(to.len())).unwrap_or_default().to_vec();
        row.resize(self.packed.inputs(), 0.0);
        let mut asked = Activations::default();
        asked.set(tier, &row, self.packed.inputs());
        asked
    }
}

/// Writes `row` as blocks of `Q4_0`: the number of the largest size becomes the end of the scale, as
/// in ggml, so that one of the sixteen steps is exact.
fn halve(row: &[f32], out: &mut Vec<u8>) -> Result<(), NotFinite> {
    for block in row.as_chunks::<BLOCK>().0 {
        if !block.iter().all(|x| x.is_finite()) {
            return Err(NotFinite);
        }
        let top = block
            .iter()
            .copied()
            .fold(0.0, |top: f32, x| if x.abs() > top.abs() { x } else { top });
        let scale = f16::from_f32(top / -8.0);
        let by = if scale.to_f32() == 0.0 { 0.0 } else { scale.to_f32().recip() };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let code = |x: f32| (x * by + 8.5).clamp(0.0, 15.0) as u8;
        out.extend(scale.to_le_bytes());
        let (low, high) = block.split_at(BLOCK / 2);
        out.extend(low.iter().zip(high).map(|(low, high)| code(*low) | code(*high) << 4));
    }
    Ok(())
}

/// The highest score of which some part holds enough: what is below it is not among the best.
struct Sure(Mutex<f32>);

impl Default for Sure {
    fn default() -> Self {
        Self(Mutex::new(f32::NEG_INFINITY))
    }
}

impl Sure {
    /// Learns that a part holds enough of `floor`, and says what all of them together know.
    fn at_least(&self, floor: f32) -> f32 {
        let mut sure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sure = sure.max(floor);
        *sure
    }
}

/// The best so far. Twice as many are held before the worse half is let go.
struct Best {
    most: usize,
    /// What a score has to be above.
    floor: f32,
    /// What it may not be below: another part holds enough that reach it, and where they are equal
    /// its rows may be behind ours.
    least: f32,
    held: Vec<(usize, f32)>,
}

impl Best {
    fn of(most: usize) -> Self {
        Self { most, floor: f32::NEG_INFINITY, least: f32::NEG_INFINITY, held: Vec::new() }
    }

    fn order(a: &(usize, f32), b: &(usize, f32)) -> std::cmp::Ordering {
        b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
    }

    fn offer(&mut self, row: usize, score: f32, admits: impl Fn(usize) -> bool) {
        // Rows come in their order, so one with the score of the floor is behind it.
        if score > self.floor && score >= self.least && admits(row) {
            self.held.push((row, score));
            if self.held.len() > 2 * self.most {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.held.len() > self.most {
            let (_, last, _) = self.held.select_nth_unstable_by(self.most, Self::order);
            self.floor = last.1;
            self.held.truncate(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMENSIONS: usize = 100;

    /// Numbers within ±1 that follow from their place.
    fn rows(count: usize) -> Vec<Vec<f32>> {
        let mut state = 7_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        };
        (0..count).map(|_| (0..DIMENSIONS).map(|_| next()).collect()).collect()
    }

    fn table(rows: &[Vec<f32>]) -> Table {
        as_wide(rows, Width::Byte)
    }

    fn as_wide(rows: &[Vec<f32>], width: Width) -> Table {
        Table::of(rows.iter().map(Vec::as_slice), DIMENSIONS, width).unwrap()
    }

    #[test]
    fn products_are_good_to_three_digits_or_two() {
        let rows = rows(50);
        let sizes = [(Width::Byte, 0.15), (Width::Half, 1.5)].map(|(width, most)| {
            let table = as_wide(&rows, width);
            assert_eq!(table.len(), 50);
            for to in &rows {
                let scores = table.scores(to, 2);
                assert_eq!(scores.len(), 50);
                for (row, score) in rows.iter().zip(scores) {
                    let exact: f32 = row.iter().zip(to).map(|(a, b)| a * b).sum();
                    // Lengths are about 33 together.
                    assert!((exact - score).abs() < most, "{width:?}: {exact} {score}");
                }
            }
            table.bytes()
        });
        assert!(sizes[1] * 10 < sizes[0] * 6, "{sizes:?}");
    }

    #[test]
    fn the_nearest_are_the_largest_scores_whatever_the_threads() {
        let rows = rows(9_001);
        let table = table(&rows);
        let to = rows[17].as_slice();
        let admits = |row: usize| !row.is_multiple_of(3);
        let mut all: Vec<(usize, f32)> = table.scores(to, 1).into_iter().enumerate().collect();
        all.retain(|(row, _)| admits(*row));
        all.sort_by(Best::order);
        assert_eq!(all[0].0, 17);
        for (most, threads) in [(0, 1), (1, 2), (10, 1), (10, 2), (40, 2), (200, 7), (9_000, 3)] {
            let found = table.nearest(to, most, threads, admits);
            assert_eq!(found, all[..most.min(all.len())], "{most} of {threads} threads");
        }
    }

    #[test]
    fn equal_ones_come_in_their_order() {
        // Of so many each part is sure of a few before another ends.
        let rows = vec![vec![0.5; DIMENSIONS]; 40_000];
        let table = table(&rows);
        for threads in [1, 3] {
            let found = table.nearest(&[1.0; DIMENSIONS], 3, threads, |_| true);
            assert_eq!(found.into_iter().map(|it| it.0).collect::<Vec<_>>(), [0, 1, 2]);
        }
    }

    #[test]
    fn what_is_no_number_is_refused_and_none_finds_none() {
        for width in [Width::Byte, Width::Half] {
            let rows = [[f32::NAN].as_slice()].into_iter();
            assert_eq!(Table::of(rows, 1, width).unwrap_err(), NotFinite);
        }
        let none = Table::of([].into_iter(), 3, Width::Half).unwrap();
        assert!(none.is_empty() && none.scores(&[1.0; 3], 1).is_empty());
        assert!(none.nearest(&[1.0; 3], 5, 2, |_| true).is_empty());
    }
}
