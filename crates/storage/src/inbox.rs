//! What a person finds in their inbox.

use domain::{Channel, Message, MessageId, Milestone, SubjectId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::{Conn, Result, messages, sql};

/// One message in an inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxItem {
    /// What the person reads.
    pub message: Message,
    /// Because of what.
    pub milestone: Milestone,
    /// When it arrived.
    pub sent_at: Timestamp,
    /// Whether the person opened it.
    pub seen: bool,
}

const ITEM: &str = "select m.body as body, m.about as about, m.sealed as sealed,
         s.state as state, s.body as milestone, d.sent_at as sent_at,
         case when exists (
             select 1 from outcomes o join suggestions g on g.id = o.suggestion_id
             where g.milestone_id = m.milestone_id and o.subject_id = d.recipient_id
                 and o.kind = 'seen'
         ) then 1 else 0 end as seen
     from deliveries d
     join messages m on m.id = d.message_id
     join milestones s on s.id = m.milestone_id
     where d.recipient_id = $1 and d.channel = $2 and d.state = 'sent'";

/// The inbox of `subject`, newest first.
pub async fn inbox(conn: &mut Conn, subject: SubjectId, limit: u32) -> Result<Vec<InboxItem>> {
    let statement = format!("{ITEM} order by d.sent_at desc, d.id limit $3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(subject.to_string())
        .bind(Channel::Inbox.name())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(read(conn, row).await?);
    }
    Ok(items)
}

/// One message in the inbox of `subject`; `None` where it is not theirs or not sent.
pub async fn item(
    conn: &mut Conn,
    subject: SubjectId,
    message: MessageId,
) -> Result<Option<InboxItem>> {
    let statement = format!("{ITEM} and d.message_id = $3");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(subject.to_string())
        .bind(Channel::Inbox.name())
        .bind(message.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        None => Ok(None),
        Some(row) => read(conn, &row).await.map(Some),
    }
}

async fn read(conn: &mut Conn, row: &AnyRow) -> Result<InboxItem> {
    let state = sql::from_word(row, "state")?;
    Ok(InboxItem {
        message: messages::read(conn, row).await?,
        milestone: Milestone { state, ..sql::from_json(row, "milestone")? },
        sent_at: sql::parsed(row, "sent_at")?,
        seen: sql::number(row, "seen")? == 1,
    })
}
