//! `cotmoc jobs`: what waits, what is at work, what was given up, and what to do about that.

use anyhow::{Context as _, ensure};
use domain::{Clock as _, JobId};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};
use storage::jobs::{self, JobCounts, Listed, Which};

use super::output::Output;

/// What to do about jobs.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
A job is a piece of work that follows from something stored: `detect` looks at an event, `due` at a
day that came, `suggest` at services, `compose` words a letter, `deliver` sends it. One that fails
is tried again after 10 s, 1 min, 5 min and 30 min (a letter that is sent: 5 s, 5 min, 30 min, 2 h,
5 h, 10 h, 10 h), each time up to a quarter later. Then it is dead, and stays so until somebody
looks. All work may be done twice without harm: it reads what is stored and arrives at the same.

Examples:
  cotmoc jobs count                               how many are in which state
  cotmoc jobs list                                what was given up, why and when
  cotmoc jobs list --state waiting --limit 20     what waits for its time, next first
  cotmoc jobs retry job_…                         try it again, as often as a new one
  cotmoc jobs retry --kind deliver                all letters that could not be sent
  cotmoc jobs drop job_… --because \"the register took the event back\"";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Count the jobs in each state.
    Count,
    /// List the jobs in one state.
    List {
        /// In which state: dead ones are those that somebody must look at.
        #[arg(long, default_value = "dead", value_parser = ["waiting", "queued", "running", "done", "dead"])]
        state: String,
        /// No more than so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Have dead jobs tried again.
    Retry {
        #[command(flatten)]
        which: Chosen,
    },
    /// Delete dead jobs. What they were to do will not be done.
    Drop {
        #[command(flatten)]
        which: Chosen,
        /// Why, for the log.
        #[arg(long)]
        because: String,
    },
}

/// Which dead jobs are meant.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Chosen {
    /// The ids that `list` shows, such as `job_0123456789abcdefghjkmnpqrs`.
    ids: Vec<JobId>,
    /// All dead ones of one kind.
    #[arg(long, value_parser = ["detect", "due", "suggest", "compose", "deliver"])]
    kind: Option<String>,
    /// All dead ones.
    #[arg(long)]
    all: bool,
}

impl Chosen {
    fn which(&self) -> Which<'_> {
        match &self.kind {
            Some(kind) => Which::Kind(kind),
            None if self.all => Which::All,
            None => Which::Ids(&self.ids),
        }
    }

    /// An error where an id was given that is none of a dead job.
    fn all_found(&self, found: u64) -> anyhow::Result<()> {
        let given = self.ids.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        ensure!(
            given <= found,
            "of the {given} jobs named, {found} were dead: `cotmoc jobs list` shows them"
        );
        Ok(())
    }
}

#[derive(Serialize)]
struct Line {
    id: String,
    kind: String,
    state: String,
    lane: String,
    about: serde_json::Value,
    attempts: u64,
    run_at: String,
    finished_at: Option<String>,
    error: Option<String>,
}

impl From<Listed> for Line {
    fn from(job: Listed) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            state: job.state,
            lane: job.lane,
            about: job.payload,
            attempts: job.attempts,
            run_at: job.run_at.to_string(),
            finished_at: job.finished_at.map(|at| at.to_string()),
            error: job.error,
        }
    }
}

#[derive(Serialize)]
struct Changed {
    jobs: u64,
}

/// Runs one of the four.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    let store = wiring::store(config, Tables::Expected).await?.store;
    match &args.action {
        Action::Count => {
            let counts = jobs::counts(&mut *store.read().await?).await?;
            let JobCounts { waiting, queued, running, done, dead } = counts;
            output.say(format!("{queued:>8} queued   due, and wait for a worker"));
            output.say(format!("{running:>8} running"));
            output.say(format!("{waiting:>8} waiting  for their time"));
            output.say(format!("{done:>8} done     in the last 30 days"));
            output.say(format!("{dead:>8} dead     given up: `cotmoc jobs list`"));
            output.value(&counts)
        }
        Action::List { state, limit } => {
            let found = jobs::list(&mut *store.read().await?, state, *limit).await?;
            let lines: Vec<Line> = found.into_iter().map(Line::from).collect();
            for line in &lines {
                say(line, output);
            }
            if lines.is_empty() {
                output.say(format!("no job is {state}"));
            }
            output.value(&lines)
        }
        Action::Retry { which } => {
            let mut tx = store.begin().await?;
            let jobs = jobs::retry_dead(&mut tx, which.which(), RealClock.now()).await?;
            which.all_found(jobs).context("nothing was changed")?;
            tx.commit().await?;
            output.say(format!("{jobs} queued anew; a worker takes them up"));
            output.value(&Changed { jobs })
        }
        Action::Drop { which, because } => {
            let mut tx = store.begin().await?;
            let jobs = jobs::drop_dead(&mut tx, which.which()).await?;
            which.all_found(jobs).context("nothing was changed")?;
            tx.commit().await?;
            tracing::warn!(jobs, because, "dead jobs dropped by an operator");
            output.say(format!("{jobs} dropped"));
            output.value(&Changed { jobs })
        }
    }
}

fn say(line: &Line, output: Output) {
    let when = line.finished_at.as_ref().unwrap_or(&line.run_at);
    let error = line.error.as_ref().map(|error| format!("\n    {error}")).unwrap_or_default();
    output.say(format!(
        "{}  {:<8} {when}  tried {}  in {}{error}",
        line.id, line.kind, line.attempts, line.lane
    ));
}
