//! `examples.yaml`: situations with the answer that an author expects. They are tests.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Interval, Verdict};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::one_or_many::OneOrMany;

/// One situation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What is the case, in a sentence.
    pub situation: At<String>,
    /// The three dates.
    #[serde(default)]
    pub as_of: Option<ExampleDates>,
    /// All three dates at once.
    #[serde(default)]
    pub today: Option<Date>,
    /// What is known.
    #[serde(default)]
    pub facts: BTreeMap<At<String>, At<serde_json::Value>>,
    /// What must come out.
    pub expect: Expect,
    /// Why.
    #[serde(default)]
    pub because: Option<String>,
}

/// The three dates of an example; what is left out follows `occurred`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExampleDates {
    /// The day whose state is asked about.
    pub occurred: Date,
    /// The moment whose knowledge is used.
    #[serde(default)]
    pub known: Option<Moment>,
    /// The day whose law is applied.
    #[serde(default)]
    pub law: Option<Date>,
}

/// A moment, or the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Moment {
    /// A moment.
    Timestamp(Timestamp),
    /// The end of a day.
    Day(Date),
}

/// What must come out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Of the life event.
    pub verdict: Expected,
    /// What holds it back, where the example is about that.
    #[serde(default)]
    pub hold: Option<ExpectHold>,
    /// Of its services, those that the example is about.
    #[serde(default)]
    pub services: BTreeMap<At<String>, ExpectService>,
}

/// What an example says about what holds a life event back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectHold {
    /// Nothing.
    None,
    /// Somebody whom it guards has died.
    Deceased,
    /// It hurts, and a person releases it.
    Officer,
    /// It hurts, and it is too early.
    Wait,
}

impl ExpectHold {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Deceased => "deceased",
            Self::Officer => "officer",
            Self::Wait => "wait",
        }
    }
}

/// What must come out of one service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectService {
    /// Its verdict.
    pub verdict: Expected,
    /// Who is told.
    #[serde(default, rename = "for")]
    pub told: Option<String>,
    /// By when; `null` for a deadline that must stay unknown.
    #[serde(default)]
    pub deadline: ExpectDay,
    /// When its results are due, if it is filed at some moment.
    #[serde(default)]
    pub result: Option<ExpectResult>,
    /// Fields that must be filled.
    #[serde(default)]
    pub filled: Vec<At<String>>,
    /// Fields that must be asked.
    #[serde(default)]
    pub missing: Vec<At<String>>,
    /// Fields on which registers must be seen to disagree.
    #[serde(default)]
    pub conflict: Vec<At<String>>,
}

/// What an example says about when results are due.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectResult {
    /// When it is filed, in the country's own time.
    pub filed: DateTime,
    /// The last day of each length of time that can be counted, in the order of the service.
    pub on: OneOrMany<Date>,
}

/// What an example says about a deadline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpectDay {
    /// Nothing: any will do.
    #[default]
    Unsaid,
    /// That it must stay unknown.
    Unknown,
    /// The day.
    On(Date),
}

impl<'de> Deserialize<'de> for ExpectDay {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let day = Option::<Date>::deserialize(from)?;
        Ok(day.map_or(Self::Unknown, Self::On))
    }
}

/// A verdict as an author writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// It holds.
    Met,
    /// It does not.
    Unmet,
    /// These facts are missing.
    Unknown(BTreeSet<String>),
}

impl Expected {
    /// As the engine answers it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Met => Verdict::Met,
            Self::Unmet => Verdict::Unmet,
            Self::Unknown(missing) => Verdict::Unknown { missing: missing.clone() },
        }
    }
}

/// A fact of an example that says more than its value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailedFact {
    /// What it says.
    pub value: serde_json::Value,
    /// From when on it holds.
    #[serde(default)]
    pub from: Option<Date>,
    /// Until when.
    #[serde(default)]
    pub until: Option<Date>,
    /// Who says so; the attribute's first owner where left out.
    #[serde(default)]
    pub register: Option<String>,
}

impl DetailedFact {
    /// When it holds.
    #[must_use]
    pub fn valid(&self) -> Interval {
        Interval { from: self.from.unwrap_or(DAWN), until: self.until }
    }
}

/// Before everything that any example is about.
pub(crate) const DAWN: Date = jiff::civil::date(1, 1, 1);

/// What one line of an example tells: a value, `{value, ...}`, or a list of these where
/// registers differ.
pub(crate) fn details(written: &serde_json::Value) -> Vec<DetailedFact> {
    let detailed = |json: &serde_json::Value| {
        json.get("value")?;
        serde_json::from_value::<DetailedFact>(json.clone()).ok()
    };
    if let Some(items) = written.as_array() {
        let all: Option<Vec<DetailedFact>> = items.iter().map(detailed).collect();
        if let Some(all) = all.filter(|all| !all.is_empty()) {
            return all;
        }
    }
    let plain = || DetailedFact { value: written.clone(), from: None, until: None, register: None };
    vec![detailed(written).unwrap_or_else(plain)]
}
