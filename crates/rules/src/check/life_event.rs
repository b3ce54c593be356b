//! Life events: every role, fact, service, form and event that they name exists and fits, and
//! their conditions are checked.

use std::collections::{BTreeMap, BTreeSet};

use domain::Text;

use super::Report;
use super::examples::paths;
use crate::cel::{self, Condition};
use crate::decide::{ONCE, month_and_day};
use crate::known::DECEASED;
use crate::pack::at::{At, Span};
use crate::pack::country::ValueKind;
use crate::pack::life_event::{DeadlineRule, Entry, LifeEvent, Version};
use crate::pack::scope::Scope;
use crate::pack::{Parts, all_fields};
use crate::reference::{Piece, pieces};

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
        let mut checked = Checker { parts, report: &mut *report, event, reads: Reads::new() };
        let conditions = checked.run();
        let (marks, reads) = (checked.marks(), checked.reads);
        (event.marks, event.reads) = (marks, reads);
        for (version, (when, services)) in event.versions.iter_mut().zip(conditions) {
            version.condition = when;
            for (entry, condition) in version.services.iter_mut().zip(services) {
                entry.condition = condition;
            }
        }
    }
    parts.life_events = events;
}

struct Checker<'a, 'r, 'f> {
    parts: &'a Parts,
    report: &'r mut Report<'f>,
    event: &'a LifeEvent,
    reads: Reads,
}

impl<'a> Checker<'a, '_, '_> {
    /// The conditions of each version and of its services, in order.
    fn run(&mut self) -> Vec<(Condition, Vec<Condition>)> {
        let event = self.event;
        self.report.sources(&event.file, self.parts, &event.sources);
        self.role(&event.subject);
        for role in event.roles.values() {
            for path in role.from.iter() {
                self.fact(path, &[ValueKind::Subject]);
            }
        }
        self.begins();
        self.identity();
        for role in &event.guards.deceased {
            self.role(role);
            let path = At { value: format!("{}.{DECEASED}", role.value), span: role.span };
            self.fact(&path, &[ValueKind::Bool]);
        }
        event.versions.iter().map(|version| self.version(version)).collect()
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
            if let Some(on) = clock.on.as_ref().filter(|on| month_and_day(on).is_none()) {
                let message = format!("`{}` is not a month and a day of every year", on.value);
                let help = Some("write `\"01-31\"` for 31 January".to_owned());
                self.report.fault(&self.event.file, on.span, message, help);
            }
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

    /// One period of law: its condition and those of its services.
    fn version(&mut self, version: &'a Version) -> (Condition, Vec<Condition>) {
        let event = self.event;
        self.report.law(&event.file, self.parts, &version.legal_basis);
        let when = self.condition(version.when.as_ref());
        let services = version.services.iter().map(|entry| self.entry(entry)).collect();
        self.mains(version);
        (when, services)
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

    /// One service of one version.
    fn entry(&mut self, entry: &'a Entry) -> Condition {
        let file = &self.event.file;
        let keys = self.parts.services.keys().map(String::as_str);
        self.report.must_know(file, &entry.service, "service", keys);
        if entry.told.is_empty() {
            self.report.fault(file, entry.service.span, "nobody is told about this", None);
        }
        for role in entry.told.iter() {
            self.role(role);
            // Nobody is told who may have died, so whether they did is always read.
            self.read(role, DECEASED);
        }
        match &entry.deadline {
            Some(rule) => self.deadline(entry, rule),
            None if entry.deadline_unknown.is_none() => {
                let message = "neither a deadline nor why there is none";
                let help = "add `deadline:` or `deadline_unknown:`; unknown is shown as unknown";
                self.report.fault(file, entry.service.span, message, Some(help.to_owned()));
            }
            None => {}
        }
        if let Some(words) = &entry.authority {
            self.references(words);
        }
        self.fill(entry);
        self.condition(entry.when.as_ref())
    }

    /// A deadline is a period from a fact or a day in a plan, never half of each.
    fn deadline(&mut self, entry: &'a Entry, rule: &'a DeadlineRule) {
        let file = &self.event.file;
        self.report.law(file, self.parts, std::slice::from_ref(&rule.legal_basis));
        match (&rule.after, &rule.count, &rule.unit, &rule.parameter, &rule.field) {
            (Some(after), Some(_), Some(_), None, None) => {
                self.fact(after, &[ValueKind::Date]);
            }
            (None, None, None, Some(name), Some(field)) => {
                let names = self.parts.parameters.keys().map(String::as_str);
                self.report.must_know(file, name, "parameter", names);
                if let Some(entries) = self.parts.parameters.get(name.as_str()) {
                    let fields =
                        entries.iter().flat_map(|e| e.values.keys().chain(e.unknown.keys()));
                    let fields: BTreeSet<&str> = fields.map(String::as_str).collect();
                    self.report.must_know(file, field, "value in this parameter", fields);
                }
                if let Some(place) = &rule.place {
                    self.fact(place, &[ValueKind::Text]);
                }
                if entry.deadline_unknown.is_none() {
                    let message = "what to say where the plan names no day is missing";
                    let help = Some("add `deadline_unknown:`".to_owned());
                    self.report.fault(file, entry.service.span, message, help);
                }
            }
            _ => {
                let message =
                    "a deadline is `after`, `count` and `unit`, or `parameter` and `field`";
                self.report.fault(file, entry.service.span, message, None);
            }
        }
    }

    /// Paths in words for people are facts that people can read.
    fn references(&mut self, words: &At<Text>) {
        for piece in pieces(&words.vi).into_iter().chain(pieces(&words.en)) {
            match piece {
                Piece::Plain(_) => {}
                Piece::Path(path) => {
                    let span = self.report.find_from(&self.event.file, path, words.span);
                    self.fact(&At { value: path.to_owned(), span }, &SHOWN);
                }
                Piece::Open(_) => {
                    let message = "a `{` without its `}`";
                    self.report.fault(&self.event.file, words.span, message, None);
                }
            }
        }
    }

    /// Fields that are filled exist, and none is for the person alone to say.
    fn fill(&mut self, entry: &'a Entry) {
        let file = &self.event.file;
        let Some(id) = &entry.form else {
            if let Some((field, _)) = entry.fill.iter().next() {
                let message = "fields are filled, but there is no `form`";
                self.report.fault(file, field.span, message, None);
            }
            return;
        };
        self.report.must_know(file, id, "form", self.parts.forms.keys().map(String::as_str));
        let Some(form) = self.parts.forms.get(id.as_str()) else { return };
        let fields = all_fields(&self.parts.forms, form);
        for (key, fill) in &entry.fill {
            let what = format!("field in form `{}`", id.value);
            let keys = fields.iter().map(|field| field.key.as_str());
            self.report.must_know(file, key, &what, keys);
            if fields.iter().any(|field| field.key == *key && field.only_person) {
                let message = format!("`{}` is for the person alone to say", key.value);
                self.report.fault(file, key.span, message, None);
            }
            for path in paths(fill) {
                self.fact(path, &SHOWN);
            }
        }
    }

    /// A condition, checked; one that always holds where none was written or it is wrong, which
    /// no pack that loads ever uses.
    fn condition(&mut self, when: Option<&'a At<String>>) -> Condition {
        let Some(when) = when else { return Condition::default() };
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
                self.report.condition(&self.event.file, when, faults);
                Condition::default()
            }
        }
    }

    fn scope(&self) -> Scope<'a> {
        let (facts, parameters) = (&self.parts.facts, &self.parts.parameters);
        Scope { roles: &self.event.roles, facts, parameters }
    }

    /// A role of this life event.
    fn role(&mut self, role: &At<String>) {
        let roles = self.event.roles.keys().map(|role| role.as_str());
        self.report.must_know(&self.event.file, role, "role", roles);
    }

    /// `path` names a fact of one of `kinds`, which is then read.
    fn fact(&mut self, path: &At<String>, kinds: &[ValueKind]) -> Option<ValueKind> {
        let scope = self.scope();
        match scope.fact(path) {
            Ok(found) => {
                let (role, attribute, kind) = (found.role, found.attribute, found.definition.kind);
                self.read(role, attribute);
                if !kinds.contains(&kind) {
                    let (found, wanted) = (kind.in_words(), wanted(kinds));
                    let message =
                        format!("`{}` is {found}, and {wanted} is wanted here", path.value);
                    self.report.fault(&self.event.file, path.span, message, None);
                }
                Some(kind)
            }
            Err(fault) => {
                self.report.name_fault(&self.event.file, path.span, fault);
                None
            }
        }
    }

    /// Remembers that an attribute is read, so that its change is known to matter.
    fn read(&mut self, role: &str, attribute: &str) {
        self.reads.entry(role.to_owned()).or_default().insert(attribute.to_owned());
    }
}

fn wanted(kinds: &[ValueKind]) -> &'static str {
    match kinds {
        [one] => one.in_words(),
        _ => "something that people can read",
    }
}

/// The kinds of values that people can read in a field or a sentence.
const SHOWN: [ValueKind; 6] = [
    ValueKind::Text,
    ValueKind::Int,
    ValueKind::Bool,
    ValueKind::Date,
    ValueKind::Time,
    ValueKind::List,
];
