//! `cotmoc eval retrieval`: how well a citizen's question finds its procedure.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use eval::retrieval::{
    Cross, MANIFEST, RetrievalReport, Table, Turn, cross_validate, questions, retrieval,
};
use knowledge::{Corpus, Procedures};
use serde::Serialize;
use server::config::Config;
use server::finder::{self, Counts, Step, Wanted};
use server::sources::{Source, beside};
use server::{models, pack};

use super::output::Output;
use super::paper::{Paper, faint, plain};

/// What is told to machines.
#[derive(Serialize)]
struct Told<'a> {
    /// Lines of the source that are no procedure.
    set_aside: usize,
    #[serde(flatten)]
    report: &'a RetrievalReport,
}

/// Asks the questions in `set` and tells the figures.
pub(super) fn run(
    set: Option<PathBuf>,
    is_crossed: bool,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let set = set.unwrap_or_else(|| beside().join("retrieval"));
    let asked = questions(&set).context(
        "give a folder that holds `queries.jsonl` with `--set`, or set COTMOC_SHARED_DATA",
    )?;
    let source = Source::parse(MANIFEST.to_owned(), &set)?;
    let everyday = pack::everyday(&pack::files(config.pack.path.as_deref())?)?;
    let wanted = Wanted::of(Corpus::default(), everyday, vec![source])?;
    // Beside the index that is searched every day, and sharing its vectors.
    let place = config.knowledge.index.with_file_name("retrieval.index");
    let embedder = models::embedder(&config.models.dir)?;
    let bar = output.bar(0, false, "embedding procedures");
    let built =
        wanted.build(embedder.as_ref(), &place, &finder::vectors(&place), &mut |step| match step {
            Step::Read(_) => {}
            Step::Embedded(done, total) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
            }
            Step::SetAside(file, aside) => bar.suspend(|| {
                output.say(format!("{}: {:#}", file.display(), anyhow::Error::new(aside)));
            }),
        });
    bar.finish_and_clear();
    let (_, Counts { taken, set_aside, .. }) = built?;
    output.say(format!("{taken} procedures, {set_aside} lines set aside"));
    let search = Procedures::open(&place, embedder)?;
    let bar = output.bar(0, false, "asking");
    if is_crossed {
        let cross = cross_validate(&search, &asked, &mut |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        return tell_cross(&cross?, output);
    }
    let report = retrieval(&search, &asked, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report?;
    tell(&Paper::of_stdout(output.is_json()), &report);
    output.value(&Told { set_aside, report: &report })?;
    let missed = report.missed.join(", ");
    ensure!(missed.is_empty(), "not answered on the first screen: {missed}");
    Ok(())
}

fn tell_cross(cross: &Cross, output: Output) -> anyhow::Result<()> {
    for (place, Turn { questions, chosen }) in cross.turns.iter().enumerate() {
        output.say(format!(
            "part {}, {questions} questions: of {} sets the one {chosen} did best on the others",
            place + 1,
            cross.sets
        ));
    }
    for (source, figures) in &cross.sources {
        let ndcg = figures.ndcg_10;
        output.say(format!(
            "{source}: nDCG@10 {:.3} ({:.3} to {:.3})",
            ndcg.value, ndcg.low, ndcg.high
        ));
    }
    output.value(cross)
}

fn tell(paper: &Paper, report: &RetrievalReport) {
    for (source, of) in &report.sources {
        paper.rule(&format!(
            "{source} · {} questions over {} procedures",
            of.questions, report.documents
        ));
        table(paper, &of.configurations);
        paper.gap();
    }
}

fn table(paper: &Paper, table: &Table) {
    paper.write(
        "  ",
        "                              @1   @5   @10  MRR  nDCG@10 with its 95 % interval",
        &faint(),
    );
    for (name, variants) in table {
        for (variant, it) in variants {
            let lead = format!("  {name:<15}{variant:<14}");
            let ndcg = it.ndcg_10;
            let line = format!(
                "{:.3} {:.3} {:.3} {:.3} {:.3} ({:.3} to {:.3})",
                it.recall_1.value,
                it.recall_5.value,
                it.recall_10.value,
                it.mrr_10.value,
                ndcg.value,
                ndcg.low,
                ndcg.high
            );
            paper.write(&lead, &line, &plain());
        }
    }
}
