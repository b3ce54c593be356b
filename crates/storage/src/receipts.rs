//! Receipts: what lets anyone replay why.

use domain::{Receipt, ReceiptId, SubjectId};
use jiff::Timestamp;

use crate::{Conn, Result, Stored, sql};

/// Stores a receipt that explains something to `subject`. Its id is made from what was decided,
/// the rule and the three dates, so the same decision taken again is the same receipt.
pub async fn put(
    conn: &mut Conn,
    receipt: &Receipt,
    subject: SubjectId,
    at: Timestamp,
) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into receipts (id, about, subject_id, decided_at, body)
         values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing",
    )
    .bind(receipt.id.to_string())
    .bind(&receipt.about)
    .bind(subject.to_string())
    .bind(sql::time(at))
    .bind(sql::json(receipt)?)
    .execute(conn)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Stored::New } else { Stored::Same })
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
