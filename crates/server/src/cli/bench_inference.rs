//! `cotmoc bench inference`: our models beside the engines of others, each in a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use eval::bench::inference::{
    EmbeddingBench, Engine, EngineError, Figures, InferenceBench, ModelBench, Quality, Setting,
    Side, Speed, gib_per_s, inference as compare, work,
};
use inference::manifest::{Catalogue, ModelManifest, Role};
use inference::store::Store;
use server::config::Config;

use super::measure::BenchArgs;
use super::output::Output;

/// What makes the engines of others do jobs, in the project's folder.
const PEER: &str = "eval/inference/peer";
/// How long the prompts are that are read.
const PROMPTS: [usize; 2] = [256, 1024];

/// Does jobs, or has them done.
pub(super) async fn run(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    if args.jobs {
        let jobs = || work(std::io::stdin().lock(), std::io::stdout().lock());
        return Ok(tokio::task::spawn_blocking(jobs).await??);
    }
    let models = models(&args.model, config)?;
    let numbers = [&args.threads, &args.batches].map(Vec::clone);
    ensure!(numbers.iter().flatten().all(|it| *it > 0), "threads and batches begin at 1");
    let rounds = args.rounds;
    let bench = tokio::task::spawn_blocking(move || measure(models, numbers, rounds)).await??;
    tell(output, &bench);
    output.value(&bench)
}

/// Names and places of models, by what they are for.
#[derive(Default)]
struct Models {
    /// Files.
    texts: Vec<(String, PathBuf)>,
    /// Folders.
    embedders: Vec<(String, PathBuf)>,
}

impl Models {
    fn put(&mut self, model: &ModelManifest, files: Vec<PathBuf>) -> anyhow::Result<()> {
        let file = files.into_iter().next().context("the model has no file")?;
        match model.role {
            Role::Text => self.texts.push((model.name.clone(), file)),
            Role::Embedding => {
                let folder = file.parent().context("the model's file lies in no folder")?;
                self.embedders.push((model.name.clone(), folder.to_owned()));
            }
        }
        Ok(())
    }
}

/// The models that are named, or all that are here.
fn models(named: &[String], config: &Config) -> anyhow::Result<Models> {
    let catalogue = Catalogue::embedded()?;
    let store = Store::new(&config.models.dir);
    let mut out = Models::default();
    for name in named {
        let model = catalogue.get(name)?;
        out.put(model, store.ready(model)?)?;
    }
    if named.is_empty() {
        for model in catalogue.models() {
            if let Ok(files) = store.ready(model) {
                out.put(model, files)?;
            }
        }
        ensure!(!out.texts.is_empty(), "no text model is in the store; run `cotmoc models pull`");
    }
    Ok(out)
}

fn measure(
    models: Models,
    [threads, batches]: [Vec<usize>; 2],
    rounds: usize,
) -> anyhow::Result<InferenceBench> {
    let ours = std::env::current_exe().context("could not find this program")?;
    let speeds: BTreeSet<usize> = threads.iter().copied().chain([1]).collect();
    let read_gib_per_s: BTreeMap<usize, f64> =
        speeds.into_iter().map(|it| (it, gib_per_s(it))).collect();
    let start = |side| -> Result<Engine, EngineError> {
        Engine::start(&mut match side {
            Side::Ours => {
                let mut command = Command::new(&ours);
                command.args(["bench", "inference", "--jobs"]);
                command
            }
            Side::Peer => Command::new(PEER),
        })
    };
    let setting = Setting {
        texts: models.texts,
        embedders: models.embedders,
        threads,
        rounds,
        batches,
        prompts: PROMPTS,
        read_gib_per_s,
        start: &start,
        progress: &|line| drop(writeln!(std::io::stderr(), "{line}")),
    };
    Ok(compare(&setting)?)
}

fn tell(output: Output, bench: &InferenceBench) {
    let read = bench.read_gib_per_s.iter().map(|(it, gib)| format!("{gib:.1} GiB/s by {it}"));
    output.say(format!("memory is read at {}", read.collect::<Vec<_>>().join(", ")));
    match (&bench.engines.peer, &bench.engines.missing) {
        (Some(peer), _) => output.say(format!("ours: {}; theirs: {peer}", bench.engines.ours)),
        (None, missing) => output.say(format!(
            "ours: {}; no other engine, so no ratios: {}",
            bench.engines.ours,
            missing.as_deref().unwrap_or_default()
        )),
    }
    for (name, model) in &bench.models {
        let head = |threads: usize, seconds_of: &str| {
            output.say(format!("\n{name}, threads: {threads} (seconds of the {seconds_of})"));
        };
        match model {
            ModelBench::Text(model) => {
                for (threads, speed) in &model.threads {
                    head(*threads, speed.seconds_of);
                    tell_speed(output, speed);
                }
                if let Some(quality) = &model.quality {
                    tell_quality(output, quality);
                }
            }
            ModelBench::Embedding(model) => {
                for (threads, speed) in &model.threads {
                    head(*threads, speed.seconds_of);
                    let peer = speed.peer.unwrap_or_default();
                    let ours = speed.ours;
                    line(
                        output,
                        "queries/s",
                        speed.queries_ratio,
                        ours.queries_per_s,
                        peer.queries_per_s,
                    );
                    line(
                        output,
                        "passages/s",
                        speed.passages_ratio,
                        ours.passages_per_s,
                        peer.passages_per_s,
                    );
                    line(
                        output,
                        "peak memory, MiB",
                        speed.ratios.memory_ratio,
                        ours.peak_mib,
                        peer.peak_mib,
                    );
                }
                tell_likeness(output, model);
            }
        }
    }
}

/// What was found of ours, and where there is a ratio, of theirs.
fn line(output: Output, what: &str, ratio: Option<f64>, ours: f64, peer: f64) {
    output.say(match ratio {
        Some(ratio) => format!("  {what:<28} {ratio:>6.2}   {ours:.2} to {peer:.2}"),
        None => format!("  {what:<28} {:>6}   {ours:.2}", "–"),
    });
}

fn tell_likeness(output: Output, model: &EmbeddingBench) {
    match (&model.quality, &model.missing) {
        (Some(alike), _) => output.say(format!(
            "  worst cosine {:.5}, {} tokens",
            alike.worst_cosine,
            if alike.same_tokens { "the same" } else { "other" }
        )),
        (None, missing) => output.say(format!(
            "  no other engine, so no ratios: {}",
            missing.as_deref().unwrap_or_default()
        )),
    }
}

fn tell_speed(output: Output, speed: &Speed) {
    let none = Figures::default();
    let peer = speed.peer.as_ref().unwrap_or(&none);
    let line = |what: &str, ratio: Option<f64>, pick: &dyn Fn(&Figures) -> f64| {
        line(output, what, ratio, pick(&speed.ours), pick(peer));
    };
    let (ratios, [short, long]) = (speed.ratios, speed.prefill_ratios);
    line("messages/s", ratios.messages_ratio, &|it| it.messages.per_s);
    line("messages/s, grammar", ratios.messages_grammar_ratio, &|it| it.messages_grammar.per_s);
    line("short prompt, tokens/s", short, &|it| it.prefill_per_s[0]);
    line("long prompt, tokens/s", long, &|it| it.prefill_per_s[1]);
    line("one sequence, tokens/s", ratios.decode_ratio, &|it| it.decode_per_s);
    line("peak memory, MiB", ratios.memory_ratio, &|it| it.peak_mib);
    for point in &speed.ours.growth.messages {
        let share = |share: Option<f64>| share.unwrap_or_default() * 100.0;
        output.say(format!(
            "  {:>4} together: {:.2} messages/s, {:.0} % of memory's speed, {:.0} % of a prompt's",
            point.batch,
            point.per_s,
            share(point.share_of_bandwidth),
            share(point.share_of_prefill)
        ));
    }
}

fn tell_quality(output: Output, quality: &Quality) {
    let texts = [("Vietnamese", &quality.vietnamese), ("English", &quality.english)];
    for (language, text) in texts {
        output.say(format!(
            "  perplexity, {language}: {:.3} to {:.3} ({:+.2} %); the shortlist has {:.1} % of its \
             tokens, {:.1} % of their choices",
            text.perplexity,
            text.peer_perplexity,
            text.difference * 100.0,
            text.shortlist.share_of_tokens * 100.0,
            text.shortlist.share_of_peer_choices * 100.0
        ));
    }
    let greedy = &quality.greedy;
    output.say(format!(
        "  greedy, {} prompts, {} tokens each: {:.1} % alike after the same text; {} texts alike \
         to the end",
        greedy.prompts,
        greedy.tokens,
        greedy.same_choice * 100.0,
        greedy.whole_texts
    ));
}
