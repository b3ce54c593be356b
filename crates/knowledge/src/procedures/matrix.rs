//! Vectors one after the other, as a scan reads them fastest.

use crate::store::dot;

/// Rows of the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Matrix {
    dimensions: usize,
    numbers: Vec<f32>,
}

impl Matrix {
    pub(super) fn of(dimensions: usize) -> Self {
        Self { dimensions, numbers: Vec::new() }
    }

    /// Adds a row; one of another length would move all that follow and is left out.
    pub(super) fn push(&mut self, row: &[f32]) {
        if self.dimensions == 0 {
            self.dimensions = row.len();
        }
        if row.len() == self.dimensions {
            self.numbers.extend_from_slice(row);
        }
    }

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(super) fn row(&self, at: usize) -> Option<&[f32]> {
        let start = at * self.dimensions;
        self.numbers.get(start..start + self.dimensions)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.dimensions.max(1))
    }

    /// The product of `to` with each of the rows at `places`.
    pub(super) fn near(&self, to: &[f32], places: &[usize]) -> Vec<f32> {
        places.iter().map(|&at| self.row(at).map_or(0.0, |row| dot(row, to))).collect()
    }
}
