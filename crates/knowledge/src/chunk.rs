//! Documents into passages: one per section, each with all that a citation needs.

use domain::Confidence;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::corpus::{Corpus, Document, InForce, Kind, Place, Section, sha256_hex};
use crate::procedures::Traits;
use crate::text::exact_terms;

/// Where a passage stands in its file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A section of a document: what search finds, and what a claim is proved by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// `document#section`.
    pub id: String,
    /// The document's id.
    pub document: String,
    /// The section's id: `deadline`.
    pub section: String,
    /// The document's title.
    pub title: String,
    /// Other names of the document.
    pub aliases: Vec<String>,
    /// The section's heading.
    pub heading: String,
    /// The words.
    pub text: String,
    /// What the document is.
    pub kind: Kind,
    /// The procedure's code, where the document is one and has one.
    pub code: Option<String>,
    /// Codes of procedures and life events that the document serves, its own among them.
    pub codes: Vec<String>,
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
    /// The file.
    pub path: String,
    /// Where the words stand in the file.
    pub span: Span,
    /// SHA-256 of all of the above but the place in the file: a change here means that the
    /// passage must be embedded and stored anew.
    pub hash: String,
}

impl Passage {
    /// What the embedding model reads: where the words stand, then the words.
    #[must_use]
    pub fn embedded_text(&self) -> String {
        let names = [&self.title].into_iter().chain(&self.aliases);
        let names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
        crate::text::settle_tones(&format!("{names}. {}. {}", self.heading, self.text))
    }

    /// The codes and numbers that name this document itself, without marks.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let texts = [self.title.as_str()].into_iter();
        let texts =
            texts.chain(self.code.as_deref()).chain(self.aliases.iter().map(String::as_str));
        texts.flat_map(exact_terms).collect()
    }

    /// What it is filtered by. Nobody handles a passage.
    pub(crate) fn traits(&self) -> Traits<'_> {
        Traits {
            kind: self.kind,
            codes: &self.codes,
            place: &self.place,
            in_force: self.in_force,
            levels: &[],
        }
    }

    fn digest(&self) -> String {
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let confidence = format!("{:?}", self.confidence);
        let mut parts: Vec<String> = vec![
            self.id.clone(),
            self.title.clone(),
            self.heading.clone(),
            self.text.clone(),
            self.kind.as_str().to_owned(),
            self.code.clone().unwrap_or_default(),
            self.place.to_string(),
            day(self.in_force.from),
            day(self.in_force.until),
            confidence,
            self.retrieved_on.to_string(),
        ];
        for list in [&self.aliases, &self.codes, &self.source] {
            parts.push(list.len().to_string());
            parts.extend(list.iter().cloned());
        }
        // No field holds this control character, so the borders between fields are kept.
        sha256_hex(parts.join("\u{1f}").as_bytes())
    }

    fn of(document: &Document, section: &Section) -> Self {
        let mut passage = Self {
            id: format!("{}#{}", document.id, section.id),
            document: document.id.clone(),
            section: section.id.clone(),
            title: document.title.clone(),
            aliases: document.aliases.clone(),
            heading: section.heading.clone(),
            text: section.text.clone(),
            kind: document.kind,
            code: document.code.clone(),
            codes: document.code.iter().chain(&document.about).cloned().collect(),
            place: document.place.clone(),
            in_force: document.in_force,
            source: document.source.clone(),
            confidence: document.confidence,
            retrieved_on: document.retrieved_on,
            path: String::new(),
            span: Span { start: 0, end: 0 },
            hash: String::new(),
        };
        passage.hash = passage.digest();
        passage.path.clone_from(&document.path);
        passage.span = Span { start: section.start, end: section.end };
        passage
    }
}

impl Corpus {
    /// All passages, ordered by id.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        let each = |document| {
            let document: &Document = document;
            document.sections.iter().map(move |section| Passage::of(document, section))
        };
        let mut out: Vec<Passage> = self.documents().iter().flat_map(each).collect();
        out.sort_by(|a, b| a.id.cmp(&b.id));
        out
    }
}
