//! Life events in sentences for lawyers.

use std::path::Path;

use domain::Language;
use rules::{Pack, PackFiles};

use crate::{fixture, load, with};

fn vn() -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    load(&PackFiles::read(&folder).unwrap()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn both(pack: &Pack, id: &str) -> String {
    [Language::VI, Language::EN].map(|it| pack.read_out(id, it).unwrap()).join("\n=====\n\n")
}

#[test]
fn a_small_life_event_reads_as_sentences() {
    insta::assert_snapshot!("small", both(&fixture(), "LE-TEST"));
}

#[test]
fn a_real_life_event_reads_as_sentences() {
    insta::assert_snapshot!("marriage", both(&vn(), "LE-MARRIAGE"));
}

#[test]
fn every_kind_of_condition_has_words() {
    let conditions = [
        "!(child.registered || mother.deceased)",
        "!(child.registered && child.born_on >= date(\"2026-09-01\"))",
        "child.registered ? child.weight > 2500 : !has(child.weight)",
        "mother.residence.province in [\"01\", \"79\"] && !(mother.name in [\"An\", \"Ba\"])",
        "years_between(child.born_on, today) < 6 && year(child.born_on) == 2020",
        "child.weight + 10 * 2 > (child.registered ? 1 : 2)",
        "mother != father",
        "add_days(add_years(child.born_on, 6, \"last_day\"), -60) <= today",
        "told_within(child.weight, 30) >= 2 && !unfollowed(child.weight, child.registered, 60)",
    ];
    let life_event = "move/life-event.yaml";
    let written = "mother.residence.province == \"79\"";
    let texts = conditions.map(|condition| {
        let pack = load(&with(life_event, written, &format!("'{condition}'"))).unwrap();
        let part = |language| {
            let text = pack.read_out("LE-TEST", language).unwrap();
            let lines = text.lines().skip_while(|line| !line.contains("register-new")).skip(4);
            let lines = lines.take_while(|line| line.trim_start().starts_with('-'));
            lines
                .map(|line| line.strip_prefix("      ").unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n")
        };
        format!("# {condition}\n{}\n{}", part(Language::VI), part(Language::EN))
    });
    insta::assert_snapshot!("conditions", texts.join("\n\n"));
}

#[test]
fn a_role_may_have_a_label() {
    let labelled =
        "mother: {kind: person, from: child.mother, label: {vi: người mẹ, en: the mother}}";
    let pack = with("move/life-event.yaml", "mother: {kind: person, from: child.mother}", labelled);
    let text = load(&pack).unwrap().read_out("LE-TEST", Language::EN).unwrap();
    assert!(text.contains("Told: the mother; where"), "{text}");
}

#[test]
fn no_life_event_of_the_pack_is_read_in_the_language_of_programs() {
    let pack = vn();
    for event in pack.life_events() {
        for language in [Language::VI, Language::EN] {
            let text = pack.read_out(&event.id, language).unwrap();
            for sign in ["&&", "||", "==", "!=", "biểu thức “", "the expression “", "_between"]
            {
                assert!(!text.contains(sign), "{} has `{sign}`:\n{text}", event.id.value);
            }
        }
    }
    assert_eq!(pack.read_out("LE-NOTHING", Language::EN), None);
}
