//! `life-event.yaml`: what happens to whom, under which law, and what it opens.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Confidence, EventKind, Interval, LegalBasis, Level, SubjectKind, Text};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::clock_rule::ClockRule;
use super::deadline_rule::DeadlineRule;
use super::fill::Fill;
use super::guard::{Already, Approved, Executes, Guards};
use super::one_or_many::Names;
use crate::cel::Condition;

/// A citizen's life event or a business's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's.
    Citizen,
    /// A business's.
    Business,
}

/// A life event: birth, first-grade enrolment, land transfer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// What tells two occurrences apart: a path, or the word `once` or `clock`.
    pub occurrence: At<String>,
    /// The day it happened, where `occurrence` is not that day.
    #[serde(default)]
    pub occurred_on: Option<At<String>>,
    /// Whether silence, and no correction, follows a letter about something that was taken back.
    #[serde(default)]
    pub silent: bool,
    /// The path of the place whose overlays count.
    #[serde(default)]
    pub place: Option<At<String>>,
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
    /// What provinces change, from the files beside it.
    #[serde(skip)]
    pub overlays: Vec<Overlay>,
    /// By role, all attributes that anything in this definition reads. Set by the check.
    #[serde(skip)]
    pub(crate) reads: BTreeMap<String, BTreeSet<String>>,
    /// The attributes that its events tell of its subject and of nobody else of that kind. Set
    /// by the check.
    #[serde(skip)]
    pub(crate) marks: BTreeSet<String>,
}

impl LifeEvent {
    /// The live version in force on `law`.
    #[must_use]
    pub fn version_on(&self, law: Date) -> Option<&Version> {
        self.live().find(|version| version.in_force.contains(law))
    }

    /// The versions from which something follows.
    pub fn live(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(|version| !version.shadow)
    }

    /// The versions that are evaluated silently on `law`.
    pub fn shadows_on(&self, law: Date) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(move |it| it.shadow && it.in_force.contains(law))
    }

    /// The silent version that a receipt of [`Case::try_out`](crate::Case::try_out) names.
    #[must_use]
    pub fn shadow_named(&self, rule: &str) -> Option<&Version> {
        self.versions.iter().filter(|it| it.shadow).find(|it| it.shadow_rule(self) == rule)
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

    /// How the receipts of a version that is only tried out name it.
    pub(crate) fn shadow_rule(&self, life_event: &LifeEvent) -> String {
        format!("{}/when (shadow)", self.name(life_event))
    }
}

/// One part in a life event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What plays it.
    pub kind: SubjectKind,
    /// Which fact says who plays it; of several the first that is known.
    #[serde(default)]
    pub from: Names,
    /// What people call it; its name where left out.
    #[serde(default)]
    pub label: Option<Text>,
}

/// What brings a life event about.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Begins {
    /// Kinds of events.
    #[serde(default)]
    pub events: Vec<At<String>>,
    /// A day that comes.
    #[serde(default)]
    pub clock: Option<ClockRule>,
}

/// The definition as the law had it in one period.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The period.
    pub in_force: At<Interval>,
    /// The law.
    pub legal_basis: Vec<LegalBasis>,
    /// When the life event counts as having happened; always where left out.
    #[serde(default)]
    pub when: Option<At<String>>,
    /// Who still follows the law of an earlier day.
    #[serde(default)]
    pub transition: Vec<Transition>,
    /// Whether it is evaluated beside the live version, and nothing follows from it.
    #[serde(default)]
    pub shadow: bool,
    /// What it opens or obliges.
    pub services: Vec<Entry>,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}

/// Cases to which the law of an earlier day still applies.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Which cases.
    pub when: At<String>,
    /// The day whose law they follow.
    pub law_of: At<Date>,
    /// Why.
    pub because: Text,
    /// The law that says so.
    pub legal_basis: LegalBasis,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}

/// `places/<code>.yaml`: what one province changes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// The province.
    pub place: At<String>,
    /// When it does.
    pub in_force: Interval,
    /// The act by which it does.
    pub legal_basis: LegalBasis,
    /// Services of the national rule that do not count there.
    #[serde(default)]
    pub drop: Vec<At<String>>,
    /// Services that take the place of the national ones with the same key, or are added.
    #[serde(default)]
    pub services: Vec<Entry>,
    /// The file it was read from.
    #[serde(skip)]
    pub file: String,
}

/// A period without a version that is meant so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// What says that the person has it already.
    #[serde(default)]
    pub already: Already,
    /// What allows level 4.
    #[serde(default)]
    pub executes: Option<Executes>,
    /// Who answers for more than a reminder on a weak source.
    #[serde(default)]
    pub approved: Option<Approved>,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}
