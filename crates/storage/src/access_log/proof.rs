//! Proofs from the tree over all readings, and the check that all of it is whole.

use std::collections::{BTreeMap, BTreeSet};

use domain::SubjectId;
use jiff::Timestamp;
use serde::Serialize;

use super::tree::{self, Head, TILE};
use crate::merkle::{self, Growing, Hash};
use crate::{Conn, Result, erasures, sql};

/// How many tiles of leaves are checked at once.
const TILES_AT_ONCE: u64 = 16;
/// How many faults of a kind are named; all are counted.
const MOST_NAMED: usize = 50;

/// That one reading is in the tree of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// Its place.
    pub leaf: u64,
    /// How many readings the tree has.
    pub size: u64,
    /// The hash of the reading.
    pub hash: Hash,
    /// What leads from it to the root.
    pub path: Vec<Hash>,
    /// The root.
    pub root: Hash,
}

/// That the tree of one size begins with the tree of a smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The smaller size and root.
    pub from: (u64, Hash),
    /// The greater size and root.
    pub to: (u64, Hash),
    /// What proves it.
    pub path: Vec<Hash>,
}

/// Proves that the reading at `leaf` is in the tree of `size`; `None` where it is not.
pub async fn inclusion(conn: &mut Conn, leaf: u64, size: u64) -> Result<Option<Inclusion>> {
    let held = tree::head(conn).await?.map_or(0, |head| head.size);
    let Some(ranges) = merkle::inclusion(leaf, size).filter(|_| size <= held) else {
        return Ok(None);
    };
    let mut path = Vec::with_capacity(ranges.len());
    for range in ranges {
        path.push(tree::range(conn, range).await?);
    }
    let hash = tree::range(conn, leaf..leaf + 1).await?;
    Ok(Some(Inclusion { leaf, size, hash, path, root: tree::root(conn, size).await? }))
}

/// Proves that the tree of size `to` begins with that of size `from`; `None` where there is no
/// such tree.
pub async fn consistency(conn: &mut Conn, from: u64, to: u64) -> Result<Option<Consistency>> {
    let held = tree::head(conn).await?.map_or(0, |head| head.size);
    let Some(ranges) = merkle::consistency(from, to).filter(|_| to <= held) else {
        return Ok(None);
    };
    let mut path = Vec::with_capacity(ranges.len());
    for range in ranges {
        path.push(tree::range(conn, range).await?);
    }
    let (earlier, later) = (tree::root(conn, from).await?, tree::root(conn, to).await?);
    Ok(Some(Consistency { from: (from, earlier), to: (to, later), path }))
}

/// What the check of the whole log found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Readings in the tree.
    pub leaves: u64,
    /// Of them, those whose row is here and hashes to its leaf.
    pub whole: u64,
    /// Those whose row went at the end of its retention.
    pub expired: u64,
    /// Those whose row went with a subject's erasure.
    pub erased: u64,
    /// Readings that have no leaf yet.
    pub unmerged: u64,
    /// Rows that were changed: they do not hash to their leaf.
    pub changed: u64,
    /// Leaves whose row is gone before its time.
    pub missing: u64,
    /// Heads that do not follow from the leaves, and tiles that do not follow from those below.
    pub broken: u64,
    /// The first faults, in words.
    pub faults: Vec<String>,
}

impl Verified {
    /// Whether nothing was changed, removed or broken.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.changed == 0 && self.missing == 0 && self.broken == 0
    }

    fn fault(&mut self, what: impl FnOnce(&mut Self) -> &mut u64, words: String) {
        *what(self) += 1;
        if self.faults.len() < MOST_NAMED {
            self.faults.push(words);
        }
    }
}

/// Checks every row against its leaf and every head and tile against the leaves. Rows that may be
/// gone are those that were merged before `kept_since`, and those of subjects that were erased.
pub async fn verify(conn: &mut Conn, kept_since: Timestamp) -> Result<Verified> {
    let heads = tree::heads(conn).await?;
    let mut found = Verified::default();
    let size = heads.last().map_or(0, |head| head.size);
    let erased: BTreeSet<u64> =
        erasures::list(conn).await?.into_iter().flat_map(|it| it.proof.leaves).collect();
    let gone = Gone { erased, heads: &heads, kept_since };
    let mut growing = Growing::default();
    let mut upper = Vec::new();
    for first in (0..size).step_by(usize::try_from(TILE * TILES_AT_ONCE).unwrap_or(usize::MAX)) {
        let end = size.min(first + TILE * TILES_AT_ONCE);
        let rows = rows(conn, first, end).await?;
        for place in first / TILE..end.div_ceil(TILE) {
            let tile = tree::tile(conn, 0, place).await?;
            let until = size.min((place + 1) * TILE);
            for leaf in place * TILE..until {
                let hash = usize::try_from(leaf % TILE).ok().and_then(|at| tile.get(at));
                let Some(hash) = hash else {
                    found.fault(|it| &mut it.broken, format!("leaf {leaf} has no hash"));
                    continue;
                };
                gone.check_leaf(leaf, hash, rows.get(&leaf), &mut found);
                growing.push(*hash);
                check_heads(&heads, &growing, &mut found);
            }
            if tile.len() as u64 == TILE {
                upper.push(tree::complete(&tile));
            }
        }
    }
    check_upper(conn, upper, &mut found).await?;
    (found.leaves, found.unmerged) = (size, unmerged(conn).await?);
    Ok(found)
}

/// Which rows may be gone.
struct Gone<'a> {
    erased: BTreeSet<u64>,
    heads: &'a [Head],
    kept_since: Timestamp,
}

impl Gone<'_> {
    fn check_leaf(
        &self,
        leaf: u64,
        hash: &Hash,
        row: Option<&(SubjectId, Timestamp, Hash)>,
        found: &mut Verified,
    ) {
        match row {
            Some((_, _, said)) if said == hash => found.whole += 1,
            Some((subject, at, _)) => {
                let words = format!("the reading {leaf} of {subject} at {at} was changed");
                found.fault(|it| &mut it.changed, words);
            }
            None if self.erased.contains(&leaf) => found.erased += 1,
            None if self.merged_at(leaf).is_some_and(|at| at < self.kept_since) => {
                found.expired += 1;
            }
            None => found.fault(|it| &mut it.missing, format!("the reading {leaf} is gone")),
        }
    }

    fn merged_at(&self, leaf: u64) -> Option<Timestamp> {
        let first = self.heads.partition_point(|head| head.size <= leaf);
        self.heads.get(first).map(|head| head.at)
    }
}

/// The rows of a run of leaves, hashed.
async fn rows(
    conn: &mut Conn,
    first: u64,
    end: u64,
) -> Result<BTreeMap<u64, (SubjectId, Timestamp, Hash)>> {
    let rows = sqlx::query(
        "select leaf, subject_id, at, reader, what, purpose, legal_basis from access_log
         where leaf >= $1 and leaf < $2",
    )
    .bind(tree::whole(first)?)
    .bind(tree::whole(end)?)
    .fetch_all(conn)
    .await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let access = super::read(row)?;
        let hash = merkle::leaf(&tree::entry(&access));
        found.insert(sql::count(row, "leaf")?, (access.subject, access.at, hash));
    }
    Ok(found)
}

fn check_heads(heads: &[Head], growing: &Growing, found: &mut Verified) {
    let Ok(at) = heads.binary_search_by_key(&growing.size(), |head| head.size) else { return };
    if heads.get(at).is_some_and(|head| head.root != growing.root()) {
        let words = format!("the head of size {} is not that of its readings", growing.size());
        found.fault(|it| &mut it.broken, words);
    }
}

/// The tiles above the leaves, against what follows from those below.
async fn check_upper(conn: &mut Conn, mut hashes: Vec<Hash>, found: &mut Verified) -> Result<()> {
    let mut level = 1;
    while !hashes.is_empty() {
        let mut above = Vec::new();
        let size = usize::try_from(TILE).unwrap_or(usize::MAX);
        for (place, expected) in (0..).zip(hashes.chunks(size)) {
            if tree::tile(conn, level, place).await? != expected {
                let words = format!("tile {place} of level {level} is not that of those below");
                found.fault(|it| &mut it.broken, words);
            }
            if expected.len() == size {
                above.push(tree::complete(expected));
            }
        }
        (level, hashes) = (level + 1, above);
    }
    Ok(())
}

async fn unmerged(conn: &mut Conn) -> Result<u64> {
    let row = sqlx::query("select count(*) as readings from access_log where leaf is null")
        .fetch_one(conn)
        .await?;
    sql::count(&row, "readings")
}

/// The leaf of each reading of one subject that has one, latest first: what a person may ask a
/// proof for.
pub async fn leaves_of(conn: &mut Conn, subject: SubjectId, limit: u32) -> Result<Vec<u64>> {
    let rows = sqlx::query(
        "select leaf from access_log where subject_id = $1 and leaf is not null
         order by leaf desc limit $2",
    )
    .bind(subject.to_string())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::count(row, "leaf")).collect()
}
