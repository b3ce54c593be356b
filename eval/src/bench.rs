//! Benchmarks: how much goes through in a second.
//!
//! They measure and judge nothing: what is fast enough depends on the machine.

pub mod inference;
mod intake;
mod load;
mod plans;
mod rules;
mod search;
mod synthetic;
mod write;

pub use intake::{IntakeBench, Turn, intake};
pub use load::{Batches, Load, LoadBench, LoadStep};
pub use rules::{DuePoint, LifeEventCount, Peers, RulesBench, Setting, Step, SweepBench, rules};
pub use search::{
    ProceduresPoint, SearchBench, SearchBenchError, SearchSetting, Took, VectorsPoint, search,
};
pub use synthetic::Synthetic;
pub use write::{WriteBench, WrittenPlan, write};

use std::time::Duration;

use engine::App;
use writer::PlanInput;

/// One letter of each kind that the samples bring about: what its plan is made of.
pub(crate) fn letter_kinds(app: &App) -> Vec<PlanInput> {
    plans::KINDS.iter().filter_map(|kind| kind.input(app)).collect()
}

/// How many a second; `0` of no time at all.
fn rate(count: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "benchmarks count far below 2^52")]
    let count = count as f64;
    let seconds = took.as_secs_f64();
    if seconds > 0.0 { count / seconds } else { 0.0 }
}
