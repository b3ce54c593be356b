//! What is known for one decision: the facts of everyone who plays a role, loaded once.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AsOf, EventId, FactSet, SubjectId};
use jiff::Timestamp;
use rules::{Case, LifeEvent, Pack};
use storage::Conn;
use storage::access_log::{self, Access};

use crate::memory::Memory;
use crate::{EngineError, Reader};

/// The roles and facts of one life event of one subject.
pub(crate) struct Loaded {
    /// Who plays which role.
    pub(crate) roles: BTreeMap<String, SubjectId>,
    /// What is known about them.
    pub(crate) facts: FactSet,
    /// The three dates.
    pub(crate) as_of: AsOf,
    /// The events that told of the subject and begin this life event.
    began: BTreeSet<EventId>,
}

impl Loaded {
    /// The case to decide.
    pub(crate) fn case<'a>(&'a self, pack: &'a Pack, life_event: &'a LifeEvent) -> Case<'a> {
        let (roles, facts, as_of) = (&self.roles, &self.facts, self.as_of);
        Case { pack, life_event, roles, facts, as_of }
    }

    /// Whether `event` is one that begins this life event.
    pub(crate) fn began(&self, event: EventId) -> bool {
        self.began.contains(&event)
    }

    /// The latest event that is believed and begins this life event for `subject`.
    pub(crate) fn beginning(&self, subject: SubjectId) -> Option<EventId> {
        let known = self.as_of.known;
        let believed = self.facts.iter().filter(|fact| {
            fact.subject == subject
                && self.began.contains(&fact.source.event)
                && fact.known_from <= known
                && fact.known_until.is_none_or(|until| known < until)
        });
        believed.map(|fact| (fact.known_from, fact.source.event)).max().map(|(_, event)| event)
    }

    /// Whether something that was known at `then` was taken back at that moment or since.
    pub(crate) fn lost_since(&self, then: Timestamp) -> bool {
        let known = self.as_of.known;
        self.facts.iter().any(|fact| {
            fact.known_from <= then
                && fact.known_until.is_some_and(|until| then <= until && until <= known)
        })
    }

    /// Whether something that `event` told is believed at the dates of this case.
    pub(crate) fn believes(&self, event: EventId) -> bool {
        let known = self.as_of.known;
        self.facts.iter().any(|fact| {
            fact.source.event == event
                && fact.known_from <= known
                && fact.known_until.is_none_or(|until| known < until)
        })
    }
}

/// Loads the case of `life_event` for `subject`: whoever a fact names as playing a role is
/// loaded too, until nobody new is found.
pub(crate) async fn load_case(
    conn: &mut Conn,
    memory: &mut Memory,
    pack: &Pack,
    (life_event, subject): (&LifeEvent, SubjectId),
    as_of: AsOf,
) -> Result<Loaded, EngineError> {
    let mut facts: FactSet = memory.facts_of(conn, &[subject]).await?.into_iter().collect();
    let mut loaded = BTreeSet::from([subject]);
    let roles = loop {
        let roles = pack.resolve_roles(life_event, subject, &facts, &as_of);
        let new: Vec<SubjectId> =
            roles.values().filter(|role| !loaded.contains(role)).copied().collect();
        if new.is_empty() {
            break roles;
        }
        facts.extend(memory.facts_of(conn, &new).await?);
        loaded.extend(new);
    };
    let told: BTreeSet<EventId> =
        facts.iter().filter(|fact| fact.subject == subject).map(|fact| fact.source.event).collect();
    let kinds = memory.kinds(conn, told.iter().copied()).await?;
    let begins = |event: &EventId| kinds.get(event).is_some_and(|kind| life_event.begun_by(kind));
    let began = told.into_iter().filter(begins).collect();
    Ok(Loaded { roles, facts, as_of, began })
}

/// Writes down that the data of everyone in `loaded` was read for a decision.
pub(crate) async fn log_reading(
    conn: &mut Conn,
    loaded: &Loaded,
    reader: &Reader,
) -> Result<(), EngineError> {
    let players: BTreeSet<SubjectId> = loaded.roles.values().copied().collect();
    let reading = |subject| Access {
        at: loaded.as_of.known,
        subject,
        reader: reader.by.clone(),
        what: "facts".to_owned(),
        purpose: reader.purpose.clone(),
        legal_basis: reader.legal_basis.clone(),
    };
    let readings: Vec<Access> = players.into_iter().map(reading).collect();
    Ok(access_log::record(conn, &readings).await?)
}
