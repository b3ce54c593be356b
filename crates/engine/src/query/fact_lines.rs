//! Facts as people read them: what each is called, what it says, and who said so.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Fact, FactId, Milestone, PersonalNumber, SubjectId, Text, Value};
use storage::{Conn, facts};

use super::plain;
use crate::view::{FactLine, FactRead};
use crate::{App, EngineError};

/// What stands for data about somebody else than the reader and the one that it is about.
const NOT_SHOWN: &str = "(không hiển thị: dữ liệu của người khác)";
/// What stands for a subject that registers gave no name.
const NO_NAME: &str = "(chưa có tên trong dữ liệu)";

/// Facts with all that is needed to say them.
pub(super) struct Told<'a> {
    app: &'a App,
    milestone: &'a Milestone,
    /// By role and attribute, so that the same facts always come in the same order.
    facts: Vec<(String, Fact)>,
    names: BTreeMap<SubjectId, String>,
}

impl App {
    /// The facts that `ids` name, read for the milestone that a decision was about.
    pub(super) async fn told<'a>(
        &'a self,
        conn: &mut Conn,
        milestone: &'a Milestone,
        ids: &BTreeSet<FactId>,
    ) -> Result<Told<'a>, EngineError> {
        let players: Vec<SubjectId> = milestone.roles.values().copied().collect();
        let known = facts::facts_of(conn, &players).await?;
        let read: Vec<Fact> = known.into_iter().filter(|fact| ids.contains(&fact.id)).collect();
        let mut people = BTreeSet::new();
        for fact in &read {
            subjects_in(&fact.value, &mut people);
        }
        let people: Vec<SubjectId> = people.into_iter().collect();
        let names = self.names(conn, &people, self.now()).await?;
        let mut facts: Vec<(String, Fact)> =
            read.into_iter().map(|fact| (role_of(milestone, fact.subject), fact)).collect();
        facts.sort_by(|(a_role, a), (b_role, b)| {
            (a_role, &a.attribute, a.id).cmp(&(b_role, &b.attribute, b.id))
        });
        Ok(Told { app: self, milestone, facts, names })
    }

    /// The register's name; its code where the pack knows it no more.
    pub(super) fn register_name(&self, code: &str) -> Text {
        self.pack.register(code).map_or_else(|| plain(code), |register| register.name.clone())
    }
}

impl Told<'_> {
    /// As `viewer` may read them: what they say about somebody else is not repeated, only that
    /// it was read. The subject of the milestone is a child or a thing of the reader.
    pub(super) fn lines_for(&self, viewer: SubjectId) -> Vec<FactLine> {
        let theirs = |fact: &Fact| [viewer, self.milestone.subject].contains(&fact.subject);
        let line = |(_, fact): &(String, Fact)| FactLine {
            label: self.label(fact),
            value: if theirs(fact) { self.value(&fact.value) } else { NOT_SHOWN.to_owned() },
            register: self.app.register_name(&fact.source.register),
            as_of: self.app.day(fact.known_from),
            legal_basis: fact.source.legal_basis.clone(),
        };
        self.facts.iter().map(line).collect()
    }

    /// As an operator who answers for a decision reads those that `ids` name.
    pub(super) fn read_of(&self, ids: &[FactId]) -> Vec<FactRead> {
        let named = self.facts.iter().filter(|(_, fact)| ids.contains(&fact.id));
        let read = |(role, fact): &(String, Fact)| FactRead {
            id: fact.id,
            path: format!("{role}.{}", fact.attribute),
            label: self.label(fact),
            value: self.value(&fact.value),
            register: self.app.register_name(&fact.source.register),
            record: fact.source.record.as_deref().map(masked),
            valid: fact.valid,
            known_from: fact.known_from,
            known_until: fact.known_until,
            legal_basis: fact.source.legal_basis.clone(),
        };
        named.map(read).collect()
    }

    fn label(&self, fact: &Fact) -> Text {
        let role = role_of(self.milestone, fact.subject);
        let event = self.app.pack.life_event(&self.milestone.life_event);
        let path = format!("{role}.{}", fact.attribute);
        let label = event.and_then(|event| self.app.pack.label(event, &path));
        label.cloned().unwrap_or_else(|| plain(&path))
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => masked(text),
            Value::Subject(subject) => {
                self.names.get(subject).cloned().unwrap_or_else(|| NO_NAME.to_owned())
            }
            Value::Time(moment) => {
                let there = moment.to_zoned(self.app.pack.time_zone().clone());
                there.strftime("%H:%M %d/%m/%Y").to_string()
            }
            Value::List(values) => {
                values.iter().map(|value| self.value(value)).collect::<Vec<_>>().join(", ")
            }
            Value::Int(_) | Value::Bool(_) | Value::Date(_) => value.to_string(),
        }
    }
}

/// The role that `subject` plays; its pseudonym where it plays none any more.
fn role_of(milestone: &Milestone, subject: SubjectId) -> String {
    let mut roles = milestone.roles.iter();
    let role = roles.find(|(_, player)| **player == subject).map(|(role, _)| role.clone());
    role.unwrap_or_else(|| subject.to_string())
}

/// A personal number is never shown whole outside the person's own draft.
fn masked(text: &str) -> String {
    text.parse::<PersonalNumber>().map_or_else(|_| text.to_owned(), |number| number.to_string())
}

fn subjects_in(value: &Value, into: &mut BTreeSet<SubjectId>) {
    match value {
        Value::Subject(subject) => {
            into.insert(*subject);
        }
        Value::List(values) => values.iter().for_each(|value| subjects_in(value, into)),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Date(_) | Value::Time(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_number_is_masked_and_other_text_is_not() {
        assert_eq!(masked("999196100011"), "999*****0011");
        assert_eq!(masked("99901.GCS.00001.26"), "99901.GCS.00001.26");
    }
}
