//! The rules over a population: how long one person takes, how fast a sweep through a database
//! goes, whether a day costs what is due on it, and how that compares with other engines.
//!
//! The people do not exist and are the same at every run. Making them is not counted.

mod due;
mod one;
mod peers;
mod people;
mod sweep;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::AsOf;
use rules::Pack;
use serde::Serialize;
use storage::Store;

use crate::EvalError;

pub use due::DuePoint;
pub use peers::Peers;
pub use sweep::{LifeEventCount, SweepBench};

/// How many people are in memory at once while one is measured.
const IN_MEMORY: usize = 20_000;
/// The sizes of the table of due days.
const DUE_ROWS: [usize; 3] = [100_000, 1_000_000, 10_000_000];

/// What the benchmark measured.
#[derive(Debug, Clone, Serialize)]
pub struct RulesBench {
    /// The life events of the pack.
    pub life_events: usize,
    /// Deciding all life events about one person, everything in memory, on one core: the middle.
    pub person_us_median: f64,
    /// 95 of 100 people take no longer.
    pub person_us_p95: f64,
    /// Settling what is known of one person beforehand: the middle.
    pub load_us_median: f64,
    /// How many life events had begun for one person, on average.
    pub begun_per_person: f64,
    /// The same person, one life event after the other, each with its receipt, as the worker
    /// decides: the middle.
    pub with_receipts_us_median: f64,
    /// All life events about everybody in memory at once, begun or not: for each person.
    pub in_columns_us_per_person: f64,
    /// The sweep through the database.
    pub sweep: SweepBench,
    /// People a second through the sweep.
    pub sweep_people_per_s: f64,
    /// A day's run at several sizes of the table of due days.
    pub due: Vec<DuePoint>,
    /// The time for each due row with the fullest table, over that with the emptiest.
    pub due_growth: f64,
    /// How many times as fast we are as the fastest other engine, about the same questions: over 1
    /// we are faster. Not known where nobody compared.
    pub ratio_to_fastest_peer: Option<f64>,
    /// The other engines, or how to compare with them.
    pub peers: Peers,
}

/// Where the benchmark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Making people.
    People,
    /// Deciding in memory.
    InMemory,
    /// Sweeping.
    Sweep,
    /// A day's run.
    Due,
}

/// What the benchmark is done with.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The pack.
    pub pack: Arc<Pack>,
    /// The three dates.
    pub as_of: AsOf,
    /// How many people the database gets.
    pub people: usize,
    /// The sizes of the table of due days; the usual ones where empty.
    pub due_rows: &'a [usize],
    /// How the databases are opened: with keys that seal what names people.
    pub options: &'a storage::Options,
    /// A folder for databases.
    pub scratch: &'a Path,
    /// What the comparison with other engines left.
    pub peers: &'a Path,
}

/// Measures. `progress` hears the step, how much of it is done and how much there is;
/// `peak_mib` tells how much memory the program ever held.
pub async fn rules(
    setting: &Setting<'_>,
    peak_mib: &dyn Fn() -> f64,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<RulesBench, EvalError> {
    let store = open(setting, "people.db").await?;
    progress(Step::People, 0, setting.people as u64);
    let told =
        people::fill(&store, &setting.pack, setting.as_of.occurred, setting.people, &mut |done| {
            progress(Step::People, done, setting.people as u64);
        })
        .await?;
    let before = peak_mib();
    let sweep = sweep::sweep(setting, &store, told, progress).await?;
    let sweep = SweepBench { peak_mib: peak_mib(), peak_mib_before: before, ..sweep };
    store.close().await;
    progress(Step::InMemory, 0, IN_MEMORY as u64);
    let one = one::one(&setting.pack, setting.as_of, setting.people.min(IN_MEMORY));
    let sizes = if setting.due_rows.is_empty() { &DUE_ROWS } else { setting.due_rows };
    let mut due = Vec::new();
    for (place, rows) in sizes.iter().enumerate() {
        progress(Step::Due, place as u64, sizes.len() as u64);
        let store = open(setting, &format!("due-{rows}.db")).await?;
        due.push(due::point(&store, &setting.pack, setting.as_of.occurred, *rows).await?);
        store.close().await;
    }
    let edge = |point: Option<&DuePoint>| point.map_or(0.0, |it| it.us_per_due_row_median);
    let (first, last) = (edge(due.first()), edge(due.last()));
    let peers = peers::read(setting.peers);
    Ok(RulesBench {
        life_events: setting.pack.life_events().count(),
        person_us_median: one.person.0,
        person_us_p95: one.person.1,
        load_us_median: one.load.0,
        begun_per_person: one.begun,
        with_receipts_us_median: one.with_receipts.0,
        in_columns_us_per_person: one.in_columns,
        sweep_people_per_s: sweep.people_per_s,
        sweep,
        due,
        due_growth: if first > 0.0 { last / first } else { 0.0 },
        ratio_to_fastest_peer: peers.ratio(),
        peers,
    })
}

async fn open(setting: &Setting<'_>, name: &str) -> Result<Store, EvalError> {
    let url = format!("sqlite:{}", setting.scratch.join(name).display());
    let store = Store::open(&url, setting.options).await?;
    store.migrate().await?;
    Ok(store)
}

/// A counter that a sweep counts on.
fn counter() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(0))
}
