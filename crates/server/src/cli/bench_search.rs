//! `cotmoc bench search`: how long a search takes, and how that grows.

use eval::bench::{ProceduresPoint, SearchBench, SearchSetting, VectorsPoint};
use server::config::Config;
use server::{finder, models};

use super::measure::{BenchArgs, Scratch};
use super::output::Output;

/// Measures in the process, on what is made for it and gone afterwards.
pub(super) fn run(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let embedder = models::embedder(&config.models.dir)?;
    let scratch = Scratch::new()?;
    let setting = SearchSetting {
        embedder: embedder.as_ref(),
        vectors: &args.vectors,
        kept: knowledge::kept_vectors(&finder::vectors(&config.knowledge.index))?,
        procedures: &args.procedures,
        scratch: &scratch.0,
    };
    let bar = output.bar(0, false, "");
    let bench = eval::bench::search(&setting, &mut |what| bar.set_message(what));
    bar.finish_and_clear();
    tell(output, &bench?)
}

fn tell(output: Output, bench: &SearchBench) -> anyhow::Result<()> {
    let SearchBench { embedding, vectors, kept, procedures } = bench;
    output.say(format!(
        "a question is embedded in {:.1} ms, 99 of 100 within {:.1} ms",
        embedding.p50_ms, embedding.p99_ms
    ));
    let made = vectors.iter().map(|point| ("made", point));
    for (whose, point) in made.chain(kept.iter().map(|point| ("of the index", point))) {
        let VectorsPoint { of, took, recall_10, held_mib } = point;
        output.say(format!(
            "{of:>9} vectors, {whose}: {:.2} ms, 99 of 100 within {:.2} ms; {:.2} of the nearest ten \
             of 100 found; {held_mib:.0} MiB",
            took.p50_ms,
            took.p99_ms,
            recall_10 * 100.0
        ));
    }
    for ProceduresPoint { of, took, lexical, opened_ms, held_mib } in procedures {
        output.say(format!(
            "{of:>9} procedures: {:.2} ms, 99 of 100 within {:.2} ms; by words alone {:.2} and {:.2} ms; \
             opened in {opened_ms:.0} ms, {held_mib:.0} MiB",
            took.p50_ms, took.p99_ms, lexical.p50_ms, lexical.p99_ms
        ));
    }
    output.value(bench)
}
