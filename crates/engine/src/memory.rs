//! What was read from the database for one piece of work, so that nothing is asked for twice.
//!
//! An event that tells a person's name and home is looked at for dozens of life events, and each asks
//! for the same facts. A memory is good for one job alone: what others store meanwhile, the next job
//! sees.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::{EventId, EventKind, Fact, Milestone, SubjectId};
use jiff::civil::Date;
use storage::due::{self, Due};
use storage::{Conn, facts, journal, milestones};

use crate::EngineError;

/// What is known of some subjects.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    facts: BTreeMap<SubjectId, Vec<Fact>>,
    kinds: BTreeMap<EventId, EventKind>,
    links: BTreeMap<SubjectId, Vec<(String, SubjectId)>>,
    milestones: BTreeMap<SubjectId, Vec<Milestone>>,
    due: BTreeMap<SubjectId, BTreeMap<String, Date>>,
}

impl Memory {
    /// The facts about `subjects`.
    pub(crate) async fn facts_of(
        &mut self,
        conn: &mut Conn,
        subjects: &[SubjectId],
    ) -> Result<Vec<Fact>, EngineError> {
        let new: Vec<SubjectId> =
            subjects.iter().filter(|it| !self.facts.contains_key(it)).copied().collect();
        if !new.is_empty() {
            self.facts.extend(new.iter().map(|subject| (*subject, Vec::new())));
            for fact in facts::facts_of(conn, &new).await? {
                self.facts.entry(fact.subject).or_default().push(fact);
            }
        }
        Ok(subjects.iter().filter_map(|it| self.facts.get(it)).flatten().cloned().collect())
    }

    /// Of which kind each of `events` is.
    pub(crate) async fn kinds(
        &mut self,
        conn: &mut Conn,
        events: impl Iterator<Item = EventId>,
    ) -> Result<&BTreeMap<EventId, EventKind>, EngineError> {
        let new: Vec<EventId> = events.filter(|it| !self.kinds.contains_key(it)).collect();
        if !new.is_empty() {
            self.kinds.extend(journal::kinds(conn, &new).await?);
        }
        Ok(&self.kinds)
    }

    /// Whose `attribute` points, or ever pointed, to `object`.
    pub(crate) async fn subjects_with(
        &mut self,
        conn: &mut Conn,
        attribute: &str,
        object: SubjectId,
    ) -> Result<Vec<SubjectId>, EngineError> {
        let links = match self.links.entry(object) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(facts::pointing_to(conn, object).await?),
        };
        let by = links.iter().filter(|(by, _)| by == attribute);
        Ok(by.map(|(_, subject)| *subject).collect())
    }

    /// The milestones of `subject` of one life event, as they were before this work.
    pub(crate) async fn milestones(
        &mut self,
        conn: &mut Conn,
        subject: SubjectId,
        life_event: &str,
    ) -> Result<Vec<Milestone>, EngineError> {
        let held = match self.milestones.entry(subject) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(milestones::of_subject(conn, subject).await?),
        };
        Ok(held.iter().filter(|it| it.life_event == life_event).cloned().collect())
    }

    /// Notes the next day on which time alone may change something, or that there is none.
    pub(crate) async fn plan(
        &mut self,
        conn: &mut Conn,
        subject: SubjectId,
        life_event: &str,
        on: Option<Date>,
    ) -> Result<(), EngineError> {
        let planned = match self.due.entry(subject) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let held = due::of_subject(conn, subject).await?;
                new.insert(held.into_iter().map(|it| (it.life_event, it.on)).collect())
            }
        };
        if planned.get(life_event).copied() == on {
            return Ok(());
        }
        let life_event = life_event.to_owned();
        if let Some(on) = on {
            planned.insert(life_event.clone(), on);
            due::set(conn, &Due { subject, life_event, on }).await?;
        } else {
            planned.remove(&life_event);
            due::clear(conn, subject, &life_event).await?;
        }
        Ok(())
    }
}
