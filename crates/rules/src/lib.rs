#![doc = include_str!("../README.md")]

mod alike;
pub mod cel;
mod check;
mod clock;
mod coverage;
mod deadline;
mod decide;
mod event_type;
mod examples;
mod hold;
mod known;
mod pack;
pub mod population;
mod prefill;
mod processing;
mod reading;
mod reason;
mod reference;
mod schema;
mod suggest;

pub use cel::Condition;
pub use clock::Strike;
pub use coverage::{Coverage, LifeEventCoverage, Unreached, coverage};
pub use deadline::{Calendar, Counted};
pub use decide::Decision;
pub use event_type::{
    EventType, Identifier, ReadError, ReadSubject, Reading, SchemaFault, Warning, Withdrawal,
};
pub use examples::{ExampleResult, run_examples};
pub use hold::Hold;
pub use known::Case;
pub use pack::Pack;
pub use pack::at::{At, Span};
pub use pack::clock_rule::{AgeTable, ClockRule};
pub use pack::country::{
    Absent, Attribute, Attributes, CalendarYear, Commune, Families, Family, Head, Holiday,
    OfficeHours, OfficeSpan, PersonAttributes, Province, ProvinceName, Purpose, Register,
    SamplePerson, Samples, Swap, ValueKind,
};
pub use pack::counts::{KindCounts, PackCounts};
pub use pack::deadline_rule::{DeadlineRule, Length, PeriodEnd, Unit};
pub use pack::error::{PackError, PackErrors};
pub use pack::example::{
    DetailedFact, Example, ExampleDates, Expect, ExpectDay, ExpectHold, ExpectResult,
    ExpectService, Expected, Moment,
};
pub use pack::files::{PackFiles, ReadFilesError};
pub use pack::fill::Fill;
pub use pack::guard::{Already, Approved, Executes, Guards, Sensitive, SensitiveKind};
pub use pack::life_event::{
    Begins, Entry, Gap, Kind, LifeEvent, Overlay, Role, Transition, Version,
};
pub use pack::one_or_many::{Names, OneOrMany};
pub use pack::service::{
    Document, Form, FormField, LawValue, Parameter, ParameterValue, Period, PeriodUnit, Service,
    Why,
};
pub use processing::ResultDue;
pub use reason::{Part, Reason};
pub use schema::FileKind;
pub use suggest::Proposal;
