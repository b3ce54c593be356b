//! What a run of the chain measured: what `--json` prints and the page shows.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::timing::Stage;

/// How the whole chain did on the sample families.
#[derive(Debug, Clone, Serialize)]
pub struct ChainReport {
    /// The pack that was run, as `vn 2026.11.0`.
    pub pack: String,
    /// sha256 of its files.
    pub pack_hash: String,
    /// sha256 of the model that worded, empty without one.
    pub model: String,
    /// The day up to which the samples were played.
    pub today: Date,
    /// The events that were played.
    pub events: Events,
    /// Milestones.
    pub milestones: Found,
    /// Suggested services.
    pub suggestions: Found,
    /// Deadlines of the suggestions that were found.
    pub deadlines: Checked,
    /// Fields of drafts.
    pub prefill: Prefill,
    /// Letters.
    pub messages: Messages,
    /// The pack's own examples.
    pub examples: Examples,
    /// How long it took.
    pub timings: Timings,
    /// Each milestone that was expected.
    pub cases: Vec<Case>,
    /// Everything that came out differently.
    pub differences: Vec<Difference>,
    /// Each limit of `thresholds.toml`.
    pub thresholds: Vec<Threshold>,
}

impl ChainReport {
    /// The limits that were missed.
    pub fn failures(&self) -> impl Iterator<Item = &Threshold> {
        self.thresholds.iter().filter(|it| !it.passed)
    }

    /// Whether every limit was kept.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The report as one page that needs nothing else: no script, no font, no other file.
    #[must_use]
    pub fn html(&self) -> String {
        crate::page::page(self)
    }
}

/// What became of the events that were played.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Events {
    /// New ones.
    pub new: u64,
    /// Delivered before.
    pub repeats: u64,
    /// Set aside.
    pub set_aside: u64,
    /// Jobs that were given up.
    pub dead_jobs: u64,
}

/// Things that should be found, and were or were not.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Found {
    /// How many should be found.
    pub expected: usize,
    /// Found, and as they should be.
    pub right: usize,
    /// Not found, or not standing.
    pub missed: usize,
    /// Found where none should be, or still standing where it was taken back.
    #[serde(rename = "false")]
    pub invented: usize,
    /// Found, but otherwise than they should be.
    pub wrong: usize,
}

/// Values that were compared.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Checked {
    /// How many were compared.
    pub expected: usize,
    /// How many were right.
    pub right: usize,
    /// How many were not.
    pub wrong: usize,
}

/// Fields of drafts, in all and by form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Prefill {
    /// Fields that were compared.
    pub fields: usize,
    /// Of them right: value, gap or disagreement as it should be.
    pub correct: usize,
    /// `correct` of `fields`.
    pub correct_percent: f64,
    /// Filled with another value.
    pub wrong: usize,
    /// Not filled though the registers told the value.
    pub not_filled: usize,
    /// Filled though nobody told the value, or the registers disagree.
    pub overfilled: usize,
    /// Filled though only the person may say it; counted over every draft.
    pub filled_for_the_person: usize,
    /// Drafts that hold what the other side's draft may not.
    pub leaks: usize,
    /// Over every draft: fields that are filled.
    pub filled_of_all: usize,
    /// Over every draft: fields.
    pub all: usize,
    /// By form.
    pub forms: BTreeMap<String, FormFields>,
}

/// The fields of one form.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct FormFields {
    /// Drafts of this form.
    pub drafts: usize,
    /// Fields that were compared.
    pub fields: usize,
    /// Of them right.
    pub correct: usize,
    /// Over every draft of it: fields that are filled.
    pub filled: usize,
    /// Over every draft of it: fields.
    pub all: usize,
}

/// Letters.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Messages {
    /// How many should arrive.
    pub expected: usize,
    /// How many did.
    pub sent: usize,
    /// Should have arrived and did not.
    pub missing: usize,
    /// Arrived and should not have.
    pub unexpected: usize,
    /// Arrived in another language, without what they must say, or with what they must not.
    pub wrong: usize,
    /// Arrived unproved.
    pub unproved: usize,
    /// How many must be held.
    pub to_hold: usize,
    /// Held, or never made.
    pub held: usize,
    /// Of those that arrived: worded by the model and proved.
    pub by_model: usize,
    /// Of those that arrived: the approved wording.
    pub by_template: usize,
    /// `by_model` of `sent`.
    pub by_model_percent: f64,
}

/// The pack's own examples.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Examples {
    /// How many there are.
    pub all: usize,
    /// How many passed.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// Those that did not, in words.
    pub failures: Vec<Difference>,
}

/// How long it took.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// Playing the samples, all stages.
    pub play_seconds: f64,
    /// The examples.
    pub examples_seconds: f64,
    /// Each stage.
    pub stages: Vec<Stage>,
}

/// One expected milestone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The family.
    pub family: String,
    /// The life event, and whom or what it is about.
    pub about: String,
    /// How it should stand, and why.
    pub expected: String,
    /// How it stands.
    pub got: String,
    /// How many things about it came out differently: services, fields, letters too.
    pub differences: usize,
}

/// One thing that came out differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The family, or the life event of an example.
    pub family: String,
    /// What it is about.
    pub about: String,
    /// What should have come out.
    pub expected: String,
    /// What did.
    pub got: String,
}

/// One limit and how it was kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// Its name in `thresholds.toml`.
    pub name: String,
    /// `at_most` or `at_least`.
    pub kind: &'static str,
    /// The limit.
    pub limit: f64,
    /// What was measured.
    pub value: f64,
    /// Whether it was kept.
    pub passed: bool,
}
