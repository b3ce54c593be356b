//! `cotmoc ingest`: takes in a file of events, one JSON object a line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use engine::intake::{self, Intake, LinesReport};
use indicatif::ProgressBar;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;

/// What to take in.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A file of `CloudEvents`, one JSON object a line; `-` reads standard input.
    file: PathBuf,
}

const HELP: &str = "\
A line that cannot be taken in is set aside with its number and the reason, kept for repair,
and the next line goes on. A line that was taken in before changes nothing, so a file may be
sent again whole. What follows from the events is worked out by `cotmoc serve` or `worker`.

Examples:
  cotmoc ingest events.jsonl
  zcat events.jsonl.gz | cotmoc ingest -
  cotmoc ingest events.jsonl --json               how many were new, repeated, set aside and why";

/// Takes in each line and says what became of those that were set aside.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    let bar = output.bar(0, true, "reading events");
    let input = open(&args.file, &bar)
        .with_context(|| format!("could not read `{}`", args.file.display()))?;
    let opened = wiring::store(config, Tables::MadeInFile).await?;
    let country = wiring::country(config)?;
    let clock = Arc::new(RealClock);
    let app = wiring::engine_without_models(config, &country, opened.store, clock).await?;
    let report = intake::lines(&app, input, |number, intake| {
        bar.suspend(|| say(number, intake, output));
    })
    .await?;
    bar.finish_and_clear();
    output.say(summary(&report));
    output.value(&report)
}

fn open(path: &Path, bar: &ProgressBar) -> std::io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(bar.wrap_read(std::io::stdin()))));
    }
    let file = File::open(path)?;
    bar.set_length(file.metadata()?.len());
    Ok(Box::new(BufReader::new(bar.wrap_read(file))))
}

fn say(number: u64, intake: &Intake, output: Output) {
    match intake {
        Intake::SetAside { reason, pointer, detail } => {
            let place = pointer.as_deref().map(|at| format!(" at {at}")).unwrap_or_default();
            output.say(format!("line {number}: set aside as {}{place}: {detail}", reason.name()));
        }
        Intake::New { warnings, .. } => {
            for odd in warnings {
                output.say(format!("line {number}: odd at {}: {}", odd.pointer, odd.message));
            }
        }
        Intake::Repeat { .. } => {}
    }
}

fn summary(report: &LinesReport) -> String {
    let reasons: Vec<_> =
        report.set_aside.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let aside: u64 = report.set_aside.values().sum();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{} new, {} repeated, {aside} set aside{why}", report.new, report.repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_by_reason() {
        let set_aside = [("broken_json", 1), ("wrong_schema", 2)].into();
        let report = LinesReport { new: 3, repeats: 1, set_aside, warnings: 0 };
        let wanted = "3 new, 1 repeated, 3 set aside (1 broken_json, 2 wrong_schema)";
        assert_eq!(summary(&report), wanted);
        assert_eq!(summary(&LinesReport::default()), "0 new, 0 repeated, 0 set aside");
    }
}
