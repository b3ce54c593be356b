//! What an operator does about jobs: look at them, have dead ones tried again, drop them.

use domain::JobId;
use jiff::Timestamp;
use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use crate::{Conn, Result, sql};

/// A job as an operator sees it. Holds ids and dates, no personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: JobId,
    /// Which work.
    pub kind: String,
    /// On what.
    pub payload: serde_json::Value,
    /// Where it stands: `waiting`, `queued`, `running`, `done`, `dead`.
    pub state: String,
    /// With which others it stands in line.
    pub lane: String,
    /// How often it was tried.
    pub attempts: u64,
    /// Not before.
    pub run_at: Timestamp,
    /// When it ended, where it did.
    pub finished_at: Option<Timestamp>,
    /// Why it failed last, where it did.
    pub error: Option<String>,
}

/// Which dead jobs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// These.
    Ids(&'a [JobId]),
    /// All of one kind.
    Kind(&'a str),
    /// All.
    All,
}

impl Which<'_> {
    /// The condition, whose places begin at `first`.
    fn condition(&self, first: usize) -> String {
        match self {
            // `in ()` is no SQL; no id is this text.
            Self::Ids([]) => "id = 'none'".to_owned(),
            Self::Ids(ids) => format!("id in ({})", sql::places(first, ids.len())),
            Self::Kind(_) => format!("kind = ${first}"),
            Self::All => "1 = 1".to_owned(),
        }
    }

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        match self {
            Self::Ids(ids) => ids.iter().fold(query, |query, id| query.bind(id.to_string())),
            Self::Kind(kind) => query.bind((*kind).to_owned()),
            Self::All => query,
        }
    }
}

/// The jobs in `state`: those that ended latest first, those that are to come in the order of
/// their time.
pub async fn list(conn: &mut Conn, state: &str, limit: u32) -> Result<Vec<Listed>> {
    let rows = sqlx::query(
        "select id, kind, payload, state, lane, attempts, run_at, finished_at, last_error
         from jobs where state = $1 order by finished_at desc, run_at, id limit $2",
    )
    .bind(state)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                id: sql::parsed(row, "id")?,
                kind: sql::text(row, "kind")?,
                payload: sql::from_json(row, "payload")?,
                state: sql::text(row, "state")?,
                lane: sql::text(row, "lane")?,
                attempts: sql::count(row, "attempts")?,
                run_at: sql::parsed(row, "run_at")?,
                finished_at: sql::maybe_parsed(row, "finished_at")?,
                error: sql::maybe_text(row, "last_error")?,
            })
        })
        .collect()
}

/// Queues dead jobs anew, to be tried as often as a new one. Answers how many.
pub async fn retry_dead(conn: &mut Conn, which: Which<'_>, now: Timestamp) -> Result<u64> {
    let statement = format!(
        "update jobs set state = 'queued', attempts = 0, rerun = 0, run_at = $1, finished_at = null
         where state = 'dead' and {}",
        which.condition(2)
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(sql::time(now));
    Ok(which.bind(query).execute(conn).await?.rows_affected())
}

/// Deletes dead jobs: what they were to do will not be done. Answers how many.
pub async fn drop_dead(conn: &mut Conn, which: Which<'_>) -> Result<u64> {
    let statement = format!("delete from jobs where state = 'dead' and {}", which.condition(1));
    let query = sqlx::query(sqlx::AssertSqlSafe(statement));
    Ok(which.bind(query).execute(conn).await?.rows_affected())
}
