//! `cotmoc index`: embeds the procedures and the law, so that they can be searched.

use std::sync::Arc;

use knowledge::{Embed, Index};
use serde::Serialize;
use server::config::Config;
use server::{pack, search};

use super::output::Output;

/// How to index.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Indexed<'a> {
    passages: usize,
    hash: &'a str,
    model: &'a str,
}

/// Brings the index up to date and says what it holds.
pub(crate) fn run(_args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let (index, _) = current(config, output)?;
    output.say(format!("{} passages indexed, hash {}", index.passages().len(), index.hash()));
    output.value(&Indexed {
        passages: index.passages().len(),
        hash: index.hash(),
        model: index.model(),
    })
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
