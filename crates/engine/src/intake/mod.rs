//! Intake: an event is checked, and stored with its facts and the work that follows, or set aside.
//!
//! Nothing is lost and nothing stops the rest: what cannot be accepted is kept as it came, with
//! a reason that programs count by, a place, and words for people. Identity is `(source, id)`;
//! a second delivery is an answer, not an error.
//!
//! Many inputs are stored in one transaction, so that a batch waits for the disk once; each still
//! stands for itself.

mod check;
mod envelope;
mod lines;
mod store;

pub use envelope::{Envelope, EnvelopeFault};
pub use lines::{LinesReport, lines};

use domain::EventId;
use serde::Serialize;
use serde_json::Value;

use crate::{App, EngineError};

/// How many inputs are stored in one transaction.
const AT_ONCE: usize = 500;
/// So few share a transaction with others who come at the same moment.
const FEW: usize = 16;

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

/// One input, as it came.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where it stood in what was sent, as in `line 12`.
    place: String,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Json(Value),
    /// A text that is not JSON, and where it ceases to be.
    Text {
        raw: String,
        fault: String,
    },
}

impl Input {
    /// An input that is JSON.
    #[must_use]
    pub fn json(json: Value, place: impl Into<String>) -> Self {
        Self { place: place.into(), body: Body::Json(json) }
    }

    /// An input that should be JSON. Bytes that are no UTF-8 are kept as well as they can be.
    #[must_use]
    pub fn read(bytes: &[u8], place: impl Into<String>) -> Self {
        let body = match serde_json::from_slice(bytes) {
            Ok(json) => Body::Json(json),
            Err(error) => Body::Text {
                raw: String::from_utf8_lossy(bytes).into_owned(),
                fault: format!("not JSON at line {}, column {}", error.line(), error.column()),
            },
        };
        Self { place: place.into(), body }
    }
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

impl From<Refused> for Intake {
    fn from(refused: Refused) -> Self {
        let Refused { reason, pointer, detail } = refused;
        Self::SetAside { reason, pointer, detail }
    }
}

impl App {
    /// Takes in one event. `place` says where in the input it stood, as in `line 12`.
    pub async fn accept(&self, json: &Value, place: &str) -> Result<Intake, EngineError> {
        let mut taken = self.accept_all(&[Input::json(json.clone(), place)]).await?;
        taken.pop().ok_or(EngineError::Unanswered)
    }

    /// Takes in many, in their order, and answers in it what became of each.
    ///
    /// # Errors
    /// Only when the database fails. What was stored before is then a repeat when it is sent again.
    #[tracing::instrument(name = "intake.accept", skip_all, fields(inputs = inputs.len()))]
    pub async fn accept_all(&self, inputs: &[Input]) -> Result<Vec<Intake>, EngineError> {
        let mut taken = Vec::with_capacity(inputs.len());
        if inputs.len() <= FEW {
            let together = &self.operation.now.intake;
            let store = |calls: Vec<Vec<Input>>| async move { self.store_calls(&calls).await };
            taken.extend(together.store(inputs.to_vec(), store).await?);
        } else {
            for some in inputs.chunks(AT_ONCE) {
                taken.extend(self.check_and_store(some).await?);
            }
        }
        for intake in &taken {
            self.operation.metrics.input(match intake {
                Intake::New { .. } => "new",
                Intake::Repeat { .. } => "repeat",
                Intake::SetAside { reason, .. } => reason.name(),
            });
        }
        Ok(taken)
    }

    async fn check_and_store(&self, inputs: &[Input]) -> Result<Vec<Intake>, EngineError> {
        let checked = inputs.iter().map(|input| self.check(input)).collect();
        self.store_checked(inputs, checked).await
    }

    /// Stores the inputs of several calls, and answers each call.
    async fn store_calls(&self, calls: &[Vec<Input>]) -> Result<Vec<Vec<Intake>>, EngineError> {
        let inputs: Vec<Input> = calls.concat();
        let mut taken = Vec::with_capacity(inputs.len());
        for some in inputs.chunks(AT_ONCE) {
            taken.extend(self.check_and_store(some).await?);
        }
        let mut taken = taken.into_iter();
        Ok(calls.iter().map(|call| taken.by_ref().take(call.len()).collect()).collect())
    }
}
