//! What was read from the database for one transaction, so that nothing is asked for twice.
//!
//! An event that tells a person's name and home is looked at for dozens of life events, and each asks
//! for the same facts; events that come together are mostly asked for in one statement. A memory is
//! good for one transaction alone: what others store meanwhile, the next one sees. What the work in
//! it decides is remembered too, and kept in its ledger until all of it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    EventId, EventKind, Fact, FactSet, Milestone, MilestoneId, MilestoneState, SubjectId,
    Suggestion,
};
use jiff::civil::Date;
use storage::due::{self, Due};
use storage::{Conn, facts, journal, milestones, suggestions};

use crate::EngineError;
use crate::ledger::Ledger;

/// What is known of some subjects.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    facts: BTreeMap<SubjectId, Vec<Fact>>,
    sets: BTreeMap<BTreeSet<SubjectId>, Arc<FactSet>>,
    kinds: BTreeMap<EventId, EventKind>,
    links: BTreeMap<SubjectId, Vec<(String, SubjectId)>>,
    milestones: BTreeMap<SubjectId, Vec<Milestone>>,
    suggestions: BTreeMap<MilestoneId, Vec<Suggestion>>,
    due: BTreeMap<SubjectId, BTreeMap<String, Date>>,
    /// What is to be stored.
    pub(crate) ledger: Ledger,
}

impl Memory {
    /// Reads the facts about `subjects`, and of which kind the events were that told them.
    pub(crate) async fn learn_facts(
        &mut self,
        conn: &mut Conn,
        subjects: &BTreeSet<SubjectId>,
    ) -> Result<(), EngineError> {
        let new = unknown(&mut self.facts, subjects.iter());
        if new.is_empty() {
            return Ok(());
        }
        let mut told = BTreeSet::new();
        for fact in facts::facts_of(conn, &new).await? {
            told.insert(fact.source.event);
            self.facts.entry(fact.subject).or_default().push(fact);
        }
        let told: Vec<EventId> =
            told.into_iter().filter(|event| !self.kinds.contains_key(event)).collect();
        self.kinds.extend(journal::kinds(conn, &told).await?);
        Ok(())
    }

    /// Reads who points to `objects`.
    pub(crate) async fn learn_links(
        &mut self,
        conn: &mut Conn,
        objects: impl Iterator<Item = &SubjectId>,
    ) -> Result<(), EngineError> {
        let new = unknown(&mut self.links, objects);
        self.links.extend(facts::pointing_to(conn, &new).await?);
        Ok(())
    }

    /// Reads the milestones of `subjects`.
    pub(crate) async fn learn_milestones(
        &mut self,
        conn: &mut Conn,
        subjects: &BTreeSet<SubjectId>,
    ) -> Result<(), EngineError> {
        let new = unknown(&mut self.milestones, subjects.iter());
        self.milestones.extend(milestones::of_subjects(conn, &new).await?);
        Ok(())
    }

    /// Reads the suggestions of `milestones`.
    pub(crate) async fn learn_suggestions(
        &mut self,
        conn: &mut Conn,
        milestones: impl Iterator<Item = &MilestoneId>,
    ) -> Result<(), EngineError> {
        let new = unknown(&mut self.suggestions, milestones);
        self.suggestions.extend(suggestions::of_milestones(conn, &new).await?);
        Ok(())
    }

    /// Reads the next days of `subjects`.
    pub(crate) async fn learn_days(
        &mut self,
        conn: &mut Conn,
        subjects: &BTreeSet<SubjectId>,
    ) -> Result<(), EngineError> {
        let new = unknown(&mut self.due, subjects.iter());
        for it in due::of_subjects(conn, &new).await? {
            self.due.entry(it.subject).or_default().insert(it.life_event, it.on);
        }
        Ok(())
    }

    /// The facts about `subjects`.
    pub(crate) async fn facts_about(
        &mut self,
        conn: &mut Conn,
        subjects: &BTreeSet<SubjectId>,
    ) -> Result<Arc<FactSet>, EngineError> {
        if let Some(known) = self.sets.get(subjects) {
            return Ok(Arc::clone(known));
        }
        self.learn_facts(conn, subjects).await?;
        let facts = subjects.iter().filter_map(|it| self.facts.get(it)).flatten().cloned();
        let facts = Arc::new(facts.collect::<FactSet>());
        self.sets.insert(subjects.clone(), Arc::clone(&facts));
        Ok(facts)
    }

    /// Of which kind `event` is, which told a fact that is known.
    pub(crate) fn kind(&self, event: EventId) -> Option<&EventKind> {
        self.kinds.get(&event)
    }

    /// Whose `attribute` points, or ever pointed, to `object`.
    pub(crate) async fn subjects_with(
        &mut self,
        conn: &mut Conn,
        attribute: &str,
        object: SubjectId,
    ) -> Result<Vec<SubjectId>, EngineError> {
        self.learn_links(conn, [object].iter()).await?;
        let links = self.links.get(&object).into_iter().flatten();
        Ok(links.filter(|(by, _)| by == attribute).map(|(_, subject)| *subject).collect())
    }

    /// The milestones of `subject` of one life event.
    pub(crate) async fn milestones(
        &mut self,
        conn: &mut Conn,
        subject: SubjectId,
        life_event: &str,
    ) -> Result<Vec<Milestone>, EngineError> {
        self.learn_milestones(conn, &BTreeSet::from([subject])).await?;
        let held = self.milestones.get(&subject).into_iter().flatten();
        Ok(held.filter(|it| it.life_event == life_event).cloned().collect())
    }

    /// One milestone.
    pub(crate) async fn milestone(
        &mut self,
        conn: &mut Conn,
        id: MilestoneId,
    ) -> Result<Option<Milestone>, EngineError> {
        let known = self.milestones.values().flatten().find(|it| it.id == id);
        match known {
            Some(known) => Ok(Some(known.clone())),
            None => Ok(milestones::get(conn, id).await?),
        }
    }

    /// Remembers what was decided about a milestone.
    pub(crate) fn note_milestone(&mut self, milestone: &Milestone) {
        let held = self.milestones.entry(milestone.subject).or_default();
        match held.iter_mut().find(|it| it.id == milestone.id) {
            Some(held) => held.clone_from(milestone),
            None => held.push(milestone.clone()),
        }
    }

    /// Moves a milestone to another state.
    pub(crate) async fn end_milestone(
        &mut self,
        conn: &mut Conn,
        held: &Milestone,
        to: MilestoneState,
        at: jiff::Timestamp,
    ) -> Result<(), EngineError> {
        milestones::move_state(conn, held.id, held.state, to, at).await?;
        self.note_milestone(&Milestone { state: to, ..held.clone() });
        Ok(())
    }

    /// The suggestions of `milestone`, as they were before this work.
    pub(crate) async fn suggestions(
        &mut self,
        conn: &mut Conn,
        milestone: MilestoneId,
    ) -> Result<Vec<Suggestion>, EngineError> {
        self.learn_suggestions(conn, [milestone].iter()).await?;
        Ok(self.suggestions.get(&milestone).cloned().unwrap_or_default())
    }

    /// Notes the next day on which time alone may change something, or that there is none.
    pub(crate) async fn plan(
        &mut self,
        conn: &mut Conn,
        subject: SubjectId,
        life_event: &str,
        on: Option<Date>,
    ) -> Result<(), EngineError> {
        self.learn_days(conn, &BTreeSet::from([subject])).await?;
        let planned = self.due.entry(subject).or_default();
        if planned.get(life_event).copied() == on {
            return Ok(());
        }
        let life_event = life_event.to_owned();
        if let Some(on) = on {
            planned.insert(life_event.clone(), on);
            self.ledger.days.push(Due { subject, life_event, on });
        } else {
            planned.remove(&life_event);
            due::clear(conn, subject, &life_event).await?;
        }
        Ok(())
    }
}

/// Those of `keys` that are not in `known` yet. They are now, with nothing.
fn unknown<'a, K: Ord + Copy + 'a, V: Default>(
    known: &mut BTreeMap<K, V>,
    keys: impl Iterator<Item = &'a K>,
) -> Vec<K> {
    let mut new = Vec::new();
    for key in keys {
        if !known.contains_key(key) {
            known.insert(*key, V::default());
            new.push(*key);
        }
    }
    new
}
