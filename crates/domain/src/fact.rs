//! Bitemporal facts: when something held, and from when to when we believed it.
//!
//! A register owns its facts; we keep what it told us, with the event that told it. A later
//! statement of the same register supersedes an earlier one without erasing it, so that any
//! past decision can be taken again with what was known then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AsOf, EventId, EventKind, FactId, Interval, SubjectId, Value};

/// Who said it, in which record, and why we may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactSource {
    /// The register, as the pack names it (`HLT`, `NPD`).
    pub register: String,
    /// The event that told us.
    pub event: EventId,
    /// The register's own record number, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The law that lets us read it.
    pub legal_basis: String,
}

/// One attribute of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Made from (event, subject, attribute).
    pub id: FactId,
    /// Whom it is about.
    pub subject: SubjectId,
    /// What it tells, as in `residence.province`.
    pub attribute: String,
    /// What it says.
    pub value: Value,
    /// Whether the value names, numbers or reaches a person, as the pack says of the attribute.
    /// Such a value is kept sealed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
    /// When it holds in the world.
    pub valid: Interval,
    /// From when on we knew it.
    pub known_from: Timestamp,
    /// Until when we believed it: set when its event is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_until: Option<Timestamp>,
    /// Where it comes from.
    pub source: FactSource,
}

impl Fact {
    /// The id of what `event` tells about `attribute` of `subject`.
    #[must_use]
    pub fn id_of(event: EventId, subject: SubjectId, attribute: &str) -> FactId {
        FactId::of(&[&event.to_string(), &subject.to_string(), attribute])
    }

    fn counts(&self, as_of: &AsOf) -> bool {
        self.known_from <= as_of.known
            && self.known_until.is_none_or(|until| as_of.known < until)
            && self.valid.contains(as_of.occurred)
    }

    /// What it says, without what only a receipt or a draft needs. An event of the kind `by` told
    /// it.
    #[must_use]
    pub fn told<'a>(&'a self, by: &'a EventKind) -> Told<'a> {
        Told {
            id: self.id,
            attribute: &self.attribute,
            value: self.value.clone(),
            valid: self.valid,
            known_from: self.known_from,
            known_until: self.known_until,
            register: &self.source.register,
            by: &by.0,
        }
    }
}

/// A fact as it is read for many subjects at once: what deciding needs of it and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<'a> {
    /// The fact's id.
    pub id: FactId,
    /// What it tells.
    pub attribute: &'a str,
    /// What it says.
    pub value: Value,
    /// When it holds in the world.
    pub valid: Interval,
    /// From when on we knew it.
    pub known_from: Timestamp,
    /// Until when we believed it.
    pub known_until: Option<Timestamp>,
    /// The register that said it.
    pub register: &'a str,
    /// The kind of the event that told us.
    pub by: &'a str,
}

impl Told<'_> {
    /// Whether it is believed at `known`, whatever day it is about.
    #[must_use]
    pub fn is_believed(&self, known: Timestamp) -> bool {
        self.known_from <= known && self.known_until.is_none_or(|until| known < until)
    }

    /// Of two words of one register the one with the greater rank stands, as in
    /// [`FactSet::lookup`].
    #[must_use]
    pub fn rank(&self) -> (Timestamp, jiff::civil::Date, FactId) {
        (self.known_from, self.valid.from, self.id)
    }
}

/// The facts about some subjects, as loaded for one decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactSet(Vec<Fact>);

impl FactSet {
    /// All facts, whatever their dates.
    pub fn iter(&self) -> std::slice::Iter<'_, Fact> {
        self.0.iter()
    }

    /// What each register says at `as_of`: its latest word only, registers in order of name.
    ///
    /// More than one entry with differing values is a conflict; whose word counts is for the
    /// pack to say, so nothing is chosen here.
    #[must_use]
    pub fn lookup(&self, subject: SubjectId, attribute: &str, as_of: &AsOf) -> Vec<&Fact> {
        let mut latest: Vec<&Fact> = Vec::new();
        let current = self
            .0
            .iter()
            .filter(|f| f.subject == subject && f.attribute == attribute && f.counts(as_of));
        for fact in current {
            match latest.iter_mut().find(|f| f.source.register == fact.source.register) {
                Some(held) if Self::rank(held) < Self::rank(fact) => *held = fact,
                Some(_) => {}
                None => latest.push(fact),
            }
        }
        latest.sort_by(|a, b| a.source.register.cmp(&b.source.register));
        latest
    }

    /// Later knowledge wins; of two learnt at once, the one that began later; then the id,
    /// so that the order of arrival never matters.
    fn rank(fact: &Fact) -> (Timestamp, jiff::civil::Date, FactId) {
        (fact.known_from, fact.valid.from, fact.id)
    }
}

impl FromIterator<Fact> for FactSet {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl IntoIterator for FactSet {
    type Item = Fact;
    type IntoIter = std::vec::IntoIter<Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a FactSet {
    type Item = &'a Fact;
    type IntoIter = std::slice::Iter<'a, Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Extend<Fact> for FactSet {
    fn extend<I: IntoIterator<Item = Fact>>(&mut self, facts: I) {
        self.0.extend(facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;
    use jiff::civil::date;

    fn fact(register: &str, event: &str, known: &str, value: i64) -> Fact {
        let event = Event::id_of(register, event);
        let subject = SubjectId::of(&["child"]);
        Fact {
            id: Fact::id_of(event, subject, "weight"),
            subject,
            attribute: "weight".to_owned(),
            value: Value::Int(value),
            valid: Interval::since(date(2026, 1, 1)),
            personal: false,
            known_from: known.parse().unwrap(),
            known_until: None,
            source: FactSource {
                register: register.to_owned(),
                event,
                record: None,
                legal_basis: String::new(),
            },
        }
    }

    fn as_of(known: &str) -> AsOf {
        AsOf { occurred: date(2026, 2, 1), known: known.parse().unwrap(), law: date(2026, 2, 1) }
    }

    fn values(facts: &FactSet, known: &str) -> Vec<Value> {
        let subject = SubjectId::of(&["child"]);
        facts
            .lookup(subject, "weight", &as_of(known))
            .into_iter()
            .map(|f| f.value.clone())
            .collect()
    }

    #[test]
    fn a_register_supersedes_itself_and_the_past_can_still_be_asked() {
        let facts: FactSet = [
            fact("HLT", "1", "2026-01-02T00:00:00Z", 3100),
            fact("HLT", "2", "2026-01-05T00:00:00Z", 3200),
        ]
        .into_iter()
        .collect();
        assert_eq!(values(&facts, "2026-01-03T00:00:00Z"), [Value::Int(3100)]);
        assert_eq!(values(&facts, "2026-01-06T00:00:00Z"), [Value::Int(3200)]);
        assert_eq!(values(&facts, "2026-01-01T00:00:00Z"), []);
    }

    #[test]
    fn two_registers_that_differ_are_both_heard() {
        let facts: FactSet = [
            fact("NPD", "1", "2026-01-02T00:00:00Z", 3100),
            fact("HLT", "2", "2026-01-05T00:00:00Z", 3200),
        ]
        .into_iter()
        .collect();
        assert_eq!(values(&facts, "2026-01-06T00:00:00Z"), [Value::Int(3200), Value::Int(3100)]);
    }

    #[test]
    fn a_withdrawn_fact_is_believed_only_until_then() {
        let mut told = fact("HLT", "1", "2026-01-02T00:00:00Z", 3100);
        told.known_until = Some("2026-01-04T00:00:00Z".parse().unwrap());
        let facts: FactSet = [told].into_iter().collect();
        assert_eq!(values(&facts, "2026-01-03T00:00:00Z").len(), 1);
        assert_eq!(values(&facts, "2026-01-05T00:00:00Z"), []);
    }
}
