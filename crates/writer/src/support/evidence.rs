//! What may carry a sentence: an approved sentence of a point, or a span of a passage.

use std::collections::BTreeSet;

use domain::Language;
use knowledge::Passage;
use serde::Serialize;

use super::NotCarried;
use crate::phrase::{Part, Phrase, parts, sentences};
use crate::plan::Point;
use crate::words::Words;

/// A value of a passage is short: a number, a date, an act and its article.
const MOST_VALUE_WORDS: usize = 12;

/// What carries a sentence, as it is kept with the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Carrier {
    /// An approved sentence of a point of the plan.
    Point {
        /// The point.
        id: String,
        /// The sentence.
        quote: String,
    },
    /// A span of a passage.
    Passage {
        /// The passage.
        id: String,
        /// The words, as they stand there.
        quote: String,
        /// Where they begin in the passage's text, in bytes.
        start: usize,
        /// The byte after the last.
        end: usize,
        /// The passage's hash.
        hash: String,
    },
}

impl Carrier {
    /// The words that carry.
    #[must_use]
    pub fn quote(&self) -> &str {
        match self {
            Self::Point { quote, .. } | Self::Passage { quote, .. } => quote,
        }
    }

    /// Whether `passage` still says what was quoted from it: the very passage, unchanged.
    #[must_use]
    pub fn still_stands(&self, passage: &Passage) -> bool {
        match self {
            Self::Point { .. } => false,
            Self::Passage { id, quote, start, end, hash } => {
                passage.id == *id
                    && passage.hash == *hash
                    && passage.text.get(*start..*end) == Some(quote)
            }
        }
    }
}

/// One sentence that may carry another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground(Carrier);

impl Ground {
    /// An approved sentence.
    #[must_use]
    pub fn approved(point: &str, sentence: &str) -> Self {
        Self(Carrier::Point { id: point.to_owned(), quote: sentence.to_owned() })
    }

    /// Every sentence that people approved for `point`.
    #[must_use]
    pub fn of_point(point: &Point) -> Vec<Self> {
        Self::of_phrases(&point.id, &point.alternatives)
    }

    fn of_phrases(point: &str, phrases: &[Phrase]) -> Vec<Self> {
        let readings = phrases.iter().flat_map(Phrase::readings);
        let said: BTreeSet<&String> = readings.flatten().collect();
        said.into_iter().map(|sentence| Self::approved(point, sentence)).collect()
    }

    /// Every sentence of `passage`, as it stands there.
    #[must_use]
    pub fn of_passage(passage: &Passage) -> Vec<Self> {
        let mut from = 0;
        let mut out = Vec::new();
        for sentence in sentences(&passage.text) {
            // A sentence that is broken over lines is not verbatim any more: it carries nothing.
            let Some(found) = passage.text.get(from..).and_then(|rest| rest.find(&sentence)) else {
                continue;
            };
            let (start, end) = (from + found, from + found + sentence.len());
            from = end;
            out.push(Self(Carrier::Passage {
                id: passage.id.clone(),
                quote: sentence,
                start,
                end,
                hash: passage.hash.clone(),
            }));
        }
        out
    }

    /// What is kept of it.
    #[must_use]
    pub fn carrier(&self) -> &Carrier {
        &self.0
    }

    /// The evidence with the values in slots that `sentence` has in slots. Slots of a point have
    /// names; those of a passage hold the value itself, which must stand in the quotation.
    pub(super) fn with_slots_of(&self, sentence: &str) -> Result<String, NotCarried> {
        let Carrier::Passage { quote, .. } = &self.0 else { return Ok(self.0.quote().to_owned()) };
        let mut rest = quote.as_str();
        let mut out = String::new();
        let mut values: Vec<&str> = parts(sentence)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|part| if let Part::Slot(value) = part { Some(value) } else { None })
            .collect();
        while let Some((start, nth)) = next_value(rest, &values) {
            let value = values.remove(nth);
            if !is_value(value) {
                return Err(NotCarried::Value(value.to_owned()));
            }
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            out.extend(["{", value, "}"]);
            rest = from.get(value.len()..).unwrap_or_default();
        }
        match values.first() {
            Some(missing) => Err(NotCarried::Value((*missing).to_owned())),
            None => Ok(out + rest),
        }
    }
}

impl Words {
    /// What people approved for a point in the variant that has the sentence `says`; nothing
    /// where no variant of it has.
    #[must_use]
    pub fn grounds(&self, point: &str, says: &str, language: Language) -> Vec<Ground> {
        let own = self.events.values().flat_map(|event| &event.points);
        let named = own.chain(&self.common).filter(|words| words.id == point);
        let variants = named.flat_map(|words| &words.variants);
        let grounds = variants.map(|it| Ground::of_phrases(point, it.phrases(language)));
        let says = |grounds: &Vec<Ground>| grounds.iter().any(|it| it.0.quote() == says);
        grounds.into_iter().find(says).unwrap_or_default()
    }
}

/// Where in `text` the first of `values` stands as a whole word, and which it is. Of two that
/// begin at one place the longer is meant.
fn next_value(text: &str, values: &[&str]) -> Option<(usize, usize)> {
    let places = values.iter().enumerate().filter(|(_, value)| !value.is_empty());
    let found = places.filter_map(|(nth, value)| Some((whole_word(text, value)?, nth)));
    let longest = |nth: usize| values.get(nth).map_or(0, |value| value.len());
    found.min_by_key(|(start, nth)| (*start, usize::MAX - longest(*nth)))
}

fn whole_word(text: &str, value: &str) -> Option<usize> {
    text.match_indices(value).map(|(start, _)| start).find(|start| {
        let before = text.get(..*start).and_then(|text| text.chars().next_back());
        let mut after = text.get(start + value.len()..).unwrap_or_default().chars();
        let next = after.next();
        // `20` is no value of `20.000`: a mark between two digits belongs to the number.
        let within =
            matches!(next, Some('.' | ',' | '/')) && after.next().is_some_and(char::is_numeric);
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '/'))
            && !next.is_some_and(char::is_alphanumeric)
            && !within
    })
}

fn is_value(value: &str) -> bool {
    let is_name = value.chars().next().is_some_and(char::is_uppercase);
    (is_name || value.chars().any(|c| c.is_ascii_digit()))
        && value.split_whitespace().count() <= MOST_VALUE_WORDS
}
