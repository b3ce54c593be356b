//! `cotmoc bench inference`: our text models beside llama.cpp, each in a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use eval::bench::inference::{
    Engine, EngineError, Figures, InferenceBench, Quality, Setting, Side, Speed, gib_per_s,
    inference as compare, work,
};
use inference::manifest::{Catalogue, Role};
use inference::store::Store;
use server::config::Config;

use super::measure::BenchArgs;
use super::output::Output;

/// What makes llama.cpp do jobs, in the project's folder.
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

/// Names and files of the models: those that are named, or all that are here.
fn models(named: &[String], config: &Config) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let catalogue = Catalogue::embedded()?;
    let store = Store::new(&config.models.dir);
    let mut out = Vec::new();
    for name in named {
        let model = catalogue.get(name)?;
        ensure!(model.role == Role::Text, "`{name}` is no text model");
        let path = store.ready(model)?.into_iter().next();
        out.push((model.name.clone(), path.context("the model has no file")?));
    }
    if named.is_empty() {
        let texts = catalogue.models().iter().filter(|model| model.role == Role::Text);
        out.extend(texts.filter_map(|model| {
            Some((model.name.clone(), store.ready(model).ok()?.into_iter().next()?))
        }));
    }
    ensure!(!out.is_empty(), "no text model is in the store; run `cotmoc models pull`");
    Ok(out)
}

fn measure(
    models: Vec<(String, PathBuf)>,
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
        models,
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
        for (threads, speed) in &model.threads {
            output
                .say(format!("\n{name}, threads: {threads} (seconds of the {})", speed.seconds_of));
            tell_speed(output, speed);
        }
        if let Some(quality) = &model.quality {
            tell_quality(output, quality);
        }
    }
}

fn tell_speed(output: Output, speed: &Speed) {
    let line = |what: &str, ratio: Option<f64>, pick: &dyn Fn(&Figures) -> f64| {
        let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        let peer = speed.peer.as_ref().map(|peer| format!(" to {:.2}", pick(peer)));
        let (ours, peer) = (pick(&speed.ours), peer.unwrap_or_default());
        output.say(format!("  {what:<28} {ratio:>6}   {ours:.2}{peer}"));
    };
    line("messages/s", speed.messages_ratio, &|it| it.messages.per_s);
    line("messages/s, grammar", speed.messages_grammar_ratio, &|it| it.messages_grammar.per_s);
    let [short, long] = speed.prefill_ratios;
    line("short prompt, tokens/s", short, &|it| it.prefill_per_s[0]);
    line("long prompt, tokens/s", long, &|it| it.prefill_per_s[1]);
    line("one sequence, tokens/s", speed.decode_ratio, &|it| it.decode_per_s);
    line("peak memory, MiB", speed.memory_ratio, &|it| it.peak_mib);
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
