//! The pack's words: for each point of each life event, how people would say it.
//!
//! `words/common.yaml` holds what every message says, `words/<life event>.yaml` what only
//! that one says. A point has variants for what is known (a deadline, or that it is unknown);
//! the first that fits is taken. A variant holds alternatives per language: the first is the
//! approved wording, the others are what a model may choose from.
//!
//! These files hold Vietnamese and English. `words/<language>/` holds how a language writes and,
//! for any further one, the same points in files of the same names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Language, Letter};
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::hygiene::Fault;
use crate::manners::Manners;
use crate::phrase::{Phrase, PhraseError};
use crate::proved::Proofs;
use crate::slot::SlotKind;

mod check;
mod file;
mod joined;
mod spoken;

pub use joined::{Joining, NotJoined};

/// Where a point stands in a message. The order is fixed, and is the order of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Who writes, to whom.
    Sender,
    /// What happened, in neutral words.
    Event,
    /// What the person may get or must do.
    Offer,
    /// By when, or that it is unknown.
    Deadline,
    /// How, what is filled already and what is missing.
    How,
    /// Why the person gets this, and the law.
    Why,
    /// How to stop.
    Stop,
    /// That no hand wrote it.
    Closing,
}

impl Place {
    /// All places, in their order.
    pub const ALL: [Self; 8] = [
        Self::Sender,
        Self::Event,
        Self::Offer,
        Self::Deadline,
        Self::How,
        Self::Why,
        Self::Stop,
        Self::Closing,
    ];
}

/// What is known about the deadline. It decides which words fit, so it is part of the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// One last day.
    Known,
    /// The last day by law moved past days off: the safe day comes before it.
    Moved,
    /// It was before the day of writing.
    Passed,
    /// Nobody could say, and the message says so.
    Unknown,
}

/// What is known about the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    /// Nothing was prepared.
    None,
    /// Nothing that the form needs is missing.
    Complete,
    /// Something is.
    Missing,
}

/// Which letter about a milestone it is, whatever its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The one that tells of it.
    First,
    /// One that reminds of what is not done.
    Reminder,
    /// One that takes back what an earlier letter said.
    Correction,
}

impl LetterKind {
    /// The places that such a letter must have words for. One that takes another back tells of
    /// nothing to do: no deadline, no way, nothing to refuse.
    #[must_use]
    pub fn places(self) -> &'static [Place] {
        match self {
            Self::First | Self::Reminder => &Place::ALL,
            Self::Correction => {
                &[Place::Sender, Place::Event, Place::Offer, Place::Why, Place::Closing]
            }
        }
    }
}

impl From<Letter> for LetterKind {
    fn from(letter: Letter) -> Self {
        match letter {
            Letter::First => Self::First,
            Letter::Reminder(_) => Self::Reminder,
            Letter::Correction => Self::Correction,
        }
    }
}

/// When a variant fits. What is left out fits always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct When {
    pub deadline: Vec<DeadlineKind>,
    pub draft: Vec<DraftKind>,
    pub level: Vec<domain::Level>,
    pub service: Vec<String>,
}

/// One way to say a point, for what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub when: When,
    pub phrases: BTreeMap<Language, Vec<Phrase>>,
}

impl Variant {
    pub(crate) fn phrases(&self, language: Language) -> &[Phrase] {
        self.phrases.get(&language).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Something that a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PointWords {
    pub id: String,
    pub place: Place,
    pub roles: Vec<String>,
    pub letters: Vec<LetterKind>,
    pub optional: bool,
    pub unless_own: bool,
    /// Nobody may vary its wording.
    pub fixed: bool,
    pub variants: Vec<Variant>,
}

impl PointWords {
    fn is_for(&self, role: &str, letter: LetterKind) -> bool {
        let for_role = self.roles.is_empty() || self.roles.iter().any(|own| own == role);
        for_role && self.letters.contains(&letter)
    }
}

/// A slot that a fact fills: `child.born_on`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactSlot {
    pub kind: SlotKind,
    pub fact: String,
}

/// What lists show, by what is known about the deadline. Only `{deadline}` may stand in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectLines<T = String> {
    pub known: T,
    pub passed: T,
    pub unknown: T,
}

/// What lists show of letters that follow the first. `{line}` is the line of the first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterLines<T = String> {
    pub reminder: T,
    pub correction: T,
}

/// The words of one life event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventWords {
    pub slots: BTreeMap<String, FactSlot>,
    /// The points of every message that this one leaves out.
    pub without: BTreeSet<String>,
    /// By language and role; the empty name is for all roles that are not named. It is told in the
    /// languages that are here.
    pub subject_lines: BTreeMap<Language, BTreeMap<String, SubjectLines>>,
    pub points: Vec<PointWords>,
}

/// What every message of one language has beside its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tongue {
    pub manners: Arc<Manners>,
    pub sender: String,
    pub subjects: LetterLines,
}

/// All words of a pack, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    vietnamese: Tongue,
    others: BTreeMap<Language, Tongue>,
    pub(crate) common: Vec<PointWords>,
    pub(crate) events: BTreeMap<String, EventWords>,
    pub(crate) proofs: Proofs,
    hash: String,
}

impl Words {
    /// Reads every `*.yaml` of the folder `dir` and of the folders in it.
    pub fn load(dir: &Path) -> Result<Self, WordsError> {
        let mut files = Vec::new();
        for path in paths(dir)? {
            let inside = if path.is_dir() { paths(&path)? } else { vec![path] };
            for path in inside.iter().filter(|path| path.extension().is_some_and(|it| it == "yaml"))
            {
                let name = path.strip_prefix(dir).unwrap_or(path).to_string_lossy();
                let text = std::fs::read_to_string(path).map_err(unread(path))?;
                files.push((name.replace('\\', "/"), text));
            }
        }
        files.sort();
        Self::read(&files)
    }

    /// Reads files that are given as (name, text): `common.yaml` and `fr/common.yaml`.
    pub fn read(files: &[(String, String)]) -> Result<Self, WordsError> {
        let mut hash = Fingerprint::default();
        for (name, text) in files {
            for part in [name, text] {
                hash.put(part);
            }
        }
        file::read(files, hash.hex())
    }

    /// SHA-256 of the files, and of what joined them.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Who writes.
    #[must_use]
    pub fn sender(&self, language: Language) -> &str {
        &self.tongue(language).sender
    }

    /// How the languages write in which something is told, Vietnamese first.
    pub fn languages(&self) -> impl Iterator<Item = &Manners> {
        std::iter::once(&self.vietnamese).chain(self.others.values()).map(|it| &*it.manners)
    }

    /// Whether letters about `life_event` are told in `language`.
    #[must_use]
    pub fn speaks(&self, language: Language, life_event: &str) -> bool {
        let event = self.events.get(life_event);
        event.is_some_and(|event| event.subject_lines.contains_key(&language))
    }

    /// In which language somebody who reads `language` is told of `life_event`: in that, or else in
    /// the one that its readers are given.
    pub(crate) fn told_in(&self, language: Language, life_event: &str) -> Language {
        if self.speaks(language, life_event) { language } else { self.manners(language).reads }
    }

    /// What messages in `language` have; those in Vietnamese where it is not among the pack's.
    pub(crate) fn tongue(&self, language: Language) -> &Tongue {
        self.others.get(&language).unwrap_or(&self.vietnamese)
    }

    /// The life events that have words.
    pub fn life_events(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// The facts that letters about `life_event` show where they are known: path, and what kind
    /// of value it is.
    pub fn facts_shown(&self, life_event: &str) -> impl Iterator<Item = (&str, SlotKind)> {
        let slots = self.events.get(life_event).into_iter().flat_map(|event| event.slots.values());
        slots.map(|slot| (slot.fact.as_str(), slot.kind))
    }

    /// What is said at `place` to somebody who plays `role`: first what only this life event
    /// says, then what every message says.
    pub(crate) fn points_at<'w>(
        &'w self,
        event: &'w EventWords,
        place: Place,
        role: &str,
        letter: LetterKind,
    ) -> Vec<&'w PointWords> {
        let fits = |point: &&PointWords| point.place == place && point.is_for(role, letter);
        let mut points: Vec<_> = event.points.iter().filter(fits).collect();
        let has_own = !points.is_empty();
        let shared = self.common.iter().filter(fits);
        let kept = shared.filter(|point| !event.without.contains(&point.id));
        points.extend(kept.filter(|point| !point.unless_own || !has_own));
        points
    }

    /// How texts of `language` behave: as Vietnamese ones where it is not among the pack's.
    #[must_use]
    pub fn manners(&self, language: Language) -> &Arc<Manners> {
        &self.tongue(language).manners
    }
}

fn unread(path: &Path) -> impl FnOnce(std::io::Error) -> WordsError + use<> {
    let path = path.to_owned();
    move |source| WordsError::Read { path, source }
}

fn paths(dir: &Path) -> Result<Vec<PathBuf>, WordsError> {
    let entries = std::fs::read_dir(dir).map_err(unread(dir))?;
    entries.map(|entry| entry.map(|it| it.path()).map_err(unread(dir))).collect()
}

/// Why words were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A file or the folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not YAML of the right form.
    #[error("`{file}` is not a file of words")]
    Form {
        /// Which.
        file: String,
        /// Why, with line and column.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// There is no `common.yaml`.
    #[error("there is no `common.yaml` among the words")]
    NoCommon,
    /// It is not said how a language writes.
    #[error("there is no `{0}/language.yaml` among the words")]
    NoLanguage(String),
    /// The words break rules: all faults at once, since an author mends them in one go.
    #[error("{}", list(.0))]
    Faults(Vec<WordsFault>),
}

fn list(faults: &[WordsFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One broken rule and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {broken}")]
pub struct WordsFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong.
    pub broken: Broken,
}

/// A rule that words broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is no phrase.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// It holds something that no text may hold.
    #[error(transparent)]
    Text(#[from] Fault),
    /// A slot that nothing fills.
    #[error("no slot is called `{0}`{hint}", hint = did_you_mean(.1.as_deref()))]
    Slot(String, Option<String>),
    /// Alternatives that do not carry the same values.
    #[error("every alternative must hold the same slots as the first ({wanted})")]
    Slots {
        /// Those of the first alternative.
        wanted: String,
    },
    /// A sentence that is too long to be read with ease.
    #[error("a sentence of {0} words; {most} are the most", most = crate::lint::MOST_WORDS)]
    Long(usize),
    /// A line for lists that is cut off on a phone.
    #[error("a line of {0} characters for lists; 60 are the most")]
    Line(usize),
    /// Too few ways to say it.
    #[error("give {0} alternatives or more")]
    Few(usize),
    /// The same words twice.
    #[error("this alternative stands there twice")]
    Twice,
    /// Two points of one name, or two files for one life event.
    #[error("`{0}` is there already")]
    Taken(String),
    /// A point is left out that every message has, or that is not there.
    #[error("no point of every message that may be left out is called `{0}`")]
    Without(String),
    /// How a language writes is not said well.
    #[error("{0}")]
    Manners(&'static str),
    /// A point, or one of its variants, that a language lacks.
    #[error("`{0}` has not the same variants as in Vietnamese")]
    Variants(String),
    /// Words of a language for what is not said at all.
    #[error("the pack's own words have no `{0}`")]
    Unknown(String),
    /// Words that a language lacks, so that nothing of the file could be told in it.
    #[error("`{0}` is not said in this language")]
    Untold(String),
    /// A part of the message that no point covers.
    #[error("no point says `{0:?}`")]
    Place(Place),
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
