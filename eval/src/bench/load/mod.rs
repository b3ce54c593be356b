//! A server under load, as registers and portals meet it: over HTTP, from another process.
//!
//! Requests come at the times of a timetable, whether earlier ones were answered or not, and are
//! timed from when they should have been sent: a server that falls behind cannot hide it by
//! making its callers wait.

mod caller;

use std::time::{Duration, Instant};

use domain::{PseudonymKey, SubjectId, SubjectKind};
use jiff::Timestamp;
use rules::Pack;
use serde::Serialize;
use serde_json::Value;

use self::caller::{Caller, paced};
use super::synthetic::Births;
use super::{Synthetic, rate};
use crate::EvalError;
use crate::timing::{at, milliseconds};

/// Single events a second.
const SINGLE: u32 = 500;
/// Events a second whose suggestions are waited for.
const CHAIN: u32 = 200;
/// Readings a second beside them.
const READS: u32 = 500;
/// Of so many events one is watched until its suggestion can be read.
const WATCHED: usize = 10;

/// How many people are read.
const READ: usize = 200;
/// Single events are told of births from this one on: more than come before.
const SINGLE_FROM: usize = 500_000;
/// Batches are told of people from this telling on, whom no birth before names.
const BATCHES_FROM: usize = 900_000;

/// What is loaded, and how.
#[derive(Debug)]
pub struct Load<'a> {
    /// The server's address, as in `http://127.0.0.1:8466`.
    pub address: String,
    /// A key of the server with the scopes `events` and `suggestions`.
    pub key: String,
    /// What the server makes pseudonyms with.
    pub pseudonyms: PseudonymKey,
    /// What the events are made of.
    pub pack: &'a Pack,
    /// How many births are told of before, in batches.
    pub known: usize,
    /// How many events come in batches.
    pub events: usize,
    /// How many events are in a batch.
    pub batch: usize,
    /// How many batches are under way at once.
    pub at_once: usize,
    /// How long each of the paced parts lasts.
    pub lasts: Duration,
    /// Which part of the goals' pace: 1.0 is all of it.
    pub pace: f64,
    /// This moment: the births that are told of were a little before.
    pub now: Timestamp,
}

/// A part of the benchmark, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadStep {
    /// Births that are told of before.
    Known,
    /// Batches.
    Batches,
    /// A bare insert of what came in batches.
    Floor,
    /// Events and readings, with a worker beside them.
    Chain,
    /// Single events, with a worker beside them.
    Single,
}

/// What came in batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batches {
    /// How many batches.
    pub count: usize,
    /// How many events were taken.
    pub events: usize,
    /// How long they took.
    pub took: Duration,
}

/// What one database answered.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoadBench {
    /// Events a second in batches, acknowledged and so on the disk.
    pub intake_events_per_s: f64,
    /// Single events at 500 a second, or the part of it that was asked for: 99 of 100 are acknowledged within.
    pub single_p99_ms: f64,
    /// Events at 200 a second, or that part of it: 99 of 100 have their suggestion readable within.
    pub visible_p99_ms: f64,
    /// Readings at 500 a second, or that part of it, beside that: 99 of 100 are answered within.
    pub read_p99_ms: f64,
    /// Intake's time over that of a bare insert of the same rows; none where births were told before.
    pub floor_ratio: Option<f64>,
    /// The middles of the same.
    pub single_p50_ms: f64,
    /// See [`LoadBench::single_p50_ms`].
    pub visible_p50_ms: f64,
    /// See [`LoadBench::single_p50_ms`].
    pub read_p50_ms: f64,
    /// Which part of the goals' pace.
    pub pace: f64,
    /// Events in batches.
    pub events: usize,
    /// Births that were told of before.
    pub known: usize,
    /// Rows that the events in batches became, where the floor was measured.
    pub rows: usize,
    /// Requests that were refused or not answered, and suggestions that did not come; none of
    /// them is in the times.
    pub failed: u64,
    /// Mebibytes that the server held after the first third of [`Load::chain`], and at its end.
    pub memory_mib: [f64; 2],
}

impl Load<'_> {
    /// Events and readings at an even pace, on a server that has nothing else to do: how long until
    /// suggestions can be read. `memory` tells what the server holds.
    pub async fn chain(
        &self,
        bench: &mut LoadBench,
        memory: impl Fn() -> f64,
    ) -> Result<(), EvalError> {
        let caller = Caller::new(self)?;
        let mut births = self.births()?.skipping(self.known);
        let known = self.warm(&caller, &mut births).await?;
        let telling = paced(self.pace(CHAIN), self.lasts, |place| {
            let (event, mother) = births.tell();
            let (caller, mother) = (caller.clone(), self.person(&mother));
            async move {
                caller.tell(&event).await?;
                if place % WATCHED != 0 {
                    return Ok(false);
                }
                caller.wait_for(mother).await?;
                Ok(true)
            }
        });
        let reading = paced(self.pace(READS), self.lasts, |place| {
            let mother = known.get(place % known.len().max(1)).copied();
            let caller = caller.clone();
            async move {
                match mother {
                    Some(mother) => caller.read(mother).await,
                    None => Ok(0),
                }
            }
        });
        let early = async {
            tokio::time::sleep(self.lasts / 3).await;
            memory()
        };
        let (told, read, early) = tokio::join!(telling, reading, early);
        bench.memory_mib = [early, memory()];
        let watched = told.into_iter().filter(|(seen, _)| !matches!(seen, Ok(false))).collect();
        (bench.visible_p50_ms, bench.visible_p99_ms) = middles(&settled(watched, bench));
        (bench.read_p50_ms, bench.read_p99_ms) = middles(&settled(read, bench));
        Ok(())
    }

    /// Tells a few births and waits until the last of them can be read. Answers their mothers.
    async fn warm(
        &self,
        caller: &Caller,
        births: &mut Births,
    ) -> Result<Vec<SubjectId>, EvalError> {
        let mut known = Vec::with_capacity(READ);
        for _ in 0..READ {
            let (event, mother) = births.tell();
            caller.tell(&event).await?;
            known.push(self.person(&mother));
        }
        for mother in &known {
            caller.wait_for(*mother).await?;
        }
        Ok(known)
    }

    /// So many a second of `goal`.
    fn pace(&self, goal: u32) -> f64 {
        f64::from(goal) * self.pace
    }

    fn person(&self, pin: &str) -> SubjectId {
        self.pseudonyms.subject(SubjectKind::Person, pin)
    }

    /// Single events at an even pace, with a worker beside them.
    pub async fn single(&self, bench: &mut LoadBench) -> Result<(), EvalError> {
        let caller = Caller::new(self)?;
        let mut births = self.births()?.skipping(SINGLE_FROM);
        let told = paced(self.pace(SINGLE), self.lasts, |_| {
            let (event, _) = births.tell();
            let caller = caller.clone();
            async move { caller.tell(&event).await }
        })
        .await;
        let took = settled(told, bench);
        (bench.single_p50_ms, bench.single_p99_ms) = middles(&took);
        Ok(())
    }

    /// Births that are known before anything else comes, in batches. `progress` hears how many are
    /// through.
    pub async fn known(
        &self,
        bench: &mut LoadBench,
        progress: impl FnMut(usize),
    ) -> Result<(), EvalError> {
        let mut births = self.births()?;
        let told = std::iter::repeat_with(|| births.tell().0).take(self.known);
        bench.known = self.send(told, bench, progress).await?.events;
        Ok(())
    }

    /// Events in batches, as fast as they are taken. `progress` hears how many are through.
    pub async fn batches(
        &self,
        bench: &mut LoadBench,
        progress: impl FnMut(usize),
    ) -> Result<Batches, EvalError> {
        let told = Synthetic::of(self.pack)?.skipping(BATCHES_FROM).take(self.events);
        let batches = self.send(told, bench, progress).await?;
        bench.events = batches.events;
        bench.intake_events_per_s = rate(batches.events as u64, batches.took);
        Ok(batches)
    }

    fn births(&self) -> Result<Births, EvalError> {
        Births::of(self.pack, self.now)
    }

    /// Sends `events` in batches, several at once.
    async fn send(
        &self,
        events: impl Iterator<Item = Value>,
        bench: &mut LoadBench,
        mut progress: impl FnMut(usize),
    ) -> Result<Batches, EvalError> {
        let caller = Caller::new(self)?;
        // Made beforehand: the generator has the same cores as the server.
        let mut bodies = Vec::new();
        let mut events = events.peekable();
        while events.peek().is_some() {
            let some: Vec<Value> = events.by_ref().take(self.batch.max(1)).collect();
            bodies.push((some.len(), serde_json::to_vec(&some).unwrap_or_default()));
        }
        let count = bodies.len();
        let (mut through, mut failed) = (0, 0);
        let mut bodies = bodies.into_iter();
        let mut under_way = tokio::task::JoinSet::new();
        let began = Instant::now();
        loop {
            while under_way.len() < self.at_once.max(1)
                && let Some((count, body)) = bodies.next()
            {
                let caller = caller.clone();
                under_way.spawn(async move { (count, caller.batch(body).await) });
            }
            let Some(ended) = under_way.join_next().await else { break };
            match ended {
                Ok((count, Ok(()))) => through += count,
                Ok((_, Err(error))) => {
                    tracing::warn!(error = %error, "a batch was not taken");
                    failed += 1;
                }
                Err(_) => failed += 1,
            }
            progress(through);
        }
        bench.failed += failed;
        Ok(Batches { count, events: through, took: began.elapsed() })
    }
}

/// The times of what was answered, shortest first; what was not is counted.
fn settled<T>(
    answers: Vec<(Result<T, EvalError>, Duration)>,
    bench: &mut LoadBench,
) -> Vec<Duration> {
    let mut took = Vec::with_capacity(answers.len());
    for (answer, time) in answers {
        match answer {
            Ok(_) => took.push(time),
            Err(error) => {
                tracing::warn!(error = %error, "a request failed");
                bench.failed += 1;
            }
        }
    }
    took.sort_unstable();
    took
}

/// The middle, and what 99 of 100 lie below, in milliseconds.
fn middles(sorted: &[Duration]) -> (f64, f64) {
    (milliseconds(at(sorted, 50)), milliseconds(at(sorted, 99)))
}
