//! Conditions that read dated values of the law and when things were told.

use domain::{Fact, Interval, Value, Verdict};
use jiff::civil::{Date, date};
use rules::Pack;

use super::{TODAY, World, event, missing, told, who};
use crate::{load, with};

const LIMITS: &str = "
- in_force: {from: 2026-01-01, until: 2026-11-04}
  values: {least: 9000}
  legal_basis: {act: {vi: Nghị định, en: Decree}, confidence: H, sources: [T1]}
  confidence: H
  sources: [T1]
- in_force: {from: 2026-11-04}
  values: {least: 3000}
  unknown: {most: not decided}
  legal_basis: {act: {vi: Nghị định, en: Decree}, confidence: H, sources: [T1]}
  confidence: H
  sources: [T1]
";

/// The small pack with another condition and a dated value of the law beside it.
fn with_condition(condition: &str) -> Pack {
    let changed = with(
        "move/life-event.yaml",
        "child.born_on <= today\n      && !child.registered",
        condition,
    );
    let files = changed.iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
    let limits = ("parameters/limits.yaml".to_owned(), LIMITS.to_owned());
    load(&files.chain([limits]).collect()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_condition_reads_dated_values_and_tellings() {
    let weighed = |day: Date, name: &str, value: i64| {
        let event = event("HLT", name);
        let mut fact = told("HLT", "child", "weight", Value::Int(value));
        (fact.id, fact.source.event) = (Fact::id_of(event, who("child"), "weight"), event);
        fact.valid = Interval::since(day);
        fact
    };
    let facts = || {
        let mut world = World::born();
        world.facts.extend([
            weighed(date(2026, 11, 2), "first", 2900),
            weighed(date(2026, 11, 4), "second", 3100),
            weighed(date(2026, 12, 9), "later", 5000),
        ]);
        world.facts
    };
    for (condition, verdict) in [
        ("child.weight >= param.limits.least", Verdict::Met),
        ("child.weight < param.limits.least + 101 && size(times(child.weight)) == 2", Verdict::Met),
        (
            "first_told(child.weight) == child.born_on && told_within(child.weight, 1) == 1",
            Verdict::Met,
        ),
        ("followed_within(child.weight, child.registered, 1)", Verdict::Unmet),
        ("last_told(mother.name) == today", missing(&["mother.name"])),
        (
            "is_working_day(child.born_on) && add_working_days(child.born_on, 2) > today",
            Verdict::Unmet,
        ),
        ("age(child.born_on) == 0 && has(child.registered)", Verdict::Unmet),
    ] {
        let world = World { pack: with_condition(condition), facts: facts() };
        assert_eq!(world.verdict(TODAY), verdict, "{condition}");
    }
    let world = World { pack: with_condition("size(times(child.weight)) == 2"), facts: facts() };
    world.ask(TODAY, |case| {
        assert_eq!(case.decide(&|_| true).receipt.facts.len(), 3, "the two tellings and the birth");
    });
    // The law of the day before had another value.
    let world = World { pack: with_condition("3000 < param.limits.least"), facts: facts() };
    assert_eq!(
        (world.verdict(date(2026, 11, 3)), world.verdict(TODAY)),
        (Verdict::Met, Verdict::Unmet)
    );
}
