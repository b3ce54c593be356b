//! The SentencePiece algorithm as llama.cpp runs it: join the neighbours whose union has the
//! best score until none is in the vocabulary, then spell the rest in bytes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::{Kind, TokenizerError};

/// How a space is written in the vocabulary.
pub(super) const SPACE: char = '\u{2581}';

#[derive(Debug)]
pub(super) struct Spm {
    ids: HashMap<Box<str>, (u32, f32)>,
    /// Tokens matched in the raw text before all else: by first byte, longest first.
    user: HashMap<u8, Vec<(Box<str>, u32)>>,
    bytes: Vec<u32>,
    space_prefix: bool,
}

impl Spm {
    pub(super) fn new(
        texts: &[String],
        kinds: &[Kind],
        scores: &[f32],
        space_prefix: bool,
    ) -> Result<Self, TokenizerError> {
        if scores.len() != texts.len() {
            return Err(TokenizerError::Damaged(format!(
                "{} tokens, {} scores",
                texts.len(),
                scores.len()
            )));
        }
        let mut ids = HashMap::with_capacity(texts.len());
        let mut user: HashMap<u8, Vec<(Box<str>, u32)>> = HashMap::new();
        let mut bytes = [None; 256];
        for (((id, text), kind), score) in (0u32..).zip(texts).zip(kinds).zip(scores) {
            match kind {
                // Left out of the table, so that no text can ever become one.
                Kind::Control | Kind::Unknown => {}
                Kind::Byte(byte) => {
                    if let Some(slot) = bytes.get_mut(usize::from(*byte)) {
                        *slot = Some(id);
                    }
                }
                Kind::Normal | Kind::User | Kind::Unused => {
                    ids.insert(text.as_str().into(), (id, *score));
                    if let (Kind::User, Some(first)) = (kind, text.bytes().next()) {
                        user.entry(first).or_default().push((text.as_str().into(), id));
                    }
                }
            }
        }
        for same_start in user.values_mut() {
            same_start.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
        let bytes = bytes
            .into_iter()
            .collect::<Option<Vec<u32>>>()
            .ok_or_else(|| TokenizerError::Damaged("not every byte has a token".to_owned()))?;
        Ok(Self { ids, user, bytes, space_prefix })
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, hit) = self.split(rest);
            if !plain.is_empty() {
                self.join(&escape(plain, self.space_prefix), &mut out);
            }
            let mut taken = plain.len();
            if let Some((length, id)) = hit {
                out.push(id);
                taken += length;
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
    }

    /// The text before the first user token, and that token's length and id.
    fn split<'t>(&self, text: &'t str) -> (&'t str, Option<(usize, u32)>) {
        for (at, _) in text.char_indices() {
            let Some((before, after)) = text.split_at_checked(at) else {
                continue;
            };
            let candidates = after.bytes().next().and_then(|byte| self.user.get(&byte));
            let hit =
                candidates.into_iter().flatten().find(|(token, _)| after.starts_with(&**token));
            if let Some((token, id)) = hit {
                return (before, Some((token.len(), *id)));
            }
        }
        (text, None)
    }

    fn join(&self, text: &str, out: &mut Vec<u32>) {
        let mut parts = Parts::new(text);
        let mut queue = BinaryHeap::new();
        for right in 1..parts.links.len() {
            queue.extend(self.pair(&parts, Some(right - 1), Some(right)));
        }
        while let Some(pair) = queue.pop() {
            if !parts.merge(&pair) {
                continue;
            }
            let (before, after) = parts.neighbours(pair.left);
            queue.extend(self.pair(&parts, before, Some(pair.left)));
            queue.extend(self.pair(&parts, Some(pair.left), after));
        }
        for part in parts.texts() {
            match self.ids.get(part) {
                Some((id, _)) => out.push(*id),
                None => {
                    out.extend(part.bytes().filter_map(|byte| self.bytes.get(usize::from(byte))));
                }
            }
        }
    }

    /// The union of two neighbours, if it is a token.
    fn pair(&self, parts: &Parts<'_>, left: Option<usize>, right: Option<usize>) -> Option<Pair> {
        let (left, right) = (left?, right?);
        let length = parts.links.get(left)?.length + parts.links.get(right)?.length;
        let start = parts.links.get(left)?.start;
        let (_, score) = self.ids.get(parts.text.get(start..start + length)?)?;
        Some(Pair { score: *score, left, right, length })
    }
}

fn escape(text: &str, prefix: bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    if prefix {
        out.push(SPACE);
    }
    out.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
    out
}

/// A candidate for joining.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for Pair {
    /// Best score first, then leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// The text cut into parts that are being joined: a list linked by index.
struct Parts<'t> {
    text: &'t str,
    links: Vec<Link>,
}

struct Link {
    start: usize,
    /// Zero once it has been joined to its left neighbour.
    length: usize,
    before: Option<usize>,
    after: Option<usize>,
}

impl<'t> Parts<'t> {
    fn new(text: &'t str) -> Self {
        let mut links: Vec<Link> = text
            .char_indices()
            .enumerate()
            .map(|(i, (start, c))| Link {
                start,
                length: c.len_utf8(),
                before: i.checked_sub(1),
                after: Some(i + 1),
            })
            .collect();
        if let Some(last) = links.last_mut() {
            last.after = None;
        }
        Self { text, links }
    }

    /// Joins the pair, unless one of its sides has changed since it was queued.
    fn merge(&mut self, pair: &Pair) -> bool {
        let (Some(left), Some(right)) = (self.links.get(pair.left), self.links.get(pair.right))
        else {
            return false;
        };
        let fresh =
            left.length != 0 && right.length != 0 && left.length + right.length == pair.length;
        if !fresh {
            return false;
        }
        let after = right.after;
        if let Some(left) = self.links.get_mut(pair.left) {
            left.length = pair.length;
            left.after = after;
        }
        if let Some(right) = self.links.get_mut(pair.right) {
            right.length = 0;
        }
        if let Some(next) = after.and_then(|at| self.links.get_mut(at)) {
            next.before = Some(pair.left);
        }
        true
    }

    fn neighbours(&self, at: usize) -> (Option<usize>, Option<usize>) {
        self.links.get(at).map_or((None, None), |link| (link.before, link.after))
    }

    fn texts(&self) -> impl Iterator<Item = &'t str> {
        self.links
            .iter()
            .filter(|link| link.length != 0)
            .filter_map(|link| self.text.get(link.start..link.start + link.length))
    }
}
