//! The envelope of an event: `CloudEvents` 1.0 in its JSON form.
//!
//! The HTTP binding's binary mode and the batch are turned into this form at the edge, so
//! that one piece of code says what a well-formed event is.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Reason;

/// The attributes of an event that the engine reads, and its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `source`: who sends.
    pub source: String,
    /// `id`, unique within the source.
    pub id: String,
    /// `type`.
    pub kind: String,
    /// `time`: when it happened. Some registers leave it out; then it counts as received.
    pub time: Option<Timestamp>,
    /// The `traceparent` extension.
    pub traceparent: Option<String>,
    /// `data`.
    pub data: Value,
}

/// What is wrong with an envelope, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeFault {
    /// The attribute.
    pub pointer: String,
    /// What is wrong. Repeats no value: a value may be personal.
    pub message: String,
}

impl EnvelopeFault {
    /// The reason code under which such an event is set aside.
    pub const REASON: Reason = Reason::NotACloudEvent;

    fn at(attribute: &str, message: &str) -> Self {
        Self { pointer: format!("/{attribute}"), message: message.to_owned() }
    }
}

impl Envelope {
    /// Reads the JSON form (`CloudEvents` JSON event format 1.0.2).
    ///
    /// # Errors
    /// Names the first attribute that is missing or of the wrong form.
    pub fn parse(json: &Value) -> Result<Self, EnvelopeFault> {
        let Some(attributes) = json.as_object() else {
            return Err(EnvelopeFault {
                pointer: String::new(),
                message: "an event is a JSON object".into(),
            });
        };
        if required(attributes, "specversion")? != "1.0" {
            return Err(EnvelopeFault::at(
                "specversion",
                "only CloudEvents version 1.0 is read here",
            ));
        }
        let time = match optional(attributes, "time")? {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                EnvelopeFault::at(
                    "time",
                    "not a moment as RFC 3339 writes it, such as 2026-11-02T08:30:00+07:00",
                )
            })?),
        };
        let Some(data) = attributes.get("data") else {
            return Err(EnvelopeFault::at("data", "an event without data tells nothing"));
        };
        Ok(Self {
            source: required(attributes, "source")?,
            id: required(attributes, "id")?,
            kind: required(attributes, "type")?,
            time,
            traceparent: optional(attributes, "traceparent")?,
            data: data.clone(),
        })
    }
}

fn optional(attributes: &Map<String, Value>, name: &str) -> Result<Option<String>, EnvelopeFault> {
    match attributes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(EnvelopeFault::at(name, "is empty")),
        Some(_) => Err(EnvelopeFault::at(name, "must be text")),
    }
}

fn required(attributes: &Map<String, Value>, name: &str) -> Result<String, EnvelopeFault> {
    optional(attributes, name)?.ok_or_else(|| EnvelopeFault::at(name, "is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "specversion": "1.0", "id": "1", "source": "urn:vn:register:health",
            "type": "vn.health.birth-certified.v1", "time": "2026-11-02T08:30:00+07:00",
            "data": {"a": 1}, "comvendorextension": "kept by the journal"
        })
    }

    #[test]
    fn a_well_formed_event_is_read() {
        let envelope = Envelope::parse(&good()).unwrap();
        assert_eq!(envelope.kind, "vn.health.birth-certified.v1");
        assert_eq!(envelope.time.unwrap().to_string(), "2026-11-02T01:30:00Z");
    }

    #[test]
    fn each_fault_names_its_attribute() {
        for (attribute, value) in [
            ("specversion", json!("0.3")),
            ("id", json!("")),
            ("id", json!(7)),
            ("source", Value::Null),
            ("type", Value::Null),
            ("time", json!("yesterday")),
        ] {
            let mut event = good();
            event[attribute] = value;
            assert_eq!(Envelope::parse(&event).unwrap_err().pointer, format!("/{attribute}"));
        }
        assert_eq!(Envelope::parse(&json!([1])).unwrap_err().pointer, "");
    }
}
