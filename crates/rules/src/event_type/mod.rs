//! What an event tells, read into facts.
//!
//! Registers differ in what they send; the pack says for each kind of event whom it is about
//! and which value becomes which fact. Here nothing is known about any register, so a new one
//! is plugged in by two files and no code.
//!
//! # Invariants
//!
//! - **No value in a message.** A payload holds personal data: faults name the place by its
//!   JSON pointer and say what is wrong there, never what stands there.
//! - **A pointer that is absent tells nothing.** It yields no fact, which later reads as
//!   *unknown* and never as *no*.

mod read;

pub use read::{Identifier, ReadError, ReadSubject, Reading, Warning};

use domain::{Event, EventId, EventKind, LegalBasis, Text};
use jiff::tz::TimeZone;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::pack::country::Register;
use crate::pack::event_file::{Effect, EventFile};
use crate::pack::limits::{self, more_than};
use crate::pack::scope::FactSchema;
use read::FactReader;
pub(crate) use read::constant;

/// One kind of event that a register sends.
#[derive(Debug)]
pub struct EventType {
    kind: EventKind,
    file: EventFile,
    legal_basis: Option<LegalBasis>,
    schema: Value,
    validator: Validator,
    facts: Vec<FactReader>,
    zone: TimeZone,
}

/// One thing about a payload that is not as its schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where, as a JSON pointer; empty for the whole payload.
    pub pointer: String,
    /// What is wrong, without the value.
    pub message: String,
}

/// Which earlier event is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Who sent it.
    pub source: String,
    /// What its source called it.
    pub id: String,
}

impl Withdrawal {
    /// Our id of the event that is taken back.
    #[must_use]
    pub fn event(&self) -> EventId {
        Event::id_of(&self.source, &self.id)
    }
}

/// Compiles a schema as draft 2020-12 with formats as assertions. Nothing is fetched from
/// anywhere: a schema that refers outside itself does not compile.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        // Patterns take time in proportion to what they look at, whoever wrote them.
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(schema)
        .map_err(|error| error.to_string())
}

/// How many parts a schema has when its references are followed, as a payload is compared with
/// them; or why that cannot be told. References by anything but a place in the same file are
/// refused, and one that leads back to itself has no end.
pub(crate) fn schema_parts(schema: &Value) -> Result<usize, String> {
    let mut parts = 0;
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        parts += 1;
        if parts > limits::SCHEMA_PARTS {
            return Err(more_than(
                limits::SCHEMA_PARTS,
                "parts in one schema, references followed",
            ));
        }
        match value {
            Value::Object(entries) => {
                open.extend(entries.values());
                if let Some(Value::String(target)) = entries.get("$ref") {
                    open.push(referred(schema, target)?);
                }
                if entries.keys().any(|key| key == "$dynamicRef" || key == "$recursiveRef") {
                    return Err("a schema refers to its parts by `$ref` alone".to_owned());
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    Ok(parts)
}

/// The part of `schema` that a reference names.
fn referred<'a>(schema: &'a Value, target: &str) -> Result<&'a Value, String> {
    let place = target.strip_prefix('#').filter(|place| place.is_empty() || place.starts_with('/'));
    let found = place.and_then(|place| schema.pointer(place));
    found.ok_or_else(|| {
        format!("`{target}` is no part of this schema: write `#/$defs/` and its name")
    })
}

impl EventType {
    pub(crate) fn new(
        file: EventFile,
        register: Option<&Register>,
        (schema, validator): (Value, Validator),
        facts: &FactSchema,
        zone: TimeZone,
    ) -> Self {
        let readers = file.facts.iter().filter_map(|fact| FactReader::new(fact, &file, facts));
        Self {
            kind: EventKind(file.kind.value.clone()),
            facts: readers.collect(),
            legal_basis: file
                .legal_basis
                .clone()
                .or_else(|| register.map(|register| register.legal_basis.clone())),
            file,
            schema,
            validator,
            zone,
        }
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &EventKind {
        &self.kind
    }

    /// What it tells.
    #[must_use]
    pub fn title(&self) -> &Text {
        &self.file.title
    }

    /// The code of the register that sends it.
    #[must_use]
    pub fn register(&self) -> &str {
        &self.file.register
    }

    /// What it may be used for.
    #[must_use]
    pub fn purpose(&self) -> &Text {
        &self.file.purpose
    }

    /// The law that lets us read it: its own, or its register's.
    #[must_use]
    pub fn legal_basis(&self) -> Option<&LegalBasis> {
        self.legal_basis.as_ref()
    }

    /// The JSON Schema of its payload.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether it takes an earlier event back.
    #[must_use]
    pub fn is_withdrawal(&self) -> bool {
        self.file.effect == Effect::Withdraw
    }

    /// Checks a payload against the schema. All faults are told, none shows a value.
    pub fn check(&self, data: &Value) -> Result<(), Vec<SchemaFault>> {
        let faults: Vec<SchemaFault> = self
            .validator
            .iter_errors(data)
            .map(|error| SchemaFault {
                pointer: error.instance_path().as_str().to_owned(),
                message: match error.kind() {
                    // The name of an entry may itself be a person's number.
                    ValidationErrorKind::AdditionalProperties { unexpected }
                    | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                        format!("entries that the schema does not have: {}", unexpected.len())
                    }
                    ValidationErrorKind::PropertyNames { .. } => {
                        "an entry whose name the schema does not allow".to_owned()
                    }
                    _ => error.masked().to_string(),
                },
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Which event `event` takes back, where it takes one back. A source that is left out is
    /// the event's own.
    #[must_use]
    pub fn withdraws(&self, event: &Event) -> Option<Withdrawal> {
        if !self.is_withdrawal() {
            return None;
        }
        let text = |pointer| event.data.pointer(pointer).and_then(Value::as_str);
        let source = text("/withdraws/source").unwrap_or(&event.source);
        Some(Withdrawal { source: source.to_owned(), id: text("/withdraws/id")?.to_owned() })
    }
}
