//! The store that needs nothing installed: compare the question with every vector.
//!
//! It is exact under every filter, and `cotmoc bench search` says how long it takes: some
//! milliseconds among tens of thousands, so there is no approximate index here.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::{Filter, Point, StoreError, VectorStore, keep_first};

/// Points in memory, ordered by id.
#[derive(Debug, Default)]
pub struct Scan {
    dimensions: usize,
    points: Vec<Point>,
}

impl VectorStore for Scan {
    fn ensure(&mut self, dimensions: usize) -> Result<(), StoreError> {
        if self.dimensions != dimensions {
            self.points.clear();
            self.dimensions = dimensions;
        }
        Ok(())
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.points.iter().map(|point| (point.id.clone(), point.hash.clone())).collect())
    }

    fn upsert(&mut self, points: &[Point]) -> Result<(), StoreError> {
        for point in points {
            self.check(&point.id, &point.vector)?;
        }
        let old = std::mem::take(&mut self.points).into_iter();
        let mut by_id: BTreeMap<String, Point> = old.map(|p| (p.id.clone(), p)).collect();
        by_id.extend(points.iter().map(|point| (point.id.clone(), point.clone())));
        self.points = by_id.into_values().collect();
        Ok(())
    }

    fn delete(&mut self, ids: &[String]) -> Result<(), StoreError> {
        self.points.retain(|point| !ids.contains(&point.id));
        Ok(())
    }

    fn query(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<(String, f32)>, StoreError> {
        self.check("query", vector)?;
        let nearest = |points| nearest(points, vector, filter, limit);
        let share = self.points.len().div_ceil(threads(self.points.len())).max(1);
        let mut shares = self.points.chunks(share);
        let first = shares.next().unwrap_or_default();
        let mut near = std::thread::scope(|scope| {
            let others = shares.map(|share| (share, spawn(scope, move || nearest(share))));
            let others: Vec<_> = others.collect();
            let mut near = nearest(first);
            for (share, other) in others {
                near.extend(match other {
                    Some(thread) => {
                        thread.join().unwrap_or_else(|it| std::panic::resume_unwind(it))
                    }
                    // The system gives no more threads.
                    None => nearest(share),
                });
            }
            near
        });
        keep_first(&mut near, limit, before);
        Ok(near.into_iter().map(|(point, score)| (point.id.clone(), score)).collect())
    }
}

impl Scan {
    fn check(&self, id: &str, vector: &[f32]) -> Result<(), StoreError> {
        if vector.len() == self.dimensions {
            return Ok(());
        }
        Err(StoreError::Vector { id: id.to_owned(), found: vector.len(), wanted: self.dimensions })
    }
}

/// Fewer points are not worth a thread of their own.
const SHARE: usize = 8_192;

/// How many threads share the comparing: it is memory that is waited for, and each processor
/// reads its own part of it.
fn threads(points: usize) -> usize {
    let most = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    most.min(points / SHARE).max(1)
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    Builder::new().name("scan".to_owned()).spawn_scoped(scope, work).ok()
}

fn nearest<'a>(
    points: &'a [Point],
    vector: &[f32],
    filter: &Filter,
    limit: usize,
) -> Vec<(&'a Point, f32)> {
    let admitted = |p: &&Point| filter.admits(p.kind, &p.codes, &p.place, p.in_force);
    let near = points.iter().filter(admitted).map(|p| (p, dot(&p.vector, vector)));
    let mut near: Vec<(&Point, f32)> = near.collect();
    keep_first(&mut near, limit, before);
    near
}

/// The nearest first, equal ones by their ids.
fn before(a: &(&Point, f32), b: &(&Point, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then_with(|| a.0.id.cmp(&b.0.id))
}

/// Eight sums side by side, so that the compiler uses the machine's wide registers.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
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
    use jiff::civil::date;

    use super::*;
    use crate::corpus::{InForce, Kind};

    #[test]
    fn many_threads_find_what_one_finds() {
        let point = |number: u16| Point {
            id: format!("{number:05}"),
            hash: String::new(),
            vector: vec![f32::from(number % 977), f32::from(number % 31)],
            kind: if number.is_multiple_of(7) { Kind::Law } else { Kind::Procedure },
            codes: Vec::new(),
            place: "vn".parse().unwrap(),
            in_force: InForce::default(),
        };
        let points: Vec<Point> = (0..40_000).map(point).collect();
        let mut store = Scan::default();
        store.ensure(2).unwrap();
        store.upsert(&points).unwrap();
        let on = date(2026, 11, 28);
        let filter = Filter { kinds: vec![Kind::Law], codes: None, place: None, in_force_on: on };
        for limit in [0, 1, 50, 6_000] {
            let found = store.query(&[1.0, 0.5], &filter, limit).unwrap();
            let alone = nearest(&points, &[1.0, 0.5], &filter, limit);
            let alone: Vec<(String, f32)> =
                alone.into_iter().map(|(point, score)| (point.id.clone(), score)).collect();
            assert_eq!(found, alone);
            assert_eq!(found.len(), limit.min(40_000_usize.div_ceil(7)));
        }
    }
}
