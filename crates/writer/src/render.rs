//! Messages: a template filled for one person, by code.

use std::sync::Arc;

use domain::{Letter, Message, MilestoneId, SubjectId, Template, Value};

use crate::lint::{LintError, lint_value};
use crate::plan::Plan;
use crate::proof::Unproved;
use crate::proved::{Proved, Stretch};
use crate::slot::clean;
use crate::words::{DeadlineKind, LetterKind, Words};

/// Why a template cannot be sent to this person.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template is not one of this plan: made for another shape, or changed since.
    #[error("the template does not carry this plan: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Unproved(Vec<Unproved>),
    /// Nothing fills a slot.
    #[error("nothing fills the slot `{0}`")]
    Unfilled(String),
    /// A cited passage is not in the corpus any more.
    #[error("the cited passage `{0}` is not in the corpus")]
    Citation(String),
    /// The message breaks a rule of messages.
    #[error("the message breaks a rule of messages")]
    Lint(#[from] LintError),
}

/// To whom, and because of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct To {
    /// Because of what.
    pub milestone: MilestoneId,
    /// To whom.
    pub recipient: SubjectId,
    /// Which letter about it.
    pub letter: Letter,
}

impl Words {
    /// Fills `template` with the values of `plan`.
    ///
    /// A template may come from a cache, so it is proved against the shape of this very plan:
    /// once, and after that for all plans of which the proof would read the same.
    /// `cited` says how a passage is cited, by its id.
    pub fn message(
        &self,
        plan: &Plan,
        template: &Template,
        to: To,
        cited: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Message, RenderError> {
        let proved = self.proofs.of(plan, template)?;
        let text = render(plan, &proved, cited)?;
        Ok(Message {
            id: Message::id_of(to.milestone, to.recipient, to.letter),
            letter: to.letter,
            milestone: to.milestone,
            recipient: to.recipient,
            language: plan.language,
            template: template.id,
            source: template.source,
            proved: true,
            subject_line: self.subject_line(plan),
            text,
            evidence: Arc::clone(&proved.evidence),
        })
    }

    /// One line for lists: names no person, since only the deadline can be filled in.
    #[must_use]
    pub fn subject_line(&self, plan: &Plan) -> String {
        let Some(event) = self.events.get(&plan.life_event) else { return String::new() };
        let lines = event.subject_lines.get(&plan.language);
        let lines = lines.and_then(|of| of.get(&plan.role).or_else(|| of.get("")));
        let Some(lines) = lines else { return String::new() };
        let (line, day) = match plan.deadline {
            DeadlineKind::Unknown => (&lines.unknown, None),
            DeadlineKind::Passed => (&lines.passed, plan.slots.get("deadline")),
            DeadlineKind::Known => (&lines.known, plan.slots.get("deadline")),
            DeadlineKind::Moved => (&lines.known, plan.slots.get("deadline_safe")),
        };
        let day = day
            .and_then(|slot| if let Value::Date(day) = slot.value() { Some(*day) } else { None });
        let day = day.map(|day| plan.manners.short_date(day)).unwrap_or_default();
        let line = line.replace("{deadline}", &day);
        let after = &self.tongue(plan.language).subjects;
        match plan.letter {
            LetterKind::First => line,
            LetterKind::Reminder => after.reminder.replace("{line}", &line),
            LetterKind::Correction => after.correction.clone(),
        }
    }
}

/// Puts values into slots, in one pass: what stands in a value is never read as a slot.
fn render(
    plan: &Plan,
    proved: &Proved,
    cited: &dyn Fn(&str) -> Option<String>,
) -> Result<String, RenderError> {
    let values: Vec<_> = plan.slots.values().map(|slot| slot.written(&plan.manners)).collect();
    let mut out = String::with_capacity(proved.usual_length);
    for stretch in &proved.stretches {
        let passage;
        let value = match stretch {
            Stretch::Words(words) => {
                out.push_str(words);
                continue;
            }
            Stretch::Passage(id) => {
                let found = cited(id).ok_or_else(|| RenderError::Citation(id.clone()))?;
                passage = clean(&found);
                &passage
            }
            Stretch::Slot(at) => {
                values.get(*at).ok_or_else(|| RenderError::Unfilled(at.to_string()))?.as_ref()
            }
        };
        lint_value(value)?;
        out.push_str(value);
    }
    Ok(out)
}
