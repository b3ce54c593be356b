//! Ending a claim: done, later, given up, given back. Each fits only the claim that it was made
//! under, which is (worker, attempt): whoever lost the lease changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use domain::JobId;
use jiff::{SignedDuration, Timestamp};

use super::{Job, after, shortened};
use crate::rows::rows_of_each;
use crate::{Conn, Result, StorageError, sql};

/// What became of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again then.
    Retry(Timestamp),
    /// It was tried for the last time.
    Dead,
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

/// Completes jobs, in the transaction that stores what they did. One that was asked for again
/// meanwhile goes back to the queue.
pub async fn complete(conn: &mut Conn, jobs: &[Job], now: Timestamp) -> Result<()> {
    let mut claims: BTreeMap<(&str, u32), Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        claims.entry((&job.worker, job.attempt)).or_default().push(job);
    }
    for ((worker, attempt), jobs) in claims {
        let statement = format!(
            "update jobs set
                 state = case when rerun = 0 then 'done' when run_at > $1 then 'waiting'
                     else 'queued' end,
                 attempts = case when rerun = 1 then 0 else attempts end,
                 finished_at = case when rerun = 1 then null else $1 end,
                 rerun = 0, locked_by = null, locked_until = null, last_error = null
             where state = 'running' and locked_by = $2 and attempts = {attempt} and id in ({{}})
             returning id"
        );
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
        let mut done = BTreeSet::new();
        for row in &rows_of_each(conn, &statement, &[&sql::time(now), worker], &ids).await? {
            done.insert(sql::parsed::<JobId>(row, "id")?);
        }
        if let Some(lost) = ids.iter().find(|id| !done.contains(id)) {
            let (what, id) = ("job", lost.to_string());
            return Err(StorageError::Conflict { what, id, expected: "running" });
        }
    }
    Ok(())
}

/// Notes that a job failed: it is tried again after `delay`, or given up where there is none.
/// `error` holds no personal data.
pub async fn fail(
    conn: &mut Conn,
    job: &Job,
    now: Timestamp,
    error: &str,
    delay: Option<SignedDuration>,
) -> Result<Fate> {
    let Some(delay) = delay else {
        give_up(conn, job, now, error).await?;
        return Ok(Fate::Dead);
    };
    let at = after(now, delay);
    let changed = sqlx::query(
        "update jobs set state = 'waiting', rerun = 0, run_at = $4, last_error = $5,
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

/// Notes that a job failed in a way that will not pass. Asked for again while it ran, it is
/// tried once more: what it failed at may be mended.
pub async fn give_up(conn: &mut Conn, job: &Job, now: Timestamp, error: &str) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set
             state = case when rerun = 1 then 'queued' else 'dead' end,
             attempts = case when rerun = 1 then 0 else attempts end,
             finished_at = case when rerun = 1 then null else $4 end,
             rerun = 0, last_error = $5, locked_by = null, locked_until = null
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

/// Puts a job off until `at`: it did not fail, it is too early. The attempt does not count.
pub async fn postpone(conn: &mut Conn, job: &Job, at: Timestamp) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set state = 'waiting', rerun = 0, attempts = attempts - 1, run_at = $4,
             locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2 and attempts = $3",
    )
    .bind(job.id.to_string())
    .bind(&job.worker)
    .bind(i64::from(job.attempt))
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "job", &job.id, "running")
}
