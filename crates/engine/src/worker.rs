//! The worker: claims jobs, does them, and survives being killed at any moment.
//!
//! A claim is committed before the work begins and the job is completed in the transaction that
//! stores what the work did. A worker that is killed in between leaves a lease that runs out;
//! another takes the job up and arrives at the same rows.

use std::time::Duration;

use jiff::SignedDuration;
use storage::jobs::{self, Fate, Job};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use writer::To;

use crate::work::Work;
use crate::{App, EngineError, Timetable};

/// How long a job is a worker's. Wording a message on a small machine takes half a minute.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How many jobs are claimed at once: so few that all of them end well within the lease.
const AT_ONCE: u32 = 4;
/// How long an idle worker waits before it looks again.
const PAUSE: Duration = Duration::from_millis(500);

/// Does what the job table asks for.
#[derive(Debug)]
pub struct Worker {
    app: App,
    name: String,
}

/// How many jobs ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worked {
    /// Done.
    pub done: u64,
    /// Failed, and tried again later.
    pub retried: u64,
    /// Given up: somebody must look.
    pub dead: u64,
}

impl Worked {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.retried += other.retried;
        self.dead += other.dead;
    }

    fn all(self) -> u64 {
        self.done + self.retried + self.dead
    }
}

impl Worker {
    /// A worker that claims under `name`, which no other worker of the database may have.
    #[must_use]
    pub fn new(app: App, name: String) -> Self {
        Self { app, name }
    }

    /// Works until nothing is due.
    pub async fn work_off(&self) -> Result<Worked, EngineError> {
        let mut worked = Worked::default();
        loop {
            let some = self.step(&CancellationToken::new()).await?;
            worked.add(some);
            if some.all() == 0 {
                return Ok(worked);
            }
        }
    }

    /// Works and runs the daily clock until told to stop; finishes the job in hand and gives the
    /// others back. A database that is out of reach for a while stops nothing.
    pub async fn run(
        &self,
        stop: CancellationToken,
        timetable: &Timetable,
    ) -> Result<Worked, EngineError> {
        let mut worked = Worked::default();
        while !stop.is_cancelled() {
            let turn = async {
                self.app.tick(timetable).await?;
                self.step(&stop).await
            };
            match turn.await {
                Ok(some) => {
                    worked.add(some);
                    if some.all() > 0 {
                        continue;
                    }
                }
                Err(error) if error.is_transient() => {
                    tracing::warn!(error = %chain(&error), "database busy, trying again");
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        Ok(worked)
    }

    /// Claims a few jobs and does them; gives back those that it has not begun once `stop` is
    /// set.
    pub async fn step(&self, stop: &CancellationToken) -> Result<Worked, EngineError> {
        let mut tx = self.app.store.begin().await?;
        let claimed = jobs::claim(&mut tx, &self.name, self.app.now(), LEASE, AT_ONCE).await?;
        tx.commit().await?;
        let mut worked = Worked::default();
        for job in claimed {
            if stop.is_cancelled() {
                let mut tx = self.app.store.begin().await?;
                jobs::release(&mut tx, &job).await?;
                tx.commit().await?;
                continue;
            }
            worked.add(self.one(&job).await?);
        }
        Ok(worked)
    }

    /// Does one job, on the trace of what it follows from.
    async fn one(&self, job: &Job) -> Result<Worked, EngineError> {
        let span = tracing::info_span!(
            "worker.do_job", trace = job.trace.as_str(), job.id = %job.id, job.kind = %job.kind,
            job.attempt = job.attempt
        );
        async {
            match self.perform(job).await {
                Ok(()) => Ok(Worked { done: 1, ..Worked::default() }),
                Err(error) => self.failed(job, &error).await,
            }
        }
        .instrument(span)
        .await
    }

    async fn perform(&self, job: &Job) -> Result<(), EngineError> {
        let app = &self.app;
        match Work::of(job)? {
            Work::Detect { event } => app.detect(event, job).await,
            Work::Due { life_event, subject, .. } => {
                app.look_again(&life_event, subject, job).await
            }
            Work::Suggest { milestone } => app.suggest(milestone, job).await,
            Work::Compose { milestone, recipient, letter } => {
                app.compose(To { milestone, recipient, letter }, job).await
            }
            Work::Deliver { delivery } => app.deliver(delivery, job).await,
        }
    }

    /// Notes a failure: tried again later where that may help, given up where it cannot.
    async fn failed(&self, job: &Job, error: &EngineError) -> Result<Worked, EngineError> {
        let text = chain(error);
        let now = self.app.now();
        let mut tx = self.app.store.begin().await?;
        let fate = if error.is_transient() {
            jobs::fail(&mut tx, job, now, &text).await
        } else {
            jobs::give_up(&mut tx, job, now, &text).await.map(|()| Fate::Dead)
        };
        let fate = match fate {
            Ok(fate) => fate,
            // The lease ran out and another worker has the job: it is theirs to end.
            Err(storage::StorageError::Conflict { .. }) => {
                tracing::warn!(error = text, "job was taken over by another worker");
                return Ok(Worked::default());
            }
            Err(other) => return Err(other.into()),
        };
        tx.commit().await?;
        Ok(match fate {
            Fate::Retry(_) => {
                tracing::warn!(error = text, "job failed, to be tried again");
                Worked { retried: 1, ..Worked::default() }
            }
            Fate::Dead => {
                tracing::error!(error = text, "job given up");
                Worked { dead: 1, ..Worked::default() }
            }
        })
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
