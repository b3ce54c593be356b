//! Detect: whom an event concerns, and what it means for them.
//!
//! An event is read once more from the journal, so that this step may run at any time, twice, or
//! long after the event. What it tells leads to candidates: the subject that it begins a life
//! event for, and every subject whose rules read what it tells, found by following the roles
//! backwards. Each candidate is decided anew with everything that is known now; an event that
//! comes late, twice or out of order arrives at the same state (invariant 6).

use std::collections::{BTreeMap, BTreeSet};

use domain::{Event, EventId, SubjectId, SubjectKind};
use rules::{LifeEvent, Pack, Reading};
use storage::{Conn, journal};

use crate::memory::Memory;
use crate::{App, EngineError};

/// Someone for whom a life event must be decided.
pub(crate) type Candidate = (String, SubjectId);

/// Roles lead to roles; a chain longer than this is a circle that the facts make.
const LONGEST_CHAIN: usize = 8;

impl App {
    /// Whom each of `events` concerns, and with which life events.
    pub(crate) async fn concerned_by(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        events: &[EventId],
    ) -> Result<BTreeMap<EventId, BTreeSet<Candidate>>, EngineError> {
        let told = self.told_by(conn, events).await?;
        let readings: BTreeMap<EventId, (&Event, Reading)> = told
            .iter()
            .filter_map(|(event, told)| {
                // A pack may drop a kind of event while some of its events still wait.
                let reading = self.pack.event_type(&told.kind)?.read(told, &self.key).ok()?;
                Some((*event, (told, reading)))
            })
            .collect();
        let named = readings.values().flat_map(|(_, reading)| reading.subjects.values());
        let named: BTreeSet<SubjectId> = named.map(|subject| subject.id).collect();
        memory.learn_links(conn, named.iter()).await?;
        let mut concerned = BTreeMap::new();
        for (event, (told, reading)) in &readings {
            concerned.insert(*event, self.candidates(conn, memory, told, reading).await?);
        }
        Ok(concerned)
    }

    /// The event whose facts changed with each of `events`: it itself, or the one that it takes
    /// back. None where that one has not arrived yet; it will then be stored as withdrawn.
    async fn told_by(
        &self,
        conn: &mut Conn,
        events: &[EventId],
    ) -> Result<BTreeMap<EventId, Event>, EngineError> {
        let found = journal::get_all(conn, events).await?;
        if let Some(id) = events.iter().find(|id| found.iter().all(|event| event.id != **id)) {
            return Err(EngineError::Vanished { what: "event", id: id.to_string() });
        }
        let mut told = BTreeMap::new();
        let mut taken_back = BTreeMap::new();
        for event in found {
            let kind = self.pack.event_type(&event.kind);
            match kind.and_then(|kind| kind.withdraws(&event)) {
                None => {
                    told.insert(event.id, event);
                }
                Some(withdrawal) => {
                    taken_back.insert(event.id, withdrawal.event());
                }
            }
        }
        let ids: Vec<EventId> = taken_back.values().copied().collect();
        let gone = journal::get_all(conn, &ids).await?;
        for (by, of) in taken_back {
            told.extend(gone.iter().find(|event| event.id == of).map(|it| (by, it.clone())));
        }
        Ok(told)
    }

    async fn candidates(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        event: &Event,
        reading: &Reading,
    ) -> Result<BTreeSet<Candidate>, EngineError> {
        let mut candidates = BTreeSet::new();
        let begun = self.pack.life_events().filter(|life_event| life_event.begun_by(&event.kind));
        for life_event in begun {
            if let Some(subject) = reading.subjects.get(life_event.subject.as_str()) {
                candidates.insert((life_event.id.value.clone(), subject.id));
            }
        }
        for ((id, role, subject), life_event) in concerned(&self.pack, reading) {
            for holder in holders(conn, memory, life_event, (role, subject)).await? {
                candidates.insert((id.to_owned(), holder));
            }
        }
        Ok(candidates)
    }
}

/// The life events that read what was told, each with the role through which it does and with
/// whom it was told of.
fn concerned<'a>(
    pack: &'a Pack,
    reading: &Reading,
) -> BTreeMap<(&'a str, &'a str, SubjectId), &'a LifeEvent> {
    let kinds: BTreeMap<SubjectId, SubjectKind> =
        reading.subjects.values().map(|subject| (subject.id, subject.kind)).collect();
    let mut concerned = BTreeMap::new();
    for fact in &reading.facts {
        let Some(kind) = kinds.get(&fact.subject) else { continue };
        for (life_event, roles) in pack.affected_by(*kind, &fact.attribute) {
            for role in roles {
                concerned.insert((life_event.id.as_str(), role, fact.subject), life_event);
            }
        }
        // A fact that says who plays a role, though no condition reads it.
        for life_event in pack.life_events() {
            let says = life_event.role_paths().filter(|(_, of, attribute)| {
                *attribute == fact.attribute
                    && life_event.roles.get(*of).is_some_and(|role| role.kind == *kind)
            });
            for (_, of, _) in says {
                concerned.insert((life_event.id.as_str(), of, fact.subject), life_event);
            }
        }
    }
    concerned
}

/// The subjects of `life_event` in which `player` plays, or ever played, `role`.
async fn holders(
    conn: &mut Conn,
    memory: &mut Memory,
    life_event: &LifeEvent,
    (role, player): (&str, SubjectId),
) -> Result<BTreeSet<SubjectId>, EngineError> {
    let mut found = BTreeSet::new();
    let mut open = vec![(role.to_owned(), player, 0)];
    while let Some((role, player, steps)) = open.pop() {
        if role == life_event.subject.as_str() {
            found.insert(player);
            continue;
        }
        if steps == LONGEST_CHAIN {
            continue;
        }
        for (_, of, attribute) in life_event.role_paths().filter(|(name, ..)| *name == role) {
            for owner in memory.subjects_with(conn, attribute, player).await? {
                open.push((of.to_owned(), owner, steps + 1));
            }
        }
    }
    Ok(found)
}
