//! From texts to the parts of a pack, before they are checked against each other.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Parts;
use super::at::Span;
use super::country::{Families, Samples};
use super::files::PackFiles;
use super::life_event::{LifeEvent, Overlay};
use super::limits;
use super::scope::FactSchema;
use super::service::Service;
use super::yaml::{Reader, too_many_values};
use crate::check::Report;
use crate::event_type::schema_parts;

/// Reads every file that it knows. What cannot be read is reported and left out.
pub(crate) fn load(files: &PackFiles, report: &mut Report<'_>) -> Option<Parts> {
    limits::check(files, report);
    if !report.is_empty() {
        return None;
    }
    let mut loader = Loader { files, report, reader: Reader::default() };
    loader.parts()
}

/// Reads the files of one pack.
struct Loader<'a, 'r, 'f> {
    files: &'a PackFiles,
    report: &'r mut Report<'f>,
    reader: Reader,
}

impl Loader<'_, '_, '_> {
    fn parts(&mut self) -> Option<Parts> {
        let head = self.one("pack.yaml");
        let registers = self.one("registers.yaml");
        let facts = self.facts();
        let mut parts = Parts {
            head: head?,
            registers: registers.unwrap_or_default(),
            facts,
            events: self.folder("events"),
            services: self.folder::<Service>("services"),
            forms: self.folder("forms"),
            fields: BTreeMap::new(),
            parameters: self.folder("parameters"),
            calendar: self.folder("calendar"),
            provinces: self.optional("units/provinces.yaml").unwrap_or_default(),
            communes: self.optional("units/communes.yaml").unwrap_or_default(),
            samples: self.samples(),
            schemas: self.schemas(),
            validators: BTreeMap::new(),
            life_events: self.life_events(),
            examples: BTreeMap::new(),
        };
        for (key, service) in &mut parts.services {
            service.key.clone_from(key);
        }
        for life_event in &parts.life_events {
            let path = life_event.file.replace("life-event.yaml", "examples.yaml");
            if let Some(examples) = self.optional(&path) {
                parts.examples.insert(life_event.id.value.clone(), (path, examples));
            }
        }
        Some(parts)
    }

    /// A file that every pack has.
    fn one<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let Some(text) = self.files.get(path) else {
            self.report.file_fault(path, "this file is missing");
            return None;
        };
        self.parse(path, text)
    }

    /// A file that a pack may have.
    fn optional<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        self.files.get(path).and_then(|text| self.parse(path, text))
    }

    /// Every YAML file of a folder, by the name of the file without its ending.
    fn folder<T: DeserializeOwned>(&mut self, name: &str) -> BTreeMap<String, T> {
        self.files
            .in_folder(name, ".yaml")
            .filter_map(|(path, stem, text)| Some((stem.to_owned(), self.parse(path, text)?)))
            .collect()
    }

    /// The fact schema, from its files by topic. An attribute stands in one of them: two definitions
    /// of one thing would drift apart.
    fn facts(&mut self) -> FactSchema {
        let mut schema = FactSchema::new();
        for (path, _, text) in self.files.in_folder("facts", ".yaml") {
            let Some(topic) = self.parse::<FactSchema>(path, text) else { continue };
            for (kind, attributes) in topic {
                let known = schema.entry(kind).or_default();
                for (name, mut attribute) in attributes {
                    path.clone_into(&mut attribute.file);
                    if let Some(other) = known.get(&name) {
                        let message = format!("`{}` is also in `{}`", name.value, other.file);
                        self.report.fault(path, name.span, message, None);
                        continue;
                    }
                    known.insert(name, attribute);
                }
            }
        }
        schema
    }

    /// Every folder with a `life-event.yaml`.
    fn life_events(&mut self) -> Vec<LifeEvent> {
        let files = self.files;
        files
            .iter()
            .filter(|(path, _)| path.ends_with("/life-event.yaml"))
            .filter_map(|(path, text)| {
                let mut life_event: LifeEvent = self.parse(path, text)?;
                path.clone_into(&mut life_event.file);
                let folder = path.replace("life-event.yaml", "places");
                for (path, _, text) in files.in_folder(&folder, ".yaml") {
                    for mut overlay in self.parse::<Vec<Overlay>>(path, text).unwrap_or_default() {
                        path.clone_into(&mut overlay.file);
                        life_event.overlays.push(overlay);
                    }
                }
                Some(life_event)
            })
            .collect()
    }

    /// The people and events of the demo. Lines are kept as written, since bad ones are part of it.
    fn samples(&mut self) -> Samples {
        let families: Option<Families> = self.optional("samples/families.yaml");
        let timeline = self.files.get("samples/timeline.jsonl").unwrap_or_default();
        let lines = timeline.lines().filter(|line| !line.trim().is_empty());
        Samples { families, timeline: lines.map(str::to_owned).collect() }
    }

    /// The JSON Schemas of events, by the name of the event's file.
    fn schemas(&mut self) -> BTreeMap<String, Value> {
        let mut schemas = BTreeMap::new();
        for (path, stem, text) in self.files.in_folder("events", ".schema.json") {
            if self.reader.is_spent() {
                break;
            }
            match serde_json::from_str(text) {
                Ok(schema) => match self.parts_of(&schema) {
                    Ok(()) => {
                        schemas.insert(stem.to_owned(), schema);
                    }
                    Err(message) => self.report.file_fault(path, message),
                },
                Err(error) => {
                    let span = Span { line: error.line(), column: error.column(), length: 1 };
                    self.report.fault(path, span, "this is not JSON", Some(error.to_string()));
                }
            }
        }
        schemas
    }

    /// Counts the parts of a schema among the values of the pack.
    fn parts_of(&mut self, schema: &Value) -> Result<(), String> {
        let parts = schema_parts(schema)?;
        if self.reader.spend(parts) { Ok(()) } else { Err(too_many_values()) }
    }

    /// One file.
    fn parse<T: DeserializeOwned>(&mut self, path: &str, text: &str) -> Option<T> {
        // That all of them hold too much is told once.
        if self.reader.is_spent() {
            return None;
        }
        let read = self.reader.read(text);
        read.map_err(|fault| self.report.fault(path, fault.span, fault.message, fault.help)).ok()
    }
}
