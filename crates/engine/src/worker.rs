//! The worker: claims jobs, does them, and survives being killed at any moment.
//!
//! A claim is committed before the work begins and the job is completed in the transaction that
//! stores what the work did. A worker that is killed in between leaves a lease that runs out;
//! another takes the job up and arrives at the same rows. One that is started again under its name
//! takes up at once what it left.
//!
//! It has desks that never wait for each other: one that thinks, several jobs in one transaction,
//! one that words letters, which a model may take long over, one that sends, several at once,
//! since a send is mostly waiting for another machine, and one that keeps the tree of the log of
//! readings.

use std::slice;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Channel;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use storage::jobs::{self, Backoff, Claimer, Desk, Fate, Job};
use storage::{Conn, halts};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use writer::To;

use crate::carrier::NotCarried;
use crate::compose::Errand;
use crate::halt;
use crate::work::{self, Work};
use crate::{App, EngineError, Timetable};

/// How long a job is a worker's. Wording a message on a small machine takes half a minute.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How many jobs that take the database alone are done in one transaction: so few that whoever
/// else wants to write waits for milliseconds.
const THOUGHTS_AT_ONCE: u32 = 16;
/// How many letters are claimed at once to be worded one after the other: so few that all of them
/// end well within the lease.
const LETTERS_AT_ONCE: u32 = 4;
/// How many messages are sent side by side, unless the worker is told otherwise.
const SENDS_AT_ONCE: u32 = 8;
/// How long readings may wait for their leaf in the tree of the log.
const MERGE_EVERY: Duration = Duration::from_mins(1);
/// How long an idle worker waits before it looks again.
const PAUSE: Duration = Duration::from_millis(500);

/// Does what the job table asks for.
#[derive(Debug)]
pub struct Worker {
    app: App,
    name: String,
    sends_at_once: u32,
    thinks: Turn,
    writes: Turn,
    sends: Turn,
}

/// Whose turn it was last at one desk: the next claim begins with the lane after it.
#[derive(Debug, Default)]
struct Turn(Mutex<String>);

impl Turn {
    /// `lanes`, in the order of their names, beginning after the last one served.
    fn order(&self, mut lanes: Vec<String>) -> Vec<String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = lanes.iter().position(|lane| *lane > *last).unwrap_or_default();
        lanes.rotate_left(first);
        lanes
    }

    fn served(&self, jobs: &[Job]) {
        if let Some(job) = jobs.last() {
            job.lane.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
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

const DONE: Worked = Worked { done: 1, retried: 0, dead: 0 };

impl Worked {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.retried += other.retried;
        self.dead += other.dead;
    }

    /// How one job ended, in a word.
    fn outcome(self) -> &'static str {
        match self {
            Self { dead: 1.., .. } => "dead",
            Self { retried: 1.., .. } => "retried",
            Self { done: 1.., .. } => "done",
            Self { .. } => "taken_over",
        }
    }

    fn all(self) -> u64 {
        self.done + self.retried + self.dead
    }
}

impl Worker {
    /// A worker that claims under `name`, which no other worker of the database may have.
    #[must_use]
    pub fn new(app: App, name: String) -> Self {
        let [thinks, writes, sends] = std::array::from_fn(|_| Turn::default());
        Self { app, name, sends_at_once: SENDS_AT_ONCE, thinks, writes, sends }
    }

    /// The same, sending so many messages side by side.
    #[must_use]
    pub fn sending(self, at_once: u32) -> Self {
        Self { sends_at_once: at_once.max(1), ..self }
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

    /// Works and runs the daily clock until told to stop; finishes the jobs in hand and gives the
    /// others back. A database that is out of reach for a while stops nothing.
    pub async fn run(
        &self,
        stop: CancellationToken,
        timetable: &Timetable,
    ) -> Result<Worked, EngineError> {
        self.look_at_grounds(&stop).await?;
        let work = self.at(&stop, PAUSE, Some(Desk::Work), async || {
            self.app.tick(timetable).await?;
            self.app.watch_for_too_many().await?;
            self.work(&stop).await
        });
        let write = self.at(&stop, PAUSE, Some(Desk::Write), async || self.write(&stop).await);
        let post = self.at(&stop, PAUSE, Some(Desk::Post), async || self.post(&stop).await);
        let log = self.at(&stop, MERGE_EVERY, None, async || {
            self.app.merge_log().await?;
            Ok(Worked::default())
        });
        let (mut worked, written, sent, _) = tokio::try_join!(work, write, post, log)?;
        worked.add(written);
        worked.add(sent);
        Ok(worked)
    }

    /// Before anything is worded or sent: the corpus may have changed since texts were proved by
    /// it.
    async fn look_at_grounds(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        while !stop.is_cancelled() {
            match self.app.look_at_grounds().await {
                Ok(_) => break,
                Err(error) => bears(error)?,
            }
            rest(stop, PAUSE).await;
        }
        Ok(())
    }

    /// Takes turns at one desk until told to stop, with a `pause` where there was nothing to do.
    async fn at(
        &self,
        stop: &CancellationToken,
        pause: Duration,
        desk: Option<Desk>,
        turn: impl AsyncFn() -> Result<Worked, EngineError>,
    ) -> Result<Worked, EngineError> {
        let mut worked = Worked::default();
        // Of an earlier life under this name, or of a turn that broke off.
        let mut left_over = desk;
        while !stop.is_cancelled() {
            let taken = async {
                if let Some(desk) = left_over {
                    self.take_back(desk).await?;
                }
                turn().await
            };
            let taken = taken.await;
            left_over = desk.filter(|_| taken.is_err());
            match taken {
                Ok(some) => {
                    worked.add(some);
                    if some.all() > 0 {
                        continue;
                    }
                }
                Err(error) => bears(error)?,
            }
            rest(stop, pause).await;
        }
        Ok(worked)
    }

    /// Queues again what was claimed at `desk` and is in nobody's hand any more.
    async fn take_back(&self, desk: Desk) -> Result<(), EngineError> {
        let mut tx = self.app.store.begin().await?;
        let jobs = jobs::take_back(&mut tx, &self.name, desk, self.app.now()).await?;
        tx.commit().await?;
        if jobs > 0 {
            tracing::info!(jobs, "took up what was left over");
        }
        Ok(())
    }

    /// Takes one turn: at the desk that thinks, or where nothing is to be thought of, at the one
    /// that words, or else at the one that sends.
    pub async fn step(&self, stop: &CancellationToken) -> Result<Worked, EngineError> {
        let mut worked = self.work(stop).await?;
        if worked.all() == 0 {
            worked = self.write(stop).await?;
        }
        if worked.all() == 0 {
            worked = self.post(stop).await?;
        }
        Ok(worked)
    }

    /// Claims what takes the database alone and does it in one transaction. Where that fails, each
    /// job is done alone: what one failed at keeps none of the others.
    async fn work(&self, stop: &CancellationToken) -> Result<Worked, EngineError> {
        let claimed = self.claim(Desk::Work, THOUGHTS_AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(Worked::default());
        }
        if stop.is_cancelled() {
            self.release(&claimed).await?;
            return Ok(Worked::default());
        }
        let began = self.app.clock.now();
        if let Err(error) = self.app.think(&claimed).await {
            tracing::debug!(error = %chain(&error), "doing each of several jobs alone");
            let mut worked = Worked::default();
            for job in &claimed {
                worked.add(self.told(job, self.alone(job)).await?);
            }
            return Ok(worked);
        }
        let done = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let seconds = self.seconds_since(began) / f64::from(done);
        for job in &claimed {
            self.count(job, DONE, seconds);
        }
        Ok(Worked { done: done.into(), ..Worked::default() })
    }

    /// Gives jobs back that were not begun.
    async fn release(&self, jobs: &[Job]) -> Result<(), EngineError> {
        let mut tx = self.app.store.begin().await?;
        for job in jobs {
            jobs::release(&mut tx, job).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Claims a few letters and words one after the other; gives back those that it has not begun
    /// once `stop` is set.
    async fn write(&self, stop: &CancellationToken) -> Result<Worked, EngineError> {
        let mut worked = Worked::default();
        for job in self.claim(Desk::Write, LETTERS_AT_ONCE).await? {
            if stop.is_cancelled() {
                self.release(slice::from_ref(&job)).await?;
                continue;
            }
            worked.add(self.told(&job, self.alone(&job)).await?);
        }
        Ok(worked)
    }

    /// Claims a few messages and sends them side by side.
    async fn post(&self, stop: &CancellationToken) -> Result<Worked, EngineError> {
        if stop.is_cancelled() {
            return Ok(Worked::default());
        }
        let claimed = self.claim(Desk::Post, self.sends_at_once).await?;
        let mut worked = Worked::default();
        let sending = claimed.iter().map(|job| self.told(job, self.alone(job)));
        for some in try_join_all(sending).await? {
            worked.add(some);
        }
        Ok(worked)
    }

    async fn claim(&self, desk: Desk, limit: u32) -> Result<Vec<Job>, EngineError> {
        let turn = match desk {
            Desk::Work => &self.thinks,
            Desk::Write => &self.writes,
            Desk::Post => &self.sends,
        };
        let by = Claimer { worker: &self.name, now: self.app.now(), lease: LEASE };
        let mut tx = self.app.store.begin().await?;
        jobs::make_ready(&mut tx, by.now).await?;
        let stopped = halts::in_force(&mut tx).await?;
        let lanes = turn.order(halt::open(jobs::lanes(&mut tx, desk).await?, &stopped));
        let claimed = jobs::claim(&mut tx, &by, &lanes, limit).await?;
        tx.commit().await?;
        turn.served(&claimed);
        Ok(claimed)
    }

    /// Does one job by `doing`, on the trace of what it follows from, and counts it.
    async fn told(
        &self,
        job: &Job,
        doing: impl Future<Output = Result<Worked, EngineError>>,
    ) -> Result<Worked, EngineError> {
        let began = self.app.clock.now();
        let worked = doing.instrument(work::span(job)).await?;
        self.count(job, worked, self.seconds_since(began));
        Ok(worked)
    }

    fn seconds_since(&self, began: Timestamp) -> f64 {
        self.app.clock.now().duration_since(began).as_secs_f64().max(0.0)
    }

    fn count(&self, job: &Job, worked: Worked, seconds: f64) {
        let kind = Work::known_kind(&job.kind);
        self.app.operation.metrics.job(kind, worked.outcome(), seconds);
    }

    /// Does one job, and notes where it failed.
    async fn alone(&self, job: &Job) -> Result<Worked, EngineError> {
        let work = Work::of(job);
        let of = work.as_ref().ok().cloned();
        let done = match work {
            Ok(work) => self.perform(work, job).await,
            Err(error) => Err(error),
        };
        let Err(error) = done else { return Ok(DONE) };
        let mut tx = self.app.store.begin().await?;
        let worked = self.failed(&mut tx, job, of.as_ref(), &error).await?;
        tx.commit().await?;
        if let Some(Work::Deliver { channel, .. }) = of
            && let EngineError::NotCarried(NotCarried::Gone { why }) = &error
            && worked != Worked::default()
        {
            self.app.stop_channel(channel, why).await?;
        }
        Ok(worked)
    }

    /// Does what one job asks for, in transactions of its own.
    async fn perform(&self, work: Work, job: &Job) -> Result<(), EngineError> {
        let app = &self.app;
        match work {
            Work::Compose { milestone, life_event, recipient, letter, by } => {
                let to = To { milestone, recipient, letter };
                app.compose(Errand { to, life_event, by }, job).await
            }
            Work::Deliver { delivery, by, channel, .. } if channel != Channel::Inbox => {
                app.deliver(delivery, by, job).await
            }
            _ => app.think(slice::from_ref(job)).await,
        }
    }

    /// Notes a failure: tried again later where that may help, given up where it cannot.
    async fn failed(
        &self,
        conn: &mut Conn,
        job: &Job,
        work: Option<&Work>,
        error: &EngineError,
    ) -> Result<Worked, EngineError> {
        let text = chain(error);
        let now = self.app.now();
        let backoff = work.map_or(Backoff::Work, Work::backoff);
        // The other side may ask for more patience than the table has, and for no less.
        let delay = if error.is_transient() { backoff.delay(job) } else { None };
        let delay = delay.map(|delay| error.asked_to_wait().map_or(delay, |it| it.max(delay)));
        let fate = match jobs::fail(conn, job, now, &text, delay).await {
            Ok(fate) => fate,
            // The lease ran out and another worker has the job: it is theirs to end.
            Err(storage::StorageError::Conflict { .. }) => {
                tracing::warn!(error = text, "job was taken over by another worker");
                return Ok(Worked::default());
            }
            Err(other) => return Err(other.into()),
        };
        if let Some(Work::Deliver { delivery, .. }) = work {
            self.app.not_delivered(conn, *delivery, fate).await?;
        }
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

/// A database that cannot be used for a while is told of and borne.
///
/// # Errors
/// Any other error, as it is.
fn bears(error: EngineError) -> Result<(), EngineError> {
    if !error.is_transient() {
        return Err(error);
    }
    tracing::warn!(error = %chain(&error), "the database cannot be used, trying again");
    Ok(())
}

/// Waits for so long, or until told to stop.
async fn rest(stop: &CancellationToken, pause: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_round() {
        let turn = Turn::default();
        let lanes = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(turn.order(lanes()), ["a", "b", "c"]);
        "a".clone_into(&mut turn.0.lock().unwrap());
        assert_eq!(turn.order(lanes()), ["b", "c", "a"]);
        "c".clone_into(&mut turn.0.lock().unwrap());
        assert_eq!(turn.order(lanes()), ["a", "b", "c"]);
        // The last one served is empty meanwhile.
        "aa".clone_into(&mut turn.0.lock().unwrap());
        assert_eq!(turn.order(lanes()), ["b", "c", "a"]);
        assert_eq!(turn.order(Vec::new()), [""; 0]);
    }
}
