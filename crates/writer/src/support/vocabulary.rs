//! The words of one language that decide whether two sentences say one thing: a file of the
//! pack, `support/<language>.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use domain::Language;
use serde::Deserialize;

use super::terms::{Frame, Role, Span, Term};
use super::tokens::{Token, tokens};
use crate::fingerprint::Fingerprint;

/// What stands for the reader in a frame, and in a place until it is known whether it begins a sentence.
pub(crate) const READER: &str = "{reader}";
/// What every form of address means: which one it is makes no difference to what is said. No slot
/// is read so, as slots have braces.
pub(super) const ADDRESSED: &str = "the reader";

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
    /// What is written, or begins a part, is a term.
    #[error("`{file}`: `{term}` is in none of the lists of terms")]
    Unknown {
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
    #[serde(default)]
    frames: Vec<Vec<String>>,
    #[serde(default)]
    writes: Vec<String>,
    #[serde(default)]
    leads: Vec<String>,
    #[serde(default)]
    asides: Vec<String>,
}

/// The words of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    language: Language,
    limits: Limits,
    /// By the words of a term: what it means, and what it does.
    terms: BTreeMap<Vec<String>, Term>,
    longest: usize,
    frames: Vec<Frame>,
    writes: BTreeSet<Vec<String>>,
    leads: BTreeSet<String>,
    asides: BTreeSet<String>,
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
        let twice =
            |term: &str| VocabularyError::Twice { file: file.to_owned(), term: term.into() };
        for (group, role) in groups {
            let meaning = match role {
                Role::Reader => ADDRESSED.to_owned(),
                _ => group.first().cloned().unwrap_or_default(),
            };
            for term in group {
                let words = words_of(&term);
                let read = Term { meaning: meaning.clone(), role };
                if words.is_empty() || terms.insert(words, read).is_some() {
                    return Err(twice(&term));
                }
            }
        }
        let longest = terms.keys().map(Vec::len).max().unwrap_or(1);
        let known = |term: String| match terms.get_key_value(&words_of(&term)) {
            Some((words, known)) => Ok((words.clone(), known.meaning.clone())),
            None => Err(VocabularyError::Unknown { file: file.to_owned(), term }),
        };
        let meanings = |terms: Vec<String>| -> Result<_, VocabularyError> {
            terms.into_iter().map(|it| known(it).map(|(_, meaning)| meaning)).collect()
        };
        let writes = read.writes.into_iter().map(|it| known(it).map(|(words, _)| words));
        let writes = writes.collect::<Result<_, _>>()?;
        let (leads, asides) = (meanings(read.leads)?, meanings(read.asides)?);
        let (language, limits, hash) = (read.language, read.limits, hash.hex());
        let frames = Vec::new();
        let mut out =
            Self { language, limits, terms, longest, frames, writes, leads, asides, hash };
        for ways in read.frames {
            let mut frame = Frame::default();
            for way in ways {
                let terms = out.terms(&way.replace(READER, "{pronoun}"));
                if terms.is_empty() || out.frames.iter().any(|it| it.has(&terms)) {
                    return Err(twice(&way));
                }
                frame.add(way, terms);
            }
            out.frames.push(frame);
        }
        Ok(out)
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

    /// The terms of `sentence` that say nothing of their own, and how often each stands there.
    pub(crate) fn fillers(&self, sentence: &str) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for term in self.read(sentence) {
            if term.role == Role::Nothing {
                *out.entry(term.meaning).or_default() += 1;
            }
        }
        out
    }

    /// How often the reader stands right behind what turns the meaning: "you may do it" is a
    /// right, and "maybe you do it" a guess, in the same words.
    pub(crate) fn turned_readers(&self, sentence: &str) -> usize {
        let read = self.read(sentence);
        let pairs = read.iter().zip(read.iter().skip(1));
        pairs.filter(|(a, b)| a.role == Role::Turn && b.role == Role::Reader).count()
    }

    /// What `sentence` says: its terms in order, every frame as its first wording.
    pub(super) fn read(&self, sentence: &str) -> Vec<Term> {
        let terms = self.terms(sentence);
        let mut out = Vec::new();
        let mut rest = terms.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            if let Some((frame, length)) = self.frame(rest) {
                out.extend_from_slice(frame.meaning());
                rest = rest.get(length..).unwrap_or_default();
            } else {
                out.push(first.clone());
                rest = behind;
            }
        }
        out
    }

    fn terms(&self, sentence: &str) -> Vec<Term> {
        let sentence = knowledge::nfc(sentence);
        self.spans(&tokens(&sentence)).into_iter().map(|span| span.term).collect()
    }

    /// The terms that `tokens` are made of, the longest first; a word that is no term stands for
    /// itself.
    pub(super) fn spans(&self, tokens: &[Token<'_>]) -> Vec<Span> {
        let words: Vec<String> = tokens.iter().map(Token::word).collect();
        let mut out = Vec::new();
        let mut place = 0;
        while let (Some(token), Some(rest)) = (tokens.get(place), words.get(place..)) {
            let lengths = (1..=self.longest.min(rest.len())).rev();
            let known = |length: usize| Some((self.terms.get(rest.get(..length)?)?, length));
            let span = match (token.slot(), { lengths }.find_map(known)) {
                (Some("address" | "pronoun"), _) => Span::of(ADDRESSED, Role::Reader),
                (Some(_), _) => Span::of(token.text, Role::Slot),
                (None, Some((term, tokens))) => Span { term: term.clone(), tokens },
                (None, None) => Span::of(&token.word(), Role::Word),
            };
            place += span.tokens;
            out.push(span);
        }
        out
    }

    /// The frame that the first of `terms` are a wording of, and how many: the longest one.
    pub(super) fn frame(&self, terms: &[Term]) -> Option<(&Frame, usize)> {
        let found = self.frames.iter().filter_map(|frame| Some((frame, frame.begins(terms)?)));
        found.max_by_key(|(_, length)| *length)
    }

    /// The terms that may be written for `term`.
    pub(super) fn same(&self, term: &Term) -> impl Iterator<Item = String> {
        let same = move |words: &&Vec<String>| self.terms.get(*words) == Some(term);
        self.writes.iter().filter(same).map(|words| words.join(" "))
    }

    /// Whether a part that begins with `term` may stand in front as well as behind.
    pub(super) fn leads(&self, term: &Term) -> bool {
        self.leads.contains(&term.meaning)
    }

    /// The same where a comma sets it off.
    pub(super) fn is_aside(&self, term: &Term) -> bool {
        self.leads(term) || self.asides.contains(&term.meaning)
    }
}

fn words_of(term: &str) -> Vec<String> {
    tokens(term).iter().map(Token::word).collect()
}
