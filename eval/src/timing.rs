//! How long each stage takes, told by the engine's own spans.
//!
//! The engine may not measure itself (time is an argument there), but it opens a span for each
//! event and each job. A subscriber that is attached to one future clocks them from outside.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// How long one stage took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// `intake`, or the kind of job: `detect`, `due`, `suggest`, `compose`, `deliver`.
    pub stage: String,
    /// How often it ran.
    pub count: usize,
    /// The middle of all runs.
    pub median_ms: f64,
    /// 95 of 100 runs were faster.
    pub p95_ms: f64,
    /// All runs together.
    pub total_ms: f64,
}

impl Stage {
    fn of(stage: &str, mut runs: Vec<Duration>) -> Self {
        runs.sort_unstable();
        Self {
            stage: stage.to_owned(),
            count: runs.len(),
            median_ms: milliseconds(at(&runs, 50)),
            p95_ms: milliseconds(at(&runs, 95)),
            total_ms: milliseconds(runs.iter().sum()),
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The value below which `percent` of `sorted` lie, by the nearest rank.
pub(crate) fn at(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The middle of `values`; `0` of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or_default();
    let lower = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    f64::midpoint(lower, upper)
}

/// Clocks the engine's spans.
#[derive(Clone, Default)]
pub(crate) struct StageClock(Arc<Clocked>);

#[derive(Default)]
struct Clocked {
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Open>,
    runs: BTreeMap<String, Vec<Duration>>,
}

struct Open {
    stage: Option<String>,
    since: Instant,
    holders: usize,
}

impl StageClock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stages so far, in the order of the chain.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        const ORDER: [&str; 6] = ["intake", "detect", "due", "suggest", "compose", "deliver"];
        let state = self.state();
        let known = ORDER.iter().filter_map(|it| Some((*it, state.runs.get(*it)?)));
        known.map(|(stage, runs)| Stage::of(stage, runs.clone())).collect()
    }
}

impl Subscriber for StageClock {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let stage = match attributes.metadata().name() {
            "intake.accept" => Some("intake".to_owned()),
            "worker.do_job" => {
                let mut kind = Kind(None);
                attributes.record(&mut kind);
                kind.0
            }
            _ => None,
        };
        // Ids of spans are never nought.
        let id = self.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.state().open.insert(id, Open { stage, since: Instant::now(), holders: 1 });
        Id::from_u64(id)
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(open) = self.state().open.get_mut(&id.into_u64()) {
            open.holders += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut state = self.state();
        let Some(open) = state.open.get_mut(&id.into_u64()) else { return false };
        open.holders -= 1;
        if open.holders > 0 {
            return false;
        }
        if let Some(Open { stage: Some(stage), since, .. }) = state.open.remove(&id.into_u64()) {
            state.runs.entry(stage).or_default().push(since.elapsed());
        }
        true
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Reads the kind of a job from the fields of its span.
struct Kind(Option<String>);

impl Visit for Kind {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "job.kind" {
            self.0 = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "job.kind" {
            self.0 = Some(value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_medians() {
        let runs: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let stage = Stage::of("intake", runs);
        assert!((stage.median_ms - 50.0).abs() < 1e-9 && (stage.p95_ms - 95.0).abs() < 1e-9);
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![1.0, 2.0]) - 1.5).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }

    #[test]
    fn spans_of_the_engine_are_clocked_and_others_are_not() {
        let clock = StageClock::default();
        tracing::subscriber::with_default(clock.clone(), || {
            for kind in ["detect", "detect", "compose"] {
                let span = tracing::info_span!("worker.do_job", job.kind = %kind);
                span.in_scope(|| ());
            }
            drop(tracing::info_span!("intake.accept"));
            drop(tracing::info_span!("something.else"));
        });
        let stages: Vec<(String, usize)> =
            clock.stages().into_iter().map(|it| (it.stage, it.count)).collect();
        let expected = [("intake", 1), ("detect", 2), ("compose", 1)];
        assert_eq!(stages, expected.map(|(stage, count)| (stage.to_owned(), count)));
    }
}
