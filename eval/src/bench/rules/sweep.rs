//! The rules over everybody in a database, as `cotmoc check --diff` goes over them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use engine::Reader;
use engine::population::{About, Sweep, Tally};
use rules::Purpose;
use rules::population::Finding;
use serde::Serialize;
use storage::Store;

use super::people::People;
use super::{Setting, Step, counter};
use crate::EvalError;
use crate::bench::rate;

/// How often a bar moves.
const MOVES: Duration = Duration::from_millis(200);

/// What a sweep took and found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SweepBench {
    /// People.
    pub people: usize,
    /// Facts that are known of them.
    pub facts: usize,
    /// The whole sweep, readings logged.
    pub seconds: f64,
    /// People a second.
    pub people_per_s: f64,
    /// The most memory that the program held by the end, in mebibytes.
    pub peak_mib: f64,
    /// The same before the sweep: what making the people took.
    pub peak_mib_before: f64,
    /// What had begun, by life event.
    pub found: BTreeMap<String, LifeEventCount>,
}

/// How many people one life event has begun for.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LifeEventCount {
    /// Its rule is met.
    pub met: u64,
    /// Facts are missing.
    pub unknown: u64,
    /// Services that it opens.
    pub services: u64,
}

#[derive(Default)]
struct Counted(BTreeMap<String, LifeEventCount>);

impl Tally for Counted {
    fn count(&mut self, about: &About<'_, '_>) {
        for reached in about.decided.iter().flatten() {
            let count = match self.0.get_mut(reached.life_event) {
                Some(count) => count,
                None => self.0.entry(reached.life_event.to_owned()).or_default(),
            };
            count.met += u64::from(reached.decided.finding == Finding::Met);
            count.unknown += u64::from(reached.decided.finding == Finding::Unknown);
            count.services += reached.decided.opened.len() as u64;
        }
    }

    fn add(&mut self, other: Self) {
        for (life_event, more) in other.0 {
            let count = self.0.entry(life_event).or_default();
            count.met += more.met;
            count.unknown += more.unknown;
            count.services += more.services;
        }
    }
}

/// Sweeps through everybody of `store`.
pub(super) async fn sweep(
    setting: &Setting<'_>,
    store: &Store,
    people: People,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<SweepBench, EvalError> {
    let law = setting.pack.head().purposes.get(&Purpose::Accountability);
    let sweep = Sweep {
        store: store.clone(),
        packs: vec![Arc::clone(&setting.pack)],
        as_of: setting.as_of,
        reader: Reader {
            by: "bench".to_owned(),
            purpose: Purpose::Accountability.name().to_owned(),
            legal_basis: law.map(domain::LegalBasis::cite).unwrap_or_default(),
        },
        now: setting.as_of.known,
        parts: engine::population::parts(),
    };
    let done = counter();
    let started = Instant::now();
    let work = sweep.run::<Counted>(&done);
    tokio::pin!(work);
    let found = loop {
        tokio::select! {
            found = &mut work => break found?,
            () = tokio::time::sleep(MOVES) => {
                progress(Step::Sweep, done.load(Ordering::Relaxed), people.people as u64);
            }
        }
    };
    let took = started.elapsed();
    Ok(SweepBench {
        people: people.people,
        facts: people.facts,
        seconds: took.as_secs_f64(),
        people_per_s: rate(people.people as u64, took),
        found: found.0,
        ..SweepBench::default()
    })
}
