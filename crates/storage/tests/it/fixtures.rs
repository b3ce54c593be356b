//! One small family that the tests share: a child, its mother, its father.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AsOf, Cause, Channel, Delivery, DeliveryState, Draft, Event, EventKind, Fact, FactSource,
    Interval, Language, Letter, Level, Message, MessageSource, Milestone, MilestoneState,
    SubjectId, SubjectKind, Suggestion, SuggestionState, Template, TemplateId, Trace, Value,
    Verdict,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use storage::journal::{Entry, Recorded};
use storage::subjects::Subject;
use storage::{
    Conn, Tx, deliveries, facts, journal, messages, milestones, subjects, suggestions, templates,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment that the fixtures' things are made.
pub(crate) fn noon() -> Timestamp {
    at("2026-11-03T05:00:00Z")
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

pub(crate) fn today() -> Date {
    date(2026, 11, 3)
}

pub(crate) fn child() -> SubjectId {
    SubjectId::of(&["child"])
}

pub(crate) fn mother() -> SubjectId {
    SubjectId::of(&["mother"])
}

pub(crate) fn father() -> SubjectId {
    SubjectId::of(&["father"])
}

pub(crate) fn subject(id: SubjectId) -> Subject {
    Subject {
        id,
        kind: SubjectKind::Person,
        identifier: Some("999195001234".to_owned()),
        language: Language::VI,
    }
}

pub(crate) fn event(number: &str) -> Event {
    let id = Event::id_of("urn:register:health", number);
    Event {
        id,
        source: "urn:register:health".to_owned(),
        source_event_id: number.to_owned(),
        kind: EventKind("vn.health.birth-certified.v1".to_owned()),
        occurred_at: at("2026-11-02T03:00:00Z"),
        received_at: noon(),
        trace: Trace::of(None, id),
        data: serde_json::json!({ "weight": 3100, "tên": "cột mốc" }),
    }
}

pub(crate) fn fact(of: &Event, about: SubjectId, attribute: &str, value: Value) -> Fact {
    Fact {
        id: Fact::id_of(of.id, about, attribute),
        subject: about,
        attribute: attribute.to_owned(),
        value,
        valid: Interval::since(date(2026, 11, 2)),
        personal: false,
        known_from: of.received_at,
        known_until: None,
        source: FactSource {
            register: "HLT".to_owned(),
            event: of.id,
            record: Some("GCS.00042.26".to_owned()),
            legal_basis: "Điều 15".to_owned(),
        },
    }
}

pub(crate) fn milestone() -> Milestone {
    Milestone {
        id: Milestone::id_of("LE-BIRTH", child(), "2026-11-02"),
        life_event: "LE-BIRTH".to_owned(),
        subject: child(),
        occurrence: "2026-11-02".to_owned(),
        occurred_on: date(2026, 11, 2),
        state: MilestoneState::Reached,
        roles: BTreeMap::from([("child".to_owned(), child()), ("mother".to_owned(), mother())]),
        verdict: Verdict::Met,
        as_of: AsOf { occurred: date(2026, 11, 2), known: noon(), law: today() },
        pack: "vn@1".to_owned(),
        cause: Cause::Event(event("1").id),
        trace: event("1").trace,
    }
}

pub(crate) fn suggestion(service: &str) -> Suggestion {
    let milestone = milestone().id;
    Suggestion {
        id: Suggestion::id_of(milestone, service, mother()),
        milestone,
        service: service.to_owned(),
        recipient: mother(),
        role: "mother".to_owned(),
        main: true,
        level: Level::Prepare,
        verdict: Verdict::Unknown { missing: BTreeSet::from(["mother.residence".to_owned()]) },
        deadline: None,
        state: SuggestionState::Open,
    }
}

pub(crate) fn draft() -> Draft {
    let suggestion = suggestion("2.000635").id;
    Draft { id: Draft::id_of(suggestion), suggestion, form: "TK-KS".to_owned(), fields: Vec::new() }
}

pub(crate) fn template() -> Template {
    Template {
        id: TemplateId::of(&["hand-written"]),
        shape: "birth/mother".to_owned(),
        language: Language::VI,
        text: "Kính gửi ông/bà, hạn là {deadline}.".to_owned(),
        source: MessageSource::Template,
        refused_because: None,
        model: String::new(),
        prompt: String::new(),
        index: String::new(),
        evidence: [].into(),
    }
}

pub(crate) fn message() -> Message {
    let milestone = milestone().id;
    Message {
        id: Message::id_of(milestone, mother(), Letter::First),
        letter: Letter::First,
        milestone,
        recipient: mother(),
        language: Language::VI,
        template: template().id,
        source: MessageSource::Template,
        proved: true,
        subject_line: "Đăng ký khai sinh".to_owned(),
        text: "Kính gửi ông/bà, hạn là 01/01/2027.".to_owned(),
        evidence: [].into(),
    }
}

pub(crate) fn delivery() -> Delivery {
    let message = message();
    Delivery {
        id: Delivery::id_of(message.id, Channel::Inbox),
        message: message.id,
        recipient: message.recipient,
        channel: Channel::Inbox,
        state: DeliveryState::Queued,
        suppressed: None,
        sent_at: None,
    }
}

/// Enters one event into the journal.
pub(crate) async fn enter(conn: &mut Conn, event: &Event, about: &[SubjectId]) -> Recorded {
    let found = journal::record(conn, &[Entry { event, about }]).await.unwrap();
    found[0]
}

/// `draft`, which may name everyone of the milestone and its recipient.
pub(crate) fn prepared(draft: Draft) -> storage::drafts::Prepared {
    let mut about = milestone().named();
    about.insert(mother());
    storage::drafts::Prepared { draft, about }
}

/// The family, the event that told of the child, and the milestone.
pub(crate) async fn a_birth(conn: &mut Conn) {
    for id in [child(), mother(), father()] {
        subjects::put(conn, &[subject(id)]).await.unwrap();
    }
    let told = event("1");
    enter(conn, &told, &[child()]).await;
    let known = [
        fact(&told, child(), "mother", Value::Subject(mother())),
        fact(&told, child(), "weight", Value::Int(3100)),
    ];
    facts::record(conn, &known).await.unwrap();
    milestones::put(conn, &[milestone()], noon()).await.unwrap();
}

/// The birth, one suggestion, and a message about it that waits to be sent.
pub(crate) async fn a_message(tx: &mut Tx) {
    a_birth(tx).await;
    suggestions::put(tx, &[suggestion("2.000635")], noon()).await.unwrap();
    templates::put(tx, &template(), noon()).await.unwrap();
    messages::put(tx, &message(), noon()).await.unwrap();
    deliveries::put(tx, &delivery()).await.unwrap();
}
