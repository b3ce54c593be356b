//! What a country's pack says once for all its life events: registers, facts, days off,
//! units, sample people.

use std::collections::BTreeMap;

use domain::{Confidence, Interval, Language, LegalBasis, Sex, Text};
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::at::At;

/// `pack.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `vn`.
    pub id: String,
    /// `2026.11.0`.
    pub version: String,
    /// The country's name.
    pub name: Text,
    /// In which its people count days.
    pub time_zone: At<String>,
    /// The languages of its words.
    pub languages: Vec<Language>,
    /// The day on which its values were last compared with the law.
    pub checked_on: Date,
    /// What the engine itself must know of a person.
    pub person: PersonAttributes,
    /// The law that lets a person's data be read, by purpose: one for each [`Purpose`].
    #[schemars(schema_with = "crate::schema::keyed::<Purpose, LegalBasis>")]
    pub purposes: BTreeMap<Purpose, LegalBasis>,
    /// When offices are open on a working day, where that is known for the whole country.
    #[serde(default)]
    pub office_hours: Option<OfficeHours>,
    /// What people call the groups of life events, which they may refuse as a whole.
    #[serde(default)]
    pub groups: BTreeMap<String, Text>,
    /// What the source numbers stand for.
    pub sources: BTreeMap<String, String>,
}

/// When offices are open on a working day.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// From when to when, in order.
    pub spans: Vec<OfficeSpan>,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
}

/// A stretch of a day in which offices are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeSpan {
    /// When they open.
    pub from: Time,
    /// When they close.
    pub to: Time,
}

/// What a person's data is read for. A closed list: nothing is read for anything else.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To notice what concerns the person, and to offer the services that it opens.
    ProactiveService,
    /// To show the person their own data.
    OwnData,
    /// To answer for a decision: why it was taken, and whether it is taken again.
    Accountability,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ProactiveService, Self::OwnData, Self::Accountability];

    /// The name in packs, in the log of readings and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ProactiveService => "proactive_service",
            Self::OwnData => "own_data",
            Self::Accountability => "accountability",
        }
    }
}

/// Which attributes of a person tell how to address them and whose rules hold where they live.
/// Everything else about a person is read by rules and forms alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonAttributes {
    /// The attribute that holds the full name.
    pub name: At<String>,
    /// The attribute that holds the sex.
    pub sex: At<String>,
    /// The registers' words for the sexes.
    pub sexes: BTreeMap<String, Sex>,
    /// The attribute that holds the code of the province of residence.
    pub province: At<String>,
    /// The attribute that holds the day of birth; only counts by age need it.
    #[serde(default)]
    pub born_on: Option<At<String>>,
}

/// A database that an agency runs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Its name.
    pub name: Text,
    /// The `source` of its `CloudEvents`. A register without one sends nothing.
    #[serde(default)]
    pub source: Option<String>,
    /// The law that lets us read it.
    pub legal_basis: LegalBasis,
}

/// What can be known about one kind of subject: attribute by attribute.
pub type Attributes = BTreeMap<At<String>, Attribute>;

/// One thing that can be known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// What kind of value it has.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// What people call it.
    pub label: Text,
    /// Whose word counts first when registers differ.
    pub owner: Vec<At<String>>,
    /// What silence means, where the register tells us when the thing happens. Without it a
    /// missing fact is *unknown*.
    #[serde(default)]
    pub absent: Option<At<Absent>>,
    /// Whether its values name, number or reach a person: a name, a personal number, the number of
    /// a document, a house and street. They are kept sealed, so rules should read as few as can be.
    #[serde(default)]
    pub personal: bool,
    /// Why silence may be read so. Goes with `absent`.
    #[serde(default)]
    pub because: Option<String>,
    /// The file it was read from.
    #[serde(skip)]
    pub file: String,
}

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// Yes or no.
    Bool,
    /// A civil day.
    Date,
    /// A moment.
    Time,
    /// Another subject.
    Subject,
    /// Several texts.
    List,
}

impl ValueKind {
    /// In an author's words.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Int => "a number",
            Self::Bool => "yes or no",
            Self::Date => "a day",
            Self::Time => "a moment",
            Self::Subject => "a person or thing",
            Self::List => "a list",
        }
    }
}

/// A value that silence stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Absent {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
}

/// `calendar/<year>.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarYear {
    /// Which year.
    pub year: At<i16>,
    /// Whether every day off of that year is in it.
    pub complete: bool,
    /// What is not known yet.
    #[serde(default)]
    pub unknown: Option<Text>,
    /// Days off besides weekends.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Days off that are worked for on another day.
    #[serde(default)]
    pub swaps: Vec<Swap>,
}

/// One day off.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day.
    pub on: At<Date>,
    /// What is kept on it.
    pub name: Text,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
}

/// A working day that is off, and the weekend day worked for it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// The day off.
    pub off: At<Date>,
    /// The day worked instead, where there is one.
    #[serde(default)]
    pub works: Option<At<Date>>,
    /// What for.
    pub name: Text,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
}

/// A province, with its names over time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Province {
    /// The code.
    pub code: String,
    /// Its names, each with its time.
    pub names: Vec<ProvinceName>,
    /// Codes of the provinces that it was made from.
    #[serde(default)]
    pub old_codes: Vec<At<String>>,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
}

impl Province {
    /// What it was called on `day`.
    #[must_use]
    pub fn name_on(&self, day: Date) -> Option<&ProvinceName> {
        self.names.iter().find(|name| name.in_force.contains(day))
    }
}

/// A province's name and type in one period.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvinceName {
    /// The period.
    pub in_force: Interval,
    /// `tỉnh` or `thành phố`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// The name without its type.
    pub name: Text,
}

/// A commune, ward or special zone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commune {
    /// The code.
    pub code: String,
    /// `xã`, `phường` or `đặc khu`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name without its type.
    pub name: String,
    /// The code of its province.
    pub province: At<String>,
}

/// `samples/families.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Families {
    /// The day on which the demo plays.
    pub today: Date,
    /// Who plays in it.
    pub families: Vec<Family>,
}

/// Synthetic people who belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// A short name.
    pub key: String,
    /// A title.
    pub title: Text,
    /// What happens to them.
    pub story: Text,
    /// Who they are.
    pub people: Vec<SamplePerson>,
}

/// A synthetic person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePerson {
    /// A short name.
    pub key: String,
    /// The personal number; begins with 999.
    pub pin: At<String>,
    /// The full name.
    pub name: String,
    /// Sex.
    pub sex: Sex,
    /// The day of birth.
    #[serde(default)]
    pub born_on: Option<Date>,
    /// The language to write in.
    pub language: Language,
    /// What the person refuses: `all`, `group:CODE`, `life-event:ID`.
    #[serde(default)]
    pub refuses: Vec<At<String>>,
    /// What the person does in the story.
    #[serde(default)]
    pub story: Option<Text>,
}

/// What the demo plays.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// The people, where the pack has any.
    pub families: Option<Families>,
    /// The events in order, one `CloudEvent` a line, as written.
    pub timeline: Vec<String>,
}
