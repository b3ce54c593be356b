//! Life events: every role, fact, service, form and event that they name exists and fits, and
//! their conditions are checked.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::cel::{self, Condition};
use crate::clock::{is_short, month_and_day};
use crate::decide::{CLOCK, ONCE};
use crate::known::DECEASED;
use crate::pack::Parts;
use crate::pack::at::{At, Span};
use crate::pack::clock_rule::ClockRule;
use crate::pack::country::ValueKind;
use crate::pack::deadline_rule::Length;
use crate::pack::life_event::{Entry, LifeEvent, Overlay, Transition, Version};
use crate::pack::scope::Scope;

/// By role, the attributes that are read.
type Reads = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(parts: &mut Parts, report: &mut Report<'_>) {
    let mut events = std::mem::take(&mut parts.life_events);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for event in &mut events {
        if let Some(other) = files.insert(event.id.value.clone(), event.file.clone()) {
            let message = format!("`{}` is also the id in `{other}`", event.id.value);
            report.fault(&event.file, event.id.span, message, None);
        }
        let file = event.file.clone();
        let mut checked =
            Checker { parts, report: &mut *report, event, file: &file, reads: Reads::new() };
        let conditions = checked.run();
        let (marks, reads) = (checked.marks(), checked.reads);
        (event.marks, event.reads) = (marks, reads);
        conditions.put(event);
    }
    parts.life_events = events;
}

/// The conditions of one life event, in the order in which they are written.
struct Conditions {
    versions: Vec<(Condition, Vec<Condition>, Vec<Condition>)>,
    overlays: Vec<Vec<Condition>>,
    sensitive: Option<Condition>,
}

impl Conditions {
    /// Puts each in its place.
    fn put(self, event: &mut LifeEvent) {
        let entries = |entries: &mut [Entry], conditions: Vec<Condition>| {
            for (entry, condition) in entries.iter_mut().zip(conditions) {
                entry.condition = condition;
            }
        };
        for (version, (when, transitions, services)) in event.versions.iter_mut().zip(self.versions)
        {
            version.condition = when;
            for (transition, condition) in version.transition.iter_mut().zip(transitions) {
                transition.condition = condition;
            }
            entries(&mut version.services, services);
        }
        for (overlay, services) in event.overlays.iter_mut().zip(self.overlays) {
            entries(&mut overlay.services, services);
        }
        if let Some((sensitive, condition)) = event.guards.sensitive.as_mut().zip(self.sensitive) {
            sensitive.condition = condition;
        }
    }
}

/// Looks at one life event.
pub(super) struct Checker<'a, 'r, 'f> {
    pub(super) parts: &'a Parts,
    pub(super) report: &'r mut Report<'f>,
    pub(super) event: &'a LifeEvent,
    /// The file that is being looked at: its own, or that of an overlay.
    pub(super) file: &'a str,
    reads: Reads,
}

impl<'a> Checker<'a, '_, '_> {
    /// Everything that the life event names exists and fits.
    fn run(&mut self) -> Conditions {
        let event = self.event;
        self.report.sources(&event.file, self.parts, &event.sources);
        self.role(&event.subject);
        for role in event.roles.values() {
            for path in role.from.iter() {
                self.fact(path, &[ValueKind::Subject]);
            }
        }
        self.circles();
        self.groups();
        self.begins();
        self.identity();
        for role in &event.guards.deceased {
            self.role(role);
            let path = At { value: format!("{}.{DECEASED}", role.value), span: role.span };
            self.fact(&path, &[ValueKind::Bool]);
        }
        let sensitive = self.sensitive();
        if let Some(place) = &event.place {
            self.fact(place, &[ValueKind::Text]);
        }
        Conditions {
            versions: event.versions.iter().map(|version| self.version(version)).collect(),
            overlays: event.overlays.iter().map(|overlay| self.overlay(overlay)).collect(),
            sensitive,
        }
    }

    /// Whoever plays a role is found from the subject on, and not from the role itself.
    fn circles(&mut self) {
        let event = self.event;
        let mut found = BTreeSet::from([event.subject.as_str()]);
        loop {
            let known = |path: &At<String>| {
                let role = path.split_once('.').map_or(path.as_str(), |(role, _)| role);
                // A role that does not exist is told where it is named.
                found.contains(role) || !event.roles.contains_key(role)
            };
            let more: Vec<&str> = event
                .roles
                .iter()
                .filter(|(name, role)| {
                    let from = role.from.is_empty() || role.from.iter().any(known);
                    from && !found.contains(name.as_str())
                })
                .map(|(name, _)| name.as_str())
                .collect();
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        for name in event.roles.keys().filter(|name| !found.contains(name.as_str())) {
            let message =
                format!("nobody is found to be `{}`: its `from` leads in a circle", name.value);
            let help = format!("begin with a fact of `{}`", event.subject.value);
            self.report.fault(&event.file, name.span, message, Some(help));
        }
    }

    /// Who may be told of what hurts exists, and the wait can be counted.
    fn sensitive(&mut self) -> Option<Condition> {
        let sensitive = self.event.guards.sensitive.as_ref()?;
        for role in sensitive.told.iter() {
            self.role(role);
        }
        let span = sensitive.told.first().map_or(self.event.id.span, |role| role.span);
        self.short(sensitive.wait, span);
        Some(self.condition(sensitive.when.as_ref()))
    }

    /// A length of time that the calendar can count.
    pub(super) fn short(&mut self, length: Option<Length>, span: Span) {
        if length.is_some_and(|length| !is_short(length)) {
            self.report.fault(&self.event.file, span, "no length of time is that long here", None);
        }
    }

    /// What a province changes: a place that exists, an act, services that the rule has.
    fn overlay(&mut self, overlay: &'a Overlay) -> Vec<Condition> {
        if self.event.place.is_none() {
            let message = "the life event does not say whose place counts";
            let help = "add `place:` with the path of a province's code to `life-event.yaml`";
            self.report.fault(&overlay.file, overlay.place.span, message, Some(help.to_owned()));
        }
        if !self.parts.provinces.is_empty() {
            let codes = self.parts.provinces.iter().map(|province| province.code.as_str());
            self.report.must_know(&overlay.file, &overlay.place, "province", codes);
        }
        self.report.law(&overlay.file, self.parts, std::slice::from_ref(&overlay.legal_basis));
        let held: BTreeSet<&str> = self
            .event
            .versions
            .iter()
            .flat_map(|version| &version.services)
            .map(|entry| entry.service.as_str())
            .collect();
        for key in &overlay.drop {
            let what = "service in any version of this life event";
            self.report.must_know(&overlay.file, key, what, held.iter().copied());
        }
        self.file = &overlay.file;
        let conditions = overlay.services.iter().map(|entry| self.entry(entry)).collect();
        self.file = &self.event.file;
        conditions
    }

    /// People can be told what they refuse when they refuse a group.
    fn groups(&mut self) {
        for group in &self.event.groups {
            let (file, known) = (&self.event.file, &self.parts.head.groups);
            self.report.must_have_somewhere(file, group, "group in `pack.yaml`", known);
        }
    }

    /// Something begins it, and what does exists.
    fn begins(&mut self) {
        let begins = &self.event.begins;
        if begins.events.is_empty() && begins.clock.is_none() {
            let message = "nothing begins this life event: give it `events` or a `clock`";
            self.report.fault(&self.event.file, self.event.id.span, message, None);
        }
        for kind in &begins.events {
            let kinds = self.parts.events.values().map(|event| event.kind.as_str());
            self.report.must_know(&self.event.file, kind, "event type", kinds);
        }
        if let Some(clock) = &begins.clock {
            self.subject_day(&clock.after);
            self.short(clock.ahead, clock.after.span);
            self.short(clock.lasts, clock.after.span);
            self.ages(clock);
            if let Some(on) = clock.on.as_ref().filter(|on| month_and_day(on).is_none()) {
                let message = format!("`{}` is not a month and a day of every year", on.value);
                let help = Some("write `\"01-31\"` for 31 January".to_owned());
                self.report.fault(&self.event.file, on.span, message, help);
            }
        }
    }

    /// An age comes from a parameter whose rows hold the fields that the table names.
    fn ages(&mut self, clock: &'a ClockRule) {
        let Some(table) = &clock.ages else { return };
        self.fact(&table.by, &[ValueKind::Text]);
        let parameters = &self.parts.parameters;
        self.report.must_have(&self.event.file, &table.parameter, "parameter", parameters);
        let rows = self.parts.parameters.get(table.parameter.as_str()).into_iter().flatten();
        let known: BTreeSet<&str> =
            rows.flat_map(|row| row.values.keys().map(String::as_str)).collect();
        for field in table.fields.values() {
            let what = "value in this parameter";
            self.report.must_know(&self.event.file, field, what, known.iter().copied());
        }
    }

    /// The attributes by which a subject is seen to be the one that an event begins this for.
    ///
    /// A stored fact does not say what its subject was called in the event. It need not: the
    /// mother on a birth certificate is told nothing of what is told of the child alone.
    fn marks(&mut self) -> BTreeSet<String> {
        let subject = self.event.subject.as_str();
        let begins: Vec<_> = self
            .event
            .begins
            .events
            .iter()
            .filter_map(|kind| {
                self.parts
                    .events
                    .values()
                    .find(|event| event.kind == *kind)
                    .map(|file| (kind, file))
            })
            .collect();
        let others: BTreeSet<&str> = begins
            .iter()
            .flat_map(|(_, file)| &file.facts)
            .filter(|fact| fact.of.value != subject)
            .map(|fact| fact.attribute.as_str())
            .collect();
        let mut marks = BTreeSet::new();
        for (kind, file) in begins {
            let own = file.facts.iter().filter(|fact| fact.of.value == subject);
            let own = own.map(|fact| fact.attribute.value.clone());
            let alone: BTreeSet<String> = own.filter(|a| !others.contains(a.as_str())).collect();
            if alone.is_empty() {
                let message = format!("`{}` tells nothing of `{subject}` alone", kind.value);
                let help = format!(
                    "an event begins a life event for its subject `{subject}`: give it a fact of \
                     `{subject}` that it tells of nobody else"
                );
                self.report.fault(&self.event.file, kind.span, message, Some(help));
            }
            marks.extend(alone);
        }
        marks
    }

    /// What the clock counts from is known of the subject itself: that is how a stored due day
    /// finds it.
    fn subject_day(&mut self, path: &'a At<String>) {
        self.fact(path, &[ValueKind::Date]);
        if path.split_once('.').is_some_and(|(role, _)| role != self.event.subject.value) {
            let message = format!("the clock counts from a day of `{}`", self.event.subject.value);
            self.report.fault(&self.event.file, path.span, message, None);
        }
    }

    /// It is known what tells two occurrences apart, and on which day each happened.
    fn identity(&mut self) {
        let event = self.event;
        if let Some(path) = &event.occurred_on {
            self.fact(path, &[ValueKind::Date]);
        }
        let occurrence = &event.occurrence;
        if occurrence.value == CLOCK {
            if event.begins.clock.is_none() {
                let message = "there is no clock whose day could tell occurrences apart";
                self.report.fault(&event.file, occurrence.span, message, None);
            }
            return;
        }
        if occurrence.value == ONCE {
            if event.occurred_on.is_none() && event.begins.clock.is_none() {
                let message = "the day on which it happens is missing";
                let help = Some("add `occurred_on:` with the path of a day".to_owned());
                self.report.fault(&event.file, occurrence.span, message, help);
            }
            return;
        }
        let kind = self.fact(occurrence, &[ValueKind::Date, ValueKind::Text, ValueKind::Int]);
        if kind.is_some_and(|kind| kind != ValueKind::Date) && event.occurred_on.is_none() {
            let message = "the day on which it happens is missing";
            let help = Some("add `occurred_on:` with the path of a day".to_owned());
            self.report.fault(&event.file, occurrence.span, message, help);
        }
    }

    /// One period of law: its condition, those of its transitions and of its services.
    fn version(&mut self, version: &'a Version) -> (Condition, Vec<Condition>, Vec<Condition>) {
        let event = self.event;
        self.report.law(&event.file, self.parts, &version.legal_basis);
        let when = self.condition(version.when.as_ref());
        let transitions = version.transition.iter().map(|one| self.transition(one)).collect();
        let services = version.services.iter().map(|entry| self.entry(entry)).collect();
        self.mains(version);
        (when, transitions, services)
    }

    /// The law of an earlier day can only be followed where a version is in force on it.
    fn transition(&mut self, transition: &'a Transition) -> Condition {
        let event = self.event;
        self.report.law(&event.file, self.parts, std::slice::from_ref(&transition.legal_basis));
        let day = transition.law_of.value;
        if event.version_on(day).is_none_or(|version| !version.transition.is_empty()) {
            let message =
                format!("on {day} no version without a transition of its own is in force");
            self.report.fault(&event.file, transition.law_of.span, message, None);
        }
        self.condition(Some(&transition.when))
    }

    /// Each role that is told first of something has one thing to do first.
    fn mains(&mut self, version: &Version) {
        let mut mains: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
        for entry in &version.services {
            let Some(first) = entry.told.first() else { continue };
            let role = mains.entry(first.as_str()).or_insert((0, first.span));
            role.0 += usize::from(entry.main);
        }
        for (role, (count, span)) in mains.into_iter().filter(|(_, (count, _))| *count != 1) {
            let message = format!(
                "`{role}` has {count} main services in the version from {}",
                version.in_force.from
            );
            let help = "the message is about one thing: mark exactly one `main: true`";
            self.report.fault(&self.event.file, span, message, Some(help.to_owned()));
        }
    }

    /// A condition, checked; one that always holds where none was written or it is wrong, which
    /// no pack that loads ever uses.
    pub(super) fn condition(&mut self, when: Option<&'a At<String>>) -> Condition {
        let Some(when) = when.filter(|_| !self.report.is_full()) else {
            return Condition::default();
        };
        let scope = self.scope();
        match cel::check(when, scope) {
            Ok(condition) => {
                for path in condition.reads() {
                    if let Some((role, attribute)) = path.split_once('.') {
                        self.read(role, attribute);
                    }
                }
                condition
            }
            Err(faults) => {
                self.report.condition(self.file, when, faults);
                Condition::default()
            }
        }
    }

    pub(super) fn scope(&self) -> Scope<'a> {
        let (facts, parameters) = (&self.parts.facts, &self.parts.parameters);
        Scope { roles: &self.event.roles, facts, parameters }
    }

    /// A role of this life event.
    pub(super) fn role(&mut self, role: &At<String>) {
        self.report.must_have(self.file, role, "role", &self.event.roles);
    }

    /// `path` names a fact of one of `kinds`, which is then read.
    pub(super) fn fact(&mut self, path: &At<String>, kinds: &[ValueKind]) -> Option<ValueKind> {
        if self.report.is_full() {
            return None;
        }
        let scope = self.scope();
        match scope.fact(path) {
            Ok(found) => {
                let (role, attribute, kind) = (found.role, found.attribute, found.definition.kind);
                self.read(role, attribute);
                if !kinds.contains(&kind) {
                    let (found, wanted) = (kind.in_words(), wanted(kinds));
                    let message =
                        format!("`{}` is {found}, and {wanted} is wanted here", path.value);
                    self.report.fault(self.file, path.span, message, None);
                }
                Some(kind)
            }
            Err(fault) => {
                self.report.name_fault(self.file, path.span, fault);
                None
            }
        }
    }

    /// Remembers that an attribute is read, so that its change is known to matter.
    pub(super) fn read(&mut self, role: &str, attribute: &str) {
        self.reads.entry(role.to_owned()).or_default().insert(attribute.to_owned());
    }
}

fn wanted(kinds: &[ValueKind]) -> &'static str {
    match kinds {
        [one] => one.in_words(),
        _ => "something that people can read",
    }
}
