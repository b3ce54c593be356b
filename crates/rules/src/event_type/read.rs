//! From a payload to subjects and facts.

use std::collections::BTreeMap;
use std::fmt;

use domain::{
    Event, Fact, FactSource, Interval, PersonalNumber, PersonalNumberError, PersonalNumberWarning,
    PseudonymKey, Sex, SubjectId, SubjectKind, Value,
};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

use super::EventType;
use crate::pack::country::ValueKind;
use crate::pack::event_file::{EventFact, EventFile, EventSubject};
use crate::pack::scope::FactSchema;

/// What an event told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whom it is about, by their names in the event's definition.
    pub subjects: BTreeMap<String, ReadSubject>,
    /// What it says.
    pub facts: Vec<Fact>,
    /// What disagrees in it. Shown, never a reason to reject.
    pub warnings: Vec<Warning>,
}

/// One subject that an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSubject {
    /// The pseudonym.
    pub id: SubjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// The identifier that the pseudonym was made from.
    pub identifier: Identifier,
}

/// An identifier of a subject. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier(String);

impl Identifier {
    /// The identifier itself, for the one table that leads back from a pseudonym.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(..)")
    }
}

/// A personal number that disagrees with what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where the number stands.
    pub pointer: String,
    /// With what it disagrees.
    pub what: PersonalNumberWarning,
}

/// Why a payload cannot be read. Names places, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Whom the event is about is not said.
    #[error("the identifier at `{pointer}` is missing")]
    NoIdentifier {
        /// Where it should stand.
        pointer: String,
    },
    /// A personal number of the wrong form.
    #[error("the personal number at `{pointer}` is not one")]
    PersonalNumber {
        /// Where it stands.
        pointer: String,
        /// What is wrong with it.
        #[source]
        source: PersonalNumberError,
    },
    /// A value of the wrong kind.
    #[error("the value at `{pointer}` is not {wanted}")]
    Kind {
        /// Where it stands.
        pointer: String,
        /// What it should be.
        wanted: &'static str,
    },
}

impl ReadError {
    /// Where in the payload, as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match self {
            Self::NoIdentifier { pointer }
            | Self::PersonalNumber { pointer, .. }
            | Self::Kind { pointer, .. } => pointer,
        }
    }
}

/// How one fact is read, with everything looked up that the pack settles.
#[derive(Debug, Clone)]
pub(super) struct FactReader {
    of: String,
    attribute: String,
    personal: bool,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    Pointer(String, ValueKind),
    Subject(String),
    Constant(Value),
}

impl FactReader {
    /// `None` for a definition that the check of the pack refused.
    pub(super) fn new(fact: &EventFact, file: &EventFile, facts: &FactSchema) -> Option<Self> {
        let kind = file.subjects.get(fact.of.as_str())?.kind;
        let schema = facts.get(&kind)?.get(fact.attribute.as_str())?;
        let from = match (&fact.at, &fact.subject, &fact.value) {
            (Some(pointer), _, _) => {
                From::Pointer(pointer.value.clone(), fact.kind.unwrap_or(schema.kind))
            }
            (_, Some(subject), _) => From::Subject(subject.value.clone()),
            (_, _, Some(value)) => From::Constant(constant(value, schema.kind)?),
            _ => return None,
        };
        let (of, attribute) = (fact.of.value.clone(), fact.attribute.value.clone());
        Some(Self { of, attribute, personal: schema.personal, from })
    }
}

/// A constant of the pack as a value. The time zone does not matter: constants are days.
pub(crate) fn constant(json: &Json, kind: ValueKind) -> Option<Value> {
    value(json, kind, &TimeZone::UTC)
}

impl EventType {
    /// Reads a payload that [`EventType::check`] found right.
    ///
    /// A personal number of the wrong form is an error; one that disagrees with the birth date
    /// or the sex beside it is kept with a warning.
    pub fn read(&self, event: &Event, key: &PseudonymKey) -> Result<Reading, ReadError> {
        let data = &event.data;
        let mut reading =
            Reading { subjects: BTreeMap::new(), facts: Vec::new(), warnings: Vec::new() };
        for (name, subject) in &self.file.subjects {
            let Some(identifier) = identifier(data, subject)? else { continue };
            let id = key.subject(subject.kind, identifier.reveal());
            let read = ReadSubject { id, kind: subject.kind, identifier };
            reading.subjects.insert(name.value.clone(), read);
        }
        let valid = Interval::since(self.holds_from(event)?);
        for reader in &self.facts {
            let Some(subject) = reading.subjects.get(&reader.of) else { continue };
            if let Some(value) = self.fact_value(reader, data, &reading.subjects)? {
                let fact = self.fact(event, subject.id, reader, value, valid);
                reading.facts.push(fact);
            }
        }
        reading.warnings = self.warnings(data);
        Ok(reading)
    }

    /// One fact with its source: the register, the event, its record, the law that lets us read it.
    fn fact(
        &self,
        event: &Event,
        subject: SubjectId,
        reader: &FactReader,
        value: Value,
        valid: Interval,
    ) -> Fact {
        let record = self.file.record.as_ref().and_then(|at| text_at(&event.data, at));
        Fact {
            id: Fact::id_of(event.id, subject, &reader.attribute),
            subject,
            attribute: reader.attribute.clone(),
            value,
            personal: reader.personal,
            valid,
            known_from: event.received_at,
            known_until: None,
            source: FactSource {
                register: self.register().to_owned(),
                event: event.id,
                record,
                legal_basis: self.legal_basis().map(domain::LegalBasis::cite).unwrap_or_default(),
            },
        }
    }

    /// What a fact says, or `None` where the payload is silent about it.
    fn fact_value(
        &self,
        reader: &FactReader,
        data: &Json,
        subjects: &BTreeMap<String, ReadSubject>,
    ) -> Result<Option<Value>, ReadError> {
        match &reader.from {
            From::Constant(value) => Ok(Some(value.clone())),
            From::Subject(name) => Ok(subjects.get(name).map(|found| Value::Subject(found.id))),
            From::Pointer(pointer, kind) => {
                let Some(json) = told(data, pointer) else { return Ok(None) };
                value(json, *kind, &self.zone).map(Some).ok_or_else(|| ReadError::Kind {
                    pointer: pointer.clone(),
                    wanted: wanted(*kind),
                })
            }
        }
    }

    /// The day from which the facts hold.
    fn holds_from(&self, event: &Event) -> Result<Date, ReadError> {
        let told = event.occurred_at.to_zoned(self.zone.clone()).date();
        let Some(pointer) = self.file.time.as_ref().filter(|time| time.value != "event") else {
            return Ok(told);
        };
        match event.data.pointer(pointer) {
            None | Some(Json::Null) => Ok(told),
            Some(json) => day(json, &self.zone).ok_or_else(|| ReadError::Kind {
                pointer: pointer.value.clone(),
                wanted: wanted(ValueKind::Date),
            }),
        }
    }

    /// Personal numbers that disagree with the birth date or sex beside them.
    fn warnings(&self, data: &Json) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (name, check) in &self.file.checks {
            let Some(subject) = self.file.subjects.get(name.as_str()) else { continue };
            let number = text_at(data, &subject.at).and_then(|text| text.parse().ok());
            let Some(number): Option<PersonalNumber> = number else { continue };
            let born_on = check.born_on.as_ref().and_then(|at| day(data.pointer(at)?, &self.zone));
            let sex = check.sex.as_ref().and_then(|at| sex(data.pointer(at)?.as_str()?));
            for what in number.warnings(born_on, sex) {
                warnings.push(Warning { pointer: subject.at.value.clone(), what });
            }
        }
        warnings
    }
}

/// The identifier of a subject, or `None` where an optional one is not in the payload.
fn identifier(data: &Json, subject: &EventSubject) -> Result<Option<Identifier>, ReadError> {
    let pointer = || subject.at.value.clone();
    let Some(json) = told(data, &subject.at) else {
        let missing = ReadError::NoIdentifier { pointer: pointer() };
        return if subject.optional { Ok(None) } else { Err(missing) };
    };
    let Some(text) = json.as_str() else {
        return Err(ReadError::Kind { pointer: pointer(), wanted: wanted(ValueKind::Text) });
    };
    let text = normal(text);
    if subject.scheme != "pin" {
        return Ok(Some(Identifier(format!("{}:{text}", subject.scheme))));
    }
    let number: PersonalNumber =
        text.parse().map_err(|source| ReadError::PersonalNumber { pointer: pointer(), source })?;
    Ok(Some(Identifier(number.reveal().to_owned())))
}

/// What stands at a pointer, if it tells something: neither null nor blank.
fn told<'a>(data: &'a Json, pointer: &str) -> Option<&'a Json> {
    data.pointer(pointer).filter(|json| match json {
        Json::Null => false,
        Json::String(text) => !text.trim().is_empty(),
        _ => true,
    })
}

/// The text at a pointer, as it is kept.
fn text_at(data: &Json, pointer: &str) -> Option<String> {
    told(data, pointer).and_then(Json::as_str).map(normal)
}

/// Text in NFC without space around it: registers type the same name in two ways.
fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}

/// JSON as a value of `kind`. Never converts between kinds, but for a moment to its day.
fn value(json: &Json, kind: ValueKind, zone: &TimeZone) -> Option<Value> {
    Some(match kind {
        ValueKind::Text => Value::Text(normal(json.as_str()?)),
        ValueKind::Int => Value::Int(json.as_i64()?),
        ValueKind::Bool => Value::Bool(json.as_bool()?),
        ValueKind::Date => Value::Date(day(json, zone)?),
        ValueKind::Time => Value::Time(json.as_str()?.parse::<Timestamp>().ok()?),
        ValueKind::List => Value::List(
            json.as_array()?
                .iter()
                .map(|item| item.as_str().map(|text| Value::Text(normal(text))))
                .collect::<Option<_>>()?,
        ),
        // Subjects are named by their identifiers, never by a value.
        ValueKind::Subject => return None,
    })
}

/// A day, or the civil day of a moment in the pack's time zone.
fn day(json: &Json, zone: &TimeZone) -> Option<Date> {
    let text = json.as_str()?;
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.to_zoned(zone.clone()).date());
    }
    if text.contains('T') {
        return text.parse::<DateTime>().ok().map(DateTime::date);
    }
    text.parse::<Date>().ok()
}

/// Sex as registers write it, in either language; other words say nothing.
fn sex(text: &str) -> Option<Sex> {
    match normal(text).to_lowercase().as_str() {
        "nam" | "male" => Some(Sex::Male),
        "nữ" | "female" => Some(Sex::Female),
        _ => None,
    }
}

/// What should stand there, for people who send events.
fn wanted(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text => "a text",
        ValueKind::Int => "a whole number",
        ValueKind::Bool => "true or false",
        ValueKind::Date => "a day",
        ValueKind::Time => "a moment with its offset",
        ValueKind::Subject => "a subject",
        ValueKind::List => "a list of texts",
    }
}
