//! `cotmoc eval cel`: how much of the CEL specification our CEL keeps to.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use rules::cel::{Score, Tally, conformance};

use super::output::Output;
use super::paper::{Paper, faint, good, odd, plain};

/// The share of the core tests that must pass, in hundredths.
const LEAST: usize = 99;

/// Where the tests of the specification are kept beside the project.
fn beside() -> PathBuf {
    let data = std::env::var_os("COTMOC_SHARED_DATA").map(PathBuf::from);
    data.unwrap_or_else(|| PathBuf::from("../shared/data")).join("cel-conformance/tests.jsonl")
}

/// Runs the tests in `file` and tells the score.
pub(super) fn run(file: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let file = file.unwrap_or_else(beside);
    let tests = std::fs::read_to_string(&file).with_context(|| {
        format!(
            "cannot read `{}`: give the tests of google/cel-spec, one JSON object a line, with \
             `--tests FILE`, or their folder's parent in COTMOC_SHARED_DATA",
            file.display()
        )
    })?;
    let score = conformance(&tests)?;
    tell(&Paper::of_stdout(output.is_json()), &score);
    output.value(&score)?;
    let Tally { passed, total } = score.core;
    ensure!(passed * 100 >= total * LEAST, "less than {LEAST} % of the core tests passed");
    Ok(())
}

fn tell(paper: &Paper, score: &Score) {
    paper.rule("CEL conformance, tests that need no protocol buffers");
    let line = |name: &str, tally: Tally| {
        let style = if tally.passed == tally.total { good() } else { odd() };
        paper.write("  ", &format!("{name:<16} {:>5} of {:>5}", tally.passed, tally.total), &style);
    };
    line("core", score.core);
    for (name, tally) in &score.extensions {
        line(name, *tally);
    }
    if !score.failures.is_empty() {
        paper.write("  ", &format!("{} did not pass:", score.failures.len()), &plain());
        for (name, reason) in score.failures.iter().zip(&score.reasons) {
            paper.write("  · ", &format!("{name}: {reason}"), &faint());
        }
    }
}
