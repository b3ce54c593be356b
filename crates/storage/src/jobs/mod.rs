//! The job table: work that follows from something stored, written in the same transaction.
//!
//! A worker claims jobs under a lease, does the work in a second transaction and completes the
//! job in that one, so that the work's effects and its end are stored together. A worker that is
//! killed loses its lease and another takes the job up; should the first wake again, its claim
//! (worker, attempt) no longer fits and it can complete nothing.
//!
//! ```text
//! waiting ──its time came──▶ queued ──claim──▶ running ──complete──▶ done
//!    ▲                          ▲                │ │
//!    └──────── fail: later ─────┼────────────────┘ └──give up──▶ dead ──retry──▶ queued
//!                               └── release, lease ran out
//! ```
//!
//! What waits for its time is kept apart from what is due, so that a claim costs what is due and
//! not the millions of reminders that are not. What is due stands in lanes, one for each life
//! event, register and channel; claims go round the lanes, so that none waits for another to be
//! empty. Within a lane the higher priority goes first, then the nearer deadline, then the older.

mod backoff;
mod claim;
mod finish;
mod repair;

use domain::{JobId, Trace};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;

pub use backoff::{Backoff, MOST_ATTEMPTS};
pub use claim::{Claimer, Desk, claim, lanes, make_ready, next_at, take_back};
pub use finish::{Fate, complete, extend, fail, give_up, postpone, release};
pub use repair::{Listed, Which, drop_dead, list, retry_dead};

use crate::rows::Insert;
use crate::{Conn, Result, sql};

/// The longest error text that is kept.
const ERROR_CHARS: usize = 500;

/// Work to enqueue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Made from the kind and from what the work is about.
    pub id: JobId,
    /// Which work.
    pub kind: String,
    /// On what. Ids and dates only: no personal data.
    pub payload: serde_json::Value,
    /// With which others it stands in line: the [`Desk`]'s prefix, then a name.
    pub lane: String,
    /// Higher goes first within the lane.
    pub priority: i64,
    /// Among those of one priority, the earlier goes first: until when it is of use.
    pub due_by: Timestamp,
    /// Not before.
    pub run_at: Timestamp,
    /// The trace of what it follows from.
    pub trace: Trace,
}

impl NewJob {
    /// The id of the work of `kind` about `identity`.
    #[must_use]
    pub fn id_of(kind: &str, identity: &[&str]) -> JobId {
        let mut parts = vec![kind];
        parts.extend_from_slice(identity);
        JobId::of(&parts)
    }

    /// Where it begins: in its lane, or waiting for its time.
    fn state(&self, now: Timestamp) -> &'static str {
        if self.run_at <= now { "queued" } else { "waiting" }
    }
}

/// A job that a worker claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Which work.
    pub kind: String,
    /// On what.
    pub payload: serde_json::Value,
    /// In which lane it stood.
    pub lane: String,
    /// Higher goes first.
    pub priority: i64,
    /// Since when it was due.
    pub run_at: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Who claimed it.
    pub worker: String,
    /// Until when it is theirs.
    pub lease_until: Timestamp,
    /// The trace of what it follows from.
    pub trace: Trace,
}

/// What enqueuing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It was not there.
    New,
    /// It was there, in whatever state, and stays so.
    Known,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct JobCounts {
    /// Wait for their time.
    pub waiting: u64,
    /// Are due and wait for a worker.
    pub queued: u64,
    /// Are being worked on.
    pub running: u64,
    /// Are done.
    pub done: u64,
    /// Were given up: somebody must look.
    pub dead: u64,
}

const ONCE: Insert<'static> =
    Insert { into: INTO, columns: 11, then: "on conflict (id) do nothing" };

const AGAIN: Insert<'static> = Insert {
    into: INTO,
    columns: 11,
    then: "on conflict (id) do update set
             state = case when jobs.state in ('running', 'queued') then jobs.state
                 else excluded.state end,
             rerun = case when jobs.state = 'running' then 1 else 0 end,
             attempts = case when jobs.state in ('done', 'dead') then 0 else jobs.attempts end,
             run_at = case when jobs.state in ('waiting', 'queued') and jobs.run_at < excluded.run_at
                 then jobs.run_at else excluded.run_at end,
             due_by = case when jobs.state in ('waiting', 'queued') and jobs.due_by < excluded.due_by
                 then jobs.due_by else excluded.due_by end,
             priority = case when jobs.priority > excluded.priority
                 then jobs.priority else excluded.priority end,
             payload = excluded.payload,
             lane = excluded.lane,
             finished_at = null,
             trace = excluded.trace",
};

const INTO: &str = "insert into jobs
    (id, kind, payload, state, lane, priority, due_by, run_at, attempts, rerun, trace)";

/// Enqueues work once: the same id again, even of a job long done, changes nothing.
pub async fn enqueue(conn: &mut Conn, job: &NewJob, now: Timestamp) -> Result<Enqueued> {
    let new = insert(conn, ONCE, &[job], now).await?;
    Ok(if new == 1 { Enqueued::New } else { Enqueued::Known })
}

/// The same for several, whatever was there.
pub async fn enqueue_all(conn: &mut Conn, jobs: &[NewJob], now: Timestamp) -> Result<()> {
    insert(conn, ONCE, &sorted(jobs), now).await?;
    Ok(())
}

/// Enqueues work that is to be done again whenever it is asked for, such as looking at a subject
/// whose facts changed.
///
/// Waiting or queued already: it stays, at the earlier time and the nearer deadline. Running: it
/// may have read before this change, so it runs once more when it completes. Done or dead: it is
/// queued anew.
pub async fn enqueue_again(conn: &mut Conn, jobs: &[NewJob], now: Timestamp) -> Result<()> {
    insert(conn, AGAIN, &sorted(jobs), now).await?;
    Ok(())
}

/// Each once, and in the order of their ids: two that enqueue the same never wait in a circle.
fn sorted(jobs: &[NewJob]) -> Vec<&NewJob> {
    let mut sorted: Vec<&NewJob> = jobs.iter().collect();
    sorted.sort_by_key(|job| job.id);
    sorted.dedup_by_key(|job| job.id);
    sorted
}

async fn insert(
    conn: &mut Conn,
    insert: Insert<'_>,
    jobs: &[&NewJob],
    now: Timestamp,
) -> Result<u64> {
    let mut rows = 0;
    for some in Insert::portions(jobs) {
        let mut query = insert.of(conn, some.len());
        for job in some {
            query = query
                .bind(job.id.to_string())
                .bind(&job.kind)
                .bind(sql::json(&job.payload)?)
                .bind(job.state(now))
                .bind(&job.lane)
                .bind(job.priority)
                .bind(sql::time(job.due_by))
                .bind(sql::time(job.run_at))
                .bind(0_i64)
                .bind(0_i64)
                .bind(job.trace.as_str());
        }
        rows += query.execute(&mut *conn).await?.rows_affected();
    }
    Ok(rows)
}

/// How many jobs are in which state.
pub async fn counts(conn: &mut Conn) -> Result<JobCounts> {
    let rows = sqlx::query("select state, count(*) as rows from jobs group by state")
        .fetch_all(conn)
        .await?;
    let mut counts = JobCounts::default();
    for row in &rows {
        let rows = sql::count(row, "rows")?;
        match sql::text(row, "state")?.as_str() {
            "waiting" => counts.waiting = rows,
            "queued" => counts.queued = rows,
            "running" => counts.running = rows,
            "done" => counts.done = rows,
            _ => counts.dead = rows,
        }
    }
    Ok(counts)
}

/// The same without those that are done, which are by far the most: looks into the indexes alone.
pub async fn open_counts(conn: &mut Conn) -> Result<JobCounts> {
    let row = sqlx::query(
        "select
             (select count(*) from jobs where state = 'waiting') as waiting,
             (select count(*) from jobs where state = 'queued') as queued,
             (select count(*) from jobs where state = 'running') as running,
             (select count(*) from jobs where state = 'dead') as dead",
    )
    .fetch_one(conn)
    .await?;
    Ok(JobCounts {
        waiting: sql::count(&row, "waiting")?,
        queued: sql::count(&row, "queued")?,
        running: sql::count(&row, "running")?,
        done: 0,
        dead: sql::count(&row, "dead")?,
    })
}

/// How many jobs are due and wait for a worker, counted up to `most`: what the length of the
/// queue is bounded by, without reading all of one that is far too long.
pub async fn depth(conn: &mut Conn, most: u64) -> Result<u64> {
    let row = sqlx::query(
        "select count(*) as rows from
             (select 1 as one from jobs where state = 'queued' limit $1) as found",
    )
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_one(conn)
    .await?;
    sql::count(&row, "rows")
}

fn after(now: Timestamp, delay: SignedDuration) -> Timestamp {
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}

fn shortened(error: &str) -> String {
    error.chars().filter(|&c| c != '\0').take(ERROR_CHARS).collect()
}

fn read(row: &AnyRow) -> Result<Job> {
    Ok(Job {
        id: sql::parsed(row, "id")?,
        kind: sql::text(row, "kind")?,
        payload: sql::from_json(row, "payload")?,
        lane: sql::text(row, "lane")?,
        priority: sql::number(row, "priority")?,
        run_at: sql::parsed(row, "run_at")?,
        attempt: u32::try_from(sql::number(row, "attempts")?).unwrap_or(u32::MAX),
        worker: sql::text(row, "locked_by")?,
        lease_until: sql::parsed(row, "locked_until")?,
        trace: sql::from_word(row, "trace")?,
    })
}
