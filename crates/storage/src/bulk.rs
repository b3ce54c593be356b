//! Filling an empty database fast, to measure with: people who do not exist, by the million.
//!
//! Nothing here is for an installation's data: [`begin`] lets go of all guards against power cuts on
//! `SQLite`, and a [`Scratch`] database is gone afterwards.

use domain::Fact;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

use crate::dialect::Dialect;
use crate::due::Due;
use crate::journal::{self, Entry};
use crate::rows::Insert;
use crate::subjects::{self, Subject};
use crate::{Conn, Result, Store, facts};

/// What is cheaper to build over all rows than to keep up row by row.
const INDEXES: [(&str, &str); 2] = [
    ("journal_order", "journal (received_at, id)"),
    ("due_day", "due (due_on, subject_id, life_event)"),
];

const DUE: Insert<'static> =
    Insert { into: "insert into due (subject_id, life_event, due_on)", columns: 3, then: "" };

/// Lets go of what makes filling slow, on this connection and outside of any transaction.
pub async fn begin(conn: &mut Conn) -> Result<()> {
    if Dialect::of(conn) == Dialect::Sqlite {
        let settings = "pragma synchronous = off; pragma foreign_keys = off; \
                        pragma cache_size = -262144; pragma wal_autocheckpoint = 100000;";
        conn.execute(settings).await?;
    }
    for (name, _) in INDEXES {
        conn.execute(sqlx::AssertSqlSafe(format!("drop index if exists {name}"))).await?;
    }
    Ok(())
}

/// Builds the indexes; then the database is as any other.
pub async fn end(conn: &mut Conn) -> Result<()> {
    for (name, of) in INDEXES {
        let statement = format!("create index if not exists {name} on {of}");
        conn.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    if Dialect::of(conn) == Dialect::Sqlite {
        conn.execute("pragma wal_checkpoint(restart)").await?;
        conn.execute("pragma synchronous = full; pragma foreign_keys = on").await?;
    }
    Ok(())
}

/// Stores subjects, and what events told of them, in a transaction of its own.
pub async fn told(
    conn: &mut Conn,
    subjects: &[Subject],
    events: &[Entry<'_>],
    facts: &[Fact],
) -> Result<()> {
    conn.execute("begin").await?;
    subjects::put(conn, subjects).await?;
    journal::record(conn, events).await?;
    facts::record(conn, facts).await?;
    conn.execute("commit").await?;
    // Whoever stores millions must not keep the keys of all.
    conn.held.clear();
    Ok(())
}

/// Stores days on which somebody must be looked at, in a transaction of its own.
pub async fn due(conn: &mut Conn, due: &[Due]) -> Result<()> {
    conn.execute("begin").await?;
    for some in Insert::portions(due) {
        let mut query = DUE.of(conn, some.len());
        for one in some {
            query =
                query.bind(one.subject.to_string()).bind(&one.life_event).bind(one.on.to_string());
        }
        query.execute(&mut *conn).await?;
    }
    conn.execute("commit").await?;
    Ok(())
}

/// Takes away all work that waits.
pub async fn forget_work(conn: &mut Conn) -> Result<()> {
    conn.execute("delete from jobs").await?;
    Ok(())
}

/// The tables that intake writes, with their columns and the order in which their rows come to be;
/// what has no date comes in an order that is as good as chance.
const OF_INTAKE: [(&str, &str, &str); 7] = [
    ("subject_keys", "subject_id, master, wrapped", "wrapped"),
    (
        "journal",
        "id, source, source_event_id, kind, occurred_at, received_at, trace, about, data",
        "received_at, id",
    ),
    ("subjects", "id, kind, identifier, language", "substr(id, 10), id"),
    (
        "facts",
        "id, subject_id, attribute, value, valid_from, valid_until, known_from, known_until,
         register, record, legal_basis, event_id, event_kind",
        "known_from, id",
    ),
    (
        "fact_links",
        "object_id, attribute, subject_id",
        "substr(subject_id, 10), attribute, object_id",
    ),
    ("withdrawals", "event_id, withdrawn_at", "withdrawn_at, event_id"),
    (
        "jobs",
        "id, kind, payload, state, lane, priority, due_by, run_at, attempts, rerun, trace",
        "substr(id, 10), id",
    ),
];

/// The rows that intake left, read to be inserted bare.
#[derive(Debug)]
pub struct OfIntake(Vec<(String, Vec<Vec<Cell>>)>);

impl OfIntake {
    /// All of a database.
    pub async fn read(from: &Store) -> Result<Self> {
        let mut source = from.read().await?;
        let mut tables = Vec::new();
        for (table, columns, order) in OF_INTAKE {
            let statement = format!("select {columns} from {table} order by {order}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *source).await?;
            let rows = rows.iter().map(cells).collect::<Result<Vec<_>>>()?;
            tables.push((format!("insert into {table} ({columns})"), rows));
        }
        Ok(Self(tables))
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|(_, rows)| rows.len()).sum()
    }

    /// Inserts them through the same driver into an empty database with the same tables and indexes,
    /// in so many transactions; nothing is checked, sealed or asked. The floor below intake.
    pub async fn insert(&self, into: &Store, transactions: usize) -> Result<()> {
        let each = self.count().div_ceil(transactions.max(1)).max(1);
        // A table after the other: rows come after those that they refer to.
        for (table, rows) in &self.0 {
            for some in rows.chunks(each) {
                let mut tx = into.begin().await?;
                bare(&mut tx, table, some).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// A value of a row: a text, a whole number, or nothing.
#[derive(Debug)]
enum Cell {
    Text(Option<String>),
    Number(i64),
}

fn cells(row: &AnyRow) -> Result<Vec<Cell>> {
    let cell = |place: usize| {
        Ok(match row.try_get::<Option<String>, _>(place) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::Number(row.try_get(place)?),
        })
    };
    (0..row.columns().len()).map(cell).collect()
}

async fn bare(conn: &mut Conn, into: &str, rows: &[Vec<Cell>]) -> Result<()> {
    let columns = rows.first().map_or(0, Vec::len);
    for some in Insert::portions(rows) {
        let mut query = Insert { into, columns, then: "" }.of(conn, some.len());
        for cell in some.iter().flatten() {
            query = match cell {
                Cell::Text(text) => query.bind(text.as_deref()),
                Cell::Number(number) => query.bind(*number),
            };
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// A schema of its own on a PostgreSQL server.
#[derive(Debug)]
pub struct Scratch {
    server: String,
    name: String,
}

impl Scratch {
    /// An empty one of this name, of lower-case letters, digits and `_`.
    pub async fn make(server: &str, name: &str) -> Result<Self> {
        let scratch = Self { server: server.to_owned(), name: name.to_owned() };
        scratch.run("create schema", "").await?;
        Ok(scratch)
    }

    /// Its address, as [`Store::open`] takes it.
    #[must_use]
    pub fn address(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}options=-csearch_path%3D{}", self.server, self.name)
    }

    /// Takes it away with all that is in it.
    pub async fn remove(self) -> Result<()> {
        self.run("drop schema", "cascade").await
    }

    async fn run(&self, verb: &str, how: &str) -> Result<()> {
        sqlx::any::install_default_drivers();
        let mut conn = AnyConnection::connect(&self.server).await?;
        let statement = format!("{verb} \"{}\" {how}", self.name);
        conn.execute(sqlx::AssertSqlSafe(statement)).await?;
        Ok(conn.close().await?)
    }
}
