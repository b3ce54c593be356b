//! What an example tells, as facts, roles and dates.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AsOf, Event, EventId, Fact, FactSet, FactSource, SubjectId, Value};
use jiff::civil::Date;

use crate::event_type::constant;
use crate::known::Case;
use crate::pack::Pack;
use crate::pack::country::ValueKind;
use crate::pack::example::{DAWN, DetailedFact, Example, ExampleDates, Moment, details};
use crate::pack::life_event::LifeEvent;

/// An example as the engine would meet it.
pub(crate) struct Situation<'a> {
    pack: &'a Pack,
    life_event: &'a LifeEvent,
    facts: FactSet,
    roles: BTreeMap<String, SubjectId>,
    as_of: AsOf,
}

impl<'a> Situation<'a> {
    pub(crate) fn new(pack: &'a Pack, life_event: &'a LifeEvent, example: &Example) -> Self {
        let as_of = dates(pack, example);
        let subject = played_by(&life_event.subject);
        let facts = facts(pack, life_event, example, &as_of);
        let roles = pack.resolve_roles(life_event, subject, &facts, &as_of);
        Self { pack, life_event, facts, roles, as_of }
    }

    pub(crate) fn case(&self) -> Case<'_> {
        let Self { pack, life_event, facts, roles, as_of } = self;
        Case { pack, life_event, roles, facts, as_of: *as_of }
    }
}

/// The three dates, the end of the day `occurred` standing for what is left out.
fn dates(pack: &Pack, example: &Example) -> AsOf {
    let today = example.today.unwrap_or(DAWN);
    let ExampleDates { occurred, known, law } =
        example.as_of.unwrap_or(ExampleDates { occurred: today, known: None, law: None });
    let end_of = |day: Date| {
        let midnight = day.tomorrow().unwrap_or(day).to_zoned(pack.time_zone().clone());
        midnight.map_or(jiff::Timestamp::MAX, |moment| moment.timestamp())
    };
    let known = match known {
        Some(Moment::Timestamp(moment)) => moment,
        Some(Moment::Day(day)) => end_of(day),
        None => end_of(occurred),
    };
    AsOf { occurred, known, law: law.unwrap_or(occurred) }
}

/// The one event that all facts of examples come from.
pub(super) fn told() -> EventId {
    Event::id_of("example", "example")
}

/// All that an example tells, with the links between roles that its author did not write.
fn facts(pack: &Pack, life_event: &LifeEvent, example: &Example, as_of: &AsOf) -> FactSet {
    let subject = played_by(&life_event.subject);
    let mut facts: Vec<Fact> = Vec::new();
    for (path, written) in &example.facts {
        facts.extend(told_facts(pack, life_event, path, written, as_of));
    }
    let linked: BTreeSet<SubjectId> =
        facts.iter().filter_map(|fact| fact.value.as_subject()).collect();
    let mentioned: BTreeSet<&str> = example
        .facts
        .keys()
        .filter_map(|path| path.split_once('.').map(|(role, _)| role))
        .collect();
    // Who has facts plays a part, so the link that an author did not write is made.
    for role in mentioned {
        let id = played_by(role);
        let from = life_event.roles.get(role).and_then(|role| role.from.first());
        if let Some(path) = from.filter(|_| id != subject && !linked.contains(&id)) {
            let link = serde_json::Value::String(role.to_owned());
            facts.extend(told_facts(pack, life_event, path, &link, as_of));
        }
    }
    facts.into_iter().collect()
}

/// Whoever plays `role` in an example: the same for the same word, and nobody outside.
fn played_by(role: &str) -> SubjectId {
    SubjectId::of(&["example", role])
}

/// The facts that one line of an example tells: one, or one for each register that speaks.
fn told_facts(
    pack: &Pack,
    life_event: &LifeEvent,
    path: &str,
    written: &serde_json::Value,
    as_of: &AsOf,
) -> Vec<Fact> {
    let Ok(found) = pack.scope(life_event).fact(path) else { return Vec::new() };
    let owner = found.definition.owner.first().map(|owner| owner.value.clone());
    let subject = played_by(found.role);
    let fact = |detail: DetailedFact| {
        let register = detail.register.clone().or_else(|| owner.clone()).unwrap_or_default();
        // Each register's word is its own event, so that the ids differ.
        let event = Event::id_of(&register, path);
        Some(Fact {
            id: Fact::id_of(event, subject, found.attribute),
            subject,
            attribute: found.attribute.to_owned(),
            value: read(&detail.value, found.definition.kind)?,
            valid: detail.valid(),
            personal: false,
            known_from: as_of.known,
            known_until: None,
            source: FactSource { register, event, record: None, legal_basis: String::new() },
        })
    };
    details(written).into_iter().filter_map(fact).collect()
}

/// A value of an example. A subject is named by the role that plays it.
pub(crate) fn read(json: &serde_json::Value, kind: ValueKind) -> Option<Value> {
    match (kind, json.as_str()) {
        (ValueKind::Subject, Some(role)) => Some(Value::Subject(played_by(role))),
        _ => constant(json, kind),
    }
}
