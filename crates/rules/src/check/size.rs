//! What multiplies is not too much: roles, versions, services, days that the clock counts to.
//!
//! How large a file or a list may be is known before it is read; what stands here is about lists
//! whose entries are combined with each other, or done for every subject.

use super::Report;
use crate::pack::Parts;
use crate::pack::life_event::{Entry, LifeEvent};
use crate::pack::limits::{self, at_most};

pub(super) fn check(parts: &Parts, report: &mut Report<'_>) {
    for event in &parts.life_events {
        life_event(event, report);
        if let Some((file, examples)) = parts.examples.get(event.id.as_str()) {
            let spans = examples.iter().map(|one| one.situation.span);
            at_most(report, file, spans, limits::EXAMPLES, "examples of one life event");
        }
    }
    for (name, event) in &parts.events {
        let (file, spans) = (format!("events/{name}.yaml"), event.facts.iter());
        let spans = spans.map(|fact| fact.attribute.span);
        at_most(report, &file, spans, limits::EVENT_FACTS, "facts that one kind of event tells");
    }
    for attributes in parts.facts.values() {
        if let Some((name, attribute)) = attributes.iter().nth(limits::ATTRIBUTES) {
            let limit = limits::more_than(limits::ATTRIBUTES, "facts about one kind of subject");
            report.fault(&attribute.file, name.span, limit, None);
        }
    }
    for (name, year) in &parts.calendar {
        let file = format!("calendar/{name}.yaml");
        let holidays = year.holidays.iter().map(|one| one.on.span);
        let spans = holidays.chain(year.swaps.iter().map(|one| one.off.span));
        at_most(report, &file, spans, limits::DAYS_OFF, "days off in one year");
    }
}

fn life_event(event: &LifeEvent, report: &mut Report<'_>) {
    let file = &event.file;
    let roles = event.roles.keys().map(|name| name.span);
    at_most(report, file, roles, limits::ROLES, "roles in one life event");
    let versions = event.versions.iter().map(|one| one.in_force.span);
    at_most(report, file, versions, limits::VERSIONS, "versions of one life event");
    let begins = event.begins.events.iter().map(|kind| kind.span);
    at_most(report, file, begins, limits::BEGINNINGS, "kinds of events that begin one life event");
    if let Some(clock) = &event.begins.clock {
        let counts =
            [&clock.years, &clock.months, &clock.days].into_iter().flat_map(|it| it.iter());
        let spans = counts.map(|_| clock.after.span);
        at_most(report, file, spans, limits::STRIKES, "days that one clock counts to");
    }
    if let Some(overlay) = event.overlays.get(limits::OVERLAYS) {
        let limit = limits::more_than(limits::OVERLAYS, "changes by provinces to one life event");
        report.fault(&overlay.file, overlay.place.span, limit, None);
    }
    for version in &event.versions {
        services(file, &version.services, "services in one version", report);
    }
    for overlay in &event.overlays {
        services(&overlay.file, &overlay.services, "services in one province's change", report);
    }
}

fn services(file: &str, entries: &[Entry], what: &str, report: &mut Report<'_>) {
    let spans = entries.iter().map(|entry| entry.service.span);
    at_most(report, file, spans, limits::SERVICES, what);
    for entry in entries {
        let Some(rule) = &entry.deadline else { continue };
        let spans = rule.remind.iter().chain(&rule.remind_before).map(|_| entry.service.span);
        at_most(report, file, spans, limits::REMINDERS, "reminders of one deadline");
    }
}
