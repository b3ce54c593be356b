//! Where people asked to be told that a message waits. A row is a consent: giving an address gives
//! it, taking the address back withdraws it. Addresses are sealed with the person's key.

use std::fmt;

use domain::{Channel, Detail, SubjectId};
use jiff::Timestamp;

use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, Stored, sql};

/// An address in force, which never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// On which channel.
    pub channel: Channel,
    /// The address there: of a mailbox, a telephone, a device.
    pub address: String,
    /// How much a notice may say, where the person chose it.
    pub detail: Option<Detail>,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Stores an address, in place of an earlier one for the channel. What the person chose a notice to
/// say goes over to it.
pub async fn give(
    conn: &mut Conn,
    subject: SubjectId,
    channel: Channel,
    address: &str,
    at: Timestamp,
) -> Result<Stored> {
    let held = of_channel(conn, subject, channel).await?;
    if held.as_ref().is_some_and(|held| held.address == address) {
        return Ok(Stored::Same);
    }
    take_back(conn, subject, channel, at).await?;
    vault::make(conn, &[subject]).await?;
    let sealed = conn.held.sealing(&[subject])?.seal(&place(subject, channel), address)?;
    sqlx::query(
        "insert into contacts (subject_id, channel, since, address, detail)
         values ($1, $2, $3, $4, $5)
         on conflict (subject_id, channel, since) do update set
             address = excluded.address, detail = excluded.detail, ended_at = null",
    )
    .bind(subject.to_string())
    .bind(channel.name())
    .bind(sql::time(at))
    .bind(sealed)
    .bind(held.as_ref().and_then(|held| held.detail).map(Detail::name))
    .execute(conn)
    .await?;
    Ok(if held.is_some() { Stored::Changed } else { Stored::New })
}

/// Ends the consent for `channel` and forgets the address. Answers whether there was one.
pub async fn take_back(
    conn: &mut Conn,
    subject: SubjectId,
    channel: Channel,
    at: Timestamp,
) -> Result<bool> {
    let ended = sqlx::query(
        "update contacts set ended_at = $3, address = null
         where subject_id = $1 and channel = $2 and ended_at is null",
    )
    .bind(subject.to_string())
    .bind(channel.name())
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Notes how much a notice on `channel` may say. Answers whether there is an address to notify.
pub async fn choose_detail(
    conn: &mut Conn,
    subject: SubjectId,
    channel: Channel,
    detail: Detail,
) -> Result<bool> {
    let changed = sqlx::query(
        "update contacts set detail = $3
         where subject_id = $1 and channel = $2 and ended_at is null",
    )
    .bind(subject.to_string())
    .bind(channel.name())
    .bind(detail.name())
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// The addresses of one person that are in force, the latest first.
pub async fn in_force(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Contact>> {
    let rows = sqlx::query(
        "select channel, address, detail, since from contacts
         where subject_id = $1 and ended_at is null order by since desc, channel",
    )
    .bind(subject.to_string())
    .fetch_all(&mut *conn)
    .await?;
    vault::learn(conn, &[subject]).await?;
    let Some(key) = conn.held.key(&[subject])? else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let channel: Channel = sql::from_word(row, "channel")?;
        let sealed = sql::text(row, "address")?;
        let Opened::Text(address) = key.open(&place(subject, channel), &sealed)? else { continue };
        let detail = sql::maybe_word(row, "detail")?;
        found.push(Contact { channel, address, detail, since: sql::parsed(row, "since")? });
    }
    Ok(found)
}

fn place(subject: SubjectId, channel: Channel) -> Place {
    Place::new(&["contact", &subject.to_string(), channel.name()])
}

/// The address for one channel, where there is one.
pub async fn of_channel(
    conn: &mut Conn,
    subject: SubjectId,
    channel: Channel,
) -> Result<Option<Contact>> {
    let all = in_force(conn, subject).await?;
    Ok(all.into_iter().find(|contact| contact.channel == channel))
}
