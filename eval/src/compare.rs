//! Compares what is stored with what a person expected, milestone by milestone.

mod drafts;
mod letters;
mod services;

use std::collections::BTreeSet;

use domain::{Lifecycle as _, MilestoneId, MilestoneState};

use crate::EvalError;
use crate::expect::{Expectations, ExpectedMilestone, ExpectedState, People};
use crate::report::{Case, Checked, Difference, Found, Messages, Prefill};
use crate::stored::StoredMilestone;

const NOT_RECORDED: &str = "not recorded";

/// What the comparison counted.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) milestones: Found,
    pub(crate) suggestions: Found,
    pub(crate) deadlines: Checked,
    pub(crate) prefill: Prefill,
    pub(crate) messages: Messages,
    pub(crate) cases: Vec<Case>,
    pub(crate) differences: Vec<Difference>,
}

impl Comparison {
    /// Compares everything.
    pub(crate) fn of(
        expected: &Expectations,
        stored: &[StoredMilestone],
        people: &People<'_>,
    ) -> Result<Self, EvalError> {
        let mut this = Self::default();
        let mut known: BTreeSet<MilestoneId> = BTreeSet::new();
        for one in &expected.milestones {
            let before = this.differences.len();
            let id = people.milestone(one)?;
            known.insert(id);
            let found = stored.iter().find(|it| it.milestone.id == id);
            this.milestone(one, found);
            this.services(one, found, people)?;
            this.letters(one, found, people, &expected.never_said)?;
            this.cases.push(Case {
                family: one.family.clone(),
                about: format!("{} of {}", one.life_event, one.subject),
                expected: format!("{}: {}", one.state, one.because),
                got: found.map_or(NOT_RECORDED, |it| it.milestone.state.name()).to_owned(),
                differences: this.differences.len() - before,
            });
        }
        for other in stored.iter().filter(|it| !known.contains(&it.milestone.id)) {
            this.unexpected(other, people);
        }
        this.every_draft(expected, stored);
        this.shares();
        Ok(this)
    }

    fn differ(
        &mut self,
        family: &str,
        about: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) {
        let (about, expected, got) = (about.into(), expected.into(), got.into());
        self.differences.push(Difference { family: family.to_owned(), about, expected, got });
    }

    fn milestone(&mut self, expected: &ExpectedMilestone, found: Option<&StoredMilestone>) {
        let state = found.map(|it| it.milestone.state);
        let stands = state.is_some_and(stands);
        let got = state.map_or(NOT_RECORDED, MilestoneState::name);
        let about = format!("milestone {}", expected.life_event);
        let say = |wanted: &str| format!("{wanted}: {}", expected.because);
        match expected.state {
            ExpectedState::Never if stands => {
                self.milestones.invented += 1;
                self.differ(&expected.family, about, say("none"), got);
                return;
            }
            ExpectedState::Never => return,
            ExpectedState::Reached | ExpectedState::Pending | ExpectedState::Withdrawn => {
                self.milestones.expected += 1;
            }
        }
        match (expected.state, state) {
            (ExpectedState::Reached, Some(MilestoneState::Reached))
            | (ExpectedState::Pending, Some(MilestoneState::Pending))
            | (ExpectedState::Withdrawn, Some(MilestoneState::Withdrawn)) => {
                let on = found.map(|it| it.milestone.occurred_on);
                if on == Some(expected.occurred_on) {
                    self.milestones.right += 1;
                } else {
                    self.milestones.wrong += 1;
                    let on = on.map_or_else(String::new, |day| day.to_string());
                    let about = format!("{about}, day");
                    self.differ(&expected.family, about, expected.occurred_on.to_string(), on);
                }
            }
            (ExpectedState::Withdrawn, _) if stands => {
                self.milestones.invented += 1;
                self.differ(&expected.family, about, say("withdrawn"), got);
            }
            (ExpectedState::Withdrawn, _) => {
                self.milestones.missed += 1;
                self.differ(&expected.family, about, say("withdrawn"), got);
            }
            _ => {
                self.milestones.missed += 1;
                self.differ(&expected.family, about, say(&expected.state.to_string()), got);
            }
        }
    }

    /// A milestone that nobody expected: false if it stands, and so is all that follows from it.
    fn unexpected(&mut self, other: &StoredMilestone, people: &People<'_>) {
        let milestone = &other.milestone;
        let family = people.name(milestone.subject);
        if stands(milestone.state) {
            self.milestones.invented += 1;
            let about = format!("milestone {}", milestone.life_event);
            self.differ(&family, about, "none", milestone.state.name());
        }
        for letter in other.messages.iter().filter(|it| it.arrived()) {
            self.messages.sent += 1;
            self.messages.unexpected += 1;
            let about = format!("letter to {}", people.name(letter.message.recipient));
            self.differ(&family, about, "none", "arrived");
        }
    }

    fn shares(&mut self) {
        self.prefill.correct_percent = percent(self.prefill.correct, self.prefill.fields);
        self.messages.by_model_percent = percent(self.messages.by_model, self.messages.sent);
    }
}

/// Whether anything follows from a milestone in this state.
fn stands(state: MilestoneState) -> bool {
    matches!(state, MilestoneState::Reached | MilestoneState::Pending | MilestoneState::Closed)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a report are small")]
fn percent(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 }
}
