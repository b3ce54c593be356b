//! From rows to the next token: scores of the whole vocabulary, of a part of it, or of few.

use super::TextModel;
use super::forward::Work;
use crate::kernels::{Activations, LANES, Packed, product};
use crate::tokenizer::Tokenizer;

/// The tokens among which a text is worded, and their rows of the output table.
///
/// A small model spends most of a step on scores of tokens that no text in the language has.
/// A shortlist leaves them out: whatever is forced or asked for by name can still be written,
/// but of many allowed tokens only those of the list are weighed.
#[derive(Debug)]
pub struct Shortlist {
    pub(crate) ids: Vec<u32>,
    rows: Packed,
}

impl Shortlist {
    /// How many tokens it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether it has the token `id`.
    #[must_use]
    pub fn has(&self, id: u32) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

/// The first `most` tokens of the vocabulary, the commonest, that are written with `letters`,
/// digits and signs alone; bytes and what ends a text are always among them.
pub(super) fn shortlisted(tokenizer: &Tokenizer, letters: &str, most: usize) -> Vec<u32> {
    let writes = |c: char| {
        c.is_ascii() || "–—“”‘’…₫°§".contains(c) || letters.contains(c) || {
            let mut lower = c.to_lowercase();
            lower.next().is_some_and(|c| letters.contains(c)) && lower.next().is_none()
        }
    };
    let size = u32::try_from(tokenizer.size()).unwrap_or(u32::MAX);
    let (mut always, mut rest) = (vec![tokenizer.end()], Vec::new());
    for id in 0..size {
        let bytes = tokenizer.bytes(id);
        match std::str::from_utf8(&bytes) {
            _ if bytes.is_empty() => {}
            // A single byte can begin any character.
            Err(_) if bytes.len() == 1 => always.push(id),
            Ok(text) if bytes.len() == 1 || text.chars().all(writes) => rest.push(id),
            _ => {}
        }
    }
    // The vocabulary is in the order in which its tokens were found worth having.
    rest.truncate(most.saturating_sub(always.len()));
    always.extend(rest);
    always.sort_unstable();
    always.dedup();
    always
}

impl TextModel {
    /// A shortlist of `most` tokens that are written with ASCII and `letters`.
    #[must_use]
    pub fn shortlist(&self, letters: &str, most: usize) -> Shortlist {
        let ids = shortlisted(&self.tokenizer, letters, most);
        // Rows that were packed once are finite.
        let rows = self.table().gather(&ids).unwrap_or_else(|_| Packed::default());
        Shortlist { ids, rows }
    }

    /// The table that rows are compared with.
    pub(super) fn table(&self) -> &Packed {
        self.head.as_ref().unwrap_or(&self.words)
    }

    /// Scores of the whole vocabulary for each row (as from [`TextModel::last_row`]).
    pub(crate) fn logits(&self, rows: &[f32], acts: &mut Activations) -> Vec<Vec<f32>> {
        self.scores(self.table(), rows, acts)
    }

    /// Scores of a shortlist's tokens, in its order.
    pub(crate) fn logits_of(
        &self,
        list: &Shortlist,
        rows: &[f32],
        acts: &mut Activations,
    ) -> Vec<Vec<f32>> {
        self.scores(&list.rows, rows, acts)
    }

    fn scores(&self, table: &Packed, rows: &[f32], acts: &mut Activations) -> Vec<Vec<f32>> {
        acts.set(self.tier, rows, self.config.width);
        let width = table.tiles() * LANES;
        let mut out = vec![0.0; acts.rows() * width];
        product(self.tier, acts, table, 0..table.tiles(), &mut out);
        let row = |row: &[f32]| row.get(..table.outputs()).unwrap_or(row).to_vec();
        out.chunks_exact(width.max(1)).map(row).collect()
    }

    /// Scores of the tokens `ids`, in ascending order, for one row. Only the parts of the table
    /// that hold them are read.
    pub(crate) fn logits_at(&self, ids: &[u32], row: &[f32], acts: &mut Activations) -> Vec<f32> {
        let tiles = tiles_of(ids);
        acts.set(self.tier, row, self.config.width);
        let mut out = vec![0.0; tiles.len() * LANES];
        product(self.tier, acts, self.table(), tiles.iter().copied(), &mut out);
        let mut at = 0;
        let score = |id: &u32| {
            let tile = *id as usize / LANES;
            while tiles.get(at).is_some_and(|other| *other < tile) {
                at += 1;
            }
            out.get(at * LANES + *id as usize % LANES).copied().unwrap_or(f32::NEG_INFINITY)
        };
        ids.iter().map(score).collect()
    }

    /// Whether scoring `ids` alone costs less than a row's share of scoring all of `of`.
    pub(crate) fn are_few(&self, ids: &[u32], of: Option<&Shortlist>) -> bool {
        /// What scoring a row beside others saves.
        const SHARE: usize = 8;
        let all = of.map_or(self.table().tiles(), |list| list.rows.tiles());
        ids.len() <= LANES || tiles_of(ids).len() * SHARE <= all
    }
}

/// The tiles that hold `ids`, which ascend.
fn tiles_of(ids: &[u32]) -> Vec<usize> {
    let mut tiles: Vec<usize> = ids.iter().map(|id| *id as usize / LANES).collect();
    tiles.dedup();
    tiles
}

impl Work {
    /// Room for quantised rows that no layer needs any more.
    pub(crate) fn acts(&mut self) -> &mut Activations {
        &mut self.acts
    }
}
