//! A Merkle tree over an append-only list, hashed as RFC 6962 (section 2.1) says, with proofs that
//! an entry is in it and that a later tree begins with an earlier one (RFC 9162, section 2.1).
//!
//! Everything is told by ranges of entries: a proof is a list of ranges whose hashes it needs, and
//! the hash of a range is folded from complete subtrees. So nothing here knows where hashes are
//! kept, and a tree of millions is proved by reading a handful of them.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// The hash over two neighbours.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The hash of a tree without entries.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// A complete subtree: the entries `place << level .. (place + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its height: it covers two to this power.
    pub level: u32,
    /// How many subtrees of its height stand before it.
    pub place: u64,
}

/// The complete subtrees that cover `range`, from left to right; `range` begins where a subtree
/// of its own size may begin, as all ranges of proofs do.
#[must_use]
pub fn nodes(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = range.start;
    while at < range.end {
        // The greatest power of two that still fits.
        let level = (range.end - at).ilog2();
        nodes.push(Node { level, place: at >> level });
        at += 1 << level;
    }
    nodes
}

/// The hash of a range whose [`nodes`] have these hashes.
#[must_use]
pub fn fold(hashes: &[Hash]) -> Hash {
    let mut from_right = hashes.iter().rev();
    let Some(last) = from_right.next() else { return empty() };
    from_right.fold(*last, |right, left| node(left, &right))
}

/// The ranges whose hashes lead from entry `index` to the root of a tree of `size`, from below;
/// `None` where there is no such entry.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut path, mut range) = (Vec::new(), 0..size);
    while range.end - range.start > 1 {
        let middle = split(&range);
        if index < middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The ranges whose hashes prove that a tree of `to` begins with the tree of `from`; `None` where
/// it cannot.
#[must_use]
pub fn consistency(from: u64, to: u64) -> Option<Vec<Range<u64>>> {
    if from > to {
        return None;
    }
    if from == 0 || from == to {
        return Some(Vec::new());
    }
    let (mut path, mut range) = (Vec::new(), 0..to);
    while range.end != from {
        let middle = split(&range);
        if from <= middle {
            path.push(middle..range.end);
            range.end = middle;
        } else {
            path.push(range.start..middle);
            range.start = middle;
        }
    }
    // The earlier tree itself is known to whoever asks.
    if range.start != 0 {
        path.push(range);
    }
    path.reverse();
    Some(path)
}

/// Where a range is cut: at the greatest power of two below its length.
fn split(range: &Range<u64>) -> u64 {
    let length = range.end - range.start;
    range.start + (1 << (length - 1).ilog2())
}

/// Whether `path` leads from `hash`, as entry `index`, to the `root` of a tree of `size`.
#[must_use]
pub fn is_included(index: u64, size: u64, hash: Hash, path: &[Hash], root: &Hash) -> bool {
    let Some(ranges) = inclusion(index, size) else { return false };
    if ranges.len() != path.len() {
        return false;
    }
    let climbed = ranges.iter().zip(path).fold(hash, |own, (range, other)| {
        if range.start > index { node(&own, other) } else { node(other, &own) }
    });
    climbed == *root
}

/// Whether `path` shows that the tree of size and root `to` begins with that of `from`.
#[must_use]
pub fn is_consistent(from: (u64, &Hash), to: (u64, &Hash), path: &[Hash]) -> bool {
    let ((from, from_root), (to, to_root)) = (from, to);
    let Some(ranges) = consistency(from, to) else { return false };
    if ranges.len() != path.len() {
        return false;
    }
    if from == 0 {
        return *from_root == empty() && (to > 0 || from_root == to_root);
    }
    if from == to {
        return from_root == to_root;
    }
    let mut steps = ranges.iter().zip(path);
    // Where the earlier tree is one complete subtree its root is the first hash of both climbs.
    let whole = from.is_power_of_two();
    let first = if whole { Some(from_root) } else { steps.next().map(|(_, hash)| hash) };
    let Some(first) = first else { return false };
    let (mut earlier, mut later) = (*first, *first);
    for (range, hash) in steps {
        if range.start >= from {
            later = node(&later, hash);
        } else {
            earlier = node(hash, &earlier);
            later = node(hash, &later);
        }
    }
    earlier == *from_root && later == *to_root
}

/// A tree that grows: the hashes of the complete subtrees that cover all entries so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growing {
    size: u64,
    hashes: Vec<Hash>,
}

impl Growing {
    /// Adds an entry by its hash.
    pub fn push(&mut self, hash: Hash) {
        let mut hash = hash;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.hashes.pop() else { break };
            hash = node(&left, &hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// How many entries there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash of all of them.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.hashes)
    }
}

#[cfg(test)]
mod tests;
