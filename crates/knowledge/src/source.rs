//! Documents from a file of records that somebody else keeps, described by a manifest.
//!
//! A pack's own documents are written by hand and a wrong one stops everything, because its
//! author can mend it. Nobody here can mend a portal's export: a record that cannot be read is
//! set aside with its line and the reason, and the others are taken. Records are read one at a
//! time, so the memory a reading takes is that of the longest line it accepts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use domain::Confidence;
use flate2::bufread::MultiGzDecoder;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::corpus::{Document, Place};
use crate::text::nfc;

mod portal;

/// So much of a text is embedded: more would be cut by the model's window anyway.
const EMBEDDED: usize = 1_200;

/// A longer line is no record. The longest of the portal's export has 190,000 bytes.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;

/// The two bytes that a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a file of records is, and what is true of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What people call the source.
    pub title: String,
    /// How its records are written.
    pub format: Format,
    /// The file, from the folder of shared data. Plain or gzip: its first bytes say which.
    pub file: String,
    /// Where a record holds that says nothing else.
    pub place: Place,
    /// Places by the issuer that a record names, for what holds only there.
    #[serde(default)]
    pub issuers: BTreeMap<String, Place>,
    /// Words that an issuer begins with which needs an entry above: without one it is not
    /// known where its records hold.
    #[serde(default)]
    pub local_issuers: Vec<String>,
    /// What documents name as their source.
    pub source: Vec<String>,
    /// How sure we are of what the records say.
    pub confidence: Confidence,
    /// The day the file was made.
    pub retrieved_on: Date,
}

/// A procedure as a source tells it: the document, and by what it is told from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procedure {
    /// What it says.
    pub document: Document,
    /// Names that are as good as the title: what people call it.
    pub names: Vec<String>,
    /// What it is about, in the source's words: `Hộ tịch`.
    pub sector: String,
    /// What comes of it.
    pub results: Vec<String>,
    /// Who handles it.
    pub levels: Vec<Level>,
    /// Whether citizens may ask for it.
    pub for_citizens: bool,
}

impl Procedure {
    /// A document of our own, of which no source has told anything yet.
    #[must_use]
    pub fn ours(document: &Document) -> Self {
        let what = document.sections.first().map(|section| section.text.clone());
        Self {
            names: document.aliases.clone(),
            sector: String::new(),
            results: what.into_iter().collect(),
            levels: Vec::new(),
            for_citizens: true,
            document: document.clone(),
        }
    }

    /// Takes over what a source says of the same procedure and we do not: who handles it, what it
    /// is about, how it is called there. Our words stay.
    pub(crate) fn learn_from(&mut self, twin: Self) {
        if twin.document.title != self.document.title {
            self.names.push(twin.document.title);
        }
        self.sector = twin.sector;
        self.results = twin.results;
        self.levels = twin.levels;
        self.for_citizens = twin.for_citizens;
    }

    /// What it is called: the title, then other names.
    pub(crate) fn called(&self) -> String {
        let names = [&self.document.title].into_iter().chain(&self.names);
        names.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// What an embedding model reads to know what the procedure is: title, sector, results.
    #[must_use]
    pub fn card(&self) -> String {
        let results = self.results.join("; ");
        let card = format!("{}. {}. {results}", self.called(), self.sector);
        let card = card.split_whitespace().collect::<Vec<_>>().join(" ");
        nfc(&card).chars().take(EMBEDDED).collect()
    }
}

/// Who handles a procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Commune, ward, special zone.
    Commune,
    /// Province or city.
    Province,
    /// Ministry.
    Ministry,
    /// A branch of a ministry in the country: tax, customs, police.
    Branch,
    /// Somebody else, such as an embassy.
    Other,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Commune, Self::Province, Self::Ministry, Self::Branch, Self::Other];

    /// The word used in files and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commune => "commune",
            Self::Province => "province",
            Self::Ministry => "ministry",
            Self::Branch => "branch",
            Self::Other => "other",
        }
    }
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Procedures of the National Public Service Portal, one JSON object a line.
    PortalProcedures,
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the manifest cannot be read, line {line}: {said}")]
pub struct ManifestError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub said: String,
}

/// A record that is no document.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is set aside")]
pub struct SetAside {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    #[source]
    pub reason: Reason,
}

/// Why a record is no document.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The file breaks off or its compression is damaged. No line after this one can be read.
    #[error("the file cannot be read on from here")]
    Unreadable(#[source] std::io::Error),
    /// The line is not UTF-8.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// The line is too long to be a record.
    #[error("the line has more than {most} bytes", most = LONGEST_LINE)]
    TooLong,
    /// The line is not the JSON that the format wants.
    #[error("the line is no record")]
    NotARecord(#[source] serde_json::Error),
    /// The record lacks what a document needs.
    #[error("the record has no {0}")]
    Lacks(&'static str),
    /// The code does not look like one.
    #[error("`{0}` is no code of a procedure")]
    Code(String),
    /// A record before this one is the same procedure.
    #[error("`{code}` is told on line {first} already")]
    Twin {
        /// The document's id.
        code: String,
        /// The line that has it.
        first: usize,
    },
    /// It is not known where the record holds.
    #[error("the manifest says no place for what `{0}` issues")]
    Issuer(String),
}

impl Manifest {
    /// Reads a manifest from YAML.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
            let plain = error.without_snippet().to_string();
            ManifestError { line, said: plain.lines().next().unwrap_or_default().to_owned() }
        })
    }

    /// Where what `issuer` issues holds.
    fn place_of(&self, issuer: &str) -> Result<&Place, Reason> {
        if let Some(place) = self.issuers.get(issuer) {
            return Ok(place);
        }
        let is_local = self.local_issuers.iter().any(|word| issuer.starts_with(word.as_str()));
        if is_local { Err(Reason::Issuer(issuer.to_owned())) } else { Ok(&self.place) }
    }

    /// The documents of `file`, in its order, and between them what was set aside.
    pub fn read<'a>(
        &'a self,
        file: impl Read + 'a,
    ) -> impl Iterator<Item = Result<Procedure, SetAside>> + 'a {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        lines(file).map(move |(line, read)| {
            let aside = |reason| SetAside { line, reason };
            let text = read.map_err(aside)?;
            let procedure = match self.format {
                Format::PortalProcedures => portal::procedure(self, line, &text).map_err(aside)?,
            };
            let id = &procedure.document.id;
            if let Some(&first) = seen.get(id) {
                return Err(aside(Reason::Twin { code: id.clone(), first }));
            }
            seen.insert(id.clone(), line);
            Ok(procedure)
        })
    }
}

/// The lines that hold anything, with their numbers from 1, and the last one that cannot be read.
fn lines<'a>(file: impl Read + 'a) -> impl Iterator<Item = (usize, Result<String, Reason>)> + 'a {
    let mut lines = Lines { reader: open(file), line: 0, over: false };
    std::iter::from_fn(move || {
        loop {
            let read = lines.next()?;
            if !matches!(&read.1, Ok(text) if text.trim().is_empty()) {
                return Some(read);
            }
        }
    })
}

/// Looks at the first bytes to know whether they are packed.
fn open<'a>(file: impl Read + 'a) -> Box<dyn BufRead + 'a> {
    let mut reader = BufReader::new(file);
    let packed = reader.fill_buf().is_ok_and(|bytes| bytes.starts_with(&GZIP));
    if packed { Box::new(BufReader::new(MultiGzDecoder::new(reader))) } else { Box::new(reader) }
}

struct Lines<'a> {
    reader: Box<dyn BufRead + 'a>,
    line: usize,
    over: bool,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<(usize, Result<String, Reason>)> {
        if self.over {
            return None;
        }
        self.line += 1;
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
        let text = match read {
            Ok(0) => return None,
            Ok(_) if bytes.len() as u64 == LONGEST_LINE && !bytes.ends_with(b"\n") => {
                self.skip_line().and(Err(Reason::TooLong))
            }
            Ok(_) => String::from_utf8(bytes).map_err(|_| Reason::NotUtf8),
            Err(error) => {
                self.over = true;
                Err(Reason::Unreadable(error))
            }
        };
        Some((self.line, text))
    }

    fn skip_line(&mut self) -> Result<(), Reason> {
        loop {
            let (used, ends) = match self.reader.fill_buf() {
                Ok([]) => (0, true),
                Ok(bytes) => match bytes.iter().position(|&byte| byte == b'\n') {
                    Some(place) => (place + 1, true),
                    None => (bytes.len(), false),
                },
                Err(error) => {
                    self.over = true;
                    return Err(Reason::Unreadable(error));
                }
            };
            self.reader.consume(used);
            if ends {
                return Ok(());
            }
        }
    }
}
