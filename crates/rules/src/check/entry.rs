//! One service of a version or an overlay: who is told, how far the engine goes, by when, and what
//! fills the form.

use std::collections::BTreeSet;

use domain::{Confidence, Level, Text};

use super::examples::paths;
use super::life_event::Checker;
use crate::cel::Condition;
use crate::known::DECEASED;
use crate::pack::at::At;
use crate::pack::country::ValueKind;
use crate::pack::deadline_rule::{DeadlineRule, Length};
use crate::pack::life_event::Entry;
use crate::pack::service::Parameter;
use crate::reference::{Piece, pieces};

impl<'a> Checker<'a, '_, '_> {
    /// One service of one version.
    pub(super) fn entry(&mut self, entry: &'a Entry) -> Condition {
        let file = self.file;
        self.report.must_have(file, &entry.service, "service", &self.parts.services);
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
        for path in entry.already.paths() {
            self.fact(path, &[ValueKind::Bool]);
        }
        self.level(entry);
        self.fill(entry);
        self.condition(entry.when.as_ref())
    }

    /// Level 4 rests on a law of its own and can be undone; more than a reminder on a weak source
    /// needs an officer who answers for it.
    fn level(&mut self, entry: &'a Entry) {
        let (file, span) = (self.file, entry.service.span);
        match (entry.level, &entry.executes) {
            (Level::Execute, None) => {
                let message = "level 4 without the law that allows it and how it is undone";
                let help = "add `executes: {legal_basis, restore}`, or take a lower level";
                self.report.fault(file, span, message, Some(help.to_owned()));
            }
            (Level::Execute, Some(executes)) => {
                self.report.law(file, self.parts, std::slice::from_ref(&executes.legal_basis));
                if executes.restore.vi.trim().is_empty() {
                    self.report.fault(file, span, "how level 4 is undone is missing", None);
                }
            }
            (_, Some(_)) => {
                let message = "`executes` goes with level 4 alone";
                self.report.fault(file, span, message, None);
            }
            (_, None) => {}
        }
        let service = self.parts.services.get(entry.service.as_str());
        let weakest =
            service.map_or(self.event.confidence, |it| it.confidence.max(self.event.confidence));
        if entry.level > Level::Remind && weakest >= Confidence::L && entry.approved.is_none() {
            let message = "more than a reminder on a weak source (confidence L or U)";
            let help = "take level 1, or name under `approved` the officer who answers for it";
            self.report.fault(file, span, message, Some(help.to_owned()));
        }
    }

    /// A deadline is a period from or before a day, a day itself, or a day in a plan; never half of
    /// each.
    fn deadline(&mut self, entry: &'a Entry, rule: &'a DeadlineRule) {
        let file = self.file;
        self.report.law(file, self.parts, std::slice::from_ref(&rule.legal_basis));
        let days = [&rule.after, &rule.before, &rule.on].into_iter().flatten().count();
        let length = rule.count.zip(rule.unit);
        let half = rule.count.is_some() != rule.unit.is_some();
        let counts = rule.after.is_some() || rule.before.is_some();
        let whole = match (days, &rule.parameter, &rule.field) {
            (1, None, None) => {
                counts == length.is_some() && (rule.end.is_none() || rule.after.is_some())
            }
            (0, Some(_), Some(_)) => length.is_none() && rule.end.is_none(),
            _ => false,
        };
        if !whole || half {
            let message = "a deadline is `after` or `before` with `count` and `unit`, `on` a day, or \
                           `parameter` and `field`";
            self.report.fault(file, entry.service.span, message, None);
            return;
        }
        self.short(length.map(|(count, unit)| Length { count, unit }), entry.service.span);
        if let Some(day) = rule.start() {
            self.fact(day, &[ValueKind::Date]);
        }
        if let Some((name, field)) = rule.parameter.as_ref().zip(rule.field.as_ref()) {
            self.plan(entry, rule, name, field);
        }
    }

    /// A dated plan that names the day.
    fn plan(
        &mut self,
        entry: &'a Entry,
        rule: &'a DeadlineRule,
        name: &'a At<String>,
        field: &'a At<String>,
    ) {
        let file = self.file;
        self.report.must_have(file, name, "parameter", &self.parts.parameters);
        let held = |one: &Parameter| {
            one.values.contains_key(field.as_str()) || one.unknown.contains_key(field.as_str())
        };
        if let Some(entries) = self.parts.parameters.get(name.as_str())
            && !entries.iter().any(held)
        {
            let fields = entries.iter().flat_map(|e| e.values.keys().chain(e.unknown.keys()));
            let fields: BTreeSet<&str> = fields.map(String::as_str).collect();
            let fields = fields.iter().copied();
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

    /// Paths in words for people are facts that people can read.
    fn references(&mut self, words: &At<Text>) {
        for piece in pieces(&words.vi).into_iter().chain(pieces(&words.en)) {
            match piece {
                Piece::Plain(_) => {}
                Piece::Path(path) => {
                    let mut path = At { value: path.to_owned(), span: words.span };
                    // Where it stands is looked for when it is told.
                    if !self.scope().fact(&path).is_ok_and(|it| SHOWN.contains(&it.definition.kind))
                    {
                        path.span = self.report.find_from(self.file, &path, words.span);
                    }
                    self.fact(&path, &SHOWN);
                }
                Piece::Open(_) => {
                    let message = "a `{` without its `}`";
                    self.report.fault(self.file, words.span, message, None);
                }
            }
        }
    }

    /// Fields that are filled exist, and none is for the person alone to say.
    fn fill(&mut self, entry: &'a Entry) {
        let file = self.file;
        let Some(id) = &entry.form else {
            if let Some((field, _)) = entry.fill.iter().next() {
                let message = "fields are filled, but there is no `form`";
                self.report.fault(file, field.span, message, None);
            }
            return;
        };
        self.report.must_have(file, id, "form", &self.parts.forms);
        let Some(fields) = self.parts.fields.get(id.as_str()) else { return };
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
