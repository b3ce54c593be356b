//! What the work of one transaction has to store, kept until its end and stored in a few statements.
//!
//! Many births cost little more than one so: the database is asked for rows and not for
//! statements. Whoever reads what was decided within the transaction reads it from the
//! [memory](crate::memory::Memory).

use domain::{Lifecycle as _, Milestone, MilestoneId, Receipt, SubjectId, Suggestion, Trace};
use jiff::Timestamp;
use storage::access_log::{self, Access};
use storage::drafts::{self, Prepared};
use storage::due::{self, Due};
use storage::jobs::{self, Job, NewJob};
use storage::{Conn, milestones, receipts, suggestions, tallies, turns};

use crate::rebuild::Turn;
use crate::{App, EngineError};

/// What is to be stored.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Milestones that were decided.
    pub(crate) milestones: Vec<Decided>,
    /// Suggestions that were worked out, each with what explains it.
    pub(crate) suggestions: Vec<(Suggestion, Receipt)>,
    /// Drafts of their applications.
    pub(crate) drafts: Vec<Prepared>,
    /// What explains other answers, and to whom.
    pub(crate) receipts: Vec<(Receipt, SubjectId)>,
    /// The next days on which time alone may change something.
    pub(crate) days: Vec<Due>,
    /// Whose data were read.
    pub(crate) readings: Vec<Access>,
    /// Work that follows, to be done again where it was done before.
    pub(crate) again: Vec<NewJob>,
    /// Work that follows once.
    pub(crate) once: Vec<NewJob>,
    /// Jobs that are done.
    pub(crate) done: Vec<Job>,
    turns: Vec<(Trace, serde_json::Value)>,
}

/// A milestone that was decided.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The milestone.
    pub(crate) milestone: Milestone,
    /// What explains it.
    pub(crate) receipt: Receipt,
    /// Whether it counts among those newly reached today.
    pub(crate) counts: bool,
}

impl Ledger {
    /// Notes a turn: what was looked at, and the trace of what led to it.
    pub(crate) fn turn(&mut self, turn: &Turn, trace: &Trace) -> Result<(), EngineError> {
        self.turns.push((trace.clone(), serde_json::to_value(turn).map_err(EngineError::Work)?));
        Ok(())
    }
}

impl App {
    /// Enters all that is in `ledger` into the database, as of `now`.
    pub(crate) async fn enter(
        &self,
        conn: &mut Conn,
        ledger: Ledger,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut explained = ledger.receipts;
        let reached = store_milestones(conn, ledger.milestones, &mut explained, now).await?;
        store_suggestions(conn, ledger.suggestions, &mut explained, now).await?;
        drafts::put(conn, &ledger.drafts, now).await?;
        receipts::put(conn, &explained, now).await?;
        due::set(conn, &ledger.days).await?;
        tallies::note(conn, &reached, self.day(now)).await?;
        access_log::record(conn, &ledger.readings).await?;
        jobs::enqueue_again(conn, &ledger.again, now).await?;
        jobs::enqueue_all(conn, &ledger.once, now).await?;
        turns::record(conn, now, self.pack.version(), &ledger.turns).await?;
        Ok(jobs::complete(conn, &ledger.done, now).await?)
    }
}

/// Answers which of them count as newly reached.
async fn store_milestones(
    conn: &mut Conn,
    decided: Vec<Decided>,
    explained: &mut Vec<(Receipt, SubjectId)>,
    now: Timestamp,
) -> Result<Vec<(MilestoneId, String)>, EngineError> {
    let rows: Vec<Milestone> = decided.iter().map(|it| it.milestone.clone()).collect();
    let stored = milestones::put(conn, &rows, now).await?;
    let mut reached = Vec::new();
    for (Decided { milestone, receipt, counts }, _) in
        decided.into_iter().zip(stored).filter(|(_, stored)| stored.is_news())
    {
        tracing::info!(milestone.id = %milestone.id, state = milestone.state.name(), "milestone decided");
        explained.push((receipt, milestone.subject));
        if counts {
            reached.push((milestone.id, milestone.life_event));
        }
    }
    Ok(reached)
}

async fn store_suggestions(
    conn: &mut Conn,
    worked_out: Vec<(Suggestion, Receipt)>,
    explained: &mut Vec<(Receipt, SubjectId)>,
    now: Timestamp,
) -> Result<(), EngineError> {
    let (rows, receipts): (Vec<Suggestion>, Vec<Receipt>) = worked_out.into_iter().unzip();
    let stored = suggestions::put(conn, &rows, now).await?;
    for ((suggestion, receipt), _) in
        rows.iter().zip(receipts).zip(stored).filter(|(_, stored)| stored.is_news())
    {
        tracing::info!(suggestion.id = %suggestion.id, service = %suggestion.service, "service suggested");
        explained.push((receipt, suggestion.recipient));
    }
    Ok(())
}
