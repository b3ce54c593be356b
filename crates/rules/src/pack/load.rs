//! From texts to the parts of a pack, before they are checked against each other.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::Parts;
use super::at::Span;
use super::country::{Families, Samples};
use super::error::did_you_mean;
use super::files::PackFiles;
use super::life_event::{LifeEvent, Overlay};
use super::scope::FactSchema;
use super::service::Service;
use crate::check::Report;

/// Reads every file that it knows. What cannot be read is reported and left out.
pub(crate) fn load(files: &PackFiles, report: &mut Report<'_>) -> Option<Parts> {
    let head = one(files, report, "pack.yaml");
    let registers = one(files, report, "registers.yaml");
    let facts = facts(files, report);
    let mut parts = Parts {
        head: head?,
        registers: registers.unwrap_or_default(),
        facts,
        events: folder(files, report, "events"),
        services: folder::<Service>(files, report, "services"),
        forms: folder(files, report, "forms"),
        parameters: folder(files, report, "parameters"),
        calendar: folder(files, report, "calendar"),
        provinces: optional(files, report, "units/provinces.yaml").unwrap_or_default(),
        communes: optional(files, report, "units/communes.yaml").unwrap_or_default(),
        samples: samples(files, report),
        schemas: schemas(files, report),
        life_events: life_events(files, report),
        examples: BTreeMap::new(),
    };
    for (key, service) in &mut parts.services {
        service.key.clone_from(key);
    }
    for life_event in &parts.life_events {
        let path = life_event.file.replace("life-event.yaml", "examples.yaml");
        if let Some(examples) = optional(files, report, &path) {
            parts.examples.insert(life_event.id.value.clone(), (path, examples));
        }
    }
    Some(parts)
}

/// A file that every pack has.
fn one<T: DeserializeOwned>(files: &PackFiles, report: &mut Report<'_>, path: &str) -> Option<T> {
    let Some(text) = files.get(path) else {
        report.file_fault(path, "this file is missing");
        return None;
    };
    parse(report, path, text)
}

/// A file that a pack may have.
fn optional<T: DeserializeOwned>(
    files: &PackFiles,
    report: &mut Report<'_>,
    path: &str,
) -> Option<T> {
    files.get(path).and_then(|text| parse(report, path, text))
}

/// Every YAML file of a folder, by the name of the file without its ending.
fn folder<T: DeserializeOwned>(
    files: &PackFiles,
    report: &mut Report<'_>,
    name: &str,
) -> BTreeMap<String, T> {
    files
        .in_folder(name, ".yaml")
        .filter_map(|(path, stem, text)| Some((stem.to_owned(), parse(report, path, text)?)))
        .collect()
}

/// The fact schema, from its files by topic. An attribute stands in one of them: two definitions
/// of one thing would drift apart.
fn facts(files: &PackFiles, report: &mut Report<'_>) -> FactSchema {
    let mut schema = FactSchema::new();
    for (path, _, text) in files.in_folder("facts", ".yaml") {
        let Some(topic) = parse::<FactSchema>(report, path, text) else { continue };
        for (kind, attributes) in topic {
            let known = schema.entry(kind).or_default();
            for (name, mut attribute) in attributes {
                path.clone_into(&mut attribute.file);
                if let Some(other) = known.get(&name) {
                    let message = format!("`{}` is also in `{}`", name.value, other.file);
                    report.fault(path, name.span, message, None);
                    continue;
                }
                known.insert(name, attribute);
            }
        }
    }
    schema
}

/// Every folder with a `life-event.yaml`.
fn life_events(files: &PackFiles, report: &mut Report<'_>) -> Vec<LifeEvent> {
    files
        .iter()
        .filter(|(path, _)| path.ends_with("/life-event.yaml"))
        .filter_map(|(path, text)| {
            let mut life_event: LifeEvent = parse(report, path, text)?;
            path.clone_into(&mut life_event.file);
            let folder = path.replace("life-event.yaml", "places");
            for (path, _, text) in files.in_folder(&folder, ".yaml") {
                for mut overlay in parse::<Vec<Overlay>>(report, path, text).unwrap_or_default() {
                    path.clone_into(&mut overlay.file);
                    life_event.overlays.push(overlay);
                }
            }
            Some(life_event)
        })
        .collect()
}

/// The people and events of the demo. Lines are kept as written, since bad ones are part of it.
fn samples(files: &PackFiles, report: &mut Report<'_>) -> Samples {
    let families: Option<Families> = optional(files, report, "samples/families.yaml");
    let timeline = files.get("samples/timeline.jsonl").unwrap_or_default();
    let lines = timeline.lines().filter(|line| !line.trim().is_empty());
    Samples { families, timeline: lines.map(str::to_owned).collect() }
}

/// The JSON Schemas of events, by the name of the event's file.
fn schemas(files: &PackFiles, report: &mut Report<'_>) -> BTreeMap<String, serde_json::Value> {
    let mut schemas = BTreeMap::new();
    for (path, stem, text) in files.in_folder("events", ".schema.json") {
        match serde_json::from_str(text) {
            Ok(schema) => {
                schemas.insert(stem.to_owned(), schema);
            }
            Err(error) => {
                let span = Span { line: error.line(), column: error.column(), length: 1 };
                report.fault(path, span, "this is not JSON", Some(error.to_string()));
            }
        }
    }
    schemas
}

/// One file. YAML's own mistakes are told in our words.
fn parse<T: DeserializeOwned>(report: &mut Report<'_>, path: &str, text: &str) -> Option<T> {
    // Comments are for readers; not capturing them saves half of the parser's work.
    let options = serde_saphyr::options! { emit_comments: false };
    match serde_saphyr::from_str_with_options(text, options) {
        Ok(value) => Some(value),
        Err(error) => {
            let (span, message, help) = explain(&error);
            report.fault(path, span, message, help);
            None
        }
    }
}

/// A parser's complaint in an author's words.
fn explain(error: &serde_saphyr::Error) -> (Span, String, Option<String>) {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return explain(error);
    }
    let span = error.location().map_or_else(Span::default, |at| {
        let number = |n: u64| usize::try_from(n).unwrap_or_default();
        Span {
            line: number(at.line()),
            column: number(at.column()),
            length: at.span().len().try_into().unwrap_or(1),
        }
    });
    let (message, help) = match error {
        Error::SerdeUnknownField { field, expected, .. } => (
            format!("`{field}` is not an entry that is read here"),
            did_you_mean(field, expected.iter().copied()),
        ),
        Error::SerdeMissingField { field, .. } => (format!("the entry `{field}` is missing"), None),
        Error::SerdeUnknownVariant { variant, expected, .. } => (
            format!("`{variant}` is none of the words for this"),
            did_you_mean(variant, expected.iter().copied()),
        ),
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            (format!("{unexpected} stands where {expected} is wanted"), None)
        }
        Error::InvalidScalar { ty: "boolean", .. } => {
            ("`true` or `false` is wanted here".to_owned(), None)
        }
        Error::InvalidScalar { .. } => ("a whole number is wanted here".to_owned(), None),
        Error::DuplicateMappingKey { key, .. } => {
            (format!("`{}` is written twice", key.as_deref().unwrap_or_default()), None)
        }
        Error::Message { msg, .. } => (msg.clone(), None),
        other => (other.to_string(), None),
    };
    (span, message, help)
}
