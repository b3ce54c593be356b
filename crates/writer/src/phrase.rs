//! Phrases: the wording of one point as people wrote it, with slots and small choices.
//!
//! `{name}` is a slot, `[a|b]` a choice of words inside a sentence. A phrase stands for all
//! sentences that its choices allow; the grammar offers them to the model and the proof
//! accepts no other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// More readings than people can approve.
const MOST_READINGS: usize = 64;

/// Why a text is no phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// A brace without its other half, or one inside another.
    #[error("a `{{` or `}}` has no partner")]
    Brace,
    /// A slot whose name is not lower-case letters and underscores.
    #[error("`{0}` is no name for a slot: use lower-case letters and `_`")]
    Name(String),
    /// A bracket without its other half, or a choice with one option only.
    #[error("a choice is written `[a|b]`, with two options or more and no slot inside")]
    Choice,
    /// Too many readings.
    #[error("its choices allow more than 64 readings: nobody can approve so many")]
    Readings,
    /// It does not end a sentence.
    #[error("a phrase ends with `.`, `?`, `!` or `,`")]
    End,
}

/// A stretch of text, or a slot in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    Text(&'t str),
    Slot(&'t str),
}

/// The text and slots that `text` is made of.
pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, PhraseError> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').ok_or(PhraseError::Brace)?;
        if before.contains('}') || name.contains('{') {
            return Err(PhraseError::Brace);
        }
        if !before.is_empty() {
            out.push(Part::Text(before));
        }
        out.push(Part::Slot(name));
        rest = behind;
    }
    if rest.contains('}') {
        return Err(PhraseError::Brace);
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    Ok(out)
}

/// The sentences of `text`, each with its end mark and single spaces. A slot never ends one.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut sentence = String::new();
    let mut inside = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        sentence.push(c);
        match c {
            '{' => inside = true,
            '}' => inside = false,
            _ => {}
        }
        let ends = match c {
            '\n' => true,
            '.' | '?' | '!' => chars.peek().is_none_or(|next| matches!(next, ' ' | '\n')),
            _ => false,
        };
        if ends && !inside {
            out.push(std::mem::take(&mut sentence));
        }
    }
    out.push(sentence);
    // Only the two spaces that hygiene lets pass are folded; any other stays and is refused.
    let fold = |s: String| {
        s.split([' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    out.into_iter().map(fold).filter(|s| !s.is_empty()).collect()
}

/// The names of the slots in `text`, with how often each stands there.
pub(crate) fn slots(text: &str) -> BTreeMap<&str, usize> {
    let mut out = BTreeMap::new();
    for part in parts(text).unwrap_or_default() {
        if let Part::Slot(name) = part {
            *out.entry(slot_name(name)).or_default() += 1;
        }
    }
    out
}

/// `cite` for `cite:document#section`, the name itself for any other.
pub(crate) fn slot_name(token: &str) -> &str {
    token.split_once(':').map_or(token, |(name, _)| name)
}

/// A piece of a phrase: words that are fixed, or a choice of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Fixed(String),
    Choice(Vec<String>),
}

/// The wording of one point, with every sentence that it stands for. Every plan holds some, so
/// they are shared: a copy costs nothing, and two copies of one are known to be the same at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase(Arc<Parsed>);

#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    source: String,
    pieces: Vec<Piece>,
    readings: Vec<Vec<String>>,
    slots: BTreeSet<String>,
}

impl Phrase {
    /// Reads `source`.
    pub fn parse(source: &str) -> Result<Self, PhraseError> {
        if !source.trim_end().ends_with(['.', '?', '!', ',']) {
            return Err(PhraseError::End);
        }
        for part in parts(source)? {
            if let Part::Slot(name) = part
                && (name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            {
                return Err(PhraseError::Name(name.to_owned()));
            }
        }
        let pieces = pieces(source)?;
        let mut texts = vec![String::new()];
        for piece in &pieces {
            texts = match piece {
                Piece::Fixed(words) => texts.into_iter().map(|text| text + words).collect(),
                Piece::Choice(options) => texts
                    .iter()
                    .flat_map(|text| options.iter().map(move |option| format!("{text}{option}")))
                    .collect(),
            };
            if texts.len() > MOST_READINGS {
                return Err(PhraseError::Readings);
            }
        }
        let readings = texts.iter().map(|text| sentences(text)).collect();
        let slots = slots(source).into_keys().map(str::to_owned).collect();
        let source = source.to_owned();
        Ok(Self(Arc::new(Parsed { source, pieces, readings, slots })))
    }

    /// As its author wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Every sequence of sentences that it stands for; the first options come first.
    #[must_use]
    pub fn readings(&self) -> &[Vec<String>] {
        &self.0.readings
    }

    /// The first reading as one text: the wording that people approved as it stands.
    #[must_use]
    pub fn approved(&self) -> String {
        self.0.readings.first().map(|sentences| sentences.join(" ")).unwrap_or_default()
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0.pieces
    }

    /// The names of the slots that it holds.
    pub(crate) fn slots(&self) -> &BTreeSet<String> {
        &self.0.slots
    }
}

impl Serialize for Phrase {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.source())
    }
}

fn pieces(source: &str) -> Result<Vec<Piece>, PhraseError> {
    let mut out = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, behind) = after.split_once(']').ok_or(PhraseError::Choice)?;
        let options: Vec<String> = inside.split('|').map(str::to_owned).collect();
        if options.len() < 2 || inside.contains(['{', '[', '}']) || before.contains(']') {
            return Err(PhraseError::Choice);
        }
        if !before.is_empty() {
            out.push(Piece::Fixed(before.to_owned()));
        }
        out.push(Piece::Choice(options));
        rest = behind;
    }
    if rest.contains(']') {
        return Err(PhraseError::Choice);
    }
    if !rest.is_empty() {
        out.push(Piece::Fixed(rest.to_owned()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_stands_for_all_its_readings() {
        let phrase =
            Phrase::parse("Hệ thống [ghi nhận|nhận được] {born_on}. Xin [xem|đọc].").unwrap();
        assert_eq!(phrase.readings().len(), 4);
        assert_eq!(phrase.approved(), "Hệ thống ghi nhận {born_on}. Xin xem.");
        assert_eq!(phrase.readings()[3], ["Hệ thống nhận được {born_on}.", "Xin đọc."]);
    }

    #[test]
    fn a_wrong_phrase_says_what_is_wrong() {
        for (source, error) in [
            ("Hạn {deadline.", PhraseError::Brace),
            ("Hạn deadline}.", PhraseError::Brace),
            ("Hạn {Dead}.", PhraseError::Name("Dead".into())),
            ("Hạn [a].", PhraseError::Choice),
            ("Hạn [a|{b}].", PhraseError::Choice),
            ("Hạn a]b.", PhraseError::Choice),
            ("Hạn", PhraseError::End),
            ("[a|b|c] [a|b|c] [a|b|c] [a|b|c].", PhraseError::Readings),
        ] {
            assert_eq!(Phrase::parse(source), Err(error), "{source}");
        }
    }

    #[test]
    fn a_dot_in_a_slot_ends_no_sentence() {
        assert_eq!(
            sentences("Theo {cite:law-1.2#a}.  Hạn là\n{deadline}."),
            ["Theo {cite:law-1.2#a}.", "Hạn là", "{deadline}."]
        );
    }
}
