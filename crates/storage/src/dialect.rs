//! The few things that `SQLite` and PostgreSQL do not share. Everything else is one SQL.
//!
//! | | `SQLite` | PostgreSQL |
//! |---|---|---|
//! | a write transaction | `begin immediate`: writers queue at the door and cannot deadlock | `begin` |
//! | two claimers | cannot meet: one writer at a time | `for update skip locked` |
//! | keeping a row as it is | as above | `for update` |
//! | one migrator at a time | as above | an advisory lock until the transaction ends |
//! | settings | pragmas on each connection | the server's own |

use sqlx::Executor as _;

use crate::Conn;

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
    pub fn of(conn: &Conn) -> Self {
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
}

/// Lets one migrator in at a time, until the transaction ends.
pub(crate) async fn lock_migrations(conn: &mut Conn) -> sqlx::Result<()> {
    if Dialect::of(conn) == Dialect::Postgres {
        // Any fixed number of our own: the letters "cotmoc".
        conn.execute("select pg_advisory_xact_lock(109317196148579)").await?;
    }
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
pub(crate) async fn settle_sqlite(conn: &mut Conn, patience_ms: u128) -> sqlx::Result<()> {
    let pragmas = format!(
        "pragma busy_timeout = {patience_ms}; \
         pragma foreign_keys = on; \
         pragma cache_size = -16384; \
         pragma synchronous = full;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(conn).await?;
    Ok(())
}

/// Turns on write-ahead logging, in which readers never wait for the writer. It is kept in the
/// file, so it is done once, at opening; where it is on already this needs no lock.
pub(crate) async fn turn_on_wal(conn: &mut Conn) -> sqlx::Result<()> {
    conn.execute("pragma journal_mode = wal").await?;
    // A pragma may answer without touching the file; a read does not.
    conn.execute("select count(*) from sqlite_master").await?;
    Ok(())
}
