//! Examples: each life event has one that is met, one unmet, one unknown, and their names mean
//! something. What they expect is tested by running them, not here.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::examples::read;
use crate::pack::Parts;
use crate::pack::at::{At, Span};
use crate::pack::country::ValueKind;
use crate::pack::example::{Example, Expected, details};
use crate::pack::fill::Fill;
use crate::pack::life_event::LifeEvent;
use crate::pack::scope::Scope;

pub(super) fn check(parts: &Parts, report: &mut Report<'_>) {
    for event in &parts.life_events {
        let Some((file, examples)) = parts.examples.get(event.id.as_str()) else {
            let file = event.file.replace("life-event.yaml", "examples.yaml");
            report.file_fault(&file, "a life event has examples: met, unmet and unknown");
            continue;
        };
        let has =
            |wanted: fn(&Expected) -> bool| examples.iter().any(|e| wanted(&e.expect.verdict));
        for (found, what) in [
            (has(|e| *e == Expected::Met), "met"),
            (has(|e| *e == Expected::Unmet), "unmet"),
            (has(|e| matches!(e, Expected::Unknown(_))), "unknown"),
        ] {
            if !found {
                let message = format!("`{}` has no example that is {what}", event.id.value);
                report.file_fault(file, message);
            }
        }
        let fields = fields_by_service(parts, event);
        for example in examples {
            one(parts, report, file, event, &fields, example);
        }
    }
}

/// One example: its dates, facts and expectations mean something.
fn one(
    parts: &Parts,
    report: &mut Report<'_>,
    file: &str,
    event: &LifeEvent,
    fields: &Fields<'_>,
    example: &Example,
) {
    if example.as_of.is_some() == example.today.is_some() {
        let message = "an example has either `today` or `as_of`";
        report.fault(file, example.situation.span, message, None);
    }
    if report.is_full() {
        return;
    }
    let (facts, parameters) = (&parts.facts, &parts.parameters);
    let scope = Scope { roles: &event.roles, facts, parameters };
    for (path, written) in &example.facts {
        match scope.fact(path) {
            Err(fault) => report.name_fault(file, path.span, fault),
            Ok(found) => {
                let kind = found.definition.kind;
                fact(parts, report, file, event, kind, written);
            }
        }
    }
    unknown_names(report, file, scope, example.situation.span, &example.expect.verdict);
    for (key, expected) in &example.expect.services {
        unknown_names(report, file, scope, key.span, &expected.verdict);
        let named = [&expected.filled[..], &expected.missing, &expected.conflict];
        service(report, file, fields, key, named);
    }
}

/// A fact of an example is of its attribute's kind, told by a register that exists.
fn fact(
    parts: &Parts,
    report: &mut Report<'_>,
    file: &str,
    event: &LifeEvent,
    kind: ValueKind,
    written: &At<serde_json::Value>,
) {
    for detail in details(written) {
        let role = detail.value.as_str().filter(|_| kind == ValueKind::Subject);
        let unknown_role = role.filter(|role| !event.roles.contains_key(*role));
        if let Some(role) = unknown_role {
            let name = At { value: role.to_owned(), span: written.span };
            report.must_have(file, &name, "role", &event.roles);
        } else if read(&detail.value, kind).is_none() {
            let help =
                (kind == ValueKind::Text).then(|| "put it in quotes, as in \"079\"".to_owned());
            report.fault(file, written.span, "this is not a value of this fact's type", help);
        }
        if let Some(code) = detail.register {
            let name = At { value: code, span: written.span };
            report.must_have(file, &name, "register", &parts.registers);
        }
    }
}

/// An expected unknown names facts or roles that exist.
fn unknown_names(
    report: &mut Report<'_>,
    file: &str,
    scope: Scope<'_>,
    span: Span,
    expected: &Expected,
) {
    let Expected::Unknown(missing) = expected else { return };
    for path in missing {
        if scope.role(path).is_none()
            && let Err(fault) = scope.fact(path)
        {
            report.name_fault(file, span, fault);
        }
    }
}

/// By service, the fields of the forms that it has in any version.
type Fields<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn fields_by_service<'a>(parts: &'a Parts, event: &'a LifeEvent) -> Fields<'a> {
    let mut fields = Fields::new();
    for entry in event.versions.iter().flat_map(|version| &version.services) {
        let known = fields.entry(&entry.service).or_default();
        let form = entry.form.as_ref().and_then(|id| parts.fields.get(id.as_str()));
        known.extend(form.into_iter().flatten().map(|field| field.key.as_str()));
    }
    fields
}

/// An expected service belongs to the life event, and the fields named to its form.
fn service(
    report: &mut Report<'_>,
    file: &str,
    known: &Fields<'_>,
    key: &At<String>,
    fields: [&[At<String>]; 3],
) {
    report.must_have(file, key, "service in this life event", known);
    // A form or service that does not exist is told where it is named, not once per field.
    let Some(known) = known.get(key.as_str()).filter(|known| !known.is_empty()) else { return };
    for field in fields.into_iter().flatten() {
        report.must_know(file, field, "field in its form", known.iter().copied());
    }
}

/// The paths that a fill reads.
pub(super) fn paths(fill: &Fill) -> &[At<String>] {
    match fill {
        Fill::Facts(paths) => paths,
        Fill::Text(_) => &[],
    }
}
