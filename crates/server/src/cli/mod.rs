//! The command line: a contract, because other programs call it.
//!
//! Exit codes are 0 done, 1 the work failed, 2 the call was wrong. Each command prints words
//! and progress bars for people, or one JSON value with `--json`. Errors say what, where and
//! what to do next, each cause on its own line.

mod index;
mod migrate;
mod models;
mod output;
mod pack;
mod search;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use output::Output;
use server::config::Config;

/// A proactive public-service engine: from a register's event to a proved message.
#[derive(Debug, Parser)]
#[command(name = "cotmoc", version, about, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Settings other than the built-in ones (see `crates/server/config.default.toml`).
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
  cotmoc models pull                              fetch and verify the models
  cotmoc search \"làm giấy khai sinh cho con\"      passages of procedure and law, best first";

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the database's tables up to date.
    Migrate,
    /// Fetch, list and verify the model files.
    Models(models::Args),
    /// Embed the procedures and the law, so that they can be searched.
    Index(index::Args),
    /// Find passages of procedure and law.
    Search(search::Args),
    /// Check a pack of life events: names, types, law, dates. Says what is wrong and where.
    Check(pack::Args),
    /// Run the examples of a pack.
    Test(pack::Args),
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
    match command(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(1)
        }
    }
}

fn command(cli: Cli, output: &Output) -> anyhow::Result<()> {
    let config = Config::load(cli.config.as_deref(), std::env::vars())?;
    match cli.command {
        Command::Migrate => runtime()?.block_on(migrate::run(&config, output)),
        Command::Models(args) => models::run(&args, &config, output),
        Command::Index(args) => index::run(&args, &config, output),
        Command::Search(args) => search::run(&args, &config, output),
        Command::Check(args) => pack::check(&args, output),
        Command::Test(args) => pack::test(&args, output),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
