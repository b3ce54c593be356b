//! Versions of a life event: they follow each other without overlap, and days that no version
//! covers are marked as meant so.
//!
//! Law is dated. A day that falls between two versions by mistake would answer *unmet* to
//! everybody on it, and nobody would notice.

use jiff::civil::Date;

use super::Report;
use crate::pack::Parts;
use crate::pack::at::Span;
use crate::pack::life_event::LifeEvent;

pub(super) fn check(parts: &Parts, report: &mut Report<'_>) {
    for life_event in &parts.life_events {
        periods(life_event, report);
    }
}

fn periods(event: &LifeEvent, report: &mut Report<'_>) {
    let file = &event.file;
    for version in &event.versions {
        let period = &version.in_force;
        if period.until.is_some_and(|until| until <= period.from) {
            report.fault(file, period.span, "this period ends before it begins", None);
        }
    }
    let mut versions: Vec<_> = event.live().map(|version| &version.in_force).collect();
    versions.sort_by_key(|period| period.from);
    let Some(first) = versions.first() else {
        report.fault(file, event.id.span, "a life event has at least one version", None);
        return;
    };
    uncovered(event, report, first.span, None, Some(first.from));
    for (before, after) in versions.iter().zip(versions.iter().skip(1)) {
        if before.overlaps(after) {
            let message = format!("this version overlaps the one in force from {}", before.from);
            report.fault(file, after.span, message, None);
        } else if before.until != Some(after.from) {
            uncovered(event, report, after.span, before.until, Some(after.from));
        }
    }
    if let Some(last) = versions.last()
        && last.until.is_some()
    {
        uncovered(event, report, last.span, last.until, None);
    }
}

/// The days from `from` up to `until` are covered by one marked gap, or it is a fault.
fn uncovered(
    event: &LifeEvent,
    report: &mut Report<'_>,
    span: Span,
    from: Option<Date>,
    until: Option<Date>,
) {
    let marked = event.gaps.iter().any(|gap| {
        let starts = gap.from.is_none_or(|gap| from.is_some_and(|from| gap <= from));
        let ends = gap.until.is_none_or(|gap| until.is_some_and(|until| until <= gap));
        starts && ends
    });
    if marked {
        return;
    }
    let day = |day: Date| day.to_string();
    let message = match (from.map(day), until.map(day)) {
        (None, Some(until)) => format!("no version is in force before {until}"),
        (Some(from), None) => format!("no version is in force from {from} on"),
        (Some(from), Some(until)) => format!("no version is in force from {from} until {until}"),
        (None, None) => return,
    };
    let help = "if that is meant so, say why under `gaps:`; else mend `in_force`";
    report.fault(&event.file, span, message, Some(help.to_owned()));
}
