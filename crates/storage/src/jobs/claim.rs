//! Taking jobs: what is due becomes claimable, and lane by lane some of it becomes a worker's.

use jiff::{SignedDuration, Timestamp};

use super::{Job, MOST_ATTEMPTS, after, read};
use crate::dialect::Dialect;
use crate::{Conn, Result, sql};

/// How many waiting jobs one claim moves into their lanes: the end of a night of quiet hours must
/// not make one claim as long as all of them.
const MADE_READY_AT_ONCE: i64 = 1_000;

/// The parts of a worker that never wait for each other: neither a slow receiver outside nor a
/// model that words a letter must keep events from being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Desk {
    /// Looks at events and decides: all that takes the database alone.
    Work,
    /// Words letters.
    Write,
    /// Sends.
    Post,
}

impl Desk {
    /// What the names of its lanes begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Work => "work/",
            Self::Write => "write/",
            Self::Post => "post/",
        }
    }

    /// The first text after all that begin with the prefix: `0` follows `/`.
    fn end(self) -> &'static str {
        match self {
            Self::Work => "work0",
            Self::Write => "write0",
            Self::Post => "post0",
        }
    }
}

/// Who claims.
#[derive(Debug, Clone, Copy)]
pub struct Claimer<'a> {
    /// The worker's name, which no other worker of the database has.
    pub worker: &'a str,
    /// This moment.
    pub now: Timestamp,
    /// For how long.
    pub lease: SignedDuration,
}

/// Puts what is due into its lane: jobs whose time came, and jobs whose worker's lease ran out.
/// One whose workers all died at it is given up in the end: it may be what kills them.
pub async fn make_ready(conn: &mut Conn, now: Timestamp) -> Result<()> {
    sqlx::query(sqlx::AssertSqlSafe(orphaned("locked_until <= $1")))
        .bind(sql::time(now))
        .bind(i64::from(MOST_ATTEMPTS))
        .execute(&mut *conn)
        .await?;
    let statement = format!(
        "update jobs set state = 'queued'
         where id in (
             select id from jobs where state = 'waiting' and run_at <= $1
             order by run_at limit $2 {})",
        Dialect::of(conn).skip_locked()
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(sql::time(now))
        .bind(MADE_READY_AT_ONCE)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives back what `worker` had claimed at `desk` and works at no more: it was killed and is here
/// again under its name, or a turn of it broke off. Nobody waits for the lease. Answers how many.
///
/// Only for a worker that has nothing of that desk in hand.
pub async fn take_back(conn: &mut Conn, worker: &str, desk: Desk, now: Timestamp) -> Result<u64> {
    let theirs = "locked_by = $3 and lane >= $4 and lane < $5";
    let changed = sqlx::query(sqlx::AssertSqlSafe(orphaned(theirs)))
        .bind(sql::time(now))
        .bind(i64::from(MOST_ATTEMPTS))
        .bind(worker)
        .bind(desk.prefix())
        .bind(desk.end())
        .execute(conn)
        .await?;
    Ok(changed.rows_affected())
}

/// Queues running jobs of which `condition` holds, or gives them up. `$1` is now, `$2` the most
/// attempts.
fn orphaned(condition: &str) -> String {
    format!(
        "update jobs set
             state = case when attempts >= $2 then 'dead' else 'queued' end,
             finished_at = case when attempts >= $2 then $1 else null end,
             locked_by = null, locked_until = null,
             last_error = 'the worker did not finish in time'
         where state = 'running' and {condition}"
    )
}

/// The lanes of `desk` in which something is due, in the order of their names. Costs one look
/// into the index for each, however many jobs stand in it.
pub async fn lanes(conn: &mut Conn, desk: Desk) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "with recursive found (lane) as (
             select min(lane) from jobs where state = 'queued' and lane >= $1 and lane < $2
             union all
             select (select min(jobs.lane) from jobs
                     where jobs.state = 'queued' and jobs.lane > found.lane and jobs.lane < $2)
             from found where found.lane is not null
         )
         select lane from found where lane is not null",
    )
    .bind(desk.prefix())
    .bind(desk.end())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::text(row, "lane")).collect()
}

/// Claims up to `limit` jobs of `lanes`: an equal share of each first, in the order given, then
/// what is left of the limit from whoever has more. The caller commits before it works.
///
/// No two workers get one job: PostgreSQL passes over rows that another claimer holds, and
/// `SQLite` has one writer at a time.
pub async fn claim(
    conn: &mut Conn,
    by: &Claimer<'_>,
    lanes: &[String],
    limit: u32,
) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX).max(1);
    let share = limit.div_ceil(count);
    for portion in [share, limit] {
        for lane in lanes {
            let room = limit.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
            if room == 0 {
                return Ok(jobs);
            }
            jobs.extend(claim_of_lane(conn, by, lane, room.min(portion)).await?);
        }
        if share == limit {
            break;
        }
    }
    Ok(jobs)
}

async fn claim_of_lane(
    conn: &mut Conn,
    by: &Claimer<'_>,
    lane: &str,
    limit: u32,
) -> Result<Vec<Job>> {
    // Materialised, so that the choice is made once: as a plain subquery PostgreSQL may run it
    // again for each row, and claim more than `limit`.
    let statement = format!(
        "with chosen as materialized (
             select id from jobs
             where state = 'queued' and lane = $1
             order by priority desc, due_by, run_at, id
             limit $2 {}
         )
         update jobs
         set state = 'running', rerun = 0, attempts = attempts + 1,
             locked_by = $3, locked_until = $4
         where id in (select id from chosen)
         returning id, kind, payload, lane, priority, due_by, run_at, attempts, locked_by,
             locked_until, trace",
        Dialect::of(conn).skip_locked()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(lane)
        .bind(i64::from(limit))
        .bind(by.worker)
        .bind(sql::time(after(by.now, by.lease)))
        .fetch_all(conn)
        .await?;
    // `returning` promises no order.
    let mut jobs = rows
        .iter()
        .map(|row| Ok((read(row)?, sql::text(row, "due_by")?)))
        .collect::<Result<Vec<_>>>()?;
    jobs.sort_by(|(a, due_a), (b, due_b)| {
        (b.priority, due_a, a.run_at, a.id).cmp(&(a.priority, due_b, b.run_at, b.id))
    });
    Ok(jobs.into_iter().map(|(job, _)| job).collect())
}

/// The next moment at which a worker has something to do: a job comes due, or a lease runs out.
pub async fn next_at(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let row = sqlx::query(
        "select min(at) as at from (
             select min(run_at) as at from jobs where state = 'waiting'
             union all
             select min(run_at) as at from jobs where state = 'queued'
             union all
             select min(locked_until) as at from jobs where state = 'running'
         ) as times",
    )
    .fetch_one(conn)
    .await?;
    sql::maybe_parsed(&row, "at")
}
