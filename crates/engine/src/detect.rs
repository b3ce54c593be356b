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
use storage::jobs::{self, Job};
use storage::{Conn, journal};

use crate::decide::Occasion;
use crate::memory::Memory;
use crate::rebuild::Turn;
use crate::{App, EngineError};

/// Someone for whom a life event must be decided.
type Candidate<'a> = (&'a str, SubjectId);

/// Roles lead to roles; a chain longer than this is a circle that the facts make.
const LONGEST_CHAIN: usize = 8;

impl App {
    /// Decides what `event` means for everyone whom it concerns.
    pub(crate) async fn detect(
        &self,
        conn: &mut Conn,
        event: EventId,
        job: &Job,
    ) -> Result<(), EngineError> {
        let now = self.moment(conn).await?;
        if let Some(told) = self.told_by(conn, event).await? {
            let occasion = Occasion::new(&job.trace, now);
            let mut memory = Memory::default();
            let candidates = self.candidates(conn, &mut memory, &told).await?;
            for candidate in &candidates {
                self.decide(conn, &mut memory, *candidate, occasion).await?;
            }
            let of = candidates.into_iter().map(|(event, subject)| (event.to_owned(), subject));
            let turn = Turn::Decide { of: of.collect() };
            self.note_turn(conn, &turn, (now, &job.trace)).await?;
        }
        Ok(jobs::complete(conn, job, now).await?)
    }

    /// Decides a life event of one subject because a day came.
    pub(crate) async fn look_again(
        &self,
        conn: &mut Conn,
        (life_event, subject): (&str, SubjectId),
        job: &Job,
    ) -> Result<(), EngineError> {
        let now = self.moment(conn).await?;
        let of = (life_event, subject);
        let occasion = Occasion::new(&job.trace, now);
        self.decide(conn, &mut Memory::default(), of, occasion).await?;
        let turn = Turn::Decide { of: vec![(life_event.to_owned(), subject)] };
        self.note_turn(conn, &turn, (now, &job.trace)).await?;
        Ok(jobs::complete(conn, job, now).await?)
    }

    /// The event whose facts changed: `event` itself, or the one that it takes back. `None` where
    /// that one has not arrived yet; it will then be stored as withdrawn.
    async fn told_by(&self, conn: &mut Conn, event: EventId) -> Result<Option<Event>, EngineError> {
        let vanished = || EngineError::Vanished { what: "event", id: event.to_string() };
        let event = journal::get(conn, event).await?.ok_or_else(vanished)?;
        let withdrawal = self.pack.event_type(&event.kind).and_then(|kind| kind.withdraws(&event));
        Ok(match withdrawal {
            None => Some(event),
            Some(withdrawal) => journal::get(conn, withdrawal.event()).await?,
        })
    }

    async fn candidates(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        event: &Event,
    ) -> Result<BTreeSet<Candidate<'_>>, EngineError> {
        let mut candidates = BTreeSet::new();
        // A pack may drop a kind of event while some of its events still wait.
        let Some(kind) = self.pack.event_type(&event.kind) else { return Ok(candidates) };
        let Ok(reading) = kind.read(event, &self.key) else { return Ok(candidates) };
        let begun = self.pack.life_events().filter(|life_event| life_event.begun_by(&event.kind));
        for life_event in begun {
            if let Some(subject) = reading.subjects.get(life_event.subject.as_str()) {
                candidates.insert((life_event.id.as_str(), subject.id));
            }
        }
        for ((id, role, subject), life_event) in concerned(&self.pack, &reading) {
            for holder in holders(conn, memory, life_event, (role, subject)).await? {
                candidates.insert((id, holder));
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
