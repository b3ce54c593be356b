//! `events/<name>.yaml`: how to read what one kind of event tells.

use std::collections::BTreeMap;

use domain::{LegalBasis, SubjectKind, Text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::country::ValueKind;

/// How to read one kind of event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFile {
    /// `vn.health.birth-certified.v1`.
    #[serde(rename = "type")]
    pub(crate) kind: At<String>,
    /// What it tells.
    pub(crate) title: Text,
    /// Which register sends it.
    pub(crate) register: At<String>,
    /// What we may use it for.
    pub(crate) purpose: Text,
    /// The law that lets us read it; the register's where left out.
    #[serde(default)]
    pub(crate) legal_basis: Option<LegalBasis>,
    /// The day from which its facts hold: a pointer, or the word `event`.
    #[serde(default)]
    pub(crate) time: Option<At<String>>,
    /// A pointer to the register's own record number.
    #[serde(default)]
    pub(crate) record: Option<At<String>>,
    /// Whom it is about.
    #[serde(default)]
    pub(crate) subjects: BTreeMap<At<String>, EventSubject>,
    /// What it says about them.
    #[serde(default)]
    pub(crate) facts: Vec<EventFact>,
    /// Which personal numbers to compare with birth date and sex.
    #[serde(default)]
    pub(crate) checks: BTreeMap<At<String>, NumberCheck>,
    /// Whether it tells something or takes something back.
    #[serde(default)]
    pub(crate) effect: Effect,
}

/// One subject of an event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventSubject {
    /// What it is.
    pub(crate) kind: SubjectKind,
    /// What kind of identifier it has: `pin` for personal numbers.
    pub(crate) scheme: String,
    /// The pointer to the identifier.
    pub(crate) at: At<String>,
    /// Whether the event may leave it out.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// One fact of an event: the value at a pointer, another subject, or a constant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFact {
    /// About which subject.
    pub(crate) of: At<String>,
    /// Which attribute.
    pub(crate) attribute: At<String>,
    /// The pointer to the value.
    #[serde(default)]
    pub(crate) at: Option<At<String>>,
    /// What to read it as; the attribute's kind where left out.
    #[serde(default, rename = "as")]
    pub(crate) kind: Option<ValueKind>,
    /// Another subject of the same event.
    #[serde(default)]
    pub(crate) subject: Option<At<String>>,
    /// A constant.
    #[serde(default)]
    pub(crate) value: Option<At<serde_json::Value>>,
}

/// What to compare a personal number with.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberCheck {
    /// The pointer to the birth date.
    #[serde(default)]
    pub(crate) born_on: Option<At<String>>,
    /// The pointer to the sex.
    #[serde(default)]
    pub(crate) sex: Option<At<String>>,
}

/// What an event does to what we know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// It tells facts.
    #[default]
    Tell,
    /// It takes back an earlier event, named at `/withdraws`.
    Withdraw,
}
