//! Receipts: what lets anyone replay why.

use std::collections::BTreeMap;

use domain::{Receipt, ReceiptId, SubjectId};
use jiff::Timestamp;

use crate::rows::{Insert, rows_of_each};
use crate::{Conn, Result, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into receipts (id, about, subject_id, decided_at, body)",
    columns: 5,
    then: "on conflict (id) do nothing",
};

/// Stores receipts, each with whom it explains something to. Their ids are made from what was
/// decided, the rule and the three dates, so the same decision taken again is the same receipt.
pub async fn put(conn: &mut Conn, receipts: &[(Receipt, SubjectId)], at: Timestamp) -> Result<()> {
    for some in Insert::portions(receipts) {
        let mut query = INSERT.of(conn, some.len());
        for (receipt, subject) in some {
            query = query
                .bind(receipt.id.to_string())
                .bind(&receipt.about)
                .bind(subject.to_string())
                .bind(sql::time(at))
                .bind(sql::json(receipt)?);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// When each of `about` was last decided, where it ever was: one look into the index.
pub async fn last_decided(
    conn: &mut Conn,
    about: &[String],
) -> Result<BTreeMap<String, Timestamp>> {
    let mut found = BTreeMap::new();
    let statement = "select about, max(decided_at) as decided_at from receipts
         where about in ({}) group by about";
    for row in &rows_of_each(conn, statement, &[], about).await? {
        found.insert(sql::text(row, "about")?, sql::parsed(row, "decided_at")?);
    }
    Ok(found)
}

/// One receipt.
pub async fn get(conn: &mut Conn, id: ReceiptId) -> Result<Option<Receipt>> {
    let row = sqlx::query("select body from receipts where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::from_json(row, "body")).transpose()
}

/// The receipts about one milestone, suggestion or message, in order.
pub async fn about(conn: &mut Conn, about: &str) -> Result<Vec<Receipt>> {
    let rows = sqlx::query("select body from receipts where about = $1 order by decided_at, id")
        .bind(about)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}

/// The next `limit` receipts after the one given, in the order of their ids: the way of a replay.
pub async fn page(conn: &mut Conn, after: Option<ReceiptId>, limit: u32) -> Result<Vec<Receipt>> {
    let rows = sqlx::query("select body from receipts where id > $1 order by id limit $2")
        .bind(after.map_or_else(String::new, |id| id.to_string()))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}
