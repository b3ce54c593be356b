//! What intake set aside: nothing that was sent is lost, and a stranger's mistake stops nobody.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;

use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, sql};

/// Input to set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected<'a> {
    /// Who sent it, or the file's name; empty where that is not known.
    pub source: &'a str,
    /// Where in the input it stood, as in `line 12`.
    pub place: &'a str,
    /// A short code that programs count by.
    pub code: &'a str,
    /// What is wrong, for people. Holds no personal data.
    pub reason: &'a str,
    /// The input itself.
    pub raw: &'a str,
    /// When it came.
    pub received_at: Timestamp,
}

/// Input that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Made from source and raw text.
    pub id: String,
    /// Who sent it.
    pub source: String,
    /// Where it stood when it was last seen.
    pub place: String,
    /// A short code that programs count by.
    pub code: String,
    /// What is wrong, for people.
    pub reason: String,
    /// The input itself. May hold personal data: never logged.
    pub raw: String,
    /// When it first came.
    pub first_seen_at: Timestamp,
    /// When it last came.
    pub last_seen_at: Timestamp,
    /// How often it came.
    pub seen: u64,
    /// When it was repaired or dismissed.
    pub resolved_at: Option<Timestamp>,
}

/// The id of `raw` from `source`.
#[must_use]
pub fn id_of(source: &str, raw: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_be_bytes());
    hash.update(source.as_bytes());
    hash.update(raw.as_bytes());
    format!("qua_{}", crate::hex(hash.finalize().get(..16).unwrap_or_default()))
}

/// Sets `rejected` aside and answers how often it came by now. The same again is counted, with
/// the latest place and reason, and is open again if it had been resolved.
pub async fn set_aside(conn: &mut Conn, rejected: &Rejected<'_>) -> Result<Quarantined> {
    let id = id_of(rejected.source, rejected.raw);
    // Whom it names is not known, so it has nobody's key; it goes with its retention.
    vault::make(conn, &[vault::nobody()]).await?;
    let key = conn.held.sealing(&[vault::nobody()])?;
    let raw = key.seal(&place(&id), rejected.raw)?;
    let row = sqlx::query(
        "insert into quarantine
             (id, source, place, code, reason, raw, first_seen_at, last_seen_at, seen)
         values ($1, $2, $3, $4, $5, $6, $7, $7, 1)
         on conflict (id) do update set
             place = excluded.place, code = excluded.code, reason = excluded.reason,
             last_seen_at = excluded.last_seen_at, seen = quarantine.seen + 1, resolved_at = null
         returning id, source, place, code, reason, raw, first_seen_at, last_seen_at, seen,
             resolved_at",
    )
    .bind(&id)
    .bind(without_nul(rejected.source))
    .bind(without_nul(rejected.place))
    .bind(rejected.code)
    .bind(without_nul(rejected.reason))
    .bind(raw)
    .bind(sql::time(rejected.received_at))
    .fetch_one(&mut *conn)
    .await?;
    read(conn, &row)
}

/// What is open, latest first.
pub async fn open(conn: &mut Conn, limit: u32) -> Result<Vec<Quarantined>> {
    let rows = sqlx::query(
        "select id, source, place, code, reason, raw, first_seen_at, last_seen_at, seen,
             resolved_at
         from quarantine where resolved_at is null
         order by last_seen_at desc, id limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    vault::learn(conn, &[vault::nobody()]).await?;
    rows.iter().map(|row| read(conn, row)).collect()
}

/// One of them.
pub async fn get(conn: &mut Conn, id: &str) -> Result<Option<Quarantined>> {
    let row = sqlx::query(
        "select id, source, place, code, reason, raw, first_seen_at, last_seen_at, seen,
             resolved_at
         from quarantine where id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *conn)
    .await?;
    vault::learn(conn, &[vault::nobody()]).await?;
    row.as_ref().map(|row| read(conn, row)).transpose()
}

/// Notes that it was repaired or dismissed. Answers whether it was open.
pub async fn resolve(conn: &mut Conn, id: &str, at: Timestamp) -> Result<bool> {
    let resolved =
        sqlx::query("update quarantine set resolved_at = $2 where id = $1 and resolved_at is null")
            .bind(id)
            .bind(sql::time(at))
            .execute(conn)
            .await?;
    Ok(resolved.rows_affected() == 1)
}

/// PostgreSQL holds no zero byte in a text, and broken input may have one. The id is still made
/// from the input as it came.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn place(id: &str) -> Place {
    Place::new(&["quarantine", id])
}

fn read(conn: &Conn, row: &AnyRow) -> Result<Quarantined> {
    let id = sql::text(row, "id")?;
    let raw = match conn.held.key(&[vault::nobody()])? {
        Some(key) => key.open(&place(&id), &sql::text(row, "raw")?)?,
        None => Opened::Gone,
    };
    Ok(Quarantined {
        id,
        source: sql::text(row, "source")?,
        place: sql::text(row, "place")?,
        code: sql::text(row, "code")?,
        reason: sql::text(row, "reason")?,
        raw: match raw {
            Opened::Text(text) => text,
            Opened::Gone => String::new(),
        },
        first_seen_at: sql::parsed(row, "first_seen_at")?,
        last_seen_at: sql::parsed(row, "last_seen_at")?,
        seen: sql::count(row, "seen")?,
        resolved_at: sql::maybe_parsed(row, "resolved_at")?,
    })
}
