//! The branches of one life event, before and after examples were walked.

use super::Unreached;
use crate::cel::Condition;
use crate::pack::at::{At, Span};
use crate::pack::life_event::{Entry, LifeEvent, Overlay, Version};

/// How a branch comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Met,
    Unmet,
    Unknown,
    Proposed,
    NotProposed,
    Holds,
    HasItAlready,
    Taken,
    Day,
    NoDay,
    Yes,
    No,
}

impl Outcome {
    fn in_words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Unknown => "unknown",
            Self::Proposed => "proposed",
            Self::NotProposed => "not proposed",
            Self::Holds => "holds",
            Self::HasItAlready => "has it already",
            Self::Taken => "taken",
            Self::Day => "a day",
            Self::NoDay => "no day known",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// One way in which one thing can come out.
struct Branch {
    file: String,
    line: usize,
    what: String,
    outcome: Outcome,
    reached: bool,
}

/// All branches of a life event.
pub(super) struct Sheet {
    branches: Vec<Branch>,
}

impl Sheet {
    pub(super) fn new(life_event: &LifeEvent) -> Self {
        let mut sheet = Self { branches: Vec::new() };
        sheet.guards(life_event);
        for version in life_event.live() {
            sheet.version(life_event, version);
        }
        for overlay in &life_event.overlays {
            for entry in &overlay.services {
                sheet.entry(&overlay.file, &of_overlay(overlay, entry), entry);
            }
        }
        sheet
    }

    fn want(&mut self, file: &str, span: Span, what: &str, outcomes: &[Outcome]) {
        self.branches.extend(outcomes.iter().map(|outcome| Branch {
            file: file.to_owned(),
            line: span.line,
            what: what.to_owned(),
            outcome: *outcome,
            reached: false,
        }));
    }

    fn guards(&mut self, life_event: &LifeEvent) {
        for role in &life_event.guards.deceased {
            self.want(&life_event.file, role.span, &death_of(role), &[Outcome::Holds]);
        }
        if let Some(sensitive) = &life_event.guards.sensitive {
            let span = sensitive.told.first().map_or(life_event.id.span, |role| role.span);
            self.want(&life_event.file, span, SENSITIVE, &[Outcome::Holds]);
            let (when, condition) = (sensitive.when.as_ref(), &sensitive.condition);
            self.condition(&life_event.file, SENSITIVE, when, condition);
        }
    }

    fn version(&mut self, life_event: &LifeEvent, version: &Version) {
        let (file, name) = (&life_event.file, of_version(version));
        let span = version.in_force.span;
        self.want(file, span, &name, &[Outcome::Met, Outcome::Unknown]);
        // Without a condition only the clock can say that it did not happen.
        if version.when.is_some() || life_event.begins.events.is_empty() {
            self.want(file, span, &name, &[Outcome::Unmet]);
        }
        self.condition(file, &name, version.when.as_ref(), &version.condition);
        for (place, transition) in version.transition.iter().enumerate() {
            let name = of_transition(version, place);
            self.want(file, transition.when.span, &name, &[Outcome::Taken]);
            self.condition(file, &name, Some(&transition.when), &transition.condition);
        }
        for entry in &version.services {
            self.entry(file, &of_entry(version, entry), entry);
        }
    }

    fn entry(&mut self, file: &str, name: &str, entry: &Entry) {
        let span = entry.service.span;
        self.want(file, span, name, &[Outcome::Proposed]);
        if entry.when.is_some() || entry.already.paths().next().is_some() {
            self.want(file, span, name, &[Outcome::NotProposed]);
        }
        self.condition(file, name, entry.when.as_ref(), &entry.condition);
        for path in entry.already.paths() {
            self.want(file, path.span, &already(name, path), &[Outcome::HasItAlready]);
        }
        if let Some(rule) = &entry.deadline {
            let day = rule.start().or(rule.parameter.as_ref());
            let span = day.map_or(span, |day| day.span);
            self.want(file, span, &deadline_of(name), &[Outcome::Day, Outcome::NoDay]);
        }
    }

    /// Each part of a condition comes out both ways.
    fn condition(
        &mut self,
        file: &str,
        name: &str,
        when: Option<&At<String>>,
        condition: &Condition,
    ) {
        let Some(when) = when else { return };
        for part in condition.parts() {
            self.want(file, when.span, &part_of(name, &part), &[Outcome::Yes, Outcome::No]);
        }
    }

    /// An example came there.
    pub(super) fn reach(&mut self, what: &str, outcome: Outcome) {
        let here = |branch: &&mut Branch| branch.what == what && branch.outcome == outcome;
        for branch in self.branches.iter_mut().filter(here) {
            branch.reached = true;
        }
    }

    /// How many branches there are, and those that no example reached.
    pub(super) fn into_unreached(self) -> (usize, Vec<Unreached>) {
        let count = self.branches.len();
        let left = self.branches.into_iter().filter(|branch| !branch.reached);
        let unreached = left.map(|branch| Unreached {
            what: format!("{}: {}", branch.what, branch.outcome.in_words()),
            file: branch.file,
            line: branch.line,
        });
        (count, unreached.collect())
    }
}

pub(super) const SENSITIVE: &str = "the guard of what hurts";

pub(super) fn death_of(role: &str) -> String {
    format!("the death of `{role}`")
}

pub(super) fn of_version(version: &Version) -> String {
    format!("law since {}", version.in_force.from)
}

pub(super) fn of_transition(version: &Version, place: usize) -> String {
    format!("{}, transition {}", of_version(version), place + 1)
}

/// A service may stand twice in a version, for two people: whom it is for tells them apart.
pub(super) fn of_entry(version: &Version, entry: &Entry) -> String {
    let told = entry.told.first().map_or("", |role| role.as_str());
    format!("{}, `{}` for {told}", of_version(version), entry.service.value)
}

pub(super) fn of_overlay(overlay: &Overlay, entry: &Entry) -> String {
    let (place, since) = (&overlay.place.value, overlay.in_force.from);
    let told = entry.told.first().map_or("", |role| role.as_str());
    format!("place {place} since {since}, `{}` for {told}", entry.service.value)
}

pub(super) fn already(entry: &str, path: &str) -> String {
    format!("{entry}, `{path}`")
}

pub(super) fn deadline_of(entry: &str) -> String {
    format!("{entry}, deadline")
}

pub(super) fn part_of(name: &str, part: &str) -> String {
    format!("{name}, `{part}`")
}
