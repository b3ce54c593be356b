//! The kinds of work that follow from something stored, as rows of the job table.
//!
//! A job is enqueued in the transaction of its cause and completed in the transaction of its
//! effects, so that a worker may be killed at any moment and nothing is lost or done twice.

use domain::{Channel, DeliveryId, EventId, Letter, MilestoneId, SubjectId, Trace};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::Conn;
use storage::jobs::{self, Backoff, Desk, Job, NewJob};

use crate::EngineError;

/// What has no deadline of its own stands in line as if it had one this far ahead: it is passed
/// by what presses, and not for ever.
const NO_DEADLINE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The span of doing `job`, on the trace of what it follows from.
pub(crate) fn span(job: &Job) -> tracing::Span {
    tracing::info_span!(
        "worker.do_job", trace = job.trace.as_str(), job.id = %job.id, job.kind = %job.kind,
        job.attempt = job.attempt
    )
}

/// One piece of work. Ids and dates only: no personal data goes into the job table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Look at whom an event concerns and decide what it means for them.
    Detect {
        /// The event.
        event: EventId,
        /// The register that told it.
        register: String,
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
        /// Its life event's id.
        life_event: String,
    },
    /// Word a letter to one person about one milestone.
    Compose {
        /// The milestone.
        milestone: MilestoneId,
        /// Its life event's id.
        life_event: String,
        /// To whom.
        recipient: SubjectId,
        /// Which letter.
        letter: Letter,
        /// The last day to do what it tells of, where that is known.
        by: Option<Date>,
    },
    /// Send one message on one channel.
    Deliver {
        /// The delivery.
        delivery: DeliveryId,
        /// The channel that it takes.
        channel: Channel,
        /// The life event that it tells of.
        life_event: String,
        /// The last day to do what it tells of, where that is known.
        by: Option<Date>,
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

    /// The kind of a job of the table as a word of this program.
    pub(crate) fn known_kind(name: &str) -> &'static str {
        let known = ["detect", "due", "suggest", "compose", "deliver"];
        known.into_iter().find(|kind| *kind == name).unwrap_or("unknown")
    }

    fn identity(&self) -> Vec<String> {
        match self {
            Self::Detect { event, .. } => vec![event.to_string()],
            Self::Due { life_event, subject, on } => {
                vec![life_event.clone(), subject.to_string(), on.to_string()]
            }
            Self::Suggest { milestone, .. } => vec![milestone.to_string()],
            Self::Compose { milestone, recipient, letter, .. } => {
                vec![milestone.to_string(), recipient.to_string(), letter.to_string()]
            }
            Self::Deliver { delivery, .. } => vec![delivery.to_string()],
        }
    }

    /// With which others it stands in line. A register that sends a million events, a life event
    /// that concerns everybody and a channel that is slow each make only their own lane long.
    fn lane(&self) -> String {
        match self {
            Self::Detect { register, .. } => format!("{}from/{register}", Desk::Work.prefix()),
            Self::Due { life_event, .. } | Self::Suggest { life_event, .. } => {
                format!("{}{life_event}", Desk::Work.prefix())
            }
            Self::Compose { life_event, .. } => format!("{}{life_event}", Desk::Write.prefix()),
            Self::Deliver { channel, life_event, .. } => {
                // The inbox is this database: what goes there waits for nobody outside.
                let desk = if *channel == Channel::Inbox { Desk::Work } else { Desk::Post };
                format!("{}{}/{life_event}", desk.prefix(), channel.name())
            }
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

    /// Until when it is of use: the end of the last day to do what it tells of. It only orders, so
    /// the zone does not matter.
    fn due_by(&self, run_at: Timestamp) -> Timestamp {
        let by = match self {
            Self::Compose { by, .. } | Self::Deliver { by, .. } => *by,
            Self::Detect { .. } | Self::Due { .. } | Self::Suggest { .. } => None,
        };
        let end = by.and_then(|day| day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok());
        let without = || run_at.checked_add(NO_DEADLINE).unwrap_or(Timestamp::MAX);
        end.map_or_else(without, |end| end.timestamp())
    }

    /// How long it waits when it failed.
    pub(crate) fn backoff(&self) -> Backoff {
        match self {
            Self::Deliver { .. } => Backoff::Sending,
            _ => Backoff::Work,
        }
    }

    pub(crate) fn job(&self, run_at: Timestamp, trace: &Trace) -> Result<NewJob, EngineError> {
        let identity = self.identity();
        let parts: Vec<&str> = identity.iter().map(String::as_str).collect();
        Ok(NewJob {
            id: NewJob::id_of(self.kind(), &parts),
            kind: self.kind().to_owned(),
            payload: serde_json::to_value(self).map_err(EngineError::Work)?,
            lane: self.lane(),
            priority: self.priority(),
            due_by: self.due_by(run_at),
            run_at,
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
        jobs::enqueue_again(conn, &[self.job(now, trace)?], now).await?;
        Ok(())
    }

    /// The event that is to be looked at.
    pub(crate) fn event(&self) -> Option<EventId> {
        match self {
            Self::Detect { event, .. } => Some(*event),
            _ => None,
        }
    }

    /// The delivery that is to be sent.
    pub(crate) fn delivery(&self) -> Option<DeliveryId> {
        match self {
            Self::Deliver { delivery, .. } => Some(*delivery),
            _ => None,
        }
    }

    /// Reads it back from a claimed job.
    pub(crate) fn of(job: &Job) -> Result<Self, EngineError> {
        serde_json::from_value(job.payload.clone()).map_err(EngineError::Work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(event: EventId) -> Work {
        Work::Detect { event, register: "urn:vn:register:health".into() }
    }

    #[test]
    fn work_reads_back_and_its_id_tells_what_it_is_about() {
        let event = EventId::of(&["a", "1"]);
        let work = detect(event);
        let trace = Trace::of(None, event);
        let job = work.job(Timestamp::UNIX_EPOCH, &trace).unwrap();
        assert_eq!(serde_json::from_value::<Work>(job.payload.clone()).unwrap(), work);
        let other = detect(EventId::of(&["a", "2"]));
        assert_ne!(other.job(Timestamp::UNIX_EPOCH, &trace).unwrap().id, job.id);
    }

    #[test]
    fn what_presses_is_due_sooner_and_nothing_is_put_off_for_ever() {
        let deliver = |by: Option<&str>| Work::Deliver {
            delivery: DeliveryId::of(&["a"]),
            channel: Channel::Inbox,
            life_event: "LE-BIRTH".into(),
            by: by.map(|day| day.parse().unwrap()),
        };
        let now: Timestamp = "2026-11-03T05:00:00Z".parse().unwrap();
        let due = |by| deliver(by).due_by(now).to_string();
        assert_eq!(due(Some("2026-11-05")), "2026-11-06T00:00:00Z");
        assert_eq!(due(None), "2026-12-03T05:00:00Z");
        assert_eq!(deliver(None).lane(), "work/inbox/LE-BIRTH");
        assert_eq!(detect(EventId::of(&["a"])).lane(), "work/from/urn:vn:register:health");
    }
}
