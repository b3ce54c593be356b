//! The kinds of work that follow from something stored, as rows of the job table.
//!
//! A job is enqueued in the transaction of its cause and completed in the transaction of its
//! effects, so that a worker may be killed at any moment and nothing is lost or done twice.

use domain::{DeliveryId, EventId, Letter, MilestoneId, SubjectId, Trace};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::Conn;
use storage::jobs::{self, Job, NewJob};

use crate::EngineError;

/// One piece of work. Ids and dates only: no personal data goes into the job table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Look at whom an event concerns and decide what it means for them.
    Detect {
        /// The event.
        event: EventId,
    },
    /// A day came on which a life event must be looked at.
    Due {
        /// The life event's id.
        life_event: String,
        /// For whom.
        subject: SubjectId,
        /// The day.
        on: Date,
    },
    /// Work out which services a milestone opens or obliges.
    Suggest {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// Word a letter to one person about one milestone.
    Compose {
        /// The milestone.
        milestone: MilestoneId,
        /// To whom.
        recipient: SubjectId,
        /// Which letter.
        #[serde(default)]
        letter: Letter,
    },
    /// Send one message on one channel.
    Deliver {
        /// The delivery.
        delivery: DeliveryId,
    },
}

impl Work {
    /// The name of the kind, for the job table, spans and metrics.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Detect { .. } => "detect",
            Self::Due { .. } => "due",
            Self::Suggest { .. } => "suggest",
            Self::Compose { .. } => "compose",
            Self::Deliver { .. } => "deliver",
        }
    }

    fn identity(&self) -> Vec<String> {
        match self {
            Self::Detect { event } => vec![event.to_string()],
            Self::Due { life_event, subject, on } => {
                vec![life_event.clone(), subject.to_string(), on.to_string()]
            }
            Self::Suggest { milestone } => vec![milestone.to_string()],
            Self::Compose { milestone, recipient, letter } => {
                vec![milestone.to_string(), recipient.to_string(), letter.to_string()]
            }
            Self::Deliver { delivery } => vec![delivery.to_string()],
        }
    }

    /// What is nearer to the person goes first: a message that is worded should not wait behind
    /// a batch of new events.
    fn priority(&self) -> i64 {
        match self {
            Self::Deliver { .. } => 4,
            Self::Compose { .. } => 3,
            Self::Suggest { .. } => 2,
            Self::Due { .. } => 1,
            Self::Detect { .. } => 0,
        }
    }

    fn job(&self, now: Timestamp, trace: &Trace) -> Result<NewJob, EngineError> {
        let identity = self.identity();
        let parts: Vec<&str> = identity.iter().map(String::as_str).collect();
        Ok(NewJob {
            id: NewJob::id_of(self.kind(), &parts),
            kind: self.kind().to_owned(),
            payload: serde_json::to_value(self).map_err(EngineError::Work)?,
            priority: self.priority(),
            run_at: now,
            trace: trace.clone(),
        })
    }

    /// Enqueues it in the caller's transaction. Asked for again, it is done again: all work reads
    /// what is stored and arrives at the same state.
    pub(crate) async fn enqueue(
        &self,
        conn: &mut Conn,
        now: Timestamp,
        trace: &Trace,
    ) -> Result<(), EngineError> {
        jobs::enqueue_again(conn, &self.job(now, trace)?).await?;
        Ok(())
    }

    /// Enqueues it once, not before `at`. Asked for again, nothing changes.
    pub(crate) async fn enqueue_for(
        &self,
        conn: &mut Conn,
        at: Timestamp,
        trace: &Trace,
    ) -> Result<(), EngineError> {
        jobs::enqueue(conn, &self.job(at, trace)?).await?;
        Ok(())
    }

    /// Reads it back from a claimed job.
    pub(crate) fn of(job: &Job) -> Result<Self, EngineError> {
        serde_json::from_value(job.payload.clone()).map_err(EngineError::Work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_reads_back_and_its_id_tells_what_it_is_about() {
        let event = EventId::of(&["a", "1"]);
        let work = Work::Detect { event };
        let trace = Trace::of(None, event);
        let job = work.job(Timestamp::UNIX_EPOCH, &trace).unwrap();
        assert_eq!(serde_json::from_value::<Work>(job.payload.clone()).unwrap(), work);
        let other = Work::Detect { event: EventId::of(&["a", "2"]) };
        assert_ne!(other.job(Timestamp::UNIX_EPOCH, &trace).unwrap().id, job.id);
    }
}
