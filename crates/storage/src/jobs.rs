//! The job table: work that follows from something stored, written in the same transaction.
//!
//! A worker claims jobs under a lease, does the work in a second transaction and completes the
//! job in that one, so that the work's effects and its end are stored together. A worker that is
//! killed loses its lease and another takes the job up; should the first wake again, its claim
//! (worker, attempt) no longer fits and it can complete nothing.
//!
//! A job that fails waits 10 s, 1 min, 5 min, 30 min and is dead after the fifth attempt; the
//! delays are a fixed table, so that tests and replays know them.

use domain::{JobId, Trace};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::{Conn, Result, sql};

/// How often a job is tried.
pub const MAX_ATTEMPTS: u32 = 5;

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
    /// Higher goes first.
    pub priority: i64,
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

/// What became of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again then.
    Retry(Timestamp),
    /// It was tried for the last time.
    Dead,
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadJob {
    /// Its id.
    pub id: JobId,
    /// Which work.
    pub kind: String,
    /// On what.
    pub payload: serde_json::Value,
    /// Why.
    pub error: String,
    /// When.
    pub at: Timestamp,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct JobCounts {
    /// Wait for their time or for a worker.
    pub queued: u64,
    /// Are being worked on.
    pub running: u64,
    /// Are done.
    pub done: u64,
    /// Were given up: somebody must look.
    pub dead: u64,
}

/// How long a job waits after its `attempt`-th failure; `None` after the last.
#[must_use]
pub fn backoff(attempt: u32) -> Option<SignedDuration> {
    match attempt {
        0 | 1 => Some(SignedDuration::from_secs(10)),
        2 => Some(SignedDuration::from_mins(1)),
        3 => Some(SignedDuration::from_mins(5)),
        4 => Some(SignedDuration::from_mins(30)),
        _ => None,
    }
}

/// Enqueues work once: the same id again, even of a job long done, changes nothing.
pub async fn enqueue(conn: &mut Conn, job: &NewJob) -> Result<Enqueued> {
    let inserted = sqlx::query(
        "insert into jobs (id, kind, payload, state, priority, run_at, attempts, rerun, trace)
         values ($1, $2, $3, 'queued', $4, $5, 0, 0, $6)
         on conflict (id) do nothing",
    )
    .bind(job.id.to_string())
    .bind(&job.kind)
    .bind(sql::json(&job.payload)?)
    .bind(job.priority)
    .bind(sql::time(job.run_at))
    .bind(job.trace.as_str())
    .execute(conn)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Enqueued::New } else { Enqueued::Known })
}

/// Enqueues work that is to be done again whenever it is asked for, such as looking at a subject
/// whose facts changed.
///
/// Waiting already: it stays, at the earlier time. Running: it may have read before this change,
/// so it runs once more when it completes. Done or dead: it is queued anew.
pub async fn enqueue_again(conn: &mut Conn, job: &NewJob) -> Result<()> {
    sqlx::query(
        "insert into jobs (id, kind, payload, state, priority, run_at, attempts, rerun, trace)
         values ($1, $2, $3, 'queued', $4, $5, 0, 0, $6)
         on conflict (id) do update set
             state = case when jobs.state = 'running' then 'running' else 'queued' end,
             rerun = case when jobs.state = 'running' then 1 else 0 end,
             attempts = case when jobs.state in ('done', 'dead') then 0 else jobs.attempts end,
             run_at = case when jobs.state = 'queued' and jobs.run_at < excluded.run_at
                 then jobs.run_at else excluded.run_at end,
             priority = case when jobs.priority > excluded.priority
                 then jobs.priority else excluded.priority end,
             finished_at = null,
             trace = excluded.trace",
    )
    .bind(job.id.to_string())
    .bind(&job.kind)
    .bind(sql::json(&job.payload)?)
    .bind(job.priority)
    .bind(sql::time(job.run_at))
    .bind(job.trace.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims up to `limit` jobs that are due, for `lease`. The caller commits before it works.
///
/// No two workers get one job: PostgreSQL passes over rows that another claimer holds, and
/// `SQLite` has one writer at a time. Takes back first what dead workers held.
pub async fn claim(
    conn: &mut Conn,
    worker: &str,
    now: Timestamp,
    lease: SignedDuration,
    limit: u32,
) -> Result<Vec<Job>> {
    take_back_expired(conn, now).await?;
    // Materialised, so that the choice is made once: as a plain subquery PostgreSQL may run it
    // again for each row, and claim more than `limit`.
    let statement = format!(
        "with chosen as materialized (
             select id from jobs
             where state = 'queued' and run_at <= $1
             order by priority desc, run_at, id
             limit $2 {}
         )
         update jobs
         set state = 'running', rerun = 0, attempts = attempts + 1,
             locked_by = $3, locked_until = $4
         where id in (select id from chosen)
         returning id, kind, payload, priority, run_at, attempts, locked_by, locked_until, trace",
        Dialect::of(conn).skip_locked()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(sql::time(now))
        .bind(i64::from(limit))
        .bind(worker)
        .bind(sql::time(after(now, lease)))
        .fetch_all(conn)
        .await?;
    let mut jobs = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    // `returning` promises no order.
    jobs.sort_by(|a, b| (b.priority, a.run_at, a.id).cmp(&(a.priority, b.run_at, b.id)));
    Ok(jobs)
}

/// Puts jobs whose lease ran out back into the queue. One whose workers all died at it is given
/// up in the end: it may be what kills them.
async fn take_back_expired(conn: &mut Conn, now: Timestamp) -> Result<()> {
    sqlx::query(
        "update jobs set
             state = case when attempts >= $2 then 'dead' else 'queued' end,
             finished_at = case when attempts >= $2 then $1 else null end,
             locked_by = null, locked_until = null,
             last_error = 'the worker did not finish in time'
         where state = 'running' and locked_until <= $1",
    )
    .bind(sql::time(now))
    .bind(i64::from(MAX_ATTEMPTS))
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the lease of a long job longer.
pub async fn extend(
    conn: &mut Conn,
    job: &Job,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set locked_until = $4
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .bind(sql::time(after(now, lease)))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")
}

/// Completes a job, in the transaction that stores what it did. It goes back to the queue where
/// it was asked for again meanwhile.
pub async fn complete(conn: &mut Conn, job: &Job, now: Timestamp) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set
             state = case when rerun = 1 then 'queued' else 'done' end,
             attempts = case when rerun = 1 then 0 else attempts end,
             finished_at = case when rerun = 1 then null else $4 end,
             rerun = 0, locked_by = null, locked_until = null, last_error = null
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .bind(sql::time(now))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")
}

/// Notes that a job failed in a way that may pass. `error` holds no personal data.
pub async fn fail(conn: &mut Conn, job: &Job, now: Timestamp, error: &str) -> Result<Fate> {
    let Some(delay) = backoff(job.attempt) else {
        give_up(conn, job, now, error).await?;
        return Ok(Fate::Dead);
    };
    let at = after(now, delay);
    let changed = sqlx::query(
        "update jobs set state = 'queued', rerun = 0, run_at = $4, last_error = $5,
             locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .bind(sql::time(at))
    .bind(shortened(error))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")?;
    Ok(Fate::Retry(at))
}

/// Notes that a job failed in a way that will not pass.
pub async fn give_up(conn: &mut Conn, job: &Job, now: Timestamp, error: &str) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set state = 'dead', rerun = 0, finished_at = $4, last_error = $5,
             locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .bind(sql::time(now))
    .bind(shortened(error))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")
}

/// Gives a job back untouched, as a worker does that was told to stop.
pub async fn release(conn: &mut Conn, job: &Job) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set state = 'queued', rerun = 0, attempts = attempts - 1,
             locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")
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
            "queued" => counts.queued = rows,
            "running" => counts.running = rows,
            "done" => counts.done = rows,
            _ => counts.dead = rows,
        }
    }
    Ok(counts)
}

/// The next moment at which a worker has something to do: a job comes due, or a lease runs out.
pub async fn next_at(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let row = sqlx::query(
        "select min(at) as at from (
             select min(run_at) as at from jobs where state = 'queued'
             union all
             select min(locked_until) as at from jobs where state = 'running'
         ) as times",
    )
    .fetch_one(conn)
    .await?;
    sql::maybe_parsed(&row, "at")
}

/// The jobs that were given up, latest first.
pub async fn dead(conn: &mut Conn, limit: u32) -> Result<Vec<DeadJob>> {
    let rows = sqlx::query(
        "select id, kind, payload, coalesce(last_error, '') as error, finished_at
         from jobs where state = 'dead' order by finished_at desc, id limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeadJob {
                id: sql::parsed(row, "id")?,
                kind: sql::text(row, "kind")?,
                payload: sql::from_json(row, "payload")?,
                error: sql::text(row, "error")?,
                at: sql::parsed(row, "finished_at")?,
            })
        })
        .collect()
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
        priority: sql::number(row, "priority")?,
        run_at: sql::parsed(row, "run_at")?,
        attempt: u32::try_from(sql::number(row, "attempts")?).unwrap_or(u32::MAX),
        worker: sql::text(row, "locked_by")?,
        lease_until: sql::parsed(row, "locked_until")?,
        trace: sql::from_word(row, "trace")?,
    })
}
