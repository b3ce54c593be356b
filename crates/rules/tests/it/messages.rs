//! What an author reads. Each case is a slip that people make; the snapshot is the whole text.

use crate::{files, load, with, without};

const LIFE_EVENT: &str = "move/life-event.yaml";
const EXAMPLES: &str = "move/examples.yaml";

/// All that is said about the small pack after one slip.
fn said(path: &str, from: &str, to: &str) -> String {
    load(&with(path, from, to)).unwrap_err().to_string()
}

#[test]
fn the_small_pack_is_right() {
    assert!(load(&files()).is_ok());
}

#[test]
fn a_typo_in_a_fact_name_shows_place_caret_and_near_miss() {
    let text = said(LIFE_EVENT, "&& !child.registered", "&& !child.registred");
    assert_eq!(
        text,
        "move/life-event.yaml:25:11: `child` has no fact `registred`\n\
         \x20  |\n\
         25 |       && !child.registred\n\
         \x20  |           ^^^^^^^^^^^^^^^\n\
         \x20 help: did you mean `child.registered`?\n\n\
         the pack has 1 error"
    );
}

#[test]
fn names_that_mean_nothing() {
    let slips = [
        (LIFE_EVENT, "service: register-new", "service: register-now"),
        (LIFE_EVENT, "for: [mother, father]", "for: [mother, fater]"),
        (LIFE_EVENT, "form: REG", "form: RGE"),
        (LIFE_EVENT, "c_born: child", "c_bron: child"),
        (
            LIFE_EVENT,
            "{vi: \"UBND {mother.residence.commune}\"",
            "{vi: \"UBND {mother.residence.comune}\"",
        ),
        (LIFE_EVENT, "xx.health.birth.v1", "xx.health.brith.v1"),
        (LIFE_EVENT, "parameter: plan", "parameter: plans"),
        (LIFE_EVENT, "sources: [T1]\nsubject", "sources: [T2]\nsubject"),
        (LIFE_EVENT, "groups:", "group:"),
        ("facts/all.yaml", "owner: [HLT]}", "owner: [HTL]}"),
        ("events/birth.yaml", "attribute: weight", "attribute: wieght"),
        ("events/birth.yaml", "of: mother, attribute: name", "of: mothr, attribute: name"),
        ("services/help.yaml", "replaced_by: [POP]", "replaced_by: [PPO]"),
        ("forms/REG.yaml", "includes: [BASE]", "includes: [BAES]"),
        (EXAMPLES, "child.weight: 3000", "child.wieght: 3000"),
        (EXAMPLES, "filled: [req_name]", "filled: [req_nmae]"),
    ];
    snapshot("names", &slips);
}

#[test]
fn law_that_is_not_dated_or_not_sourced() {
    let slips = [
        (LIFE_EVENT, "until: 2026-09-01", "until: 2026-08-01"),
        (LIFE_EVENT, "until: 2026-09-01", "until: 2026-10-01"),
        (
            LIFE_EVENT,
            "in_force: {from: 2026-09-01}",
            "in_force: {from: 2026-09-01, until: 2028-01-01}",
        ),
        (LIFE_EVENT, "{until: 2026-01-01, because", "{until: 2025-01-01, because"),
        (
            LIFE_EVENT,
            "    legal_basis: [{act: {vi: Luật Dân cư, en: Population Act}, confidence: H, sources: [T1]}]\n    services",
            "    legal_basis: []\n    services",
        ),
        (
            LIFE_EVENT,
            "    legal_basis: [{act: {vi: Luật Dân cư, en: Population Act}, confidence: H, sources: [T1]}]\n    services",
            "    services",
        ),
        (LIFE_EVENT, "  - in_force: {from: 2026-09-01}\n    legal_basis", "  - legal_basis"),
        (LIFE_EVENT, ", deadline_unknown: {vi: không, en: none}", ""),
        ("services/help.yaml", "confidence: M, sources: [T1]}]", "sources: [T1]}]"),
        ("services/help.yaml", "because: {vi: chưa rõ, en: not known}", "sources: []"),
        ("calendar/2026.yaml", "complete: true", "complete: false"),
    ];
    snapshot("law", &slips);
}

#[test]
fn definitions_that_do_not_fit() {
    let slips = [
        (LIFE_EVENT, "main: true\n        level: 2", "main: false\n        level: 2"),
        (LIFE_EVENT, "req_name: mother.name", "c_name: mother.name"),
        (LIFE_EVENT, "occurred_on: child.born_on", "occurred_on: child.name"),
        (LIFE_EVENT, "xx.health.birth.v1", "xx.health.birth-cancelled.v1"),
        (LIFE_EVENT, "from: child.mother", "from: child.name"),
        (LIFE_EVENT, "level: 2", "level: 5"),
        (LIFE_EVENT, "count: 60", "count: sixty"),
        (LIFE_EVENT, "unit: calendar_days", "unit: calender_days"),
        (LIFE_EVENT, "child.born_on <= today", "child.born_on <= today &&"),
        ("facts/all.yaml", ", because: told as it happens", ""),
        ("events/birth.yaml", "at: /weight", "at: weight"),
        ("events/birth.yaml", "at: /weight", "subject: mother"),
        ("events/birth.yaml", "attribute: weight", "attribute: registered"),
        ("events/birth.schema.json", "\"type\": \"object\"", "\"type\": \"objekt\""),
        ("forms/BASE.yaml", "key: req_home", "key: req_name"),
        ("forms/BASE.yaml", "sources: [T1]", "sources: [T1]\nincludes: [REG]"),
        ("parameters/plan.yaml", "place: \"79\"", "place: \"97\""),
        (EXAMPLES, "verdict: unmet", "verdict: met"),
        (EXAMPLES, "mother.residence.province: \"79\"", "mother.residence.province: 79"),
        ("pack.yaml", "Asia/Ho_Chi_Minh", "Asia/Nowhere"),
        ("pack.yaml", "id: xx", "id: xx\nid: yy"),
    ];
    snapshot("fit", &slips);
}

#[test]
fn files_that_are_missing() {
    let missing = ["pack.yaml", "registers.yaml", "events/birth.schema.json", EXAMPLES];
    let texts =
        missing.map(|path| format!("# without {path}\n{}", load(&without(path)).unwrap_err()));
    insta::assert_snapshot!("missing", texts.join("\n\n"));
}

#[test]
fn all_errors_come_at_once() {
    let slip = with(LIFE_EVENT, "form: REG", "form: RGE");
    let both: rules::PackFiles = slip
        .iter()
        .map(|(path, text)| (path, text.replace("replaced_by: [POP]", "replaced_by: [PPO]")))
        .collect();
    let errors = load(&both).unwrap_err();
    assert_eq!(errors.0.len(), 4, "one form and three services: {errors}");
}

fn snapshot(name: &str, slips: &[(&str, &str, &str)]) {
    let texts: Vec<String> = slips
        .iter()
        .map(|(path, from, to)| {
            let what = to.replace('\n', "⏎");
            format!("# {what}\n{}", said(path, from, to))
        })
        .collect();
    insta::assert_snapshot!(name, texts.join("\n\n"));
}
