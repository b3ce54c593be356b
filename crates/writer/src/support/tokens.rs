//! A sentence taken apart: its words and slots, and what stands between them.

use crate::phrase::parts;

/// A word or a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'s> {
    /// Space and marks before it.
    pub(super) between: &'s str,
    /// As it stands there; a slot with its braces.
    pub(super) text: &'s str,
}

impl<'s> Token<'s> {
    /// The name of the slot, where it is one.
    pub(super) fn slot(&self) -> Option<&'s str> {
        self.text.strip_prefix('{')?.strip_suffix('}')
    }

    /// The word as terms are written: in lower case, its tone where the language puts it.
    pub(super) fn word(&self) -> String {
        knowledge::settle_tones(&self.text.to_lowercase())
    }
}

/// The tokens of `sentence`; none where its braces have no partner.
pub(super) fn tokens(sentence: &str) -> Vec<Token<'_>> {
    if parts(sentence).is_err() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut rest = sentence;
    while let Some(start) = rest.find(|c: char| is_of_word(c) || c == '{') {
        let (between, from) = rest.split_at(start);
        let end = match from.strip_prefix('{') {
            Some(inside) => inside.find('}').map_or(from.len(), |end| end + 2),
            None => from.find(|c| !is_of_word(c)).unwrap_or(from.len()),
        };
        let (text, behind) = from.split_at(end);
        out.push(Token { between, text });
        rest = behind;
    }
    out
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '%'
}
