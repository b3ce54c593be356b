//! What the examples of a pack reach, and what an example may say of a hold.

use rules::{Coverage, Pack, PackFiles, coverage, run_examples};

use crate::{files, load, with};

const EXAMPLES: &str = "move/examples.yaml";

fn told(coverage: &Coverage) -> String {
    let one = coverage.life_events.first().unwrap();
    let lines = one.unreached.iter().map(|it| format!("{}:{} {}", it.file, it.line, it.what));
    let lines: Vec<String> = lines.collect();
    let Coverage { reached, branches, percent, .. } = coverage;
    format!("{reached} of {branches}, {percent} %\n{}", lines.join("\n"))
}

/// The small pack with more examples.
fn and(more: &str) -> Pack {
    let added = |(path, text): (&str, &str)| {
        let more = if path == EXAMPLES { more } else { "" };
        (path.to_owned(), format!("{text}{more}"))
    };
    let files: PackFiles = files().iter().map(added).collect();
    load(&files).unwrap_or_else(|errors| panic!("{errors}"))
}

const MORE: &str = r#"
- situation: the child died
  today: 2026-11-03
  facts: {child.born_on: 2026-11-02, child.deceased: true}
  expect: {verdict: met, hold: deceased}
- situation: under the old law
  today: 2026-05-03
  facts: {child.born_on: 2026-05-02, mother.name: An}
  expect: {verdict: met, hold: none}
- situation: another province, and its plan is not known
  today: 2026-11-03
  facts: {child.born_on: 2026-11-02, mother.residence.province: "01", father.name: Ba}
  expect: {verdict: met, services: {register-new: {verdict: unmet}, help: {verdict: met, deadline: null}}}
"#;

#[test]
fn what_no_example_reaches_is_told_with_its_place() {
    let few = told(&coverage(&load(&files()).unwrap(), None));
    let more = and(MORE);
    let failed: Vec<_> = run_examples(&more).into_iter().filter(|it| !it.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let more = told(&coverage(&more, None));
    insta::assert_snapshot!("coverage", format!("# three examples\n{few}\n\n# six\n{more}"));
}

#[test]
fn one_life_event_can_be_asked_about() {
    let pack = load(&files()).unwrap();
    assert_eq!(coverage(&pack, Some("LE-TEST")), coverage(&pack, None));
    let none = coverage(&pack, Some("LE-OTHER"));
    assert_eq!((none.branches, none.percent, none.life_events.len()), (0, 100, 0));
}

#[test]
fn an_example_may_say_what_holds_a_life_event_back() {
    let expecting = |hold: &str| {
        let from = "expect: {verdict: unmet}";
        let pack =
            load(&with(EXAMPLES, from, &format!("expect: {{verdict: unmet, hold: {hold}}}")));
        run_examples(&pack.unwrap()).into_iter().find(|it| !it.passed)
    };
    assert_eq!(expecting("none"), None);
    let failed = expecting("wait").unwrap();
    assert_eq!(
        (failed.expected, failed.got),
        (vec!["hold: wait".into()], vec!["hold: none".into()])
    );
}
