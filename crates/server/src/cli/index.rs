//! `cotmoc index`: embeds the procedures and the law, so that they can be searched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use knowledge::{Embed, Index, ProceduresBuilt};
use serde::Serialize;
use server::config::Config;
use server::finder::{self, Counts, Step, Wanted};
use server::{models, pack, search};

use super::output::Output;

/// How to index.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A manifest of procedures that others describe, beside those of `knowledge.sources`; may be
    /// given again.
    #[arg(long, value_name = "MANIFEST")]
    source: Vec<PathBuf>,
}

const HELP: &str = "\
The file that a manifest names is looked for beside the manifest and in the folder of shared data
(`$COTMOC_SHARED_DATA`). A record that cannot be read is listed with its line and left out. What was
embedded once is kept: a run that was broken off goes on where it was.";

#[derive(Serialize)]
struct Told<'a> {
    passages: usize,
    hash: &'a str,
    model: &'a str,
    procedures: ToldProcedures,
}

#[derive(Serialize)]
struct ToldProcedures {
    documents: usize,
    hash: String,
    embedded: usize,
    #[serde(flatten)]
    counts: Counts,
    lines: Vec<Aside>,
}

/// A line that was set aside.
#[derive(Serialize)]
struct Aside {
    file: String,
    line: usize,
    reason: String,
}

/// Brings both indexes up to date and says what they hold.
pub(crate) fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let files = pack::files(config.pack.path.as_deref())?;
    let wanted = Wanted::new(&files, &sources(config, &args.source))?;
    let (index, embedder) = current(config, output)?;
    let place = finder::place(&config.knowledge.index);
    let (built, counts, lines) = build(&wanted, embedder.as_ref(), &place, output)?;
    output.say(format!("{} passages indexed, hash {}", index.passages().len(), index.hash()));
    output.say(format!("{} procedures and other documents, hash {}", built.documents, built.hash));
    let ProceduresBuilt { documents, embedded, hash } = built;
    output.value(&Told {
        passages: index.passages().len(),
        hash: index.hash(),
        model: index.model(),
        procedures: ToldProcedures { documents, hash, embedded, counts, lines },
    })
}

/// The manifests of the settings, then those of a call.
pub(super) fn sources(config: &Config, given: &[PathBuf]) -> Vec<PathBuf> {
    let mut sources = config.knowledge.sources.clone();
    let new = given.iter().filter(|path| !config.knowledge.sources.contains(path));
    sources.extend(new.cloned());
    sources
}

/// Makes the index of procedures, with a bar for people and a line for all that was set aside.
fn build(
    wanted: &Wanted,
    embedder: &dyn Embed,
    place: &Path,
    output: Output,
) -> anyhow::Result<(ProceduresBuilt, Counts, Vec<Aside>)> {
    let bar = output.bar(0, false, "reading procedures");
    let mut lines = Vec::new();
    let built = wanted.build(embedder, place, &finder::vectors(place), &mut |step| match step {
        Step::Read(count) => bar.set_position(count as u64),
        Step::Embedded(done, all) => {
            bar.set_message("embedding procedures");
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
        Step::SetAside(file, aside) => {
            let (file, line) = (file.display().to_string(), aside.line);
            let reason = format!("{:#}", anyhow::Error::new(aside.reason));
            bar.suspend(|| output.say(format!("{file} line {line} is set aside: {reason}")));
            lines.push(Aside { file, line, reason });
        }
    });
    bar.finish_and_clear();
    let (built, counts) = built?;
    if counts != Counts::default() {
        output.say(format!(
            "{} procedures of sources, {} more told by the pack itself, {} told twice, {} lines set \
             aside",
            counts.taken, counts.told_by_pack, counts.twins, counts.set_aside
        ));
    }
    output.say(format!("{} texts embedded, the others had their vectors", built.embedded));
    Ok((built, counts, lines))
}

/// The index of procedures, made anew where it is not of `wanted`, and the model to search it.
pub(super) fn current_procedures(
    wanted: &Wanted,
    place: &Path,
    config: &Config,
    output: Output,
) -> anyhow::Result<Arc<dyn Embed>> {
    let embedder = models::embedder(&config.models.dir)?;
    if !wanted.is_at(place, &embedder.model()) {
        build(wanted, embedder.as_ref(), place, output)?;
    }
    Ok(embedder)
}

/// The index of the corpus as it is now, and the model that it was made with. Only passages
/// that changed are embedded again.
pub(crate) fn current(config: &Config, output: Output) -> anyhow::Result<(Index, Arc<dyn Embed>)> {
    let files = pack::files(config.pack.path.as_deref())?;
    let bar = output.bar(0, false, "indexing");
    let built = search::index(config, &files, &mut |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    });
    bar.finish_and_clear();
    let (index, built, embedder) = built?;
    if built.embedded > 0 {
        output.say(format!("{} passages embedded, {} kept", built.embedded, built.reused));
    }
    Ok((index, embedder))
}
