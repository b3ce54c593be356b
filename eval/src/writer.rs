//! How well the writer is guarded: what the proof of free sentences lets through that is wrong, what
//! it refuses that is right, and what a hostile text can bring about.

use std::collections::BTreeMap;

use serde::Serialize;

mod interval;
mod pairs;
mod proof;
mod redteam;

pub use interval::Rate;
pub use pairs::{Fault, Kind, Origin, Pair, PairsError, Set, pairs};
pub use proof::{ProofReport, proof};
pub use redteam::{Asks, Hostile, Place, redteam};

/// What was measured of the writer. A part that was not asked for is left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WriterReport {
    /// The proof of free sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofReport>,
    /// What hostile texts brought about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redteam: Option<RedteamReport>,
}

/// What hostile texts brought about on their way through the real chain.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RedteamReport {
    /// How many cases were played.
    pub cases: usize,
    /// How many had an effect: something that the harmless twin of the case has not.
    pub effects: usize,
    /// Cases by where the hostile text stands.
    pub by_place: BTreeMap<String, usize>,
    /// Each effect: the case and what it brought about.
    pub told: Vec<String>,
}
