//! Intake and the work that follows: events and jobs a second.

use std::time::{Duration, Instant};

use engine::intake::Intake;
use engine::{App, Worked, Worker};
use serde::Serialize;

use super::{Synthetic, rate};
use crate::EvalError;
use crate::timing::median;

/// How many events are taken in before their work is worked off. Medians are over these turns.
const TURN: usize = 500;
/// At least so many turns, so that there is a middle to take.
const TURNS: usize = 5;

/// What the benchmark measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IntakeBench {
    /// Events that were offered.
    pub events: usize,
    /// Accepted for the first time.
    pub new: u64,
    /// Known already: the samples deliver one certificate twice.
    pub repeats: u64,
    /// Set aside; a generator that makes bad events shows here.
    pub set_aside: u64,
    /// Jobs that were done.
    pub jobs: u64,
    /// Jobs that failed, for a while or for good.
    pub failed_jobs: u64,
    /// Taking in, all turns.
    pub intake_seconds: f64,
    /// Working off, all turns.
    pub work_seconds: f64,
    /// Events a second, intake alone, over all.
    pub events_per_second: f64,
    /// Events a second, the median of the turns.
    pub events_per_second_median: f64,
    /// Jobs a second, over all.
    pub jobs_per_second: f64,
    /// Jobs a second, the median of the turns.
    pub jobs_per_second_median: f64,
    /// Events a second through the whole chain: taken in and worked off.
    pub through_per_second: f64,
    /// Each turn, in order: whether a fuller database is a slower one.
    pub turns: Vec<Turn>,
}

/// One turn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Turn {
    /// Events a second, intake alone.
    pub events_per_second: f64,
    /// Jobs a second.
    pub jobs_per_second: f64,
}

/// Takes in `events` synthetic events in turns and works each turn off. `progress` hears how
/// many events are through.
///
/// `app`'s clock should show the samples' today or later, or its events would lie in the future.
/// With a model the first message of each shape is worded by it: measure without one to learn
/// what the rest costs. Measure on a file or a server: `SQLite` in memory has no disk to wait for,
/// and grows slower by each page, which no real database does.
pub async fn intake(
    app: &App,
    events: usize,
    mut progress: impl FnMut(usize),
) -> Result<IntakeBench, EvalError> {
    let mut source = Synthetic::of(&app.pack)?;
    let worker = Worker::new(app.clone(), "bench".to_owned());
    let mut bench = IntakeBench { events, ..IntakeBench::default() };
    let (mut took, mut worked_for) = (Duration::ZERO, Duration::ZERO);
    let turn = TURN.min(events.div_ceil(TURNS)).max(1);
    let mut through = 0;
    while through < events {
        let batch: Vec<serde_json::Value> =
            source.by_ref().take(turn.min(events - through)).collect();
        let count = batch.len();

        let started = Instant::now();
        for (place, event) in batch.iter().enumerate() {
            let place = format!("event {}", through + place + 1);
            match app.accept(event, &place).await? {
                Intake::New { .. } => bench.new += 1,
                Intake::Repeat { .. } => bench.repeats += 1,
                Intake::SetAside { .. } => bench.set_aside += 1,
            }
        }
        let of_turn = started.elapsed();
        took += of_turn;
        let events_per_second = rate(count as u64, of_turn);

        let started = Instant::now();
        let Worked { done, retried, dead } = worker.work_off().await?;
        let of_turn = started.elapsed();
        worked_for += of_turn;
        bench.jobs += done;
        bench.failed_jobs += retried + dead;
        bench.turns.push(Turn { events_per_second, jobs_per_second: rate(done, of_turn) });

        through += count;
        progress(through);
    }
    bench.intake_seconds = took.as_secs_f64();
    bench.work_seconds = worked_for.as_secs_f64();
    bench.events_per_second = rate(events as u64, took);
    bench.events_per_second_median =
        median(bench.turns.iter().map(|it| it.events_per_second).collect());
    bench.jobs_per_second = rate(bench.jobs, worked_for);
    bench.jobs_per_second_median =
        median(bench.turns.iter().map(|it| it.jobs_per_second).collect());
    bench.through_per_second = rate(events as u64, took + worked_for);
    Ok(bench)
}
