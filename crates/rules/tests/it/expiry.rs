//! What a pack says that a day has overtaken.

use jiff::civil::date;
use rules::{PackCounts, PackErrors, PackFiles};

use crate::{files, load, with};

const HELP: &str = "services/help.yaml";
const FEE: &str = "fee: {unknown: true, because: {vi: chưa rõ, en: not known}}";

/// All that is said about the small pack after one change, on a day.
fn expired(files: &PackFiles, day: jiff::civil::Date) -> String {
    let pack = load(files).unwrap();
    let errors = pack.expired_on(day);
    if errors.is_empty() { "nothing".to_owned() } else { PackErrors(errors).to_string() }
}

/// `files` with words replaced in one of them.
fn change_in(files: &PackFiles, path: &str, words: &[(&str, &str)]) -> PackFiles {
    let edit =
        |text: &str| words.iter().fold(text.to_owned(), |it, (from, to)| it.replace(from, to));
    let changed = |(at, text): (&str, &str)| {
        (at.to_owned(), if at == path { edit(text) } else { text.to_owned() })
    };
    files.iter().map(changed).collect()
}

#[test]
fn nothing_of_the_small_pack_has_expired() {
    assert_eq!(expired(&files(), date(2026, 11, 3)), "nothing");
    assert_eq!(expired(&files(), date(2026, 3, 1)), "nothing");
}

#[test]
fn services_values_and_parameters_that_a_day_overtakes_are_told_with_their_place() {
    let ends = |text: &str, until: &str| {
        text.replace("2020-01-01}", &format!("2020-01-01, until: {until}}}"))
    };
    let change = |path: &str, edit: &dyn Fn(&str) -> String| -> PackFiles {
        files()
            .iter()
            .map(|(at, text)| {
                (at.to_owned(), if at == path { edit(text) } else { text.to_owned() })
            })
            .collect()
    };
    let fee = |period: &str| {
        format!("fee: {{text: {{vi: 5.000 đồng, en: 5,000 đồng}}, in_force: {period}, confidence: M, sources: [T1]}}")
            .replace("5,000 đồng", "\"5,000 đồng\"")
    };
    let ended = change("services/register-new.yaml", &|text| ends(text, "2026-11-01"));
    let ended_fee = with(HELP, FEE, &fee("{from: 2025-01-01, until: 2026-10-01}"));
    let later_fee = with(HELP, FEE, &fee("{from: 2027-01-01}"));
    let plan = change("parameters/plan.yaml", &|text| {
        text.replace("{from: 2026-01-01}", "{from: 2027-06-01}")
    });
    let limit = with(
        "move/life-event.yaml",
        "mother.residence.province == \"79\"",
        "'mother.residence.province == \"79\" && child.weight > param.plan.least'",
    );
    let rows = [
        ("{from: 2026-01-01}", "{from: 2026-01-01, until: 2027-01-01}"),
        ("unknown:", "values: {least: 2500}\n  unknown:"),
    ];
    let limit = change_in(&limit, "parameters/plan.yaml", &rows);
    let texts = [
        ("a limit that a condition reads", expired(&limit, date(2027, 1, 1))),
        ("the limit of this year", expired(&limit, date(2026, 12, 31))),
        ("a service that ended", expired(&ended, date(2026, 11, 1))),
        ("on its last day", expired(&ended, date(2026, 10, 31))),
        ("a fee that ended", expired(&ended_fee, date(2026, 10, 1))),
        ("a fee that has not begun", expired(&later_fee, date(2026, 10, 1))),
        ("a plan of last year", expired(&plan, date(2027, 1, 1))),
        ("the plan of this year", expired(&plan, date(2026, 12, 31))),
    ];
    let texts = texts.map(|(what, text)| format!("# {what}\n{text}"));
    insta::assert_snapshot!("expired", texts.join("\n\n"));
}

#[test]
fn a_pack_that_does_not_load_is_counted_all_the_same() {
    let counts = PackCounts::of(&files());
    assert_eq!((counts.life_events.citizen, counts.life_events.business), (1, 0));
    assert_eq!((counts.services, counts.forms, counts.examples), (3, 2, 3));
    let broken = with("move/life-event.yaml", "form: REG", "form: RGE");
    assert!(load(&broken).is_err());
    assert_eq!(PackCounts::of(&broken), counts);
}
