//! Examples: each life event has one that is met, one unmet, one unknown, and their names mean
//! something. What they expect is tested by running them, not here.

use std::collections::BTreeSet;

use super::Report;
use crate::examples::read;
use crate::pack::at::{At, Span};
use crate::pack::country::ValueKind;
use crate::pack::example::{Example, Expected, details};
use crate::pack::fill::Fill;
use crate::pack::life_event::LifeEvent;
use crate::pack::scope::Scope;
use crate::pack::{Parts, all_fields};

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
        for example in examples {
            one(parts, report, file, event, example);
        }
    }
}

/// One example: its dates, facts and expectations mean something.
fn one(parts: &Parts, report: &mut Report<'_>, file: &str, event: &LifeEvent, example: &Example) {
    if example.as_of.is_some() == example.today.is_some() {
        let message = "an example has either `today` or `as_of`";
        report.fault(file, example.situation.span, message, None);
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
        service(
            parts,
            report,
            file,
            event,
            key,
            [&expected.filled, &expected.missing, &expected.conflict],
        );
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
            let roles = event.roles.keys().map(|role| role.as_str());
            report.must_know(file, &name, "role", roles);
        } else if read(&detail.value, kind).is_none() {
            let help =
                (kind == ValueKind::Text).then(|| "put it in quotes, as in \"079\"".to_owned());
            report.fault(file, written.span, "this is not a value of this fact's type", help);
        }
        if let Some(code) = detail.register {
            let name = At { value: code, span: written.span };
            let codes = parts.registers.keys().map(|code| code.as_str());
            report.must_know(file, &name, "register", codes);
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

/// An expected service belongs to the life event, and the fields named to its form.
fn service(
    parts: &Parts,
    report: &mut Report<'_>,
    file: &str,
    event: &LifeEvent,
    key: &At<String>,
    fields: [&[At<String>]; 3],
) {
    let entries = || event.versions.iter().flat_map(|version| &version.services);
    let keys: BTreeSet<&str> = entries().map(|entry| entry.service.as_str()).collect();
    report.must_know(file, key, "service in this life event", keys.iter().copied());
    let forms = entries().filter(|entry| entry.service == *key).filter_map(|e| e.form.as_ref());
    let known: BTreeSet<String> = forms
        .filter_map(|id| parts.forms.get(id.as_str()))
        .flat_map(|form| all_fields(&parts.forms, form))
        .map(|field| field.key.value)
        .collect();
    // A form or service that does not exist is told where it is named, not once per field.
    if known.is_empty() {
        return;
    }
    for field in fields.into_iter().flatten() {
        report.must_know(file, field, "field in its form", known.iter().map(String::as_str));
    }
}

/// The paths that a fill reads.
pub(super) fn paths(fill: &Fill) -> &[At<String>] {
    match fill {
        Fill::Facts(paths) => paths,
        Fill::Text(_) => &[],
    }
}
