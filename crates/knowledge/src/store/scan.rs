//! The store that needs nothing installed: compare the question with every vector.
//!
//! What may not be found is left out before anything is ranked, and `cotmoc bench search` says how
//! long it takes: some milliseconds among tens of thousands, so there is no approximate index here.

use std::collections::BTreeMap;

use super::{Asked, Point, StoreError, VectorStore, keep_first};
use crate::near::{Matrix, Near};
use crate::procedures::Bounds;

/// Points in memory, ordered by id.
#[derive(Debug, Default)]
pub struct Scan {
    generation: Option<String>,
    dimensions: usize,
    /// Without their vectors.
    points: Vec<Point>,
    near: Near,
}

impl VectorStore for Scan {
    fn holds(&self, generation: &str) -> Result<bool, StoreError> {
        Ok(self.generation.as_deref() == Some(generation))
    }

    fn replace(&mut self, generation: &str, points: &[Point]) -> Result<(), StoreError> {
        let dimensions = points.first().map_or(0, |point| point.vector.len());
        let mut new =
            Self { generation: Some(generation.to_owned()), dimensions, ..Self::default() };
        new.upsert(points)?;
        *self = new;
        Ok(())
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.points.iter().map(|point| (point.id.clone(), point.hash.clone())).collect())
    }

    fn upsert(&mut self, points: &[Point]) -> Result<(), StoreError> {
        for point in points {
            self.check(&point.id, &point.vector)?;
        }
        let there = self.points.iter().zip(self.near.rows().rows());
        let new = points.iter().map(|point| (point, point.vector.as_slice()));
        let by_id: BTreeMap<&str, (&Point, &[f32])> =
            there.chain(new).map(|(point, row)| (point.id.as_str(), (point, row))).collect();
        let (points, near) = self.laid_out(by_id.into_values())?;
        (self.points, self.near) = (points, near);
        Ok(())
    }

    fn delete(&mut self, ids: &[String]) -> Result<(), StoreError> {
        let there = self.points.iter().zip(self.near.rows().rows());
        let (points, near) = self.laid_out(there.filter(|(point, _)| !ids.contains(&point.id)))?;
        (self.points, self.near) = (points, near);
        Ok(())
    }

    fn query(
        &self,
        asked: Asked<'_>,
        bounds: &Bounds,
        limit: usize,
    ) -> Result<Vec<(String, f32)>, StoreError> {
        let admits = |at: usize| self.points.get(at).is_some_and(|it| bounds.admit(it.traits()));
        let best = match asked {
            Asked::Vector(vector) => {
                self.check("query", vector)?;
                self.near.nearest(vector, limit, admits)
            }
            Asked::Words(words) => {
                let scores = self.points.iter().map(|point| shared(&point.words, words));
                let scores = scores.enumerate().filter(|(at, score)| *score > 0.0 && admits(*at));
                let mut best: Vec<(usize, f32)> = scores.collect();
                keep_first(&mut best, limit, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                best
            }
        };
        let id = |at: usize| self.points.get(at).map(|point| point.id.clone());
        Ok(best.into_iter().filter_map(|(at, score)| Some((id(at)?, score))).collect())
    }
}

/// What the words that both have are worth.
fn shared(of: &[(u32, f32)], asked: &[(u32, f32)]) -> f32 {
    let worth = |number: u32| {
        let place = of.binary_search_by_key(&number, |(word, _)| *word).ok()?;
        of.get(place).map(|(_, worth)| worth)
    };
    asked.iter().filter_map(|(number, counts)| Some(counts * worth(*number)?)).sum()
}

impl Scan {
    fn check(&self, id: &str, vector: &[f32]) -> Result<(), StoreError> {
        if vector.len() == self.dimensions {
            return Ok(());
        }
        Err(StoreError::Vector { id: id.to_owned(), found: vector.len(), wanted: self.dimensions })
    }

    fn laid_out<'a>(
        &self,
        points: impl Iterator<Item = (&'a Point, &'a [f32])>,
    ) -> Result<(Vec<Point>, Near), StoreError> {
        let mut rows = Matrix::of(self.dimensions);
        let mut bare = Vec::new();
        for (point, row) in points {
            rows.push(row);
            bare.push(point.without_vector());
        }
        Ok((bare, Near::of(rows)?))
    }
}
