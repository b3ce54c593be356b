//! What is known for one decision: the facts of everyone who plays a role, loaded once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{AsOf, EventId, FactSet, SubjectId};
use jiff::Timestamp;
use rules::{Case, LifeEvent, Pack};
use storage::Conn;
use storage::access_log::Access;

use crate::memory::Memory;
use crate::{EngineError, Reader};

/// The roles and facts of one life event of one subject.
pub(crate) struct Loaded {
    /// Who plays which role.
    pub(crate) roles: BTreeMap<String, SubjectId>,
    /// What is known about them.
    pub(crate) facts: Arc<FactSet>,
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
    let mut whom = BTreeSet::from([subject]);
    let (roles, facts) = loop {
        let facts = memory.facts_about(conn, &whom).await?;
        let roles = pack.resolve_roles(life_event, subject, &facts, &as_of);
        let before = whom.len();
        whom.extend(roles.values());
        if whom.len() == before {
            break (roles, facts);
        }
    };
    let told: BTreeSet<EventId> =
        facts.iter().filter(|fact| fact.subject == subject).map(|fact| fact.source.event).collect();
    let begins = |event: &EventId| memory.kind(*event).is_some_and(|it| life_event.begun_by(it));
    let began = told.into_iter().filter(begins).collect();
    Ok(Loaded { roles, facts, as_of, began })
}

/// The readings of everyone in `loaded` for a decision.
pub(crate) fn readings<'a>(
    loaded: &'a Loaded,
    reader: &'a Reader,
) -> impl Iterator<Item = Access> + 'a {
    let players: BTreeSet<SubjectId> = loaded.roles.values().copied().collect();
    players.into_iter().map(|subject| Access {
        at: loaded.as_of.known,
        subject,
        reader: reader.by.clone(),
        what: "facts".to_owned(),
        purpose: reader.purpose.clone(),
        legal_basis: reader.legal_basis.clone(),
    })
}
