//! Kinds of events: their schemas compile, and what they tell are facts that the pack has.

use std::collections::{BTreeMap, BTreeSet};

use domain::SubjectKind;
use jsonschema::Validator;

use super::Report;
use crate::event_type::{compile, constant};
use crate::pack::Parts;
use crate::pack::at::At;
use crate::pack::country::ValueKind;
use crate::pack::error::did_you_mean;
use crate::pack::event_file::{Effect, EventFact, EventFile};

/// Returns the schemas, compiled.
pub(super) fn check(parts: &Parts, report: &mut Report<'_>) -> BTreeMap<String, Validator> {
    let mut validators = BTreeMap::new();
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, event) in &parts.events {
        let file = format!("events/{name}.yaml");
        if let Some(other) = kinds.insert(&event.kind, name) {
            let message =
                format!("`{}` is also the type in `events/{other}.yaml`", event.kind.value);
            report.fault(&file, event.kind.span, message, None);
        }
        one(parts, report, &file, event);
        validators.extend(schema(parts, report, name).map(|it| (name.clone(), it)));
    }
    for name in parts.schemas.keys().filter(|name| !parts.events.contains_key(*name)) {
        let file = format!("events/{name}.schema.json");
        report.file_fault(&file, format!("there is no `events/{name}.yaml` for this schema"));
    }
    validators
}

/// Each kind of event has a schema, and it compiles.
fn schema(parts: &Parts, report: &mut Report<'_>, name: &str) -> Option<Validator> {
    let compiled = match parts.schemas.get(name) {
        Some(schema) => {
            compile(schema).map_err(|error| format!("this is not a JSON Schema: {error}"))
        }
        None => Err("the schema of this event is missing".to_owned()),
    };
    let file = format!("events/{name}.schema.json");
    compiled.map_err(|message| report.file_fault(&file, message)).ok()
}

/// One kind of event: who sends it, whom it is about, what it tells.
fn one(parts: &Parts, report: &mut Report<'_>, file: &str, event: &EventFile) {
    report.must_have(file, &event.register, "register", &parts.registers);
    if let Some(law) = &event.legal_basis {
        report.law(file, parts, std::slice::from_ref(law));
    }
    if event.effect == Effect::Tell && (event.subjects.is_empty() || event.facts.is_empty()) {
        let message = "an event that tells something has `subjects` and `facts`";
        report.fault(file, event.kind.span, message, None);
    }
    if let Some(time) = event.time.as_ref().filter(|time| time.value != "event") {
        pointer(report, file, time);
    }
    let numbers = event.checks.values().flat_map(|check| check.born_on.iter().chain(&check.sex));
    let places = event.subjects.values().map(|subject| &subject.at);
    for at in places.chain(numbers).chain(&event.record) {
        pointer(report, file, at);
    }
    for name in event.checks.keys() {
        known_subject(report, file, event, name);
    }
    let mut told = BTreeSet::new();
    for fact in &event.facts {
        fact_of(parts, report, file, event, fact);
        if !told.insert((fact.of.as_str(), fact.attribute.as_str())) {
            let message = format!("`{}` is told twice", fact.attribute.value);
            report.fault(file, fact.attribute.span, message, None);
        }
    }
}

/// A place in a payload is a JSON pointer (RFC 6901).
fn pointer(report: &mut Report<'_>, file: &str, at: &At<String>) {
    if !at.starts_with('/') {
        let help = Some(format!("write `/{}`", at.value));
        report.fault(file, at.span, "a place in the payload begins with `/`", help);
    }
}

/// The subject must be one of the event's own.
fn known_subject(
    report: &mut Report<'_>,
    file: &str,
    event: &EventFile,
    name: &At<String>,
) -> Option<SubjectKind> {
    report.must_have(file, name, "subject in this event", &event.subjects);
    event.subjects.get(name.as_str()).map(|subject| subject.kind)
}

/// A fact comes from one place, is of the attribute's kind, and its register may speak of it.
fn fact_of(
    parts: &Parts,
    report: &mut Report<'_>,
    file: &str,
    event: &EventFile,
    fact: &EventFact,
) {
    let Some(kind) = known_subject(report, file, event, &fact.of) else { return };
    let attributes = parts.facts.get(&kind);
    let Some(attribute) = attributes.and_then(|all| all.get(fact.attribute.as_str())) else {
        let names = attributes.into_iter().flatten().map(|(name, _)| name.as_str());
        if report.is_full() {
            return;
        }
        let help = did_you_mean(&fact.attribute, names);
        let message = format!("`{}` has no fact `{}`", fact.of.value, fact.attribute.value);
        report.fault(file, fact.attribute.span, message, help);
        return;
    };
    if let Some(at) = &fact.at {
        pointer(report, file, at);
    }
    if let Some(other) = &fact.subject {
        known_subject(report, file, event, other);
    }
    let wrong = match (&fact.at, &fact.subject, &fact.value) {
        (Some(_), None, None) => {
            let read_as = fact.kind.unwrap_or(attribute.kind);
            read_as == ValueKind::Subject || read_as != attribute.kind
        }
        (None, Some(_), None) => attribute.kind != ValueKind::Subject,
        (None, None, Some(value)) => constant(value, attribute.kind).is_none(),
        _ => {
            let message = "a fact comes from one of `at`, `subject` and `value`";
            report.fault(file, fact.attribute.span, message, None);
            return;
        }
    };
    if wrong {
        let message =
            format!("this does not give a value of the type of `{}`", fact.attribute.value);
        report.fault(file, fact.attribute.span, message, None);
    }
    let code = &event.register.value;
    if !attribute.owner.iter().any(|owner| owner.value == *code) {
        let message = format!("`{code}` is not among the owners of `{}`", fact.attribute.value);
        let help =
            format!("add it to `owner` in {}, at the place that its word deserves", attribute.file);
        report.fault(file, fact.attribute.span, message, Some(help));
    }
}
