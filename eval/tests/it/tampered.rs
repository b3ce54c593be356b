//! A measure is worth what it notices: packs with one fault each, and what the suite says of them.

use std::collections::BTreeMap;

use eval::ChainReport;

use crate::{FIRST_DAY, files, office_of, play};

const BIRTH: &str = "birth/life-event.yaml";
const GRADE1: &str = "grade-1/life-event.yaml";
const LAND: &str = "land-transfer/life-event.yaml";

/// The report on a pack in which `from` reads `to` in the file `path`, every time it stands there.
async fn with(path: &str, from: &str, to: &str) -> ChainReport {
    with_all(&[(path, from, to)]).await
}

async fn with_all(edits: &[(&str, &str, &str)]) -> ChainReport {
    let mut texts: BTreeMap<String, String> =
        files().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    for (path, from, to) in edits {
        let text = texts.get_mut(*path).unwrap();
        assert!(text.contains(from), "{path} no longer says `{from}`: mend this test");
        *text = text.replace(from, to);
    }
    let (app, clock) = office_of(&texts.into_iter().collect(), None, None, FIRST_DAY).await;
    play(&app, &clock).await
}

#[track_caller]
fn misses(report: &ChainReport, limits: &[&str]) {
    let missed: Vec<&str> = report.failures().map(|it| it.name.as_str()).collect();
    for limit in limits {
        assert!(missed.contains(limit), "`{limit}` is not missed, only {missed:?}");
    }
    assert!(!report.passed() && report.html().contains("Failed: "));
}

#[tokio::test]
async fn a_day_more_is_noticed() {
    let report = with(BIRTH, "count: 60", "count: 61").await;
    misses(&report, &["deadlines_wrong", "examples_failed", "messages_wrong"]);
    // For the other births the 60th and the 61st day fall into the same weekend.
    assert_eq!((report.deadlines.wrong, report.milestones.missed), (3, 0));
}

#[tokio::test]
async fn a_working_day_less_in_the_calendar_is_noticed() {
    let report = with("calendar/2027.yaml", "on: 2027-01-01", "on: 2027-01-02").await;
    misses(&report, &["deadlines_wrong"]);
}

#[tokio::test]
async fn a_rule_that_never_holds_is_noticed() {
    let report = with(GRADE1, "year(child.born_on) + 6 &&", "year(child.born_on) + 9 &&").await;
    misses(&report, &["milestones_missed", "suggestions_missed", "messages_missing"]);
    assert_eq!((report.milestones.missed, report.milestones.invented), (2, 0));
    assert!(report.prefill.not_filled > 0, "the drafts that are not there count too");
}

#[tokio::test]
async fn a_rule_that_holds_for_too_many_is_noticed() {
    let report = with(GRADE1, "year(today) == year", "year(today) >= year").await;
    misses(&report, &["milestones_false", "examples_failed"]);
    assert!(report.milestones.invented >= 3, "{}", report.milestones.invented);
    assert_eq!(report.milestones.missed, 0);
}

#[tokio::test]
async fn a_father_who_is_guessed_is_noticed() {
    let report = with(BIRTH, "f_name: father.name", "f_name: mother.name").await;
    misses(&report, &["prefill_correct_percent"]);
    assert!(report.prefill.wrong >= 2 && report.prefill.overfilled >= 1);
}

#[tokio::test]
async fn the_sellers_number_in_the_buyers_draft_is_noticed() {
    let report =
        with(LAND, "owner_name: seller.name", "owner_name: [seller.name, seller.pin]").await;
    misses(&report, &["prefill_leaks", "prefill_correct_percent"]);
}

#[tokio::test]
async fn a_benefit_for_the_wrong_person_is_noticed() {
    let report =
        with(BIRTH, "for: father\n        main: true", "for: mother\n        main: false").await;
    misses(&report, &["suggestions_missed", "suggestions_false", "messages_missing"]);
}

#[tokio::test]
async fn silence_taken_for_a_no_is_noticed() {
    let from = "mother.insurance.compulsory && (mother.insurance.months_of_12 >= 6";
    let report = with(BIRTH, from, "true && (mother.insurance.months_of_12 >= 6").await;
    misses(&report, &["suggestions_wrong"]);
}

#[tokio::test]
async fn a_letter_to_someone_who_refused_is_noticed() {
    let report = with("samples/families.yaml", "refuses: [all]", "refuses: []").await;
    misses(&report, &["messages_unexpected"]);
    assert_eq!(report.messages.unexpected, 1);
}

#[tokio::test]
async fn what_only_parents_may_say_is_noticed_even_where_the_form_forgets_it() {
    let forgets = (
        "forms/KS.yaml",
        "only_person: true\n    note: \"father's or mother's by agreement\"",
        "note: forgotten",
    );
    let fills = (
        BIRTH,
        "c_dob: child.born_on",
        "c_dob: child.born_on\n          c_home: mother.native_place",
    );
    let report = with_all(&[forgets, fills]).await;
    misses(&report, &["prefill_filled_for_the_person", "prefill_correct_percent"]);
}
