//! What can be said against an input without asking the database.

use domain::{Event, EventKind, Trace};
use jiff::{SignedDuration, Timestamp};
use rules::{EventType, Reading};
use serde_json::Value;

use super::{Body, Envelope, EnvelopeFault, Input, Reason, Refused};
use crate::App;

/// How far ahead of ours a register's clock may be.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// An event that can be stored, and what it tells.
pub(super) struct Checked<'a> {
    pub(super) event: Event,
    pub(super) event_type: &'a EventType,
    pub(super) reading: Reading,
}

impl App {
    pub(super) fn check(&self, input: &Input) -> Result<Checked<'_>, Refused> {
        let json = match &input.body {
            Body::Json(json) => json,
            Body::Text { fault, .. } => {
                return Err(Refused::new(Reason::BrokenJson, None, fault.clone()));
            }
        };
        let (event, event_type) = self.envelope(json)?;
        let reading = self.readable(&event, event_type, json)?;
        Ok(Checked { event, event_type, reading })
    }

    /// Everything that can be said against an event without asking the database.
    fn envelope(&self, json: &Value) -> Result<(Event, &EventType), Refused> {
        let envelope = Envelope::parse(json).map_err(|fault| Refused {
            reason: EnvelopeFault::REASON,
            pointer: Some(fault.pointer),
            detail: fault.message,
        })?;
        let kind = EventKind(envelope.kind.clone());
        let Some(event_type) = self.pack.event_type(&kind) else {
            return Err(Refused::new(
                Reason::UnknownType,
                Some("/type"),
                "no event type of the pack has this name",
            ));
        };
        if !self.pack.may_send(&envelope.source, event_type) {
            return Err(Refused::new(
                Reason::NotAgreed,
                Some("/source"),
                "this source has no agreement to send events of this type",
            ));
        }
        let received_at = self.now();
        let occurred_at = envelope.time.unwrap_or(received_at);
        if is_future(occurred_at, received_at) {
            return Err(Refused::new(
                Reason::InTheFuture,
                Some("/time"),
                "dated after it was received",
            ));
        }
        if let Err(faults) = event_type.check(&envelope.data) {
            let first = faults.into_iter().next();
            let (pointer, detail) = first.map_or_else(
                || ("/data".to_owned(), "does not match its schema".to_owned()),
                |fault| (format!("/data{}", fault.pointer), fault.message),
            );
            return Err(Refused::new(Reason::WrongSchema, Some(&pointer), detail));
        }
        let id = Event::id_of(&envelope.source, &envelope.id);
        Ok((
            Event {
                id,
                trace: Trace::of(envelope.traceparent.as_deref(), id),
                source: envelope.source,
                source_event_id: envelope.id,
                kind,
                occurred_at,
                received_at,
                data: envelope.data,
            },
            event_type,
        ))
    }

    /// What the event tells, where all of it can be kept.
    fn readable(
        &self,
        event: &Event,
        event_type: &EventType,
        json: &Value,
    ) -> Result<Reading, Refused> {
        if has_zero_byte(json) {
            let detail = "holds a zero byte, which no text may";
            return Err(Refused::new(Reason::UnstorableText, None, detail));
        }
        let reading = event_type.read(event, &self.key).map_err(|error| {
            let pointer = format!("/data{}", error.pointer());
            Refused::new(Reason::WrongIdentifier, Some(&pointer), error.to_string())
        })?;
        let today = self.day(event.received_at);
        if reading.facts.iter().any(|fact| fact.valid.from > today) {
            let detail = "tells of a day that has not come";
            return Err(Refused::new(Reason::InTheFuture, Some("/data"), detail));
        }
        Ok(reading)
    }
}

/// Whether any text in `json` holds a zero byte.
fn has_zero_byte(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_zero_byte),
        Value::Object(entries) => {
            entries.iter().any(|(name, value)| name.contains('\0') || has_zero_byte(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_future(occurred_at: Timestamp, received_at: Timestamp) -> bool {
    occurred_at.duration_since(received_at) > CLOCK_SKEW
}
