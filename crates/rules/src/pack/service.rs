//! `services/`, `forms/`, `parameters/`: public procedures, their forms and dated values.

use std::collections::BTreeMap;

use domain::{Confidence, Interval, LegalBasis, Text};
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::deadline_rule::Unit;
use super::one_or_many::OneOrMany;

/// A public procedure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The national code, where there is one.
    pub code: Option<String>,
    /// Older and local codes of the same procedure.
    #[serde(default)]
    pub aliases: Vec<At<String>>,
    /// Its name.
    pub name: Text,
    /// Who is responsible in general.
    pub authority: Text,
    /// How to file.
    #[serde(default)]
    pub channel: OneOrMany<LawValue>,
    /// How long the authority may take.
    #[serde(default)]
    pub processing: OneOrMany<LawValue>,
    /// What it costs.
    #[serde(default)]
    pub fee: OneOrMany<LawValue>,
    /// What must be shown.
    #[serde(default)]
    pub documents: Vec<Document>,
    /// The law.
    pub legal_basis: Vec<LegalBasis>,
    /// When the procedure exists.
    pub in_force: Interval,
    /// How well the record is sourced.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
    /// What else an author wants known.
    #[serde(default)]
    pub note: Option<Text>,
    /// The name of its file: how everything else refers to it.
    #[serde(skip)]
    pub key: String,
}

/// A value of law in words, or that it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LawValue {
    /// The value.
    #[serde(default)]
    pub text: Option<Text>,
    /// How sure we are.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// Where it was read.
    #[serde(default)]
    pub sources: Vec<At<String>>,
    /// Where it stands in the law.
    #[serde(default)]
    pub legal_basis: Option<LegalBasis>,
    /// When it holds; always where left out.
    #[serde(default)]
    pub in_force: Option<At<Interval>>,
    /// Where it is a sum of money: how much, in whole đồng.
    #[serde(default)]
    pub amount: Option<u64>,
    /// Where it is a length of time: how long.
    #[serde(default)]
    pub period: Option<Period>,
    /// Whether nobody found it out yet.
    #[serde(default)]
    pub unknown: bool,
    /// Why it is not known.
    #[serde(default)]
    pub because: Option<Text>,
}

impl LawValue {
    /// Whether it holds on `day`.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.in_force.as_ref().is_none_or(|period| period.contains(day))
    }
}

/// How long an authority may take. None of a unit is the day of filing itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// How many.
    pub count: u16,
    /// Of what.
    pub unit: PeriodUnit,
    /// The hour of the day after which a file counts as handed in on the next working day.
    #[serde(default)]
    pub cut_off: Option<Time>,
}

/// What an authority's time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodUnit {
    /// Hours of the clock, by day and night.
    Hours,
    /// Hours in which offices are open.
    WorkingHours,
    /// Every day counts.
    CalendarDays,
    /// Days off do not count.
    WorkingDays,
    /// To the same day of a later month, or its last day.
    Months,
    /// To the same day of a later year, or the month's last day.
    Years,
}

impl PeriodUnit {
    /// The same unit of days, months or years; `None` for hours.
    #[must_use]
    pub fn days(self) -> Option<Unit> {
        Some(match self {
            Self::Hours | Self::WorkingHours => return None,
            Self::CalendarDays => Unit::CalendarDays,
            Self::WorkingDays => Unit::WorkingDays,
            Self::Months => Unit::Months,
            Self::Years => Unit::Years,
        })
    }
}

/// A paper that a procedure asks for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is.
    pub name: Text,
    /// The registers whose data stand in for it. Empty: the paper itself is needed.
    #[serde(default)]
    pub replaced_by: Vec<At<String>>,
    /// In which case it is needed; always where left out.
    #[serde(default)]
    pub when: Option<Text>,
    /// How sure we are.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// Where it was read.
    #[serde(default)]
    pub sources: Vec<At<String>>,
}

/// A form, with the fields of the forms that it includes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// `LT_KS`.
    pub id: At<String>,
    /// Its title.
    pub title: Text,
    /// The act that prescribes it.
    pub basis: String,
    /// How well its fields are sourced.
    pub confidence: Confidence,
    /// Where they were read.
    pub sources: Vec<At<String>>,
    /// Forms whose fields come first.
    #[serde(default)]
    pub includes: Vec<At<String>>,
    /// Its own fields, in order.
    pub fields: Vec<FormField>,
    /// What else an author wants known.
    #[serde(default)]
    pub note: Option<String>,
}

/// One field of a form.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// Its key, unique in the form.
    pub key: At<String>,
    /// What people read beside it.
    pub label: Text,
    /// What goes in: text, date, pin12 and the like.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the form needs it.
    pub required: bool,
    /// The registers that hold it.
    #[serde(default)]
    pub held_by: Vec<At<String>>,
    /// Whether only the person may say it. Such a field is never filled.
    #[serde(default)]
    pub only_person: bool,
    /// What else an author wants known.
    #[serde(default)]
    pub note: Option<String>,
}

/// A dated value, for the whole country or for one place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// When it holds.
    pub in_force: At<Interval>,
    /// The province it holds in; everywhere where left out.
    #[serde(default)]
    pub place: Option<At<String>>,
    /// What it says.
    #[serde(default)]
    pub values: BTreeMap<String, ParameterValue>,
    /// What it does not say, and why.
    #[serde(default)]
    pub unknown: BTreeMap<String, Why>,
    /// The act.
    pub legal_basis: LegalBasis,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
    /// What else an author wants known.
    #[serde(default)]
    pub note: Option<String>,
}

/// One dated value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParameterValue {
    /// A day.
    Date(Date),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Words in one language.
    Text(String),
    /// Words in both.
    Words(Text),
}

/// A reason, in one language or in both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Why {
    /// In both.
    Words(Text),
    /// For readers of the pack.
    Plain(String),
}

impl Why {
    /// The reason as words; a plain one reads the same in both languages.
    #[must_use]
    pub fn words(&self) -> Text {
        match self {
            Self::Words(words) => words.clone(),
            Self::Plain(text) => Text { vi: text.clone(), en: text.clone() },
        }
    }
}
