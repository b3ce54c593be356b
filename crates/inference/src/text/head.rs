//! From rows to the next token: scores of the whole vocabulary, of a part of it, or of few.

use super::TextModel;
use super::forward::Work;
use crate::kernels::{LANES, Packed, product};
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

/// `most` tokens that write `letters`, digits and signs alone, whole or in parts. Bytes, single
/// characters and what ends a text are always among them; then come tokens with a letter that
/// is not ASCII, which other languages do not have, and then the others, the commonest first.
pub(super) fn shortlisted(tokenizer: &Tokenizer, letters: &str, most: usize) -> Vec<u32> {
    let characters = Characters::of(letters);
    let size = u32::try_from(tokenizer.size()).unwrap_or(u32::MAX);
    let (mut list, mut own, mut common) = (vec![tokenizer.end()], Vec::new(), Vec::new());
    for id in 0..size {
        let bytes = tokenizer.bytes(id);
        match bytes.as_slice() {
            [] => {}
            [_] => list.push(id),
            bytes if !characters.write(bytes) => {}
            bytes if std::str::from_utf8(bytes).is_ok_and(|it| it.trim().chars().count() <= 1) => {
                list.push(id);
            }
            bytes if bytes.is_ascii() => common.push(id),
            _ => own.push(id),
        }
    }
    // The vocabulary is in the order in which its tokens were found worth having.
    let room = most.saturating_sub(list.len());
    list.extend(own.into_iter().chain(common).take(room));
    list.sort_unstable();
    list.dedup();
    list
}

/// The characters that texts are written with, beside those of ASCII, each as its bytes.
struct Characters(Vec<String>);

impl Characters {
    fn of(letters: &str) -> Self {
        let both =
            letters.chars().flat_map(|c| c.to_lowercase().chain(c.to_uppercase()).chain([c]));
        Self(both.chain("–—“”‘’…₫°§".chars()).map(String::from).collect())
    }

    /// Whether `bytes` can be cut out of a text of these characters. A vocabulary of bytes has
    /// tokens that begin or end within one: most of those that write Vietnamese do.
    fn write(&self, bytes: &[u8]) -> bool {
        let continues = |byte: &u8| byte & 0xc0 == 0x80;
        let start = bytes.iter().position(|byte| !continues(byte)).unwrap_or(bytes.len());
        let (tail, rest) = bytes.split_at(start);
        let (whole, head) = match std::str::from_utf8(rest) {
            Ok(whole) => (whole, &[] as &[u8]),
            Err(error) if error.error_len().is_none() => {
                let (whole, head) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(whole).unwrap_or_default(), head)
            }
            Err(_) => return false,
        };
        whole.chars().all(|c| c.is_ascii() || self.any(|it| it.chars().eq([c])))
            && (tail.is_empty() || self.any(|it| ends(it.as_bytes(), tail, rest.is_empty())))
            && (head.is_empty() || self.any(|it| it.as_bytes().starts_with(head)))
    }

    fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|character| is(character))
    }
}

impl TextModel {
    /// A shortlist of `most` tokens that are written with ASCII and `letters`, or of those that
    /// every list has, where they are more.
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

    /// The scores, for each row (as from [`TextModel::last_row`]), of a shortlist's tokens in
    /// its order, or of the whole vocabulary.
    pub(crate) fn logits<'w>(
        &self,
        list: Option<&Shortlist>,
        rows: &[f32],
        work: &'w mut Work,
    ) -> impl Iterator<Item = &'w [f32]> + use<'w> {
        let table = list.map_or(self.table(), |list| &list.rows);
        let (width, outputs) = (table.tiles() * LANES, table.outputs());
        let Work { acts, logits, threads, .. } = work;
        acts.set(self.tier, rows, self.config.width);
        logits.resize(acts.rows() * width, 0.0);
        product((self.tier, *threads), acts, table, 0..table.tiles(), logits);
        logits.chunks_exact(width.max(1)).map(move |row| row.get(..outputs).unwrap_or(row))
    }

    /// Scores of the tokens `ids`, in ascending order, for one row. Only the parts of the table
    /// that hold them are read.
    pub(crate) fn logits_at(&self, ids: &[u32], row: &[f32], work: &mut Work) -> Vec<f32> {
        let tiles = tiles_of(ids);
        work.acts.set(self.tier, row, self.config.width);
        let mut out = vec![0.0; tiles.len() * LANES];
        product(
            (self.tier, work.threads),
            &work.acts,
            self.table(),
            tiles.iter().copied(),
            &mut out,
        );
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

/// Whether `part` stands at the end of a character, or where nothing follows, anywhere in it.
fn ends(character: &[u8], part: &[u8], nothing_follows: bool) -> bool {
    character.ends_with(part)
        || nothing_follows && character.windows(part.len()).any(|bytes| bytes == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_characters_and_their_parts_are_written() {
        let characters = Characters::of("ếđ");
        let bytes = "kết Đ".as_bytes();
        for (from, to) in
            (0..bytes.len()).flat_map(|from| (from + 1..=bytes.len()).map(move |to| (from, to)))
        {
            assert!(characters.write(&bytes[from..to]), "{from}..{to}");
        }
        for other in ["ệ", "kệt", "язык", "中"] {
            assert!(!characters.write(other.as_bytes()), "{other}");
        }
        // The end of one character and the beginning of another.
        assert!(characters.write(b"\xbft \xc4"));
        assert!(!characters.write(b"\x9f\x98"), "part of a face");
        assert!(!characters.write(b"a\xff"));
    }
}
