//! `cotmoc eval` and `cotmoc bench`: how good the chain is, and how fast.
//!
//! Both run on a database of their own, which is gone afterwards: what an installation holds is
//! neither counted nor touched.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use domain::{FixedClock, PseudonymKey};
use engine::App;
use eval::ChainReport;
use eval::bench::{IntakeBench, WriteBench};
use jiff::civil::time;
use server::config::Config;
use server::secrets::master;
use server::wiring::{self, Country};
use server::{chance, models, search};
use storage::Store;

use super::index;
use super::output::Output;
use super::paper::{Paper, faint, good, odd, plain};

/// What to judge.
#[derive(Debug, clap::Args)]
#[command(after_help = EVAL_HELP)]
pub(crate) struct EvalArgs {
    /// Which suite.
    suite: Suite,
    /// Let no model word or compare anything: the approved wording is judged.
    #[arg(long)]
    pub(super) no_model: bool,
    /// With `writer`: how many letters are filled and read back.
    #[arg(long, default_value_t = 10_000)]
    pub(super) letters: usize,
    /// With `writer`: how many shapes of letters the model words, spread evenly over all.
    #[arg(long, default_value_t = 100)]
    pub(super) composed: usize,
    /// With `writer`: write sixty couples of letters as a page on which a person compares them blindly,
    /// and the key beside it: composed, by hand, and with `--written` as a model wrote them.
    #[arg(long, value_name = "FILE.html", conflicts_with = "no_model")]
    pub(super) sheet: Option<PathBuf>,
    /// With `writer`: about how many phrases the model is asked to write otherwise, spread evenly
    /// over the bank; it takes seconds each.
    #[arg(long, default_value_t = 0)]
    pub(super) written: usize,
    /// With `writer`: for about how many cases a model writes the whole letter itself, values and
    /// all, to compare with: nothing of it is ever sent. It takes from twenty seconds each to minutes.
    #[arg(long, default_value_t = 0)]
    pub(super) free: usize,
    /// With `--written` and `--free`: which model writes; the one that words letters where left out.
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Write the report as a page, too, which needs no other file.
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
    /// With `cel`: the tests of the specification.
    #[arg(long, value_name = "FILE.jsonl")]
    tests: Option<PathBuf>,
    /// With `retrieval`: a folder of questions with the procedures that answer them.
    #[arg(long, value_name = "DIR")]
    set: Option<PathBuf>,
    /// With `retrieval`: choose the weights of the ranking by four fifths of the answers and ask for
    /// the rest, in turns.
    #[arg(long)]
    cross_validate: bool,
}

const EVAL_HELP: &str = "\
`chain` plays the sample families through the real chain and compares what came out with what
people wrote down beforehand: milestones, services, deadlines, fields of drafts, letters.
`cel` runs the tests of the CEL specification over the evaluator that decides about people; they
are read from `../shared/data`, `$COTMOC_SHARED_DATA` or `--tests`. `retrieval` asks questions whose
procedures are known, as typed, without marks and mistyped, and judges nothing; they are read from
there or from `--set`. The first run embeds
every procedure, which takes minutes and is kept.

`writer` fills letters of every shape with values that are hard to bear and takes each apart again by
the pack's words; has the model word some shapes; holds labelled sentences against the points and
passages that they were written for, right ones and wrong ones of many kinds (with `--no-model` words
alone decide); and plays hostile texts in questions, registers and passages through the chain and
counts what they bring about.

The exit code is 1 where a threshold of `eval/thresholds.toml` is missed.";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Suite {
    /// The whole chain on the sample families.
    Chain,
    /// The language of the conditions.
    Cel,
    /// Which procedure answers a citizen's question.
    Retrieval,
    /// Letters of every shape, the proof of free sentences, hostile texts.
    Writer,
}

/// What to time.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_HELP)]
pub(crate) struct BenchArgs {
    /// Which suite.
    suite: Race,
    /// With `intake` and `load`: how many events.
    #[arg(long, default_value_t = 5000)]
    pub(super) events: usize,
    /// With `load`: how many births are told of before, each of a mother and a child.
    #[arg(long, default_value_t = 0)]
    pub(super) known: usize,
    /// With `load`: how many events are sent in one call.
    #[arg(long, default_value_t = 500)]
    pub(super) batch: usize,
    /// With `load`: how long each part lasts that goes at a pace.
    #[arg(long, default_value_t = 20)]
    pub(super) seconds: u64,
    /// With `load`: which part of 200 events and 500 readings a second comes at that pace.
    #[arg(long, default_value_t = 1.0, value_parser = part)]
    pub(super) pace: f64,
    /// With `load`: a PostgreSQL to measure on as well, in schemas that are gone afterwards.
    #[arg(long, value_name = "URL", env = "COTMOC_TEST_POSTGRES", hide_env_values = true)]
    pub(super) postgres: Option<String>,
    /// With `write`: let no model word anything.
    #[arg(long)]
    no_model: bool,
    /// With `rules`: how many people.
    #[arg(long, default_value_t = 100_000)]
    pub(super) people: usize,
    /// With `rules`: how many rows the table of due days has, once for each size.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000, 10_000_000])]
    pub(super) due: Vec<usize>,
    /// With `rules`: what the comparison with other engines left.
    #[arg(long, value_name = "FILE", default_value = "target/peers/report.json")]
    pub(super) peers: PathBuf,
    /// With `search`: how many vectors, once for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 50_000, 100_000, 1_000_000])]
    pub(super) vectors: Vec<usize>,
    /// With `search`: how many procedures, once for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 50_000])]
    pub(super) procedures: Vec<usize>,
    /// With `inference`: a model, by name or alias; may be given again. All that are in the store
    /// where left out.
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Vec<String>,
    /// With `inference`: how many threads, once for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    pub(super) threads: Vec<usize>,
    /// With `inference`: how often everything is measured that a ratio is made of.
    #[arg(long, default_value_t = 3)]
    pub(super) rounds: usize,
    /// With `inference`: how many texts go through a model together, once for each number; no more
    /// than 16 with a large model.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 8, 16, 32, 64])]
    pub(super) batches: Vec<usize>,
    /// With `inference`: do the jobs that come in lines of JSON, as each engine under comparison
    /// does in a process of its own.
    #[arg(long)]
    pub(super) jobs: bool,
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(part) if part > 0.0 && part <= 10.0 => Ok(part),
        _ => Err("a number above 0 and up to 10, such as 0.25".to_owned()),
    }
}

const BENCH_HELP: &str = "\
What is fast enough depends on the machine, so nothing is judged here. `intake` keeps its
database in a file beside other temporary files, as an installation does, and words no message
by a model: `write` measures that. `load` starts servers of its own and calls them over HTTP, each
database in turn: batches, set against a bare insert of the same rows; then, without the work that
followed from these, events and readings at a fixed pace, timed from when they were due. `rules` fills databases with people who do not exist, in files
beside other temporary files: 1.5 GB for 100,000 people and 2 GB for ten million due days. `search`
makes vectors and procedures from a seed; a million vectors take 6 GB of memory for a while.
`inference` sets our text models beside llama.cpp and our embedding model beside the engine of its
package, which `eval/inference/peer` builds the first time: run it in the project's folder, on a machine that does nothing else. Three models take
hours; each figure goes to standard error as it is found.";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Race {
    /// Events taken in, and the work that follows from them.
    Intake,
    /// Letters worded anew, and filled from a kept template.
    Write,
    /// A server in a process of its own: batches, single events, suggestions, readings.
    Load,
    /// The models beside llama.cpp and the embedding model's own engine: speed, memory, quality.
    Inference,
    /// The rules over a population: one person, a sweep through a database, a day's run.
    Rules,
    /// A search: embedding the question, the nearest of many vectors, the best of many procedures.
    Search,
}

/// Runs a suite against its thresholds.
pub(crate) async fn eval(args: &EvalArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    match args.suite {
        Suite::Cel => super::cel::run(args.tests.clone(), output),
        Suite::Chain => chain(args, config, output).await,
        Suite::Retrieval => {
            let (set, is_crossed) = (args.set.clone(), args.cross_validate);
            let config = config.clone();
            let work = move || super::retrieval::run(set, is_crossed, &config, output);
            tokio::task::spawn_blocking(work).await?
        }
        Suite::Writer => super::writer::run(args, config, output).await,
    }
}

/// Plays the samples and compares.
async fn chain(args: &EvalArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = Store::open("sqlite::memory:", &master::throwaway()?).await?;
    let (app, clock) = app(config, output, store, !args.no_model).await?;
    let timetable = config.worker.timetable.parse()?;
    let bar = output.bar(0, false, "playing the samples");
    let report = eval::chain_told(&app, &clock, &timetable, |step| {
        bar.set_length(step.of as u64);
        bar.set_position(step.event as u64);
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    if let Some(path) = &args.page {
        std::fs::write(path, report.html())
            .with_context(|| format!("could not write `{}`", path.display()))?;
    }
    tell(&Paper::of_stdout(output.is_json()), &report);
    output.value(&report)?;
    ensure!(report.passed(), "{} thresholds were missed", report.failures().count());
    Ok(())
}

/// Runs a benchmark.
pub(crate) async fn bench(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    match args.suite {
        Race::Intake => {
            let scratch = Scratch::new()?;
            let url = format!("sqlite:{}", scratch.0.join("bench.db").display());
            let store = Store::open(&url, &master::throwaway()?).await?;
            let (app, _) = app(config, output, store, false).await?;
            let bar = output.bar(args.events as u64, false, "events");
            let bench =
                eval::bench::intake(&app, args.events, |done| bar.set_position(done as u64)).await;
            bar.finish_and_clear();
            app.store.close().await;
            intake(output, &bench?)
        }
        Race::Load => super::bench_load::run(args, config, output).await,
        Race::Inference => super::bench_inference::run(args, config, output).await,
        Race::Rules => super::bench_rules::run(args, config, output).await,
        Race::Search => super::bench_search::run(args, config, output),
        Race::Write => {
            let store = Store::open("sqlite::memory:", &master::throwaway()?).await?;
            let (app, _) = app(config, output, store, !args.no_model).await?;
            let bar = output.bar(0, false, "letters");
            let counted = bar.clone();
            let bench = tokio::task::spawn_blocking(move || {
                eval::bench::write(&app, |done, all| {
                    counted.set_length(all as u64);
                    counted.set_position(done as u64);
                })
            })
            .await;
            bar.finish_and_clear();
            write(output, &bench??)
        }
    }
}

/// An engine on a fresh database, on the morning of the samples' today, with a key of its own.
pub(super) async fn app(
    config: &Config,
    output: Output,
    store: Store,
    with_model: bool,
) -> anyhow::Result<(App, Arc<FixedClock>)> {
    store.migrate().await?;
    let country = wiring::country(config)?;
    let runtime = tokio::runtime::Handle::current();
    let config = config.clone();
    let writing = {
        let words = wiring::words(&store, &country).await?;
        tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            if !with_model {
                return wiring::writing(&config, words, None, None);
            }
            let (index, embedder) = index::current(&config, output)?;
            let passages = search::open(&config, index, embedder, &runtime)?;
            let model = models::wording(&config.models.dir)?;
            wiring::writing(&config, words, Some(model), Some(passages))
        })
        .await??
    };
    let clock = Arc::new(FixedClock::at(morning(&country)?));
    let app = App {
        store,
        pack: country.pack,
        clock: Arc::clone(&clock) as _,
        key: PseudonymKey::new(&chance::bytes::<32>()?),
        writing: Arc::new(writing),
        operation: Arc::default(),
    };
    Ok((app, clock))
}

/// Nine o'clock on the samples' today.
pub(super) fn morning(country: &Country) -> anyhow::Result<jiff::Timestamp> {
    let families = country.pack.samples().families.as_ref();
    let today = families.context("the pack has no sample families to measure with")?.today;
    let morning = today.to_datetime(time(9, 0, 0, 0));
    Ok(morning.to_zoned(country.pack.time_zone().clone())?.timestamp())
}

fn tell(paper: &Paper, report: &ChainReport) {
    paper.rule(&format!("chain · pack {} on {}", report.pack, report.today));
    for it in &report.thresholds {
        let (mark, style) = if it.passed { ("✓", good()) } else { ("✗", odd()) };
        let bound = it.kind.replace('_', " ");
        let lead = format!("  {mark} {:<32}", it.name);
        paper.write(&lead, &format!("{:.2}, {bound} {}", it.value, it.limit), &style);
    }
    for it in &report.differences {
        paper.gap();
        paper.write("  ✗ ", &format!("{}: {}", it.family, it.about), &odd());
        paper.write("    expected ", &it.expected, &plain());
        paper.write("    got      ", &it.got, &plain());
    }
    paper.gap();
    for it in &report.timings.stages {
        let line = format!(
            "{} times, median {:.1} ms, 95 of 100 within {:.1} ms",
            it.count, it.median_ms, it.p95_ms
        );
        paper.write(&format!("  {:<10} ", it.stage), &line, &faint());
    }
}

fn intake(output: Output, bench: &IntakeBench) -> anyhow::Result<()> {
    output.say(format!(
        "{} events: {} new, {} repeated, {} set aside; {} jobs done, {} failed",
        bench.events, bench.new, bench.repeats, bench.set_aside, bench.jobs, bench.failed_jobs
    ));
    output.say(format!(
        "{:.0} events a second taken in, {:.0} jobs a second worked off, {:.0} events a second \
         through all of it",
        bench.events_per_second, bench.jobs_per_second, bench.through_per_second
    ));
    output.value(bench)
}

fn write(output: Output, bench: &WriteBench) -> anyhow::Result<()> {
    for plan in &bench.plans {
        output.say(format!(
            "{:>9.1} ms anew {:>9.3} ms from its template  {}",
            plan.cold_ms, plan.cached_ms, plan.plan
        ));
    }
    output.say(format!(
        "{} of {} worded by the model; {:.2} letters a second anew, {:.0} from templates",
        bench.by_model,
        bench.plans.len(),
        bench.cold_per_second,
        bench.cached_per_second
    ));
    output.value(bench)
}

/// A folder that is gone afterwards.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("cotmoc-bench-{}", chance::token::<8>()?));
        std::fs::create_dir(&path)
            .with_context(|| format!("could not make `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be taken away now is left to whoever empties the folder for such files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
