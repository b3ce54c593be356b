//! `cotmoc test`: a pack's examples, and what none of them reaches.

use std::path::PathBuf;

use anyhow::ensure;
use rules::{ExampleResult, Pack, run_examples};
use serde::Serialize;
use server::pack;

use crate::cli::output::Output;

/// Which examples.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pack's folder; the built-in pack where left out.
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct Tested {
    examples: usize,
    failed: usize,
    results: Vec<ExampleResult>,
}

/// Runs the pack's examples and shows what came out otherwise.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let pack = Pack::load(&pack::files(args.path.as_deref())?)?;
    let examples = run_examples(&pack);
    let count = examples.len();
    let results: Vec<ExampleResult> = examples.into_iter().filter(|it| !it.passed).collect();
    for result in &results {
        output.say(format!("✗ {}: {}", result.life_event, result.situation));
        for line in &result.expected {
            output.say(format!("    expected {line}"));
        }
        for line in &result.got {
            output.say(format!("    got      {line}"));
        }
    }
    let failed = results.len();
    output.say(format!("{} examples as expected, {failed} otherwise", count - failed));
    output.value(&Tested { examples: count, failed, results })?;
    ensure!(failed == 0, "{failed} examples did not come out as expected");
    Ok(())
}
