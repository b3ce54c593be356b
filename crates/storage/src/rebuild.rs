//! What is derived, set aside and compared with what a rebuild makes of the facts.
//!
//! All of it happens in one transaction: the derived rows are copied, deleted, made again, and
//! compared row by row, byte by byte. Rolled back, nothing happened; committed, the derived tables
//! are those that follow from the facts.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::dialect;
use crate::{Conn, Result, sql};

/// How many rows that differ are named for each table.
const MOST_NAMED: u32 = 20;

/// One derived table: its name, what tells a row from another, and all of its columns.
struct Derived {
    table: &'static str,
    key: &'static str,
    columns: &'static str,
}

/// In the order in which rows may be deleted.
const DERIVED: [Derived; 5] = [
    Derived { table: "receipts", key: "id", columns: "id, about, subject_id, decided_at, body" },
    Derived {
        table: "drafts",
        key: "id",
        columns: "id, suggestion_id, form, changed_at, about, body",
    },
    Derived {
        table: "due",
        key: "subject_id || ' ' || life_event",
        columns: "subject_id, life_event, due_on",
    },
    Derived {
        table: "suggestions",
        key: "id",
        columns: "id, milestone_id, service, recipient_id, state, changed_at, body",
    },
    Derived {
        table: "milestones",
        key: "id",
        columns: "id, life_event, subject_id, occurrence, occurred_on, state, trace, changed_at, body",
    },
];

/// What became of one derived table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Rows that were there.
    pub rows: u64,
    /// Rows that came out the same, byte for byte.
    pub same: u64,
    /// Rows that came out otherwise.
    pub changed: u64,
    /// Rows that were there and did not come out.
    pub gone: u64,
    /// Rows that came out and were not there.
    pub new: u64,
    /// The first rows that are not the same.
    pub named: Vec<String>,
}

/// Copies what is derived, and deletes it. What refers to it must find it again by the end of the
/// transaction.
pub async fn set_aside(conn: &mut Conn) -> Result<()> {
    dialect::defer_references(conn).await?;
    for Derived { table, columns, .. } in DERIVED {
        dialect::copy_table(conn, table, columns).await?;
        let statement = format!("delete from {table}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Compares what was set aside with what is there now, and forgets the copies.
pub async fn compare(conn: &mut Conn) -> Result<BTreeMap<&'static str, Compared>> {
    let mut all = BTreeMap::new();
    for derived in &DERIVED {
        all.insert(derived.table, derived.compare(conn).await?);
        dialect::forget_copy(conn, derived.table).await?;
    }
    Ok(all)
}

impl Derived {
    async fn compare(&self, conn: &mut Conn) -> Result<Compared> {
        let Self { table, key, columns } = self;
        let (then, now) = (dialect::copy_of(table), *table);
        let keys = |of: &str| format!("select {key} from {of}");
        let rows = |of: &str| format!("select {columns} from {of}");
        let changed = format!(
            "select {key} as named from ({} except {}) as differing",
            rows(&then),
            rows(now)
        );
        let gone = format!("select {key} as named from {then} where {key} not in ({})", keys(now));
        let new = format!("select {key} as named from {now} where {key} not in ({})", keys(&then));
        let before = count(conn, &keys(&then)).await?;
        let differing = count(conn, &changed).await?;
        let (gone_count, new_count) = (count(conn, &gone).await?, count(conn, &new).await?);
        let mut named = Vec::new();
        for statement in [changed, new] {
            named.extend(names(conn, &statement).await?);
        }
        Ok(Compared {
            rows: before,
            same: before - differing,
            changed: differing - gone_count,
            gone: gone_count,
            new: new_count,
            named,
        })
    }
}

async fn count(conn: &mut Conn, rows: &str) -> Result<u64> {
    let statement = format!("select count(*) as counted from ({rows}) as these");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_one(conn).await?;
    sql::count(&row, "counted")
}

async fn names(conn: &mut Conn, rows: &str) -> Result<Vec<String>> {
    let statement = format!("{rows} order by named limit {MOST_NAMED}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(conn).await?;
    rows.iter().map(|row| sql::text(row, "named")).collect()
}

/// One hash over every byte of each derived table.
pub async fn digests(conn: &mut Conn) -> Result<BTreeMap<&'static str, String>> {
    let mut all = BTreeMap::new();
    for Derived { table, columns, .. } in DERIVED {
        let joined = columns.replace(", ", " || ' ' || ");
        let statement = format!("select {joined} as said from {table} order by said");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *conn).await?;
        let mut hash = Sha256::new();
        for row in &rows {
            hash.update(sql::text(row, "said")?);
            hash.update([0]);
        }
        all.insert(table, crate::hex(&hash.finalize()));
    }
    Ok(all)
}
