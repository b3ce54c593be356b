//! How much of the CEL specification holds: its own tests, and a list of failures that may only
//! shrink.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rules::cel::conformance;

/// The tests that fail and why they may: a line each, `#` for reasons.
const EXPECTED_FAILURES: &str = include_str!("cel_expected_failures.txt");

/// Where the tests are, if anywhere: they are not part of the project.
pub(crate) fn tests() -> PathBuf {
    let shared = std::env::var_os("COTMOC_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    shared.join("cel-conformance/tests.jsonl")
}

#[test]
fn the_specification_holds() {
    let path = tests();
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "SKIPPED: no CEL conformance tests at {}; set COTMOC_SHARED_DATA to the folder that \
             holds cel-conformance/",
            path.display()
        );
        return;
    };
    let score = conformance(&text).unwrap();
    println!("CEL core: {} of {}", score.core.passed, score.core.total);
    for (file, tally) in &score.extensions {
        println!("CEL {file}: {} of {}", tally.passed, tally.total);
    }
    let lines = EXPECTED_FAILURES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let expected: BTreeSet<&str> = lines.collect();
    let failed: BTreeSet<&str> = score.failures.iter().map(String::as_str).collect();
    let new: Vec<String> = score
        .failures
        .iter()
        .zip(&score.reasons)
        .filter(|(name, _)| !expected.contains(name.as_str()))
        .map(|(name, reason)| format!("{name}\n    {reason}"))
        .collect();
    let mended: Vec<&&str> = expected.difference(&failed).collect();
    assert!(new.is_empty(), "{} tests fail that did not:\n{}", new.len(), new.join("\n"));
    assert!(mended.is_empty(), "these pass now: take them off the list: {mended:?}");
    assert!(score.core.passed * 100 >= score.core.total * 99, "{:?}", score.core);
}
