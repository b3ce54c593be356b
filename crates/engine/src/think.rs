//! Thinking: the work that takes the database alone, several jobs in one transaction.
//!
//! What the jobs need is read together and what came of them is stored together, so that many cost
//! few statements and one wait for the disk. Either all of it is stored or nothing is: where one of
//! several fails, the worker does each alone and finds out which.

use std::collections::BTreeSet;

use domain::{DeliveryId, EventId, Milestone, MilestoneId, SubjectId};
use jiff::Timestamp;
use storage::jobs::Job;
use storage::{Conn, deliveries, milestones, subjects};
use tracing::Instrument as _;

use crate::decide::Occasion;
use crate::detect::Candidate;
use crate::memory::Memory;
use crate::rebuild::Turn;
use crate::work::{self, Work};
use crate::{App, EngineError};

/// What a job comes to, once it is known whom it concerns.
enum Thought {
    /// Decide life events of subjects.
    Decide(BTreeSet<Candidate>),
    /// Work out the suggestions of a milestone.
    Suggest(MilestoneId),
    /// What it is about has not arrived yet.
    Nothing,
}

impl App {
    /// Does `jobs`, all of them or none.
    ///
    /// # Errors
    /// [`EngineError::WrongDesk`] where one is of a kind that must not hold the database, and
    /// whatever keeps one of them from being done.
    pub(crate) async fn think(&self, jobs: &[Job]) -> Result<(), EngineError> {
        let works = jobs.iter().map(Work::of).collect::<Result<Vec<Work>, _>>()?;
        let mut tx = self.store.begin().await?;
        let now = self.moment(&mut tx).await?;
        let mut memory = Memory::default();
        let thoughts = self.thoughts(&mut tx, &mut memory, &works).await?;
        for (job, thought) in jobs.iter().zip(thoughts) {
            let Some(thought) = thought else { continue };
            let doing = self.follow_up(&mut tx, &mut memory, (thought, job), now);
            doing.instrument(work::span(job)).await?;
        }
        self.enter(&mut tx, memory.ledger, now).await?;
        // Last: they ask what stands about what they tell of.
        for (job, work) in jobs.iter().zip(works) {
            let Work::Deliver { delivery, by, .. } = work else { continue };
            let doing = self.deliver_here(&mut tx, delivery, by, job);
            doing.instrument(work::span(job)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What each of `works` comes to, in their order, and nothing where it is a delivery. What they
    /// need is in the memory then.
    async fn thoughts(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        works: &[Work],
    ) -> Result<Vec<Option<Thought>>, EngineError> {
        let events: Vec<EventId> = works.iter().filter_map(Work::event).collect();
        let mut concerned = self.concerned_by(conn, memory, &events).await?;
        let mut thoughts = Vec::with_capacity(works.len());
        for work in works {
            thoughts.push(match work {
                Work::Detect { event, .. } => {
                    Some(concerned.remove(event).map_or(Thought::Nothing, Thought::Decide))
                }
                Work::Due { life_event, subject, .. } => {
                    Some(Thought::Decide(BTreeSet::from([(life_event.clone(), *subject)])))
                }
                Work::Suggest { milestone, .. } => Some(Thought::Suggest(*milestone)),
                Work::Deliver { .. } => None,
                Work::Compose { .. } => return Err(EngineError::WrongDesk),
            });
        }
        let mail = works.iter().filter_map(Work::delivery).collect::<Vec<DeliveryId>>();
        let addressed = deliveries::concerned(conn, &mail).await?;
        learn(conn, memory, &thoughts, addressed).await?;
        Ok(thoughts)
    }

    /// Notes in the memory's ledger what comes of one job.
    async fn follow_up(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        (thought, job): (Thought, &Job),
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let occasion = Occasion::new(&job.trace, now);
        let turn = match thought {
            Thought::Decide(candidates) => {
                for (life_event, subject) in &candidates {
                    self.decide(conn, memory, (life_event, *subject), occasion).await?;
                }
                Some(Turn::Decide { of: candidates.into_iter().collect() })
            }
            Thought::Suggest(milestone) => {
                self.suggest(conn, memory, milestone, occasion).await?;
                Some(Turn::Suggest { milestone })
            }
            Thought::Nothing => None,
        };
        if let Some(turn) = turn {
            memory.ledger.turn(&turn, &job.trace)?;
        }
        memory.ledger.done.push(job.clone());
        Ok(())
    }
}

/// Reads what `thoughts` need, and holds whom they decide about beside those who are `addressed`.
async fn learn(
    conn: &mut Conn,
    memory: &mut Memory,
    thoughts: &[Option<Thought>],
    addressed: BTreeSet<SubjectId>,
) -> Result<(), EngineError> {
    let mut decided = BTreeSet::new();
    let mut suggested = Vec::new();
    for thought in thoughts.iter().flatten() {
        match thought {
            Thought::Decide(candidates) => decided.extend(candidates.iter().map(|(_, it)| *it)),
            Thought::Suggest(milestone) => suggested.push(*milestone),
            Thought::Nothing => {}
        }
    }
    let about: Vec<Milestone> = milestones::get_all(conn, &suggested).await?;
    let with_milestones: BTreeSet<SubjectId> =
        decided.iter().copied().chain(about.iter().map(|it| it.subject)).collect();
    let players = about.iter().flat_map(Milestone::named);
    let whom: BTreeSet<SubjectId> = with_milestones.iter().copied().chain(players).collect();
    subjects::hold(conn, &whom.union(&addressed).copied().collect()).await?;
    memory.learn_milestones(conn, &with_milestones).await?;
    memory.learn_days(conn, &decided).await?;
    memory.learn_suggestions(conn, suggested.iter()).await?;
    memory.learn_facts(conn, &whom).await
}
