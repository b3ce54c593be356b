//! The days that time brings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::deadline_rule::Length;
use super::one_or_many::OneOrMany;

/// Days counted from a fact: birthdays, the end of a card, an age that a table sets.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// The path of the day that is counted from.
    pub after: At<String>,
    /// How many years later, once or several times.
    #[serde(default)]
    pub years: OneOrMany<i16>,
    /// How many months later.
    #[serde(default)]
    pub months: OneOrMany<i16>,
    /// How many days later.
    #[serde(default)]
    pub days: OneOrMany<i16>,
    /// An age that a dated table sets.
    #[serde(default)]
    pub ages: Option<AgeTable>,
    /// The month and day on which it is due in that year; the anniversary where left out.
    #[serde(default)]
    pub on: Option<At<String>>,
    /// How long before the day it strikes.
    #[serde(default)]
    pub ahead: Option<Length>,
    /// How long after the day it still counts; for ever where left out.
    #[serde(default)]
    pub lasts: Option<Length>,
}

/// An age in months that changes by date and by what a fact says.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeTable {
    /// The parameter whose rows hold the ages.
    pub parameter: At<String>,
    /// The path of what chooses the field.
    pub by: At<String>,
    /// Which of the parameter's fields counts for which value.
    pub fields: BTreeMap<String, At<String>>,
}
