#![doc = include_str!("../README.md")]

mod calendar_day;
mod clock;
mod consent;
mod delivery;
mod draft;
mod event;
mod fact;
mod id;
mod law;
mod lifecycle;
mod message;
mod milestone;
mod outcome;
mod personal_number;
mod pseudonym;
mod receipt;
mod suggestion;
mod text;
mod value;
mod verdict;

pub use calendar_day::{AsOf, Interval, full_years};
pub use clock::{Clock, FixedClock, VN};
pub use consent::{Refusal, RefusalScope};
pub use delivery::{Channel, Delivery, DeliveryState, Detail, Suppression};
pub use draft::{Draft, DraftField, FieldState, Provenance};
pub use event::{Event, EventKind, Trace};
pub use fact::{Fact, FactSet, FactSource, Told};
pub use id::{
    DeliveryId, DraftId, EventId, FactId, IdError, JobId, MessageId, MilestoneId, OutcomeId,
    ReceiptId, SubjectId, SuggestionId, TemplateId,
};
pub use law::{Confidence, Deadline, LegalBasis, Level};
pub use lifecycle::{IllegalTransition, Lifecycle};
pub use message::{Evidence, Letter, Message, MessageSource, Template};
pub use milestone::{Cause, Milestone, MilestoneState};
pub use outcome::{Outcome, OutcomeKind};
pub use personal_number::{PersonalNumber, PersonalNumberError, PersonalNumberWarning, Sex};
pub use pseudonym::{PseudonymKey, SubjectKind};
pub use receipt::Receipt;
pub use suggestion::{Suggestion, SuggestionState};
pub use text::{Language, Text};
pub use value::Value;
pub use verdict::Verdict;
