//! Filling an empty database fast, to measure with: people who do not exist, by the million.
//!
//! Nothing here is for an installation's data: rows are not compared with what is there, nothing
//! is linked, and on `SQLite` neither power cuts nor references are guarded against.

use domain::{Event, Fact};
use sqlx::{Connection as _, Executor as _};

use crate::dialect::Dialect;
use crate::due::Due;
use crate::subjects::Subject;
use crate::{Conn, Result, sql};

/// How many values one statement takes. The driver looks each up by going through all.
const VALUES_AT_ONCE: usize = 240;

/// What is cheaper to build over all rows than to keep up row by row.
const INDEXES: [(&str, &str); 3] = [
    ("facts_of_event", "facts (event_id)"),
    ("journal_order", "journal (received_at, id)"),
    ("due_day", "due (due_on, subject_id, life_event)"),
];

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

/// Stores subjects, in a transaction of its own, as the others here do.
pub async fn subjects(conn: &mut Conn, subjects: &[Subject]) -> Result<()> {
    let mut tx = conn.begin().await?;
    for some in subjects.chunks(VALUES_AT_ONCE / 4) {
        let into = "insert into subjects (id, kind, identifier, language)";
        let mut query = sqlx::query(sqlx::AssertSqlSafe(rows(into, some.len(), 4, nothing)));
        for subject in some {
            query = query
                .bind(subject.id.to_string())
                .bind(sql::word(&subject.kind)?)
                .bind(subject.identifier.as_deref())
                .bind(subject.language.tag());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Stores events.
pub async fn events(conn: &mut Conn, events: &[Event]) -> Result<()> {
    let mut tx = conn.begin().await?;
    for some in events.chunks(VALUES_AT_ONCE / 8) {
        let into = "insert into journal
            (id, source, source_event_id, kind, occurred_at, received_at, trace, data)";
        let mut query = sqlx::query(sqlx::AssertSqlSafe(rows(into, some.len(), 8, nothing)));
        for event in some {
            query = query
                .bind(event.id.to_string())
                .bind(&event.source)
                .bind(&event.source_event_id)
                .bind(&event.kind.0)
                .bind(sql::time(event.occurred_at))
                .bind(sql::time(event.received_at))
                .bind(sql::word(&event.trace)?)
                .bind(sql::json(&event.data)?);
        }
        query.execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Stores facts.
pub async fn facts(conn: &mut Conn, facts: &[Fact]) -> Result<()> {
    let mut tx = conn.begin().await?;
    for some in facts.chunks(VALUES_AT_ONCE / 12) {
        let into = "insert into facts (id, subject_id, attribute, value, valid_from, valid_until,
            known_from, known_until, register, record, legal_basis, event_id, event_kind)";
        let kind = |event| format!(", (select kind from journal where id = ${event})");
        let rows = rows(into, some.len(), 12, kind);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(rows));
        for fact in some {
            query = query
                .bind(fact.id.to_string())
                .bind(fact.subject.to_string())
                .bind(&fact.attribute)
                .bind(sql::json(&fact.value)?)
                .bind(fact.valid.from.to_string())
                .bind(fact.valid.until.map(|day| day.to_string()))
                .bind(sql::time(fact.known_from))
                .bind(fact.known_until.map(sql::time))
                .bind(&fact.source.register)
                .bind(fact.source.record.as_deref())
                .bind(&fact.source.legal_basis)
                .bind(fact.source.event.to_string());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Stores days on which somebody must be looked at.
pub async fn due(conn: &mut Conn, due: &[Due]) -> Result<()> {
    let mut tx = conn.begin().await?;
    for some in due.chunks(VALUES_AT_ONCE / 3) {
        let into = "insert into due (subject_id, life_event, due_on)";
        let mut query = sqlx::query(sqlx::AssertSqlSafe(rows(into, some.len(), 3, nothing)));
        for one in some {
            query =
                query.bind(one.subject.to_string()).bind(&one.life_event).bind(one.on.to_string());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// `insert … values (…), (…)`. `more` is what stands after the last place of each row.
fn rows(into: &str, count: usize, width: usize, more: impl Fn(usize) -> String) -> String {
    let row = |row| (sql::places(row * width + 1, width), more((row + 1) * width));
    let rows: Vec<String> =
        (0..count).map(row).map(|(places, more)| format!("({places}{more})")).collect();
    format!("{into} values {}", rows.join(", "))
}

fn nothing(_: usize) -> String {
    String::new()
}
