//! A milestone: one life event happening to one subject.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{AsOf, EventId, Lifecycle, MilestoneId, SubjectId, Trace, Verdict};

/// What brought it about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An event of a register.
    Event(EventId),
    /// The day came.
    Clock(Date),
}

/// Where a milestone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneState {
    /// Its rule answers *unknown*: facts are missing.
    Pending,
    /// Its rule holds.
    Reached,
    /// Its rule does not hold for what we know now.
    NotMet,
    /// What brought it about was withdrawn or corrected away. Nothing follows from it any more.
    Withdrawn,
    /// All that it opened was done, refused or has passed.
    Closed,
}

impl Lifecycle for MilestoneState {
    const WHAT: &'static str = "milestone";

    fn next(self) -> &'static [Self] {
        use MilestoneState::{Closed, NotMet, Pending, Reached, Withdrawn};
        match self {
            Pending => &[Reached, NotMet, Withdrawn],
            NotMet => &[Pending, Reached, Withdrawn],
            Reached => &[Withdrawn, Closed],
            // A withdrawal was itself wrong: the fact came back.
            Withdrawn => &[Pending, Reached],
            Closed => &[Withdrawn],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Reached => "reached",
            Self::NotMet => "not_met",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }
}

/// One life event happening to one subject on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// Made from (life event, subject, occurrence).
    pub id: MilestoneId,
    /// The life event's id in the pack.
    pub life_event: String,
    /// Whose milestone it is.
    pub subject: SubjectId,
    /// What tells two occurrences apart: a day, or the number of a contract.
    pub occurrence: String,
    /// The day it happened.
    pub occurred_on: Date,
    /// Where it stands.
    pub state: MilestoneState,
    /// Who plays which role in it (`child`, `mother`).
    pub roles: BTreeMap<String, SubjectId>,
    /// What the rule answered.
    pub verdict: Verdict,
    /// The three dates of that answer.
    pub as_of: AsOf,
    /// The version of the pack that answered.
    pub pack: String,
    /// What brought it about.
    pub cause: Cause,
    /// One trace from the event to the delivery.
    pub trace: Trace,
}

impl Milestone {
    /// The id of `life_event` happening to `subject` as `occurrence`.
    #[must_use]
    pub fn id_of(life_event: &str, subject: SubjectId, occurrence: &str) -> MilestoneId {
        MilestoneId::of(&[life_event, &subject.to_string(), occurrence])
    }

    /// Everyone whom something about it may name: its subject, and whoever plays a role.
    #[must_use]
    pub fn named(&self) -> BTreeSet<SubjectId> {
        self.roles.values().copied().chain([self.subject]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_withdrawal_follows_a_closed_milestone() {
        assert!(MilestoneState::Closed.move_to(MilestoneState::Withdrawn).is_ok());
        let error = MilestoneState::Closed.move_to(MilestoneState::Reached).unwrap_err();
        assert_eq!(error.to_string(), "a milestone cannot go from `closed` to `reached`");
    }
}
