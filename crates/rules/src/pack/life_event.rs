//! `life-event.yaml`: what happens to whom, under which law, and what it opens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Confidence, EventKind, Interval, LegalBasis, Level, SubjectKind, Text};
use jiff::civil::Date;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::at::At;
use super::one_or_many::{Names, all};
use crate::cel::Condition;

/// A citizen's life event or a business's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's.
    Citizen,
    /// A business's.
    Business,
}

/// A life event: birth, first-grade enrolment, land transfer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeEvent {
    /// `LE-BIRTH`.
    pub id: At<String>,
    /// What people call it.
    pub name: Text,
    /// Whose kind of event it is.
    pub kind: Kind,
    /// The portal's groups, which a person may refuse as a whole.
    #[serde(default)]
    pub groups: Vec<String>,
    /// How well the definition is sourced.
    pub confidence: Confidence,
    /// Where it was read.
    pub sources: Vec<At<String>>,
    /// The role whose milestone it is.
    pub subject: At<String>,
    /// Everybody and everything that plays a part.
    pub roles: BTreeMap<At<String>, Role>,
    /// What brings it about.
    pub begins: Begins,
    /// What tells two occurrences apart: a path, or the word `once`.
    pub occurrence: At<String>,
    /// The day it happened, where `occurrence` is not that day.
    #[serde(default)]
    pub occurred_on: Option<At<String>>,
    /// What stops everything until a person looked.
    #[serde(default)]
    pub guards: Guards,
    /// The law over time.
    pub versions: Vec<Version>,
    /// Days without a version that are meant so.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// The file it was read from.
    #[serde(skip)]
    pub file: String,
    /// By role, all attributes that anything in this definition reads. Set by the check.
    #[serde(skip)]
    pub(crate) reads: BTreeMap<String, BTreeSet<String>>,
    /// The attributes that its events tell of its subject and of nobody else of that kind. Set
    /// by the check.
    #[serde(skip)]
    pub(crate) marks: BTreeSet<String>,
}

impl LifeEvent {
    /// The version in force on `law`.
    #[must_use]
    pub fn version_on(&self, law: Date) -> Option<&Version> {
        self.versions.iter().find(|version| version.in_force.contains(law))
    }

    /// The marked gap in which `law` lies.
    #[must_use]
    pub fn gap_on(&self, law: Date) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.contains(law))
    }

    /// Whether an event of this kind can begin it.
    ///
    /// It begins it for the subject that the event calls by the name of the life event's subject
    /// role, and for nobody else: a birth certificate tells of a child and of a mother, and only
    /// the child was born. So `reading.subjects.get(&*life_event.subject)` is the candidate.
    #[must_use]
    pub fn begun_by(&self, kind: &EventKind) -> bool {
        self.begins.events.iter().any(|begins| begins.value == kind.0)
    }

    /// By role, the attributes that its conditions, deadlines, drafts and texts may read. Those
    /// of the subject's role are what makes a subject a candidate.
    #[must_use]
    pub fn reads(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.reads
    }

    /// For each role that a fact names: the role and the attribute that name it, the first of
    /// several first. Led backwards, they find the child whose mother changed.
    pub fn role_paths(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.roles.iter().flat_map(|(name, role)| {
            role.from.iter().filter_map(|path| {
                let (of, attribute) = path.split_once('.')?;
                Some((name.as_str(), of, attribute))
            })
        })
    }
}

impl Version {
    /// How receipts name it: `LE-BIRTH@2026-09-01`.
    #[must_use]
    pub fn name(&self, life_event: &LifeEvent) -> String {
        format!("{}@{}", life_event.id.value, self.in_force.from)
    }
}

/// One part in a life event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What plays it.
    pub kind: SubjectKind,
    /// Which fact says who plays it; of several the first that is known.
    #[serde(default)]
    pub from: Names,
}

/// What brings a life event about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begins {
    /// Kinds of events.
    #[serde(default)]
    pub events: Vec<At<String>>,
    /// A day that comes.
    #[serde(default)]
    pub clock: Option<ClockRule>,
}

/// A day counted from a fact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// The path of the day that is counted from.
    pub after: At<String>,
    /// How many years later.
    pub years: i16,
    /// The month and day on which it is due in that year; the anniversary where left out.
    #[serde(default)]
    pub on: Option<At<String>>,
}

/// What stops everything until a person looked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Roles whose death does.
    #[serde(default)]
    pub deceased: Vec<At<String>>,
}

/// The definition as the law had it in one period.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The period.
    pub in_force: At<Interval>,
    /// The law.
    pub legal_basis: Vec<LegalBasis>,
    /// When the life event counts as having happened; always where left out.
    #[serde(default)]
    pub when: Option<At<String>>,
    /// What it opens or obliges.
    pub services: Vec<Entry>,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}

/// A period without a version that is meant so.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Its first day; since ever where left out.
    #[serde(default)]
    pub from: Option<Date>,
    /// The first day after it; for ever where left out.
    #[serde(default)]
    pub until: Option<Date>,
    /// Why the definition does not reach there.
    pub because: String,
}

impl Gap {
    /// Whether `day` lies in it.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// One service that a life event opens to one role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its key among the services.
    pub service: At<String>,
    /// Who is told: the first of these roles that is known and alive.
    #[serde(rename = "for")]
    pub told: Names,
    /// Whether it is the first thing to do.
    #[serde(default)]
    pub main: bool,
    /// How far the engine goes.
    pub level: Level,
    /// For whom it is; for all where left out.
    #[serde(default)]
    pub when: Option<At<String>>,
    /// By when.
    #[serde(default)]
    pub deadline: Option<DeadlineRule>,
    /// Why no day can be named, where none can.
    #[serde(default)]
    pub deadline_unknown: Option<Text>,
    /// Who is responsible here, with `{role.attribute}` for what facts tell.
    #[serde(default)]
    pub authority: Option<At<Text>>,
    /// The form of its application.
    #[serde(default)]
    pub form: Option<At<String>>,
    /// Which facts fill which field. Fields not named are asked.
    #[serde(default)]
    pub fill: BTreeMap<At<String>, Fill>,
    /// What to say about papers in this life event.
    #[serde(default)]
    pub documents_note: Option<Text>,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}

/// How a deadline is found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRule {
    /// A period: the path of the day it counts from.
    #[serde(default)]
    pub after: Option<At<String>>,
    /// A period: how long.
    #[serde(default)]
    pub count: Option<u16>,
    /// A period: counted in what.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// A plan instead of a period: which parameter names the day.
    #[serde(default)]
    pub parameter: Option<At<String>>,
    /// A plan: which of its values.
    #[serde(default)]
    pub field: Option<At<String>>,
    /// A plan: the path that says whose plan.
    #[serde(default)]
    pub place: Option<At<String>>,
    /// What must be done by then.
    pub duty: Text,
    /// Where the period stands.
    pub legal_basis: LegalBasis,
}

/// What a period is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every day counts.
    CalendarDays,
    /// Days off do not count.
    WorkingDays,
    /// To the same day of a later month, or its last day.
    Months,
    /// To the same day of a later year, or the month's last day.
    Years,
}

/// What fills a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fill {
    /// Facts, joined by commas where there are several.
    Facts(Vec<At<String>>),
    /// A value that the life event itself gives.
    Text(Text),
}

/// Read by hand and not as an untagged enum, to keep the places of the paths.
struct FillVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedText {
    text: Text,
}

impl<'de> Visitor<'de> for FillVisitor {
    type Value = Fill;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(
            "the path of a fact as in `mother.name`, a list of paths, or `{text: {vi, en}}`",
        )
    }

    fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Fill, E> {
        Ok(Fill::Facts(vec![At::nowhere(path.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Fill, A::Error> {
        all(seq).map(Fill::Facts)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fill, A::Error> {
        FixedText::deserialize(MapAccessDeserializer::new(map)).map(|fixed| Fill::Text(fixed.text))
    }
}

/// What fills a field, before a single path is given the place of the whole value.
struct UnplacedFill(Fill);

impl<'de> Deserialize<'de> for UnplacedFill {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FillVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Fill {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = At::<UnplacedFill>::deserialize(from)?;
        let mut fill = read.value.0;
        if let Fill::Facts(paths) = &mut fill {
            for path in paths.iter_mut().filter(|path| path.span.line == 0) {
                path.span = read.span;
            }
        }
        Ok(fill)
    }
}
