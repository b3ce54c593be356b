//! Messages: a template filled for one person; one milestone, one recipient, one letter of a kind.

use domain::{Message, MessageId, MilestoneId};
use jiff::Timestamp;

use crate::dialect::Dialect;
use crate::{Conn, Result, Stored, sql};

/// Stores `message`. One that is there may still be bettered while it waits; once a delivery of
/// it was taken to be sent it stays as the person read it, and the answer is
/// [`Stored::Kept`]. So a corrected fact never leads to a second message (invariant 6).
pub async fn put(conn: &mut Conn, message: &Message, at: Timestamp) -> Result<Stored> {
    let body = sql::json(message)?;
    let inserted = sqlx::query(
        "insert into messages
             (id, milestone_id, recipient_id, letter, template_id, source, proved, created_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (id) do nothing",
    )
    .bind(message.id.to_string())
    .bind(message.milestone.to_string())
    .bind(message.recipient.to_string())
    .bind(message.letter.to_string())
    .bind(message.template.to_string())
    .bind(sql::word(&message.source)?)
    .bind(i64::from(message.proved))
    .bind(sql::time(at))
    .bind(&body)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }

    // Held until the end, so that no delivery of it is claimed between this look and the change.
    let statement = format!("select body from messages where id = $1 {}", Dialect::of(conn).hold());
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(message.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    if sql::from_json::<Message>(&row, "body")? == *message {
        return Ok(Stored::Same);
    }
    let changed = sqlx::query(
        "update messages set template_id = $2, source = $3, proved = $4, body = $5
         where id = $1 and not exists (
             select 1 from deliveries d
             where d.message_id = messages.id and d.state in ('claimed', 'sent'))",
    )
    .bind(message.id.to_string())
    .bind(message.template.to_string())
    .bind(sql::word(&message.source)?)
    .bind(i64::from(message.proved))
    .bind(&body)
    .execute(conn)
    .await?;
    Ok(if changed.rows_affected() == 1 { Stored::Changed } else { Stored::Kept })
}

/// One message.
pub async fn get(conn: &mut Conn, id: MessageId) -> Result<Option<Message>> {
    let row = sqlx::query("select body from messages where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::from_json(row, "body")).transpose()
}

/// The messages of one milestone, in the order of their recipients and letters.
pub async fn of_milestone(conn: &mut Conn, milestone: MilestoneId) -> Result<Vec<Message>> {
    let rows = sqlx::query(
        "select body from messages where milestone_id = $1 order by recipient_id, letter",
    )
    .bind(milestone.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}
