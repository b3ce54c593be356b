//! `cotmoc bench search`: how long a search takes, and how that grows.

use eval::bench::{SearchBench, SearchPoint, SearchSetting};
use server::config::Config;
use server::models;

use super::measure::{BenchArgs, Scratch};
use super::output::Output;

/// Measures in the process, on what is made for it and gone afterwards.
pub(super) fn run(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let embedder = models::embedder(&config.models.dir)?;
    let scratch = Scratch::new()?;
    let setting = SearchSetting {
        embedder: embedder.as_ref(),
        vectors: &args.vectors,
        procedures: &args.procedures,
        scratch: &scratch.0,
    };
    let bar = output.bar(0, false, "");
    let bench = eval::bench::search(&setting, &mut |what| bar.set_message(what));
    bar.finish_and_clear();
    tell(output, &bench?)
}

fn tell(output: Output, bench: &SearchBench) -> anyhow::Result<()> {
    let SearchBench { embedding, vectors, procedures } = bench;
    output.say(format!(
        "a question is embedded in {:.1} ms, 99 of 100 within {:.1} ms",
        embedding.p50_ms, embedding.p99_ms
    ));
    for (what, points) in [("vectors", vectors), ("procedures", procedures)] {
        for SearchPoint { of, took } in points {
            output.say(format!(
                "{of:>9} {what:<10} {:.2} ms, 99 of 100 within {:.2} ms",
                took.p50_ms, took.p99_ms
            ));
        }
    }
    output.value(bench)
}
