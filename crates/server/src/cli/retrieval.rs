//! `cotmoc eval retrieval`: how well a citizen's question finds its procedure.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use eval::retrieval::{MANIFEST, RetrievalReport, Table, questions, retrieval};
use knowledge::{Manifest, Procedure, Procedures};
use serde::Serialize;
use server::config::Config;
use server::models;

use super::output::Output;
use super::paper::{Paper, faint, plain};

/// Where the data of the evaluations are kept beside the project.
fn beside() -> PathBuf {
    let data = std::env::var_os("COTMOC_SHARED_DATA").map(PathBuf::from);
    data.unwrap_or_else(|| PathBuf::from("../shared/data"))
}

/// What is told to machines.
#[derive(Serialize)]
struct Told<'a> {
    /// Lines of the source that are no procedure.
    set_aside: usize,
    #[serde(flatten)]
    report: &'a RetrievalReport,
}

/// Asks the questions in `set` and tells the figures.
pub(super) fn run(set: Option<PathBuf>, config: &Config, output: Output) -> anyhow::Result<()> {
    let set = set.unwrap_or_else(|| beside().join("retrieval"));
    let asked = questions(&set).context(
        "give a folder that holds `queries.jsonl` with `--set`, or set COTMOC_SHARED_DATA",
    )?;
    let manifest = Manifest::parse(MANIFEST)?;
    let (procedures, set_aside) = procedures(&manifest, &set, output)?;
    let embedder = models::embedder(&config.models.dir)?;
    let kept = config.knowledge.index.with_file_name("procedures.vectors");
    let bar = output.bar(0, false, "embedding procedures");
    let search = Procedures::build(&procedures, embedder, &kept, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    drop(procedures);
    let bar = output.bar(0, false, "asking");
    let report = retrieval(&search?, &asked, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report?;
    tell(&Paper::of_stdout(output.is_json()), &report);
    output.value(&Told { set_aside, report: &report })
}

/// The procedures that the set is asked over: beside it, or in the folder of shared data.
fn procedures(
    manifest: &Manifest,
    set: &Path,
    output: Output,
) -> anyhow::Result<(Vec<Procedure>, usize)> {
    let name = Path::new(&manifest.file).file_name().map(PathBuf::from).unwrap_or_default();
    let places =
        [set.join(name), set.join("..").join(&manifest.file), beside().join(&manifest.file)];
    let [.., last] = &places;
    let path = places.iter().find(|path| path.is_file()).unwrap_or(last);
    let file = File::open(path).with_context(|| {
        format!("cannot read the procedures `{}`: set COTMOC_SHARED_DATA", path.display())
    })?;
    let mut procedures = Vec::new();
    let mut aside = 0_usize;
    for read in manifest.read(file) {
        match read {
            Ok(procedure) => procedures.push(procedure),
            Err(error) => {
                aside += 1;
                output.say(format!("{}: {:#}", path.display(), anyhow::Error::new(error)));
            }
        }
    }
    output.say(format!("{} procedures, {aside} lines set aside", procedures.len()));
    Ok((procedures, aside))
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
