//! `cotmoc test`: a pack's examples, and what none of them reaches.

use std::path::PathBuf;

use anyhow::ensure;
use rules::{Coverage, ExampleResult, LifeEventCoverage, Pack, coverage, run_examples};
use serde::Serialize;
use server::pack;

use super::watch::watch;
use crate::cli::output::Output;

/// Which examples.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The pack's folder; the built-in pack where left out.
    path: Option<PathBuf>,
    /// Only the examples of this life event, as in LE-BIRTH; lists all that they do not reach.
    #[arg(long, value_name = "ID")]
    life_event: Option<String>,
    /// Run again whenever a file of the pack changes, until Ctrl-C.
    #[arg(long, requires = "path")]
    watch: bool,
}

const EXAMPLES: &str = "\
Examples:
  cotmoc test life-events/vn                             all examples, and what they reach
  cotmoc test life-events/vn --life-event LE-BIRTH       those of one life event
  cotmoc test life-events/vn --life-event LE-BIRTH --watch      while you write";

/// How many unreached branches of a life event are listed where all life events are run.
const LISTED: usize = 3;

#[derive(Serialize)]
struct Tested {
    examples: usize,
    failed: usize,
    coverage: Coverage,
    results: Vec<ExampleResult>,
}

/// Runs the pack's examples and shows what came out otherwise.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    match args.path.as_deref().filter(|_| args.watch) {
        Some(folder) => watch(folder, output, &mut || test(args, output)),
        None => test(args, output),
    }
}

fn test(args: &Args, output: Output) -> anyhow::Result<()> {
    let pack = Pack::load(&pack::files(args.path.as_deref())?)?;
    let only = args.life_event.as_deref();
    if let Some(id) = only {
        ensure!(pack.life_event(id).is_some(), "{}", no_such(&pack, id));
    }
    let examples = run_examples(&pack);
    let mut wanted = examples.into_iter().filter(|it| only.is_none_or(|id| it.life_event == id));
    let (mut count, mut results) = (0, Vec::new());
    for result in wanted.by_ref() {
        count += 1;
        results.extend((!result.passed).then_some(result));
    }
    let failed = results.len();
    let tested = Tested { examples: count, failed, coverage: coverage(&pack, only), results };
    table(&pack, &tested.coverage, output);
    unreached(&tested.coverage, only.is_some(), output);
    failures(&tested.results, output);
    let Coverage { percent, reached, branches, .. } = &tested.coverage;
    output.say(format!(
        "\n{} examples as expected, {failed} otherwise; they reach {reached} of {branches} branches, \
         {percent} %",
        count - failed
    ));
    output.value(&tested)?;
    ensure!(failed == 0, "{failed} examples did not come out as expected");
    Ok(())
}

pub(super) fn no_such(pack: &Pack, id: &str) -> String {
    let ids: Vec<&str> = pack.life_events().map(|it| it.id.as_str()).collect();
    format!("there is no life event `{id}`; there is {}", ids.join(", "))
}

fn table(pack: &Pack, coverage: &Coverage, output: Output) {
    let ids = coverage.life_events.iter().map(|it| it.life_event.chars().count());
    let width = ids.max().unwrap_or_default().max("life event".len());
    output.say(format!("{:width$}  examples  reached       %", "life event"));
    for LifeEventCoverage { life_event, branches, reached, percent, .. } in &coverage.life_events {
        let examples = pack.examples(life_event).len();
        let reached = format!("{reached} of {branches}");
        output.say(format!("{life_event:width$}  {examples:8}  {reached:>10}  {percent:3}"));
    }
}

/// What no example reaches, by file.
fn unreached(coverage: &Coverage, all: bool, output: Output) {
    for it in coverage.life_events.iter().filter(|it| !it.unreached.is_empty()) {
        output.say(format!("\nno example of {} reaches", it.life_event));
        let listed = if all { it.unreached.len() } else { LISTED };
        for branch in it.unreached.iter().take(listed) {
            output.say(format!("  {}:{}  {}", branch.file, branch.line, branch.what));
        }
        let more = it.unreached.len().saturating_sub(listed);
        if more > 0 {
            output.say(format!("  and {more} more: `--life-event {}` lists them", it.life_event));
        }
    }
}

fn failures(results: &[ExampleResult], output: Output) {
    for result in results {
        output.say(format!("\n✗ {}: {}", result.life_event, result.situation));
        for line in &result.expected {
            output.say(format!("    expected {line}"));
        }
        for line in &result.got {
            output.say(format!("    got      {line}"));
        }
    }
}
