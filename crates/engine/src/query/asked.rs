//! Asks the rules behind a milestone anew, at any three dates: what would have been decided about
//! day D, with what was known at K, under the law of day L?

use std::collections::BTreeSet;

use domain::{AsOf, FactId, LegalBasis, Milestone};
use jiff::Timestamp;
use jiff::civil::Date;
use rules::{Part, Reason};
use storage::Conn;

use super::fact_lines::Told;
use super::plain;
use crate::known::load_case;
use crate::memory::Memory;
use crate::view::{Asked, AskedPart, AskedRule};
use crate::{App, EngineError};

/// The three dates to ask at. What is left out is today, now, and the law of the day asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskAt {
    /// The day that is asked about.
    pub occurred: Option<Date>,
    /// The moment whose knowledge is used.
    pub known: Option<Timestamp>,
    /// The day whose law is applied.
    pub law: Option<Date>,
}

impl App {
    /// What the rules behind `milestone` answer at `at`, and why; `None` where the pack does not
    /// know its life event.
    pub(super) async fn ask_anew(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        at: AskAt,
    ) -> Result<Option<Asked>, EngineError> {
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(None);
        };
        let occurred = at.occurred.unwrap_or_else(|| self.today());
        let known = at.known.unwrap_or_else(|| self.now());
        let as_of = AsOf { occurred, known, law: at.law.unwrap_or(occurred) };
        let loaded = load_case(
            conn,
            &mut Memory::default(),
            &self.pack,
            (life_event, milestone.subject),
            as_of,
        )
        .await?;
        let case = loaded.case(&self.pack, life_event);
        let reasons = case.reasons();
        let parts = reasons.iter().flat_map(|reason| &reason.parts);
        let facts = parts.flat_map(|part| &part.facts).filter_map(|(_, fact)| *fact);
        let read: BTreeSet<FactId> = facts.map(|fact| fact.id).collect();
        let told = self.told(conn, milestone, &read).await?;
        let rules = reasons.iter().map(|reason| self.asked_rule(milestone, reason, &told));
        Ok(Some(Asked { as_of, rules: rules.collect() }))
    }

    fn asked_rule(&self, milestone: &Milestone, reason: &Reason<'_>, told: &Told<'_>) -> AskedRule {
        let service = reason.entry.and_then(|entry| self.pack.service(&entry.service));
        let flips = reason.nearest_miss.iter().flatten();
        AskedRule {
            rule: reason.rule.clone(),
            service: service.map(|service| service.name.clone()),
            law: reason.law.iter().map(LegalBasis::cite).collect(),
            verdict: reason.verdict.clone(),
            missing: self.missing(&milestone.life_event, &reason.verdict),
            ask_first: reason.ask_first.as_ref().map(|path| self.called(milestone, path)),
            nearest_miss: flips.map(|flip| flip.part.clone()).collect(),
            holds_from: reason.holds_from,
            parts: reason.parts.iter().map(|part| self.asked_part(milestone, part, told)).collect(),
        }
    }

    fn asked_part(&self, milestone: &Milestone, part: &Part<'_>, told: &Told<'_>) -> AskedPart {
        let known: Vec<FactId> =
            part.facts.iter().filter_map(|(_, fact)| Some((*fact)?.id)).collect();
        let silent = part.facts.iter().filter(|(_, fact)| fact.is_none());
        AskedPart {
            text: part.text.clone(),
            outcome: part.outcome,
            facts: told.read_of(&known),
            not_told: silent.map(|(path, _)| self.called(milestone, path)).collect(),
        }
    }

    /// What people call the fact that `path` names.
    fn called(&self, milestone: &Milestone, path: &str) -> domain::Text {
        let event = self.pack.life_event(&milestone.life_event);
        let label = event.and_then(|event| self.pack.label(event, path));
        label.cloned().unwrap_or_else(|| plain(path))
    }
}
