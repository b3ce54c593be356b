//! How good letters are and how well they are guarded: letters of every shape read back, what the
//! proof of free sentences lets through that is wrong and refuses that is right, and what a hostile
//! text can bring about.

use std::collections::BTreeMap;

use serde::Serialize;

mod interval;
pub mod letters;
mod pairs;
mod proof;
mod redteam;
mod sheet;
mod spread;
mod written;

pub use interval::Rate;
pub use letters::{Composed, Free, LettersReport, Notices, Speed};
pub use pairs::{Fault, Kind, Origin, Pair, PairsError, Set, pairs};
pub use proof::{ProofReport, proof};
pub use redteam::{Asks, Hostile, Place, redteam};
pub use sheet::{Couple, Way, couples, sheet};
pub use spread::spread;
pub use written::{Bank, Written, WrittenLetters, written, written_letters};

/// What was measured of the writer.
#[derive(Debug, Clone, Serialize)]
pub struct WriterReport {
    /// Letters of every shape.
    #[serde(flatten)]
    pub letters: LettersReport,
    /// The share of what a model worded that was accepted, by the way to it.
    pub accepted_share: AcceptedShare,
    /// What the model composed; left out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composed: Option<Composed>,
    /// What the model wrote; left out where it was not asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// The letters that come of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_letters: Option<WrittenLetters>,
    /// What a model makes of the same cases where it writes the whole letter; left out where it was
    /// not asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<Free>,
    /// Letters filled in a second on the most threads that were tried, the plan at hand.
    pub render_per_s: f64,
    /// The same for more threads, and planned as well.
    pub render: Vec<Speed>,
    /// Notices on channels that ring, by how much they say.
    pub notices: BTreeMap<&'static str, Notices>,
    /// The proof of free sentences.
    pub proof: ProofReport,
    /// What hostile texts brought about.
    pub redteam: RedteamReport,
}

/// Shares of what was accepted, from 0 to 1; nothing where a way was not gone.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct AcceptedShare {
    /// Of shapes: composed from the phrases that people approved.
    pub compose: Option<f64>,
    /// Of phrases: written anew, of sixteen texts one or more proved.
    pub write: Option<f64>,
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
