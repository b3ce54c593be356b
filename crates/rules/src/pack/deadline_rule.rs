//! How a deadline is found, and when to remind of it.

use domain::{LegalBasis, Text};
use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;

/// How a deadline is found: a period from or before a day, a day itself, or a day in a plan.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRule {
    /// A period: the path of the day from which it counts.
    #[serde(default)]
    pub after: Option<At<String>>,
    /// A period: the path of the day before which it counts.
    #[serde(default)]
    pub before: Option<At<String>>,
    /// A day itself, as the one printed on a card.
    #[serde(default)]
    pub on: Option<At<String>>,
    /// A period: how long.
    #[serde(default)]
    pub count: Option<u16>,
    /// A period: counted in what.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// A period: to the end of what it ends in.
    #[serde(default)]
    pub end: Option<PeriodEnd>,
    /// A plan: which parameter names the day.
    #[serde(default)]
    pub parameter: Option<At<String>>,
    /// A plan: which of its values.
    #[serde(default)]
    pub field: Option<At<String>>,
    /// A plan: the path that says whose plan.
    #[serde(default)]
    pub place: Option<At<String>>,
    /// The days after the start on which to remind.
    #[serde(default)]
    pub remind: Vec<u16>,
    /// The days before the end on which to remind.
    #[serde(default)]
    pub remind_before: Vec<u16>,
    /// What must be done by then.
    pub duty: Text,
    /// Where the period stands.
    pub legal_basis: LegalBasis,
}

impl DeadlineRule {
    /// The path of the day that it counts from, before, or is.
    #[must_use]
    pub fn start(&self) -> Option<&At<String>> {
        self.after.as_ref().or(self.before.as_ref()).or(self.on.as_ref())
    }

    /// The days on which to remind of what is due `on`, in order.
    pub(crate) fn reminders(&self, from: Date, on: Date) -> Vec<Date> {
        let later = self.remind.iter().map(|days| from.checked_add(i32::from(*days).days()));
        let earlier = self.remind_before.iter().map(|days| on.checked_sub(i32::from(*days).days()));
        let mut days: Vec<Date> = later.chain(earlier).flatten().filter(|day| *day <= on).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// What a period is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every day counts.
    CalendarDays,
    /// Days off do not count.
    WorkingDays,
    /// To the same day of a later month, or its last day.
    Months,
    /// To the same day of a later year, or the month's last day.
    Years,
}

/// How much further than its last day a period reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodEnd {
    /// To the last day of the month.
    Month,
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// How many.
    pub count: u16,
    /// Of what.
    pub unit: Unit,
}
