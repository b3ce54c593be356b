//! Our engine as the service asks it about one person: dated facts of several registers, a
//! receipt, deadlines, words. A peer does none of this, so it is shown beside them and not held
//! against them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use domain::{Cause, FactSet, Milestone, MilestoneState, SubjectId, Trace, Verdict};
use rules::{Case, Decision};

use crate::measure::{Engine, Letters, MET, UNKNOWN, UNMET, one_by_one};
use crate::ours::{Ours, player};
use crate::subjects::Row;

/// The rules of the pack, asked through `Case::decide` and `Case::suggest`.
pub(crate) struct Receipts(pub(crate) Ours);

/// What is known for one row: for each life event, who plays which role and their facts.
type Known = Vec<(BTreeMap<String, SubjectId>, FactSet)>;

impl Receipts {
    fn known(&self, row: &Row) -> Result<Known> {
        let ours = &self.0;
        let known = ours.life_events()?.into_iter().map(|event| {
            let facts: FactSet = ours.facts(event, row)?.into_iter().map(|(_, it)| it).collect();
            let subject = player(row, &event.subject)?;
            Ok((ours.pack.resolve_roles(event, subject, &facts, &ours.as_of), facts))
        });
        known.collect()
    }

    /// The milestone that a decision makes, as the service makes it.
    fn milestone(&self, case: &Case<'_>, decision: &Decision<'_>) -> Option<Milestone> {
        let subject = *case.roles.get(case.life_event.subject.as_str())?;
        let occurrence = decision.occurrence.clone().unwrap_or_default();
        Some(Milestone {
            id: Milestone::id_of(&case.life_event.id, subject, &occurrence),
            life_event: case.life_event.id.value.clone(),
            subject,
            occurrence,
            occurred_on: decision.occurred_on.unwrap_or(case.as_of.occurred),
            state: MilestoneState::Reached,
            roles: case.roles.clone(),
            verdict: decision.verdict.clone(),
            as_of: case.as_of,
            pack: self.0.pack.version().to_owned(),
            cause: Cause::Event(self.0.told),
            trace: Trace::of(None, self.0.told),
        })
    }

    /// A service is answered only where its life event is not unmet: that is how it is asked.
    fn answer(&self, known: &Known, answers: &mut [u8]) -> Result<()> {
        let ours = &self.0;
        let mut answers = answers.iter_mut();
        for (life_event, (roles, facts)) in ours.life_events()?.into_iter().zip(known) {
            let case = Case { pack: &ours.pack, life_event, roles, facts, as_of: ours.as_of };
            let decision = case.decide(&|_| true);
            let version = decision.version.context("no version is in force")?;
            let event = answer(&decision.verdict);
            let proposals = match self.milestone(&case, &decision) {
                Some(milestone) if event != UNMET => case.suggest(version, &milestone),
                _ => Vec::new(),
            };
            if let Some(to) = answers.next() {
                *to = event;
            }
            for (entry, to) in version.services.iter().zip(answers.by_ref()) {
                let proposed = proposals.iter().find(|one| std::ptr::eq(one.entry, entry));
                *to = match proposed.map(|one| answer(&one.suggestion.verdict)) {
                    None => UNMET,
                    Some(MET) => event,
                    Some(other) => other,
                };
            }
        }
        Ok(())
    }
}

impl Engine for Receipts {
    type Subjects<'e> = Vec<Known>;
    type Answers = Letters;

    const NAME: &'static str = "ours-with-receipts";

    fn version(&self) -> String {
        self.0.version()
    }

    fn outputs(&self) -> Vec<String> {
        self.0.outputs().unwrap_or_default()
    }

    fn load(&self, rows: &[Row]) -> Result<Vec<Known>> {
        rows.iter().map(|row| self.known(row)).collect()
    }

    fn decide(&self, subjects: &Vec<Known>) -> Result<Letters> {
        one_by_one(subjects, self.outputs().len(), |known, answers| self.answer(known, answers))
    }

    fn letters(&self, answers: Letters) -> Letters {
        answers
    }
}

fn answer(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Met => MET,
        Verdict::Unmet => UNMET,
        Verdict::Unknown { .. } => UNKNOWN,
    }
}
