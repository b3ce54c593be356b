//! What does not hold any more on a day: procedures that ended, values without a successor.
//!
//! A pack that was right when it was written grows wrong by itself, because law is dated. What is
//! told here is no fault of writing, so a pack with it still loads; its authors learn of it from
//! `cotmoc check`, before somebody is told a fee of last year.

use domain::Interval;
use jiff::civil::Date;

use super::Report;
use crate::cel::{Condition, Variable};
use crate::pack::Pack;
use crate::pack::at::{At, Span};
use crate::pack::error::PackError;
use crate::pack::life_event::{Entry, LifeEvent, Version};
use crate::pack::service::{LawValue, Service};

impl Pack {
    /// What the pack says that does not hold on `day`, by file and line: services that ended and
    /// are still opened, values of law of which none holds, parameters without a row.
    ///
    /// Days without a version of a life event are no part of it: a pack in which one is not
    /// marked as meant so does not load.
    #[must_use]
    pub fn expired_on(&self, day: Date) -> Vec<PackError> {
        let mut report = Report::new(self.texts());
        let mut checker = Checker { pack: self, day, report: &mut report };
        for life_event in self.life_events() {
            checker.life_event(life_event);
        }
        for service in self.services() {
            checker.service(service);
        }
        report.into_errors()
    }
}

struct Checker<'a, 'r, 'f> {
    pack: &'a Pack,
    day: Date,
    report: &'r mut Report<'f>,
}

impl Checker<'_, '_, '_> {
    fn life_event(&mut self, life_event: &LifeEvent) {
        let file = &life_event.file;
        if let Some(table) = life_event.begins.clock.as_ref().and_then(|it| it.ages.as_ref()) {
            self.parameter(file, &table.parameter);
        }
        if let Some(sensitive) = &life_event.guards.sensitive {
            self.condition(file, sensitive.when.as_ref(), &sensitive.condition);
        }
        let Some(version) = life_event.version_on(self.day) else { return };
        self.condition(file, version.when.as_ref(), &version.condition);
        for transition in &version.transition {
            self.condition(file, Some(&transition.when), &transition.condition);
        }
        for entry in &version.services {
            self.entry(file, entry, version);
        }
        let day = self.day;
        let overlays = life_event.overlays.iter().filter(|it| it.in_force.contains(day));
        for overlay in overlays {
            for entry in &overlay.services {
                self.entry(&overlay.file, entry, version);
            }
        }
    }

    /// A service that is opened exists on that day, and so does the plan that sets its deadline.
    fn entry(&mut self, file: &str, entry: &Entry, version: &Version) {
        self.condition(file, entry.when.as_ref(), &entry.condition);
        if let Some(name) = entry.deadline.as_ref().and_then(|rule| rule.parameter.as_ref()) {
            self.parameter(file, name);
        }
        let Some(service) = self.pack.service(&entry.service) else { return };
        let Interval { from, until } = service.in_force;
        let ended = until.filter(|until| *until <= self.day);
        let how = match ended {
            Some(until) => format!("ended on {until}"),
            None if self.day < from => format!("begins only on {from}"),
            None => return,
        };
        let (key, since) = (&entry.service.value, version.in_force.from);
        let message = format!("the service `{key}` {how}, and the law since {since} opens it");
        let help = "begin a version on the day of the change, with the service that took its place";
        self.report.fault(file, entry.service.span, message, Some(help.to_owned()));
    }

    /// A parameter that a rule reads has a row in force.
    fn parameter(&mut self, file: &str, name: &At<String>) {
        let rows = self.pack.parameter(name);
        if !rows.iter().any(|row| row.in_force.contains(self.day)) {
            self.no_row(file, name.span, name, name);
        }
    }

    /// The values of law that a condition reads are in force for the whole country, or said not
    /// to be known.
    fn condition(&mut self, file: &str, when: Option<&At<String>>, condition: &Condition) {
        let Some(when) = when else { return };
        for variable in condition.variables() {
            let Variable::Parameter { name, field } = variable else { continue };
            let rows = self.pack.parameter(name).iter();
            let mut rows = rows.filter(|it| it.place.is_none() && it.in_force.contains(self.day));
            if rows.any(|it| it.values.contains_key(field) || it.unknown.contains_key(field)) {
                continue;
            }
            let path = format!("param.{name}.{field}");
            let start = when.value.find(&path).unwrap_or_default();
            let span = self.report.inside(file, when, start, path.len());
            self.no_row(file, span, &path, name);
        }
    }

    fn no_row(&mut self, file: &str, span: Span, what: &str, name: &str) {
        let message = format!("the parameter `{what}` has no value in force on {}", self.day);
        let help = format!(
            "add a row to `parameters/{name}.yaml`; what is not known yet stands under its `unknown`"
        );
        self.report.fault(file, span, message, Some(help));
    }

    /// A service that exists has values that hold, or says that they are not known.
    fn service(&mut self, service: &Service) {
        if !service.in_force.contains(self.day) {
            return;
        }
        let lists = [
            ("fee", &service.fee),
            ("processing", &service.processing),
            ("channel", &service.channel),
        ];
        for (what, values) in lists {
            let Some(span) = none_holds(values, self.day) else { continue };
            let message = format!("no value under `{what}` holds on {}", self.day);
            let help = "add the value that holds, or `{unknown: true, because: ...}`";
            let file = format!("services/{}.yaml", service.key);
            self.report.fault(&file, span, message, Some(help.to_owned()));
        }
    }
}

/// The place of the last value of a list, where none of the list holds on `day` and none is said
/// to be unknown.
fn none_holds(values: &[LawValue], day: Date) -> Option<Span> {
    if values.iter().any(|value| value.unknown || value.holds_on(day)) {
        return None;
    }
    let periods = values.iter().filter_map(|value| value.in_force.as_ref());
    periods.max_by_key(|period| period.from).map(|period| period.span)
}
