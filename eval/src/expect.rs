//! What should come out of the samples, as a person wrote it down (`data/chain.yaml`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{
    Language, Milestone, MilestoneId, PseudonymKey, SubjectId, SubjectKind, Suppression, Verdict,
};
use jiff::civil::Date;
use rules::Pack;
use serde::Deserialize;
use writer::LetterKind;

use crate::EvalError;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectations {
    /// The day on which the samples were played to.
    pub(crate) today: Date,
    /// By form: what only the person may say.
    pub(crate) only_person: BTreeMap<String, BTreeSet<String>>,
    /// What stands in no message.
    pub(crate) never_said: Vec<String>,
    pub(crate) milestones: Vec<ExpectedMilestone>,
}

/// One milestone, and all that follows from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedMilestone {
    /// The family's key in `families.yaml`.
    pub(crate) family: String,
    pub(crate) life_event: String,
    pub(crate) subject: SubjectRef,
    #[serde(default = "once")]
    pub(crate) occurrence: String,
    pub(crate) occurred_on: Date,
    pub(crate) state: ExpectedState,
    /// Why, for whoever reads the report.
    pub(crate) because: String,
    pub(crate) services: Vec<ExpectedService>,
    pub(crate) messages: Vec<ExpectedMessage>,
}

/// Whom or what a milestone is about, as a register would name it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectRef {
    /// Somebody of `families.yaml`.
    Person(String),
    /// A newborn, by the number of the birth certificate.
    Certificate(String),
    /// A parcel, by the serial of its certificate.
    Parcel(String),
}

impl fmt::Display for SubjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(key) => write!(f, "{key}"),
            Self::Certificate(number) => write!(f, "the child of certificate {number}"),
            Self::Parcel(serial) => write!(f, "the parcel {serial}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpectedState {
    /// It stands.
    Reached,
    /// It has begun, and facts are missing: nothing is told.
    Pending,
    /// It stood and was taken back.
    Withdrawn,
    /// It must not stand, and need not be recorded at all.
    Never,
}

impl fmt::Display for ExpectedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reached => "reached",
            Self::Pending => "pending",
            Self::Withdrawn => "withdrawn",
            Self::Never => "none",
        })
    }
}

/// One service proposed to one person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedService {
    pub(crate) service: String,
    pub(crate) to: String,
    pub(crate) main: bool,
    pub(crate) level: u8,
    #[serde(default = "yes")]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) may: bool,
    #[serde(default)]
    pub(crate) verdict: ExpectedVerdict,
    /// `None`: no day may be named.
    pub(crate) deadline: Option<Date>,
    #[serde(default)]
    pub(crate) safe: Option<Date>,
    #[serde(default)]
    pub(crate) form: Option<String>,
    /// By field, the value as a Vietnamese reader writes it.
    #[serde(default)]
    pub(crate) filled: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) missing: BTreeSet<String>,
    #[serde(default)]
    pub(crate) conflict: BTreeMap<String, BTreeSet<String>>,
    /// What must stand in no field: the other side's number and address.
    #[serde(default)]
    pub(crate) never_holds: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpectedVerdict {
    #[default]
    Met,
    Unknown(BTreeSet<String>),
}

impl ExpectedVerdict {
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Met => Verdict::Met,
            Self::Unknown(missing) => Verdict::Unknown { missing: missing.clone() },
        }
    }
}

/// One person who is written to, or must not be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedMessage {
    pub(crate) to: String,
    /// Which letter: the first, a reminder, a correction.
    #[serde(default = "first")]
    pub(crate) letter: LetterKind,
    #[serde(default = "yes")]
    pub(crate) sent: bool,
    /// Why it is held, if it was made at all.
    #[serde(default)]
    pub(crate) because: Option<Suppression>,
    #[serde(default)]
    pub(crate) language: Option<Language>,
    /// What must stand in it.
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

fn first() -> LetterKind {
    LetterKind::First
}

fn once() -> String {
    "once".to_owned()
}

fn yes() -> bool {
    true
}

impl Expectations {
    /// The expectations that this program was built with.
    pub(crate) fn embedded() -> Result<Self, EvalError> {
        serde_saphyr::from_str(include_str!("../data/chain.yaml"))
            .map_err(|error| EvalError::Data { file: "chain.yaml", said: error.to_string() })
    }
}

/// The people of the samples, by key and by pseudonym.
#[derive(Debug)]
pub(crate) struct People<'a> {
    key: &'a PseudonymKey,
    by_key: BTreeMap<String, SubjectId>,
    names: BTreeMap<SubjectId, String>,
}

impl<'a> People<'a> {
    pub(crate) fn new(pack: &Pack, key: &'a PseudonymKey) -> Self {
        let all = pack.samples().families.iter().flat_map(|all| &all.families);
        let by_key: BTreeMap<String, SubjectId> = all
            .flat_map(|family| &family.people)
            .map(|person| (person.key.clone(), key.subject(SubjectKind::Person, &person.pin)))
            .collect();
        let names = by_key.iter().map(|(name, id)| (*id, name.clone())).collect();
        Self { key, by_key, names }
    }

    /// The pseudonym of somebody of the samples.
    pub(crate) fn id(&self, key: &str) -> Result<SubjectId, EvalError> {
        self.by_key.get(key).copied().ok_or_else(|| EvalError::Nobody { key: key.to_owned() })
    }

    /// The key of a pseudonym, or the pseudonym itself for somebody outside the samples.
    pub(crate) fn name(&self, id: SubjectId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    pub(crate) fn subject(&self, subject: &SubjectRef) -> Result<SubjectId, EvalError> {
        Ok(match subject {
            SubjectRef::Person(key) => self.id(key)?,
            SubjectRef::Certificate(number) => {
                self.key.subject(SubjectKind::Person, &format!("gcs:{number}"))
            }
            SubjectRef::Parcel(serial) => {
                self.key.subject(SubjectKind::Parcel, &format!("gcn:{serial}"))
            }
        })
    }

    pub(crate) fn milestone(&self, expected: &ExpectedMilestone) -> Result<MilestoneId, EvalError> {
        let subject = self.subject(&expected.subject)?;
        Ok(Milestone::id_of(&expected.life_event, subject, &expected.occurrence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_and_covers_what_it_promises() {
        let all = Expectations::embedded().unwrap();
        assert_eq!(all.today.to_string(), "2026-11-23");
        let services = || all.milestones.iter().flat_map(|one| &one.services);
        let fields: usize =
            services().map(|one| one.filled.len() + one.missing.len() + one.conflict.len()).sum();
        assert!(fields >= 40, "only {fields} fields");
        let forms: BTreeSet<&str> = services().filter_map(|one| one.form.as_deref()).collect();
        let known: BTreeSet<&str> = all.only_person.keys().map(String::as_str).collect();
        assert_eq!(forms, known, "a form without a word on what only the person may say");
        for service in services() {
            assert_eq!(
                service.deadline.is_some(),
                service.safe.is_some(),
                "{}: both days or none",
                service.service
            );
        }
    }
}
