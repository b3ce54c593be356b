//! The few things that `SQLite` and PostgreSQL do not share. Everything else is one SQL.
//!
//! | | `SQLite` | PostgreSQL |
//! |---|---|---|
//! | a write transaction | `begin immediate`: writers queue at the door and cannot deadlock | `begin` |
//! | two claimers | cannot meet: one writer at a time | `for update skip locked` |
//! | keeping a row as it is | as above | `for update`, or `for share` beside others |
//! | one migrator, one who decides about a subject, at a time | as above | an advisory lock until the transaction ends |
//! | settings | pragmas on each connection | the server's own |

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::Conn;
use crate::error::Fault;

/// How many names one statement holds.
const LOCKS_AT_ONCE: usize = 100;
/// How many names one transaction holds each by itself.
const MOST_LOCKS: usize = 1_000;

/// Which of the two databases a connection speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    /// The dialect of `conn`.
    #[must_use]
    pub fn of(conn: &AnyConnection) -> Self {
        // The driver's own name for itself; we install two drivers.
        if conn.backend_name() == "PostgreSQL" { Self::Postgres } else { Self::Sqlite }
    }

    /// The statement that begins a transaction which will write.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// After a `select` of rows to take: leave out those that another worker is taking.
    pub(crate) fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for update skip locked",
        }
    }

    /// After a `select` of rows that must stay as they are until the transaction ends.
    pub(crate) fn hold(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for update",
        }
    }

    /// The same, beside others who only want it to stay too.
    pub(crate) fn hold_shared(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for share",
        }
    }
}

/// Lets one migrator in at a time, until the transaction ends.
pub(crate) async fn lock_migrations(conn: &mut Conn) -> sqlx::Result<()> {
    if Dialect::of(conn) == Dialect::Postgres {
        // Any fixed number of our own: the letters "cotmoc".
        conn.execute("select pg_advisory_xact_lock(109317196148579)").await?;
    }
    Ok(())
}

/// Lets one merger of the log of readings in at a time, until the transaction ends.
pub(crate) async fn lock_log(conn: &mut Conn) -> sqlx::Result<()> {
    if Dialect::of(conn) == Dialect::Postgres {
        conn.execute("select pg_advisory_xact_lock(109317196148580)").await?;
    }
    Ok(())
}

/// Lets references be checked at the end of the transaction.
pub(crate) async fn defer_references(conn: &mut Conn) -> sqlx::Result<()> {
    let statement = match Dialect::of(conn) {
        Dialect::Sqlite => "pragma defer_foreign_keys = on",
        Dialect::Postgres => "set constraints all deferred",
    };
    conn.execute(statement).await?;
    Ok(())
}

/// The name of the copy of `table` that [`copy_table`] makes.
pub(crate) fn copy_of(table: &str) -> String {
    format!("{table}_before")
}

/// Copies a table for this connection alone.
pub(crate) async fn copy_table(conn: &mut Conn, table: &str, columns: &str) -> sqlx::Result<()> {
    let copy = copy_of(table);
    let statement = format!("create temp table {copy} as select {columns} from {table}");
    conn.execute(sqlx::AssertSqlSafe(statement)).await?;
    Ok(())
}

/// Forgets the copy.
pub(crate) async fn forget_copy(conn: &mut Conn, table: &str) -> sqlx::Result<()> {
    let statement = format!("drop table {}", copy_of(table));
    conn.execute(sqlx::AssertSqlSafe(statement)).await?;
    Ok(())
}

/// The settings that a connection to an `SQLite` file needs. `patience_ms` is how long it waits
/// for another program's lock.
///
/// `cache_size`: 16 MiB hold the inner pages of all indexes for a million people, so that what
/// is looked up costs the file one page and not four.
///
/// `synchronous = full`: an event that was acknowledged to its sender must survive a power cut,
/// as it does on PostgreSQL.
pub(crate) async fn settle_sqlite(
    conn: &mut AnyConnection,
    patience: Duration,
) -> sqlx::Result<()> {
    let pragmas = format!(
        "pragma busy_timeout = {}; \
         pragma foreign_keys = on; \
         pragma cache_size = -16384; \
         pragma synchronous = full;",
        patience.as_millis()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(conn).await?;
    Ok(())
}

/// Whether a connection to an `SQLite` file may be used again. Where its disk is full it undoes a
/// transaction by itself, and the driver goes on counting it: such a one begins no other.
pub(crate) async fn is_whole(conn: &mut AnyConnection) -> sqlx::Result<bool> {
    // Dropped transactions are undone a little later; what answers has come to that.
    conn.ping().await?;
    Ok(!conn.is_in_transaction())
}

/// Holds each of `names` until the transaction ends, against others who ask for the same. On
/// `SQLite` a transaction that writes is alone anyway.
pub(crate) async fn hold_all(
    conn: &mut Conn,
    names: impl Iterator<Item = String>,
) -> sqlx::Result<()> {
    if Dialect::of(conn) == Dialect::Sqlite {
        return Ok(());
    }
    // In one order, whoever asks.
    let keys: BTreeSet<i64> = names.map(|name| lock_key(&name)).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    // The server's table of locks has an end: who would need very many holds everything.
    if keys.len() > MOST_LOCKS {
        conn.execute("select pg_advisory_xact_lock(109317196148581)").await?;
        return Ok(());
    }
    conn.execute("select pg_advisory_xact_lock_shared(109317196148581)").await?;
    for some in keys.chunks(LOCKS_AT_ONCE) {
        let statement = format!(
            "select pg_advisory_xact_lock(key) from (values ({})) as held (key)",
            (1..=some.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join("), (")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for key in some {
            query = query.bind(*key);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The number under which a name is held. Two names may share one: they wait for each other then.
fn lock_key(name: &str) -> i64 {
    let hash = Sha256::digest(name);
    hash.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

/// Whether rows that this connection deletes are overwritten in the file, and not only let go of.
/// PostgreSQL does so when it vacuums ([`forget_deleted`]).
pub(crate) async fn overwrite_deleted(conn: &mut Conn, on: bool) -> sqlx::Result<()> {
    if Dialect::of(conn) == Dialect::Sqlite {
        let pragma = if on { "pragma secure_delete = on" } else { "pragma secure_delete = off" };
        conn.execute(pragma).await?;
    }
    Ok(())
}

/// After the commit, outside of any transaction: lets go of the last copies of rows that were
/// deleted, in `SQLite`'s log and in PostgreSQL's table of keys.
pub(crate) async fn forget_deleted(conn: &mut Conn) -> sqlx::Result<()> {
    let statement = match Dialect::of(conn) {
        Dialect::Sqlite => "pragma wal_checkpoint(truncate)",
        Dialect::Postgres => "vacuum subject_keys, facts, subjects",
    };
    conn.execute(statement).await?;
    Ok(())
}

/// Turns on write-ahead logging, in which readers never wait for the writer. It is kept in the
/// file, so it is done once, at opening; where it is on already this needs no lock.
///
/// `SQLite` does not wait for its busy timeout while it changes this mode, so that programs which
/// open a new file at one moment would refuse one another: we wait for it ourselves.
pub(crate) async fn turn_on_wal(conn: &mut AnyConnection, patience: Duration) -> sqlx::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match try_wal(conn).await {
            Err(error) if waited < patience && Fault::of(&error) == Fault::Busy => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

async fn try_wal(conn: &mut AnyConnection) -> sqlx::Result<()> {
    conn.execute("pragma journal_mode = wal").await?;
    // A pragma may answer without touching the file; a read does not.
    conn.execute("select count(*) from sqlite_master").await?;
    Ok(())
}
