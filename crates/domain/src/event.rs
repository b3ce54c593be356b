//! What a register tells us, after intake has checked it: a `CloudEvent` 1.0 with our ids.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::EventId;

/// A `CloudEvent` type, as in `vn.health.birth-certified.v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKind(pub String);

/// A W3C trace id, 32 hex digits: one for all that follows from one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(String);

impl Trace {
    /// The trace of a `traceparent` header (W3C Trace Context, `00-<trace>-<span>-<flags>`),
    /// or, where the sender gave none or a wrong one, a trace made from the event's own id.
    #[must_use]
    pub fn of(traceparent: Option<&str>, event: EventId) -> Self {
        let given = traceparent.and_then(|header| header.split('-').nth(1)).filter(|trace| {
            trace.len() == 32
                && trace.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                && trace.bytes().any(|b| b != b'0')
        });
        Self(given.map_or_else(|| event.hex(), str::to_owned))
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An accepted event. `(source, source_event_id)` is its identity, and `id` is made from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Our id.
    pub id: EventId,
    /// The `source` attribute: which register sent it.
    pub source: String,
    /// The `id` attribute, unique within the source.
    pub source_event_id: String,
    /// The `type` attribute.
    pub kind: EventKind,
    /// When it happened (`time`), as the register says.
    pub occurred_at: Timestamp,
    /// When we received it.
    pub received_at: Timestamp,
    /// One trace from here to the delivery.
    pub trace: Trace,
    /// The payload, checked against the type's schema.
    pub data: serde_json::Value,
}

impl Event {
    /// The id of the event that `source` calls `source_event_id`.
    #[must_use]
    pub fn id_of(source: &str, source_event_id: &str) -> EventId {
        EventId::of(&[source, source_event_id])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_comes_from_the_sender_or_else_from_the_event() {
        let id = Event::id_of("urn:register:health", "1");
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Trace::of(Some(header), id).as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for wrong in [None, Some("nonsense"), Some("00-00000000000000000000000000000000-0-0")] {
            assert_eq!(Trace::of(wrong, id).as_str(), id.hex());
        }
    }
}
