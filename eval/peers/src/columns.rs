//! Our engine over many subjects at once: `rules::population`, a table for each life event.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use domain::{EventKind, SubjectId, SubjectKind};
use rules::population::{
    DecidedAll, Finding, Findings, Mask, Population, Row as Known, Rule, Scene, Table,
};
use rules::{Entry, LifeEvent};

use crate::measure::{Engine, Letters, MET, UNKNOWN, UNMET};
use crate::ours::{Ours, player, version};
use crate::subjects::Row;

/// The rules of the pack, bound.
pub(crate) struct Columns<'o> {
    ours: &'o Ours,
    events: Vec<&'o LifeEvent>,
    population: Population<'o>,
    /// What told everything: whether anything has begun is not asked here.
    told_by: EventKind,
}

impl<'o> Columns<'o> {
    /// Binds the rules of the pack.
    pub(crate) fn new(ours: &'o Ours) -> Result<Self> {
        let population = Population::new(&ours.pack, ours.as_of);
        let told_by = EventKind(String::new());
        Ok(Self { ours, events: ours.life_events()?, population, told_by })
    }

    fn rule(&self, event: &LifeEvent) -> Result<&Rule<'o>> {
        let rule = self.population.rules().iter().find(|it| it.life_event().id == event.id);
        rule.with_context(|| format!("{} has no subject", event.id.value))
    }

    /// What is known of everybody in a row, as far as a life event reads it.
    fn known(
        &self,
        event: &LifeEvent,
        row: &Row,
    ) -> Result<HashMap<(SubjectId, SubjectKind), Known>> {
        let facts = self.ours.facts(event, row)?;
        let mut all = HashMap::new();
        for (name, role) in &event.roles {
            // Roles that nobody plays in the subjects stay empty.
            let Ok(subject) = player(row, name) else { continue };
            let own =
                facts.iter().filter(|(kind, fact)| *kind == role.kind && fact.subject == subject);
            let told = own.map(|(_, fact)| fact.told(&self.told_by));
            let known = all.entry((subject, role.kind)).or_default();
            self.population.load(known, subject, role.kind, told);
        }
        Ok(all)
    }
}

impl<'o> Engine for Columns<'o> {
    type Subjects<'e>
        = Vec<Table<'e, 'o>>
    where
        Self: 'e;

    /// By output.
    type Answers = Vec<Findings>;

    const NAME: &'static str = "ours";

    fn version(&self) -> String {
        self.ours.version()
    }

    fn outputs(&self) -> Vec<String> {
        self.ours.outputs().unwrap_or_default()
    }

    fn load<'e>(&'e self, rows: &[Row]) -> Result<Vec<Table<'e, 'o>>> {
        let tables = self.events.iter().map(|event| {
            let rule = self.rule(event)?;
            let mut table = Table::new(rule);
            for row in rows {
                let known = self.known(event, row)?;
                let subject = player(row, &event.subject)?;
                let own = known.get(&(subject, rule.kind())).context("a row lacks its subject")?;
                table.push(&Scene::new(rule, own, &known));
            }
            Ok(table)
        });
        tables.collect()
    }

    fn decide(&self, tables: &Vec<Table<'_, 'o>>) -> Result<Vec<Findings>> {
        let mut answers = Vec::new();
        for (event, table) in self.events.iter().zip(tables) {
            let decided = table.decide();
            let services = &version(event)?.services;
            let services: Vec<Findings> =
                services.iter().map(|entry| service(&decided, entry)).collect();
            answers.push(decided.findings);
            answers.extend(services);
        }
        Ok(answers)
    }

    fn letters(&self, answers: Vec<Findings>) -> Letters {
        answers.iter().map(letters).collect()
    }
}

/// What is answered about a service: not known where it is not known whether the life event
/// happened.
fn service(decided: &DecidedAll<'_>, entry: &Entry) -> Findings {
    let lines = decided.findings.met.lines();
    let mut all = Findings { met: Mask::none(lines), unmet: Mask::all(lines) };
    for opened in decided.opened.iter().filter(|it| std::ptr::eq(it.entry, entry)) {
        all.met = all.met.or(&opened.findings.met);
        all.unmet = all.unmet.and(&opened.findings.unmet);
    }
    all.met = all.met.and(&decided.findings.met);
    all
}

fn letters(findings: &Findings) -> Vec<u8> {
    let letter = |line| match findings.of(line) {
        Finding::Met => MET,
        Finding::Unmet => UNMET,
        Finding::Unknown => UNKNOWN,
    };
    (0..findings.met.lines()).map(letter).collect()
}
