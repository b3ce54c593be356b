//! The Merkle tree over all readings: each reading becomes a leaf, and whoever kept an earlier
//! head of the tree can tell whether anything was changed since.
//!
//! Readings are stored by many transactions at once, and a tree has one order. So a reading is
//! stored without a leaf, and whoever [merges](merge) next, one at a time, gives leaves to all
//! that were committed. Writers never wait for each other; a reading is without a leaf for as long
//! as the operator merges rarely, and is listed as such.
//!
//! Hashes lie in tiles of 256, as transparency logs keep them: one row for 256 readings, and a
//! proof in a tree of millions reads three of them.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::Access;
use crate::dialect;
use crate::merkle::{self, Hash, Node};
use crate::{Conn, Result, StorageError, sql};

/// Levels of the tree that one tile spans: it holds two to this power hashes.
const TILE_LEVELS: u32 = 8;
/// Hashes of a full tile.
pub(super) const TILE: u64 = 1 << TILE_LEVELS;

/// Signs the head of the tree.
pub trait Signer: Send + Sync {
    /// The signed note (C2SP `signed-note`) around `text`, a checkpoint (C2SP `tlog-checkpoint`)
    /// without its first line, which names the log.
    fn sign(&self, text: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;
}

/// The tree as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many readings are in it.
    pub size: u64,
    /// The hash of all of them.
    pub root: Hash,
    /// When it was made.
    pub at: Timestamp,
    /// The same, signed; without a signature where nobody signs.
    pub note: String,
}

/// What is hashed of a reading: subject, caller, what was read, purpose, legal basis, time, each
/// with its length before it, so that no two readings read alike.
#[must_use]
pub fn entry(access: &Access) -> Vec<u8> {
    let (subject, at) = (access.subject.to_string(), sql::time(access.at));
    let parts = [&subject, &access.reader, &access.what, &access.purpose, &access.legal_basis, &at];
    let mut entry = b"cotmoc reading 1\n".to_vec();
    for part in parts {
        entry.extend((part.len() as u64).to_be_bytes());
        entry.extend(part.as_bytes());
    }
    entry
}

/// The tree as it stands.
pub async fn head(conn: &mut Conn) -> Result<Option<Head>> {
    let row = sqlx::query(
        "select size, root, merged_at, note from access_heads order by size desc limit 1",
    )
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read_head).transpose()
}

/// All heads, the smallest tree first.
pub async fn heads(conn: &mut Conn) -> Result<Vec<Head>> {
    let rows = sqlx::query("select size, root, merged_at, note from access_heads order by size")
        .fetch_all(conn)
        .await?;
    rows.iter().map(read_head).collect()
}

fn read_head(row: &AnyRow) -> Result<Head> {
    Ok(Head {
        size: sql::count(row, "size")?,
        root: hash_of(&sql::text(row, "root")?)?,
        at: sql::parsed(row, "merged_at")?,
        note: sql::text(row, "note")?,
    })
}

/// Gives leaves to the next `limit` readings that have none, and answers the new head; `None`
/// where all have one. One merger at a time: another waits for the end of this transaction.
pub async fn merge(
    conn: &mut Conn,
    at: Timestamp,
    signer: Option<&dyn Signer>,
    limit: u32,
) -> Result<Option<Head>> {
    dialect::lock_log(conn).await?;
    let before = head(conn).await?.map_or(0, |head| head.size);
    let hashes = number(conn, before, limit).await?;
    if hashes.is_empty() {
        return Ok(None);
    }
    append(conn, before, &hashes).await?;
    let size = before + hashes.len() as u64;
    let root = root(conn, size).await?;
    let text = format!("{size}\n{}\n", encoded(&root));
    let note = match signer {
        Some(signer) => signer.sign(&text).map_err(StorageError::Unsigned)?,
        None => text,
    };
    sqlx::query("insert into access_heads (size, root, merged_at, note) values ($1, $2, $3, $4)")
        .bind(whole(size)?)
        .bind(crate::hex(&root))
        .bind(sql::time(at))
        .bind(&note)
        .execute(conn)
        .await?;
    Ok(Some(Head { size, root, at, note }))
}

/// Numbers the readings that have no leaf, in order of their moments, and hashes them.
async fn number(conn: &mut Conn, before: u64, limit: u32) -> Result<Vec<Hash>> {
    let rows = sqlx::query(
        "update access_log set leaf = n.leaf
         from (
             select subject_id, at, reader, what, purpose,
                 $1 - 1 + row_number() over (order by at, subject_id, reader, what, purpose) as leaf
             from access_log where leaf is null
             order by at, subject_id, reader, what, purpose limit $2
         ) n
         where access_log.subject_id = n.subject_id and access_log.at = n.at
             and access_log.reader = n.reader and access_log.what = n.what
             and access_log.purpose = n.purpose
         returning access_log.leaf as leaf, access_log.subject_id as subject_id,
             access_log.at as at, access_log.reader as reader, access_log.what as what,
             access_log.purpose as purpose, access_log.legal_basis as legal_basis",
    )
    .bind(whole(before)?)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    let mut leaves = BTreeMap::new();
    for row in &rows {
        leaves.insert(sql::count(row, "leaf")?, merkle::leaf(&entry(&super::read(row)?)));
    }
    Ok(leaves.into_values().collect())
}

/// Adds hashes to the tiles of the leaves, and of every full tile its root to the level above.
async fn append(conn: &mut Conn, before: u64, hashes: &[Hash]) -> Result<()> {
    let (mut level, mut from, mut new) = (0, before, hashes.to_vec());
    while !new.is_empty() {
        let mut full = Vec::new();
        let mut rest = new.as_slice();
        let mut at = from;
        while !rest.is_empty() {
            let place = at / TILE;
            let mut tile = tile(conn, level, place).await?;
            let room = usize::try_from(TILE - at % TILE).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(room.min(rest.len()));
            tile.extend(now);
            store_tile(conn, level, place, &tile).await?;
            at += now.len() as u64;
            if at.is_multiple_of(TILE) {
                full.push(complete(&tile));
            }
            rest = later;
        }
        (level, from, new) = (level + 1, from / TILE, full);
    }
    Ok(())
}

/// The hash over a number of hashes that is a power of two.
pub(super) fn complete(hashes: &[Hash]) -> Hash {
    let mut growing = merkle::Growing::default();
    for hash in hashes {
        growing.push(*hash);
    }
    growing.root()
}

pub(super) async fn tile(conn: &mut Conn, level: u32, place: u64) -> Result<Vec<Hash>> {
    let row = sqlx::query("select hashes from access_tiles where level = $1 and place = $2")
        .bind(i64::from(level))
        .bind(whole(place)?)
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    hashes_of(&sql::text(&row, "hashes")?)
}

async fn store_tile(conn: &mut Conn, level: u32, place: u64, tile: &[Hash]) -> Result<()> {
    sqlx::query(
        "insert into access_tiles (level, place, hashes) values ($1, $2, $3)
         on conflict (level, place) do update set hashes = excluded.hashes",
    )
    .bind(i64::from(level))
    .bind(whole(place)?)
    .bind(crate::hex(tile.as_flattened()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The hash of a tree of the first `size` leaves.
pub(super) async fn root(conn: &mut Conn, size: u64) -> Result<Hash> {
    range(conn, 0..size).await
}

/// The hash of a range of leaves, as proofs need it.
pub(super) async fn range(conn: &mut Conn, range: Range<u64>) -> Result<Hash> {
    let mut hashes = Vec::new();
    for node in merkle::nodes(range) {
        hashes.push(hash(conn, node).await?);
    }
    Ok(merkle::fold(&hashes))
}

/// The hash of a complete subtree: of a run of hashes in one tile.
async fn hash(conn: &mut Conn, node: Node) -> Result<Hash> {
    let (level, height) = (node.level / TILE_LEVELS, node.level % TILE_LEVELS);
    let first = node.place << height;
    let tile = tile(conn, level, first / TILE).await?;
    let from = usize::try_from(first % TILE).unwrap_or(usize::MAX);
    let run = tile.get(from..from + (1 << height));
    run.map(complete).ok_or_else(|| broken("the tree of the log lacks hashes"))
}

/// A hash as text: hex in columns, base64 in notes.
pub(super) fn encoded(hash: &Hash) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(hash)
}

pub(super) fn hash_of(hex: &str) -> Result<Hash> {
    match hashes_of(hex)?.as_slice() {
        [one] => Ok(*one),
        _ => Err(broken("a hash of the log is none")),
    }
}

fn hashes_of(hex: &str) -> Result<Vec<Hash>> {
    let unreadable = || broken("a hash of the log is none");
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(unreadable);
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    for [high, low] in pairs {
        let byte = digit(*high)? * 16 + digit(*low)?;
        bytes.push(u8::try_from(byte).map_err(|_| unreadable())?);
    }
    let (hashes, odd) = bytes.as_chunks::<32>();
    if !rest.is_empty() || !odd.is_empty() {
        return Err(unreadable());
    }
    Ok(hashes.to_vec())
}

fn broken(why: &'static str) -> StorageError {
    StorageError::Unreadable { what: "log of readings", source: why.into() }
}

pub(super) fn whole(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| broken("a number of the log is too great"))
}
