//! The command line: a contract, because other programs call it.
//!
//! Exit codes are 0 done, 1 the work failed, 2 the call was wrong. Each command prints words
//! and progress bars for people, or one JSON value with `--json`. Errors say what, where and
//! what to do next, each cause on its own line.

mod ask;
mod backup;
mod bench_inference;
mod bench_load;
mod bench_rules;
mod bench_search;
mod cel;
mod config;
mod demo;
mod diff;
mod erase;
mod explain;
mod halt;
mod index;
mod ingest;
mod jobs;
mod keys;
mod log;
mod master;
mod measure;
mod migrate;
mod models;
mod openapi;
mod output;
mod pack;
mod paper;
mod prepare;
mod replay;
mod retrieval;
mod search;
mod serve;
mod stop;
mod stream;
mod words;
mod worker;
mod writer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use output::Output;
use server::config::Config;

/// A proactive public-service engine: from a register's event to a proved message.
#[derive(Debug, Parser)]
#[command(name = "cotmoc", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Settings other than the built-in ones (see `cotmoc config`).
    #[arg(long, global = true, env = "COTMOC_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON value for machines, and no progress bars.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cotmoc demo                                     the whole chain on samples, then the inbox
  cotmoc serve                                    the API and the pages, with a worker beside them
  cotmoc ingest events.jsonl                      take in what registers tell
  cotmoc explain msg_…                            why somebody got this message
  cotmoc search \"làm giấy khai sinh cho con\"      the procedure that a question is about

Settings: `--config FILE`, or variables as in COTMOC_SERVER__LISTEN=0.0.0.0:8466.
Exit codes: 0 done, 1 the work failed, 2 the call was wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the sample families through the whole chain, tell their story, open their inbox.
    Demo(demo::Args),
    /// Answer: the API and the pages, with a worker beside them.
    Serve(serve::Args),
    /// Do the work that events leave behind. Many may run on one database.
    Worker(worker::Args),
    /// Take in a file of events, one JSON object a line.
    Ingest(ingest::Args),
    /// Say why: a message, suggestion, draft or milestone, by its id.
    Explain(explain::Args),
    /// Take every stored decision again and compare, bit for bit.
    Replay(replay::Args),
    /// Stop at once what goes wrong: everything, a life event, a channel; and let it go on.
    Halt(halt::Args),
    /// Look at the work that waits; have what was given up tried again, or drop it.
    Jobs(jobs::Args),
    /// Print every setting with its default and what it does, or what counts here.
    Config(config::Args),
    /// Keys: issue and revoke those of registers and portals, rotate the master keys.
    Keys(keys::Args),
    /// The log of readings: check it, print its signed head, prove what is in it.
    Log(log::Args),
    /// Erase what is known of one person or thing. Proof stays, nothing to read does.
    Erase(erase::Args),
    /// Copy the database into a file, and check the copy.
    Backup(backup::BackupArgs),
    /// Put a backup back, and check what came of it.
    Restore(backup::RestoreArgs),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
    /// Bring the database's tables up to date.
    Migrate,
    /// Take in once more what the stream of events still holds.
    Stream(stream::Args),
    /// Fetch, list and verify the model files.
    Models(models::Args),
    /// Embed the procedures and the law, so that they can be searched.
    Index(index::Args),
    /// Word every letter that the pack can call for, ahead of the first person who gets it.
    Prepare(prepare::Args),
    /// Phrases for letters: have a model write them, look at them, approve, refuse or retire them.
    Words(words::Args),
    /// Find the procedure that a question is about, and what it says.
    Search(search::Args),
    /// Answer a question about a suggestion or a service from the sources, or say who can.
    Ask(ask::Args),
    /// Check a pack of life events: names, types, law, dates, what has expired. Says where.
    Check(pack::check::Args),
    /// Run the examples of a pack; tell what came out otherwise and what no example reaches.
    Test(pack::test::Args),
    /// Measure how good the chain is, against its thresholds.
    Eval(measure::EvalArgs),
    /// Measure how fast the chain is.
    Bench(measure::BenchArgs),
}

/// Runs the command that the process was called with.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, anything else is a wrong call.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let output = Output::new(cli.json);
    match command(cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(1)
        }
    }
}

fn command(cli: Cli, output: Output) -> anyhow::Result<()> {
    let config = Config::load(cli.config.as_deref(), std::env::vars())?;
    match cli.command {
        Command::Demo(args) => block_on(demo::run(&args, &config, output)),
        Command::Serve(args) => block_on(serve::run(&args, &config, output)),
        Command::Worker(args) => block_on(worker::run(&args, &config, output)),
        Command::Ingest(args) => block_on(ingest::run(&args, &config, output)),
        Command::Explain(args) => block_on(explain::run(&args, &config, output)),
        Command::Replay(args) => block_on(replay::run(&args, &config, output)),
        Command::Config(args) => config::run(&args, cli.config.as_deref(), output),
        Command::Halt(args) => block_on(halt::run(&args, &config, output)),
        Command::Jobs(args) => block_on(jobs::run(&args, &config, output)),
        Command::Keys(args) => block_on(keys::run(&args, &config, output)),
        Command::Log(args) => block_on(log::run(&args, &config, output)),
        Command::Erase(args) => block_on(erase::run(&args, &config, output)),
        Command::Backup(args) => block_on(backup::backup(&args, &config, output)),
        Command::Restore(args) => block_on(backup::restore(&args, &config, output)),
        Command::Openapi => openapi::run(),
        Command::Migrate => block_on(migrate::run(&config, output)),
        Command::Stream(args) => block_on(stream::run(&args, &config, output)),
        Command::Models(args) => models::run(&args, &config, output),
        Command::Index(args) => index::run(&args, &config, output),
        Command::Ask(args) => block_on(ask::run(&args, &config, output)),
        // Plain code, but where procedures lie on a server a runtime talks to it.
        Command::Search(args) => block_on(async { search::run(&args, &config, output) }),
        Command::Prepare(args) => block_on(prepare::run(&args, &config, output)),
        Command::Words(args) => block_on(words::run(&args, &config, output)),
        Command::Check(args) => match args.diff() {
            Some((diff, on)) => block_on(diff::run(diff, on, &config, output)),
            None => pack::check::run(&args, output),
        },
        Command::Test(args) => pack::test::run(&args, output),
        Command::Eval(args) => block_on(measure::eval(&args, &config, output)),
        Command::Bench(args) => block_on(measure::bench(&args, &config, output)),
    }
}

/// Runs `work` to its end. What then still runs on a thread of its own, such as a model that
/// words a letter nobody waits for any more, is left behind.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Logs for a command that tells its story itself: warnings only, unless the operator set a
/// filter of their own.
fn log_quietly(config: &Config) -> anyhow::Result<()> {
    let default = Config::load(None, [])?.telemetry.filter;
    let mut telemetry = config.telemetry.clone();
    if telemetry.filter == default {
        "warn".clone_into(&mut telemetry.filter);
    }
    telemetry.traces_url = None;
    server::telemetry::init(&telemetry)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_call_is_told_what_was_meant() {
        let error = Cli::try_parse_from(["cotmoc", "ingets"]).unwrap_err();
        assert!(error.use_stderr() && error.to_string().contains("'ingest'"), "{error}");
    }

    /// Other programs call it: design, part 9.
    #[test]
    fn every_command_of_the_contract_is_there() {
        let command = Cli::command();
        for name in [
            "demo", "serve", "worker", "migrate", "models", "index", "ingest", "search", "explain",
            "replay", "check", "test", "eval", "bench", "openapi",
        ] {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
    }
}
