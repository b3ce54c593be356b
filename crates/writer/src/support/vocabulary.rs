//! The words of one language that decide whether two sentences say one thing: a file of the
//! pack, `support/<language>.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use domain::Language;
use serde::Deserialize;

use crate::fingerprint::Fingerprint;

/// Why a vocabulary was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum VocabularyError {
    /// It is not of the right form.
    #[error("`{file}` is not a vocabulary")]
    Form {
        /// Which.
        file: String,
        /// Why, with line and column.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// A term stands in two places, which would make it mean two things.
    #[error("`{file}`: `{term}` stands there twice")]
    Twice {
        /// Which.
        file: String,
        /// The term.
        term: String,
    },
    /// A limit that lets everything pass, or nothing.
    #[error("`{file}`: limits are above 0 and up to 1")]
    Limit {
        /// Which.
        file: String,
    },
}

/// What must be reached, besides what is never left to a measure.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Which part of the evidence's words must be said.
    pub cover: f64,
    /// The least cosine of sentence and evidence.
    pub likeness: f32,
}

/// What a term does in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Says nothing of its own.
    Nothing,
    /// Says something.
    Word,
    /// Is the reader.
    Reader,
    /// Turns the meaning of what follows.
    Turn,
    /// Turns the meaning of what stands before.
    Behind,
    /// Links what follows to what stands before.
    Link,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: Language,
    limits: Limits,
    nothing: Vec<String>,
    #[serde(default)]
    reader: Vec<String>,
    terms: Vec<String>,
    same: Vec<Vec<String>>,
    turns: BTreeMap<String, Vec<Vec<String>>>,
    #[serde(default)]
    behind: Vec<Vec<String>>,
    links: Vec<Vec<String>>,
}

/// The words of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    language: Language,
    limits: Limits,
    /// By the words of a term: what it means, and what it does.
    terms: BTreeMap<Vec<String>, (String, Role)>,
    longest: usize,
    hash: String,
}

impl Vocabulary {
    /// Reads the text of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, VocabularyError> {
        let read: File = serde_saphyr::from_str(text).map_err(|source| VocabularyError::Form {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let within = |limit: f64| limit > 0.0 && limit <= 1.0;
        if !within(read.limits.cover) || !within(f64::from(read.limits.likeness)) {
            return Err(VocabularyError::Limit { file: file.to_owned() });
        }
        let mut hash = Fingerprint::default();
        hash.put(text);
        let mut terms = BTreeMap::new();
        let alone = |terms: Vec<String>, role| terms.into_iter().map(move |it| (vec![it], role));
        let turns = read.turns.into_values().flatten().map(|group| (group, Role::Turn));
        let groups = alone(read.nothing, Role::Nothing)
            .chain(alone(read.reader, Role::Reader))
            .chain(alone(read.terms, Role::Word))
            .chain(read.same.into_iter().map(|group| (group, Role::Word)))
            .chain(turns)
            .chain(read.behind.into_iter().map(|group| (group, Role::Behind)))
            .chain(read.links.into_iter().map(|group| (group, Role::Link)));
        let mut seen = BTreeSet::new();
        for (group, role) in groups {
            let meaning = group.first().cloned().unwrap_or_default();
            for term in group {
                let words = words(&term);
                if words.is_empty() || !seen.insert(words.clone()) {
                    return Err(VocabularyError::Twice { file: file.to_owned(), term });
                }
                terms.insert(words, (meaning.clone(), role));
            }
        }
        let longest = terms.keys().map(Vec::len).max().unwrap_or(1);
        let (language, limits) = (read.language, read.limits);
        Ok(Self { language, limits, terms, longest, hash: hash.hex() })
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// What must be reached.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// SHA-256 of the file: names words and limits together.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What may stand where `text` stands without saying anything else: its own terms, and those
    /// that say the same.
    pub(crate) fn near(&self, text: &str) -> BTreeSet<String> {
        let own = self.read(text);
        let same = self.terms.iter().filter(|(_, meaning)| own.contains(meaning));
        let same: BTreeSet<String> = same.map(|(term, _)| term.join(" ")).collect();
        own.into_iter().map(|(term, _)| term).chain(same).collect()
    }

    /// The terms of `text` that say nothing of their own, and how often each stands there.
    pub(crate) fn fillers(&self, text: &str) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for (term, role) in self.read(text) {
            if role == Role::Nothing {
                *out.entry(term).or_default() += 1;
            }
        }
        out
    }

    /// Whether the last word of `text` turns the meaning of what follows.
    pub(crate) fn ends_in_turn(&self, text: &str) -> bool {
        matches!(self.read(text).last(), Some((_, Role::Turn)))
    }

    /// The terms of `text` in order, the longest first; a word that is no term stands for
    /// itself.
    pub(super) fn read(&self, text: &str) -> Vec<(String, Role)> {
        let words = words(text);
        let mut out = Vec::new();
        let mut rest = words.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            let lengths = (1..=self.longest.min(rest.len())).rev();
            let mut terms =
                lengths.filter_map(|length| Some((self.terms.get(rest.get(..length)?)?, length)));
            if let Some(((meaning, role), length)) = terms.next() {
                out.push((meaning.clone(), *role));
                rest = rest.get(length..).unwrap_or_default();
            } else {
                out.push((first.clone(), Role::Word));
                rest = behind;
            }
        }
        out
    }
}

fn words(text: &str) -> Vec<String> {
    let text = knowledge::settle_tones(&text.to_lowercase());
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '%');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
