//! Registers, facts, services, forms, parameters, calendar, units, sample people.

use std::collections::{BTreeMap, BTreeSet};

use domain::{PersonalNumber, RefusalScope, SubjectKind};
use jiff::tz::TimeZone;

use super::{Report, form};
use crate::clock::is_short;
use crate::pack::Parts;
use crate::pack::at::{At, Span};
use crate::pack::country::{Absent, Province, Purpose, ValueKind};
use crate::pack::deadline_rule::Length;
use crate::pack::service::{LawValue, Parameter, Period, Service};

/// The longest time that is counted in hours: longer ones are days.
const MOST_HOURS: u16 = 1_000;

pub(super) fn check(parts: &Parts, report: &mut Report<'_>) {
    if TimeZone::get(&parts.head.time_zone).is_err() {
        let (zone, span) = (&parts.head.time_zone.value, parts.head.time_zone.span);
        report.fault("pack.yaml", span, format!("there is no time zone `{zone}`"), None);
    }
    person(parts, report);
    purposes(parts, report);
    office_hours(parts, report);
    for register in parts.registers.values() {
        report.law("registers.yaml", parts, std::slice::from_ref(&register.legal_basis));
    }
    attributes(parts, report);
    for (key, one) in &parts.services {
        service(parts, report, &format!("services/{key}.yaml"), one);
    }
    aliases(parts, report);
    for (id, one) in &parts.forms {
        form::check(parts, report, &format!("forms/{id}.yaml"), id, one);
    }
    for (name, entries) in &parts.parameters {
        parameters(parts, report, &format!("parameters/{name}.yaml"), entries);
    }
    calendar(parts, report);
    units(parts, report);
    samples(parts, report);
}

/// What the engine itself reads of a person is something that the pack says can be known.
fn person(parts: &Parts, report: &mut Report<'_>) {
    let known = parts.facts.get(&SubjectKind::Person);
    let person = &parts.head.person;
    let all = [&person.name, &person.sex, &person.province].into_iter().chain(&person.born_on);
    for attribute in all {
        let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
        report.must_know("pack.yaml", attribute, "fact of a person", names);
    }
}

/// Nobody's data is read without a law that lets us, so each purpose names its own.
fn purposes(parts: &Parts, report: &mut Report<'_>) {
    for purpose in Purpose::ALL {
        if let Some(law) = parts.head.purposes.get(&purpose) {
            report.law("pack.yaml", parts, std::slice::from_ref(law));
        } else {
            let name = purpose.name();
            let message = format!("the law that lets data be read for `{name}` is missing");
            report.file_fault("pack.yaml", message);
        }
    }
}

/// Offices open before they close, and not again before that.
fn office_hours(parts: &Parts, report: &mut Report<'_>) {
    let Some(hours) = &parts.head.office_hours else { return };
    report.sources("pack.yaml", parts, &hours.sources);
    let spans = &hours.spans;
    let apart = spans.iter().zip(spans.iter().skip(1)).all(|(one, next)| one.to <= next.from);
    if spans.is_empty() || !apart || spans.iter().any(|span| span.to <= span.from) {
        let span = hours.sources.first().map_or_else(Span::default, |source| source.span);
        let message =
            "office hours are stretches of a day in order, each with its end after its start";
        report.fault("pack.yaml", span, message, None);
    }
}

/// A register's code must stand in `registers.yaml`.
pub(super) fn known_register(
    parts: &Parts,
    report: &mut Report<'_>,
    file: &str,
    code: &At<String>,
) {
    report.must_have(file, code, "register", &parts.registers);
}

/// Each attribute has an owner, and silence about it means something only with a reason.
fn attributes(parts: &Parts, report: &mut Report<'_>) {
    for (name, attribute) in parts.facts.values().flatten() {
        let file = attribute.file.as_str();
        if attribute.owner.is_empty() {
            let message = format!("no register owns `{}`", name.value);
            report.fault(file, name.span, message, None);
        }
        for code in &attribute.owner {
            known_register(parts, report, file, code);
        }
        let Some(absent) = &attribute.absent else { continue };
        let fits = matches!(
            (&absent.value, attribute.kind),
            (Absent::Bool(_), ValueKind::Bool)
                | (Absent::Int(_), ValueKind::Int)
                | (Absent::Text(_), ValueKind::Text)
        );
        if !fits {
            let message = format!("what silence means for `{}` is of another type", name.value);
            report.fault(file, absent.span, message, None);
        }
        if attribute.because.is_none() {
            let message = format!("why silence about `{}` means something is missing", name.value);
            let help = "add `because:`; a missing fact is unknown unless the register tells us \
                        when the thing happens";
            report.fault(file, name.span, message, Some(help.to_owned()));
        }
    }
}

/// A procedure rests on law, and each of its values on a source.
fn service(parts: &Parts, report: &mut Report<'_>, file: &str, service: &Service) {
    report.law(file, parts, &service.legal_basis);
    report.sources(file, parts, &service.sources);
    for value in service.channel.iter().chain(service.processing.iter()).chain(service.fee.iter()) {
        law_value(parts, report, file, value);
    }
    for document in &service.documents {
        report.sources(file, parts, &document.sources);
        for code in &document.replaced_by {
            known_register(parts, report, file, code);
        }
    }
}

/// A value of law is told with its confidence and source, or said to be unknown with a reason.
fn law_value(parts: &Parts, report: &mut Report<'_>, file: &str, value: &LawValue) {
    report.sources(file, parts, &value.sources);
    let span = value.sources.first().map_or_else(Span::default, |source| source.span);
    let told = value.text.is_some() && value.confidence.is_some() && !value.sources.is_empty();
    let long = |period: &Period| match period.unit.days() {
        Some(unit) => !is_short(Length { count: period.count, unit }),
        None => period.count > MOST_HOURS,
    };
    if value.period.as_ref().is_some_and(long) {
        report.fault(file, span, "no length of time is that long here", None);
    }
    if value.unknown && (value.text.is_some() || value.because.is_none()) {
        let message = "what is unknown has a reason (`because`) and no text";
        report.fault(file, span, message, None);
    } else if !value.unknown && !told {
        let message = "a value of law needs `text`, `confidence` and `sources`";
        let help = "write `unknown: true` and `because` where nobody found it out yet";
        report.fault(file, span, message, Some(help.to_owned()));
    }
}

/// Two values may not be in force on the same day in the same place.
fn parameters(parts: &Parts, report: &mut Report<'_>, file: &str, entries: &[Parameter]) {
    for (place, entry) in entries.iter().enumerate() {
        report.law(file, parts, std::slice::from_ref(&entry.legal_basis));
        report.sources(file, parts, &entry.sources);
        if let Some(province) = &entry.place
            && !parts.provinces.is_empty()
        {
            let codes = parts.provinces.iter().map(|province| province.code.as_str());
            report.must_know(file, province, "province", codes);
        }
        let twin = entries
            .iter()
            .take(place)
            .find(|other| other.place == entry.place && other.in_force.overlaps(&entry.in_force));
        if twin.is_some() {
            let message = "two values are in force on the same days in the same place";
            report.fault(file, entry.in_force.span, message, None);
        }
    }
}

/// A year's file holds days of that year, and says what it does not know.
fn calendar(parts: &Parts, report: &mut Report<'_>) {
    for (name, year) in &parts.calendar {
        let file = format!("calendar/{name}.yaml");
        if *name != year.year.value.to_string() {
            let message = format!("the year {} stands in the file of {name}", year.year.value);
            report.fault(&file, year.year.span, message, None);
        }
        if !year.complete && year.unknown.is_none() {
            let message = "a year that is not complete says what is `unknown`";
            report.fault(&file, year.year.span, message, None);
        }
        let holidays = year.holidays.iter().map(|one| &one.on);
        let swaps = year.swaps.iter().flat_map(|one| one.works.iter().chain([&one.off]));
        for day in holidays.chain(swaps) {
            if day.year() != year.year.value {
                let message = format!("{} is not a day of {}", day.value, year.year.value);
                report.fault(&file, day.span, message, None);
            }
        }
        for holiday in &year.holidays {
            report.sources(&file, parts, &holiday.sources);
        }
        for swap in &year.swaps {
            report.sources(&file, parts, &swap.sources);
        }
    }
}

/// Codes are unique, and every commune lies in a province.
fn units(parts: &Parts, report: &mut Report<'_>) {
    let codes: BTreeSet<&str> = parts.provinces.iter().map(|one| one.code.as_str()).collect();
    if codes.len() != parts.provinces.len() {
        report.file_fault("units/provinces.yaml", "two provinces have the same code");
    }
    for province in &parts.provinces {
        report.sources("units/provinces.yaml", parts, &province.sources);
    }
    history(&parts.provinces, report);
    let communes: BTreeSet<&str> = parts.communes.iter().map(|one| one.code.as_str()).collect();
    if communes.len() != parts.communes.len() {
        report.file_fault("units/communes.yaml", "two communes have the same code");
    }
    for commune in &parts.communes {
        let known = codes.iter().copied();
        if !codes.contains(commune.province.as_str()) {
            report.must_know("units/communes.yaml", &commune.province, "province", known);
        }
    }
}

/// An old code leads to one province of today, in one step: it is no other province's own code, so
/// that nothing goes in a circle.
fn history(provinces: &[Province], report: &mut Report<'_>) {
    let own: BTreeSet<&str> = provinces.iter().map(|one| one.code.as_str()).collect();
    let mut heirs: BTreeMap<&str, &str> = BTreeMap::new();
    for province in provinces {
        for old in province.old_codes.iter().filter(|old| old.value != province.code) {
            let message = if own.contains(old.as_str()) {
                format!("`{}` is the code of another province today", old.value)
            } else if let Some(heir) = heirs.insert(old, &province.code) {
                format!("`{}` is an old code of province `{heir}` already", old.value)
            } else {
                continue;
            };
            report.fault("units/provinces.yaml", old.span, message, None);
        }
    }
}

/// What is called by an old code is one service: no alias is the code of another, so that
/// following them ends at once.
fn aliases(parts: &Parts, report: &mut Report<'_>) {
    let codes = parts.services.iter().filter_map(|(key, one)| Some((one.code.as_deref()?, key)));
    let codes: BTreeMap<&str, &String> = codes.collect();
    for (key, service) in &parts.services {
        for alias in &service.aliases {
            if let Some(other) = codes.get(alias.as_str()) {
                let message = format!("`{}` is the code of `services/{other}.yaml`", alias.value);
                report.fault(&format!("services/{key}.yaml"), alias.span, message, None);
            }
        }
    }
}

/// Sample people are nobody: their numbers begin with 999, which no province uses.
fn samples(parts: &Parts, report: &mut Report<'_>) {
    let file = "samples/families.yaml";
    let Some(families) = &parts.samples.families else { return };
    for person in families.families.iter().flat_map(|family| &family.people) {
        if let Err(error) = person.pin.parse::<PersonalNumber>() {
            report.fault(file, person.pin.span, error.to_string(), None);
        } else if !person.pin.starts_with("999") {
            let message = "the number of a sample person begins with 999";
            report.fault(file, person.pin.span, message, None);
        }
        for scope in &person.refuses {
            if RefusalScope::from_key(scope).is_none() {
                let message = format!("`{}` is nothing that can be refused", scope.value);
                let help = "`all`, `group:COCONNHO` or `life-event:LE-BIRTH`";
                report.fault(file, scope.span, message, Some(help.to_owned()));
            }
        }
    }
    for (place, line) in parts.samples.timeline.iter().enumerate() {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(line) {
            let span = Span { line: place + 1, column: error.column(), length: 1 };
            report.fault("samples/timeline.jsonl", span, "this line is not JSON", None);
        }
    }
}
