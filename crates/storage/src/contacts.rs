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
    /// How the person wants notices there.
    pub chosen: Chosen,
    /// Since when.
    pub since: Timestamp,
}

/// How a person wants notices on one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chosen {
    /// How much one may say; `None` leaves it to the operator.
    pub detail: Option<Detail>,
    /// Whether it is written without the marks of Vietnamese letters.
    pub plain: bool,
}

impl Chosen {
    /// As the column `letters` holds it.
    fn letters(self) -> Option<&'static str> {
        self.plain.then_some("plain")
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Stores an address, in place of an earlier one for the channel. How the person chose to be told
/// goes over to it.
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
    let chosen = held.as_ref().map(|held| held.chosen).unwrap_or_default();
    sqlx::query(
        "insert into contacts (subject_id, channel, since, address, detail, letters)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (subject_id, channel, since) do update set
             address = excluded.address, detail = excluded.detail, letters = excluded.letters,
             ended_at = null",
    )
    .bind(subject.to_string())
    .bind(channel.name())
    .bind(sql::time(at))
    .bind(sealed)
    .bind(chosen.detail.map(Detail::name))
    .bind(chosen.letters())
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

/// Notes how notices on `channel` are to be. Answers whether there is an address to notify.
pub async fn choose(
    conn: &mut Conn,
    subject: SubjectId,
    channel: Channel,
    chosen: Chosen,
) -> Result<bool> {
    let changed = sqlx::query(
        "update contacts set detail = $3, letters = $4
         where subject_id = $1 and channel = $2 and ended_at is null",
    )
    .bind(subject.to_string())
    .bind(channel.name())
    .bind(chosen.detail.map(Detail::name))
    .bind(chosen.letters())
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// The addresses of one person that are in force, the latest first.
pub async fn in_force(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Contact>> {
    let rows = sqlx::query(
        "select channel, address, detail, letters, since from contacts
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
        let plain = sql::maybe_text(row, "letters")?.is_some();
        let chosen = Chosen { detail: sql::maybe_word(row, "detail")?, plain };
        found.push(Contact { channel, address, chosen, since: sql::parsed(row, "since")? });
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
