//! Intake: an event is checked, and stored with its facts and the work that follows, or set aside.
//!
//! Nothing is lost and nothing stops the rest: what cannot be accepted is kept as it came, with
//! a reason that programs count by, a place, and words for people. Identity is `(source, id)`;
//! a second delivery is an answer, not an error.

mod envelope;
mod lines;

pub use envelope::{Envelope, EnvelopeFault};
pub use lines::{LinesReport, lines};

use domain::{Event, EventId, EventKind, Language, PersonalNumberWarning, Trace};
use jiff::{SignedDuration, Timestamp};
use rules::{EventType, ReadSubject, Reading};
use serde::Serialize;
use serde_json::Value;
use storage::{journal, quarantine};

use crate::work::Work;
use crate::{App, EngineError};

/// How far ahead of ours a register's clock may be.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why an input was set aside. The names are a contract: they are only added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not JSON.
    BrokenJson,
    /// JSON, but no `CloudEvent` 1.0.
    NotACloudEvent,
    /// No event type of the pack.
    UnknownType,
    /// The source has no right to send this type.
    NotAgreed,
    /// The payload is not what the type's schema says.
    WrongSchema,
    /// An identifier of the wrong form.
    WrongIdentifier,
    /// Dated after we received it.
    InTheFuture,
    /// The sender used the same id before for something else.
    IdReused,
    /// A text with a zero byte, which not every database can keep.
    UnstorableText,
}

impl Reason {
    /// The name in storage and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BrokenJson => "broken_json",
            Self::NotACloudEvent => "not_a_cloud_event",
            Self::UnknownType => "unknown_type",
            Self::NotAgreed => "not_agreed",
            Self::WrongSchema => "wrong_schema",
            Self::WrongIdentifier => "wrong_identifier",
            Self::InTheFuture => "in_the_future",
            Self::IdReused => "id_reused",
            Self::UnstorableText => "unstorable_text",
        }
    }
}

/// Something odd in an event that was accepted all the same. Repeats no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntakeWarning {
    /// Where in the payload.
    pub pointer: String,
    /// What is odd.
    pub message: String,
}

/// What became of one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Intake {
    /// Stored, and the work that follows enqueued.
    New {
        /// Its id.
        id: EventId,
        /// What was odd.
        warnings: Vec<IntakeWarning>,
    },
    /// Delivered before; nothing changed.
    Repeat {
        /// The first delivery's id.
        id: EventId,
    },
    /// Kept for repair.
    SetAside {
        /// Why, for programs.
        reason: Reason,
        /// Where in the event.
        pointer: Option<String>,
        /// Why, for people. Holds no personal data.
        detail: String,
    },
}

/// A refusal on the way to [`Intake::SetAside`].
struct Refused {
    reason: Reason,
    pointer: Option<String>,
    detail: String,
}

impl Refused {
    fn new(reason: Reason, pointer: Option<&str>, detail: impl Into<String>) -> Self {
        Self { reason, pointer: pointer.map(str::to_owned), detail: detail.into() }
    }
}

impl App {
    /// Takes in one event. `place` says where in the input it stood, as in `line 12`.
    #[tracing::instrument(name = "intake.accept", skip_all, fields(trace))]
    pub async fn accept(&self, json: &Value, place: &str) -> Result<Intake, EngineError> {
        match self.checked(json) {
            Ok((event, kind)) => self.store_event(event, kind, place, json).await,
            Err(refused) => self.set_aside(json, place, refused).await,
        }
    }

    /// Everything that can be said against an event without asking the database.
    fn checked(&self, json: &Value) -> Result<(Event, &EventType), Refused> {
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

    async fn store_event(
        &self,
        mut event: Event,
        event_type: &EventType,
        place: &str,
        json: &Value,
    ) -> Result<Intake, EngineError> {
        let mut reading = match self.readable(&event, event_type, json) {
            Ok(reading) => reading,
            Err(refused) => return self.set_aside(json, place, refused).await,
        };
        tracing::Span::current().record("trace", event.trace.as_str());
        let mut tx = self.store.begin().await?;
        // Known from the moment that it can be read by others, not from when it began to wait for
        // them: a decision taken meanwhile did not know it, and its replay must not either.
        let now = self.now();
        event.received_at = now;
        reading.facts.iter_mut().for_each(|fact| fact.known_from = now);
        match journal::record(&mut tx, &event).await? {
            journal::Recorded::New(_) => {}
            journal::Recorded::Repeat(_) => return Ok(Intake::Repeat { id: event.id }),
            journal::Recorded::Differs(_) => {
                // The next transaction may have to wait for the end of this one.
                tx.rollback().await?;
                let detail = "this id was used before for something else";
                let refused = Refused::new(Reason::IdReused, Some("/id"), detail);
                return self.set_aside(json, place, refused).await;
            }
        }
        for subject in reading.subjects.values() {
            storage::subjects::put(&mut tx, &self.subject_row(subject)).await?;
        }
        storage::facts::record(&mut tx, &reading.facts).await?;
        if let Some(withdrawal) = event_type.withdraws(&event) {
            storage::facts::withdraw_facts_of(&mut tx, withdrawal.event(), now).await?;
        }
        Work::Detect { event: event.id }.enqueue(&mut tx, now, &event.trace).await?;
        tx.commit().await?;
        tracing::info!(
            event.id = %event.id, event.kind = %event.kind.0, facts = reading.facts.len(),
            "event accepted"
        );
        let warnings = reading.warnings.into_iter().map(|warning| IntakeWarning {
            pointer: format!("/data{}", warning.pointer),
            message: odd(warning.what).to_owned(),
        });
        Ok(Intake::New { id: event.id, warnings: warnings.collect() })
    }

    /// The row that leads back from a pseudonym. Messages are in the country's first language
    /// until the person chooses another.
    fn subject_row(&self, subject: &ReadSubject) -> storage::subjects::Subject {
        storage::subjects::Subject {
            id: subject.id,
            kind: subject.kind,
            identifier: Some(subject.identifier.reveal().to_owned()),
            language: self.pack.head().languages.first().copied().unwrap_or(Language::Vi),
        }
    }

    async fn set_aside(
        &self,
        json: &Value,
        place: &str,
        refused: Refused,
    ) -> Result<Intake, EngineError> {
        let source = json.get("source").and_then(Value::as_str).unwrap_or_default();
        self.keep_aside(source, &json.to_string(), place, &refused).await?;
        Ok(Intake::SetAside {
            reason: refused.reason,
            pointer: refused.pointer,
            detail: refused.detail,
        })
    }

    /// Sets aside a text that is not even JSON.
    pub async fn set_aside_text(
        &self,
        raw: &str,
        place: &str,
        detail: String,
    ) -> Result<Intake, EngineError> {
        let refused = Refused { reason: Reason::BrokenJson, pointer: None, detail };
        self.keep_aside("", raw, place, &refused).await?;
        Ok(Intake::SetAside { reason: refused.reason, pointer: None, detail: refused.detail })
    }

    async fn keep_aside(
        &self,
        source: &str,
        raw: &str,
        place: &str,
        refused: &Refused,
    ) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        let rejected = quarantine::Rejected {
            source,
            place,
            code: refused.reason.name(),
            reason: &refused.detail,
            raw,
            received_at: self.now(),
        };
        quarantine::set_aside(&mut tx, &rejected).await?;
        tx.commit().await?;
        tracing::warn!(reason = refused.reason.name(), place, "input set aside");
        Ok(())
    }
}

/// What a personal number disagrees with, in words.
fn odd(warning: PersonalNumberWarning) -> &'static str {
    match warning {
        PersonalNumberWarning::BirthYear => "the personal number tells another year of birth",
        PersonalNumberWarning::Sex => "the personal number tells the other sex",
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
