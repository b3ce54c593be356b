//! Vectors that a question is compared with: as bytes with all of them, as floats with the few
//! that the bytes put first. Of very many half bytes are compared, which takes half as long.

use inference::nearest::{NotFinite, Table, Width};

use crate::store::keep_first;

/// Of how many for each one wanted, and of how many at least, the bytes are believed to hold the
/// nearest: `cotmoc bench search` says how often they do.
const CANDIDATES: (usize, usize) = (4, 200);
/// With more rows than this half bytes are compared, which put the nearest less far to the front.
const MANY: usize = 200_000;
/// How many half bytes have to put before the rest.
const CANDIDATES_OF_MANY: usize = 2_000;

/// Rows of the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Matrix {
    dimensions: usize,
    numbers: Vec<f32>,
}

impl Matrix {
    pub(crate) fn of(dimensions: usize) -> Self {
        Self { dimensions, numbers: Vec::new() }
    }

    /// Adds a row; one of another length would move all that follow and is left out.
    pub(crate) fn push(&mut self, row: &[f32]) {
        if self.dimensions == 0 {
            self.dimensions = row.len();
        }
        if row.len() == self.dimensions {
            self.numbers.extend_from_slice(row);
        }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(crate) fn row(&self, at: usize) -> Option<&[f32]> {
        let start = at * self.dimensions;
        self.numbers.get(start..start + self.dimensions)
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.dimensions.max(1))
    }
}

/// Vectors by which something is found.
#[derive(Debug, Default)]
pub(crate) struct Near {
    rows: Matrix,
    table: Table,
}

impl Near {
    pub(crate) fn of(rows: Matrix) -> Result<Self, NotFinite> {
        let width = if rows.rows().len() > MANY { Width::Half } else { Width::Byte };
        let table = Table::of(rows.rows(), rows.dimensions(), width)?;
        Ok(Self { rows, table })
    }

    pub(crate) fn rows(&self) -> &Matrix {
        &self.rows
    }

    /// About the product of `to` with every row, to three digits, and to two where there are many.
    pub(crate) fn all(&self, to: &[f32]) -> Vec<f32> {
        self.table.scores(to, threads())
    }

    /// The `most` rows of those that `admits` whose product with `to` is the largest, with it,
    /// the largest first and of equal ones the first.
    pub(crate) fn nearest(
        &self,
        to: &[f32],
        most: usize,
        admits: impl Fn(usize) -> bool + Sync,
    ) -> Vec<(usize, f32)> {
        let (times, least) = CANDIDATES;
        let least = if self.table.len() > MANY { CANDIDATES_OF_MANY } else { least };
        let candidates = most.saturating_mul(times).max(least);
        let mut near = self.table.nearest(to, candidates, threads(), admits);
        for (row, score) in &mut near {
            *score = self.rows.row(*row).map_or(0.0, |row| dot(row, to));
        }
        keep_first(&mut near, most, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near
    }
}

/// It is memory that is waited for, and each processor reads its own part of it.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Eight sums side by side, so that the compiler uses the machine's wide registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.chunks(8), b.chunks(8));
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::unit;

    /// As an embedding model makes them: all of them near to each other, those of one group more so.
    fn rows() -> Matrix {
        let mut state = 3_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        };
        let mut part = |size: f32| -> Vec<f32> { (0..64).map(|_| size * next()).collect() };
        let middle = part(2.0);
        let mut out = Matrix::of(64);
        for _ in 0..100 {
            let group = part(0.6);
            for _ in 0..30 {
                let own = part(0.4);
                let sum = middle.iter().zip(&group).zip(own).map(|((a, b), c)| a + b + c);
                out.push(&unit(sum.collect()).unwrap());
            }
        }
        out
    }

    #[test]
    fn the_nearest_by_bytes_and_floats_are_those_by_floats_alone() {
        let rows = rows();
        let near = Near::of(rows.clone()).unwrap();
        let admits = |row: usize| row % 5 != 2;
        for asked in rows.rows().step_by(97) {
            let exact = rows.rows().map(|row| dot(row, asked)).enumerate();
            let mut exact: Vec<(usize, f32)> = exact.filter(|it| admits(it.0)).collect();
            keep_first(&mut exact, 10, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            assert_eq!(near.nearest(asked, 10, admits), exact);
            let all = near.all(asked);
            assert!(exact.iter().all(|&(row, score)| (all[row] - score).abs() < 4e-3));
        }
    }
}
