//! The documents that people's questions are answered from, read and checked.
//!
//! A document is one Markdown file: a YAML head that says what it is, where and when it
//! holds and where we read it, then `## ` sections with stable ids. A wrong file is told by
//! path and line, all faults at once, because an author mends them in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use domain::Confidence;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod read;

pub(crate) use read::LONGEST;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A public procedure, as citizens meet it.
    Procedure,
    /// What an article of an act says, in our own words.
    Law,
    /// How something works across procedures.
    Guide,
}

impl Kind {
    /// The word used in files, indexes and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::Law => "law",
            Self::Guide => "guide",
        }
    }
}

/// Where a document holds: a country and then ever smaller units, `vn`, `vn-79`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a place: write a country and codes, as in `vn` or `vn-79`")]
pub struct PlaceError(String);

impl Place {
    /// Whether what holds here holds at `place` too: a country covers its provinces.
    #[must_use]
    pub fn covers(&self, place: &Self) -> bool {
        place.0.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// This place and all that contain it, the largest first.
    pub fn lineage(&self) -> impl Iterator<Item = &str> {
        let borders = self.0.match_indices('-').map(|(place, _)| place);
        borders.chain([self.0.len()]).filter_map(|end| self.0.get(..end))
    }

    /// How many units deep: the country is 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.split('-').count()
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(given: &str) -> Result<Self, PlaceError> {
        let is_code =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let begins_with_country = given.starts_with(|c: char| c.is_ascii_lowercase());
        if begins_with_country && given.split('-').all(is_code) {
            Ok(Self(given.to_owned()))
        } else {
            Err(PlaceError(given.to_owned()))
        }
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(given: String) -> Result<Self, PlaceError> {
        given.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

/// The days on which a document holds. Either end may be unknown, which is not the same as
/// never: an unknown start counts as long past, an unknown end as not yet set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// The first day, where known.
    #[serde(default)]
    pub from: Option<Date>,
    /// The first day on which it holds no more, where one is set.
    #[serde(default)]
    pub until: Option<Date>,
}

impl InForce {
    /// Whether it holds on `day`.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// The head of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    kind: Kind,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    about: Vec<String>,
    title: String,
    place: Place,
    in_force: InForce,
    source: Vec<String>,
    confidence: Confidence,
    retrieved_on: Date,
}

/// A part of a document that answers one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Stable within the document: `deadline`.
    pub id: String,
    /// As people read it.
    pub heading: String,
    /// The words, trimmed.
    pub text: String,
    /// Where the words stand in the file, in bytes.
    pub start: usize,
    /// The end of the words in the file, in bytes.
    pub end: usize,
    /// The line of the heading.
    pub line: usize,
}

/// One file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Unique in the corpus, and the name of its file.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The procedure's national code, where it has one.
    pub code: Option<String>,
    /// Other names: everyday words and former codes.
    pub aliases: Vec<String>,
    /// Codes of procedures and life events that this document also serves.
    pub about: Vec<String>,
    /// What people call it.
    pub title: String,
    /// Where it holds.
    pub place: Place,
    /// When it holds.
    pub in_force: InForce,
    /// Where we read it, as numbered in the pack's sources.
    pub source: Vec<String>,
    /// How sure we are.
    pub confidence: Confidence,
    /// The day we last compared it with its sources.
    pub retrieved_on: Date,
    /// The sections, in the order of the file.
    pub sections: Vec<Section>,
    /// The file.
    pub path: String,
    /// SHA-256 of the file's text, in hex.
    pub hash: String,
}

/// All documents, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corpus {
    documents: Vec<Document>,
}

/// What is wrong with a file, and where.
#[derive(Debug, thiserror::Error)]
#[error("{path}:{line}: {fault}")]
pub struct Problem {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    #[source]
    pub fault: Fault,
}

/// The ways in which a file can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file does not begin with a head.
    #[error("a document begins with a head between two lines of `---`")]
    NoHead,
    /// The head is not what it should be.
    #[error("the head cannot be read: {0}")]
    Head(String),
    /// The name of the file and the id differ.
    #[error("the id `{0}` must be the name of the file")]
    Id(String),
    /// Two files with one id.
    #[error("the id `{id}` is taken by {by}")]
    TwinDocument {
        /// The id.
        id: String,
        /// The file that has it.
        by: String,
    },
    /// The days in force end before they begin.
    #[error("in force until {until}, which is not after {from}")]
    Backwards {
        /// The first day.
        from: Date,
        /// The end.
        until: Date,
    },
    /// No source at all.
    #[error("a document names at least one source")]
    NoSource,
    /// Words that belong to no section.
    #[error("text before the first `## ` section")]
    Loose,
    /// A heading that is not `## Heading {#id}`.
    #[error("`{0}` is no section heading: write `## Heading {{#id}}`")]
    Heading(String),
    /// A section id that readers of procedures do not look for.
    #[error("a procedure has no section `{0}`: use one of {known}", known = read::SECTIONS.join(", "))]
    UnknownSection(String),
    /// Two sections with one id.
    #[error("the section `{0}` stands here twice")]
    TwinSection(String),
    /// A heading with nothing under it.
    #[error("the section `{0}` is empty")]
    EmptySection(String),
    /// A section that the embedding model would cut off.
    #[error("the section `{id}` has {characters} characters, more than {most}: split it", most = read::LONGEST)]
    LongSection {
        /// The section.
        id: String,
        /// Its length.
        characters: usize,
    },
    /// A file without sections.
    #[error("a document has at least one section")]
    NoSection,
    /// Decomposed characters, which look the same and compare as others.
    #[error("the text is not in Unicode form NFC")]
    NotNfc,
}

/// All that is wrong with a corpus.
#[derive(Debug)]
pub struct CorpusError(pub Vec<Problem>);

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(f, "{line_break}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CorpusError {}

impl Corpus {
    /// Reads files given as path and text. Files that do not end in `.md` are passed over.
    pub fn parse(files: &BTreeMap<String, String>) -> Result<Self, CorpusError> {
        let mut by_id: BTreeMap<String, Document> = BTreeMap::new();
        let mut problems = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| is_markdown(path)) {
            match read::document(path, text) {
                Ok(document) => {
                    if let Some(twin) = by_id.get(&document.id) {
                        let fault = Fault::TwinDocument { id: document.id, by: twin.path.clone() };
                        problems.push(Problem { path: path.clone(), line: 1, fault });
                    } else {
                        by_id.insert(document.id.clone(), document);
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            Ok(Self { documents: by_id.into_values().collect() })
        } else {
            Err(CorpusError(problems))
        }
    }

    /// The documents, ordered by id.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// All codes that some document is found by.
    #[must_use]
    pub fn codes(&self) -> BTreeSet<&str> {
        self.documents
            .iter()
            .flat_map(|d| d.code.iter().chain(&d.about))
            .map(String::as_str)
            .collect()
    }
}

fn is_markdown(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Two letters for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_country_covers_its_provinces_and_no_prefix_does() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert!(place("vn").covers(&place("vn-79-26740")));
        assert!(place("vn-79").covers(&place("vn-79")));
        assert!(!place("vn-79").covers(&place("vn")));
        assert!(!place("vn-7").covers(&place("vn-79")));
        assert_eq!(
            place("vn-79-26740").lineage().collect::<Vec<_>>(),
            ["vn", "vn-79", "vn-79-26740"]
        );
        for wrong in ["", "79", "vn-", "-vn", "vn 79", "Việt Nam"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_open_end_is_in_force_and_the_last_day_is_the_one_before_until() {
        let in_force = InForce { from: None, until: Some(date(2027, 3, 1)) };
        assert!(in_force.contains(date(1990, 1, 1)) && in_force.contains(date(2027, 2, 28)));
        assert!(!in_force.contains(date(2027, 3, 1)));
        assert!(InForce::default().contains(date(2026, 1, 1)));
    }
}
