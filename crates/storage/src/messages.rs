//! Messages: a template filled for one person; one milestone, one recipient, one letter of a kind.

use domain::{Message, MessageId, MilestoneId, SubjectId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, Stored, milestones, sql};

/// Stores `message`. One that is there may still be bettered while it waits; once a delivery of
/// it was taken to be sent it stays as the person read it, and the answer is
/// [`Stored::Kept`]. So a corrected fact never leads to a second message (invariant 6).
///
/// The text, which may name people, is sealed with the keys of everyone who plays a role in the
/// milestone; the rest of a message names nobody.
pub async fn put(conn: &mut Conn, message: &Message, at: Timestamp) -> Result<Stored> {
    let about = about(conn, message).await?;
    vault::make(conn, &about).await?;
    let sealed = conn.held.sealing(&about)?.seal(&place(message.id), &message.text)?;
    let about = sql::ids(&about);
    let body = sql::json(&Message { text: String::new(), ..message.clone() })?;
    let inserted = sqlx::query(
        "insert into messages
             (id, milestone_id, recipient_id, letter, template_id, source, proved, created_at,
              body, about, sealed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
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
    .bind(&about)
    .bind(&sealed)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }

    // Held until the end, so that no delivery of it is claimed between this look and the change.
    let statement =
        format!("select body, sealed from messages where id = $1 {}", Dialect::of(conn).hold());
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(message.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    // The same text seals to the same bytes.
    if sql::text(&row, "body")? == body && sql::text(&row, "sealed")? == sealed {
        return Ok(Stored::Same);
    }
    let changed = sqlx::query(
        "update messages set template_id = $2, source = $3, proved = $4, body = $5, about = $6,
             sealed = $7
         where id = $1 and not exists (
             select 1 from deliveries d
             where d.message_id = messages.id and d.state in ('claimed', 'sent'))",
    )
    .bind(message.id.to_string())
    .bind(message.template.to_string())
    .bind(sql::word(&message.source)?)
    .bind(i64::from(message.proved))
    .bind(&body)
    .bind(&about)
    .bind(&sealed)
    .execute(conn)
    .await?;
    Ok(if changed.rows_affected() == 1 { Stored::Changed } else { Stored::Kept })
}

/// One message. Its text is empty where someone whom it may name was erased.
pub async fn get(conn: &mut Conn, id: MessageId) -> Result<Option<Message>> {
    let row = sqlx::query("select body, about, sealed from messages where id = $1")
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        None => Ok(None),
        Some(row) => read(conn, &row).await.map(Some),
    }
}

/// The messages of one milestone, in the order of their recipients and letters.
pub async fn of_milestone(conn: &mut Conn, milestone: MilestoneId) -> Result<Vec<Message>> {
    let rows = sqlx::query(
        "select body, about, sealed from messages where milestone_id = $1
         order by recipient_id, letter",
    )
    .bind(milestone.to_string())
    .fetch_all(&mut *conn)
    .await?;
    let mut messages = Vec::with_capacity(rows.len());
    for row in &rows {
        messages.push(read(conn, row).await?);
    }
    Ok(messages)
}

/// The message of a row that holds its `body`, `about` and `sealed`.
pub(crate) async fn read(conn: &mut Conn, row: &AnyRow) -> Result<Message> {
    let mut message: Message = sql::from_json(row, "body")?;
    let about = sql::parsed_ids(row, "about")?;
    vault::learn(conn, &about).await?;
    if let Some(key) = conn.held.key(&about)?
        && let Opened::Text(text) = key.open(&place(message.id), &sql::text(row, "sealed")?)?
    {
        message.text = text;
    }
    Ok(message)
}

async fn about(conn: &mut Conn, message: &Message) -> Result<Vec<SubjectId>> {
    let milestone = milestones::get(conn, message.milestone).await?;
    let mut about = milestone.map(|it| it.named()).unwrap_or_default();
    about.insert(message.recipient);
    Ok(about.into_iter().collect())
}

fn place(message: MessageId) -> Place {
    Place::new(&["message", &message.to_string()])
}
