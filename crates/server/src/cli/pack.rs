//! `cotmoc check` and `cotmoc test`: what authors of life events run after every change.

use std::path::PathBuf;

use anyhow::ensure;
use rules::{ExampleResult, Pack, run_examples};
use serde::Serialize;
use server::pack;

use super::output::Output;

/// Which pack.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pack's folder; the built-in pack where left out.
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct Checked {
    version: String,
    hash: String,
    life_events: usize,
    services: usize,
    event_types: usize,
}

#[derive(Serialize)]
struct Tested {
    passed: usize,
    failed: usize,
    examples: Vec<ExampleResult>,
}

fn load(args: &Args) -> anyhow::Result<Pack> {
    Ok(Pack::load(&pack::files(args.path.as_deref())?)?)
}

/// Loads the pack, which checks everything that can be checked without a case.
pub(crate) fn check(args: &Args, output: Output) -> anyhow::Result<()> {
    let pack = load(args)?;
    let checked = Checked {
        version: pack.version().to_owned(),
        hash: pack.hash().to_owned(),
        life_events: pack.life_events().count(),
        services: pack.services().count(),
        event_types: pack.event_types().count(),
    };
    output.say(format!(
        "version {}: {} life events, {} services, {} event types, no error",
        checked.version, checked.life_events, checked.services, checked.event_types
    ));
    output.value(&checked)
}

/// Runs the pack's examples and shows what came out otherwise.
pub(crate) fn test(args: &Args, output: Output) -> anyhow::Result<()> {
    let examples = run_examples(&load(args)?);
    for result in examples.iter().filter(|result| !result.passed) {
        output.say(format!("✗ {}: {}", result.life_event, result.situation));
        for line in &result.expected {
            output.say(format!("    expected {line}"));
        }
        for line in &result.got {
            output.say(format!("    got      {line}"));
        }
    }
    let passed = examples.iter().filter(|result| result.passed).count();
    let failed = examples.len() - passed;
    output.say(format!("{passed} examples as expected, {failed} otherwise"));
    output.value(&Tested { passed, failed, examples })?;
    ensure!(failed == 0, "{failed} examples did not come out as expected");
    Ok(())
}
