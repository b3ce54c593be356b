//! Keys of portals and registers. The key itself is never stored: who calls hashes it (SHA-256
//! is enough, since a key is long and random) and is found by the hash.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::{Conn, Result, sql};

/// A key, without what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalKey {
    /// Its id, for logs and for revoking.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when no more.
    pub revoked_at: Option<Timestamp>,
}

/// Stores a key by the SHA-256 of it. Answers `false` where its id or hash is there already.
pub async fn add(conn: &mut Conn, key: &PortalKey, hash: &[u8; 32]) -> Result<bool> {
    let inserted = sqlx::query(
        "insert into portal_keys (id, name, hash, scopes, created_at, revoked_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
    )
    .bind(&key.id)
    .bind(&key.name)
    .bind(crate::hex(hash))
    .bind(sql::json(&key.scopes)?)
    .bind(sql::time(key.created_at))
    .bind(key.revoked_at.map(sql::time))
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The key with this SHA-256, unless it was revoked.
pub async fn by_hash(conn: &mut Conn, hash: &[u8; 32]) -> Result<Option<PortalKey>> {
    let row = sqlx::query(
        "select id, name, scopes, created_at, revoked_at from portal_keys
         where hash = $1 and revoked_at is null",
    )
    .bind(crate::hex(hash))
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Revokes a key. Answers whether it was in force.
pub async fn revoke(conn: &mut Conn, id: &str, at: Timestamp) -> Result<bool> {
    let revoked =
        sqlx::query("update portal_keys set revoked_at = $2 where id = $1 and revoked_at is null")
            .bind(id)
            .bind(sql::time(at))
            .execute(conn)
            .await?;
    Ok(revoked.rows_affected() == 1)
}

/// All keys, in the order of their names.
pub async fn list(conn: &mut Conn) -> Result<Vec<PortalKey>> {
    let rows = sqlx::query(
        "select id, name, scopes, created_at, revoked_at from portal_keys order by name, id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<PortalKey> {
    Ok(PortalKey {
        id: sql::text(row, "id")?,
        name: sql::text(row, "name")?,
        scopes: sql::from_json(row, "scopes")?,
        created_at: sql::parsed(row, "created_at")?,
        revoked_at: sql::maybe_parsed(row, "revoked_at")?,
    })
}
