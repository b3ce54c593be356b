//! Letters in bulk for `cotmoc eval writer`: filled and read back, worded by the model, counted by the
//! second.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use engine::{App, MOST_PARTS, Shape};
use eval::EvalError;
use eval::writer::letters::{self, Composed, LettersReport, Notices, Speed};
use eval::writer::{Bank, couples, sheet};
use rules::PackFiles;
use server::config::Config;
use server::secrets::master;
use storage::Store;

use crate::cli::measure::{self, EvalArgs};
use crate::cli::output::Output;
use crate::cli::paper::{Paper, odd, plain};

/// Threads that letters are filled on.
const THREADS: [usize; 2] = [1, 2];

/// How many couples of letters a sheet has.
const COUPLES: usize = 60;

/// What was found of letters.
pub(super) struct Letters {
    pub(super) report: LettersReport,
    pub(super) composed: Option<Composed>,
    pub(super) render: Vec<Speed>,
    pub(super) notices: BTreeMap<&'static str, Notices>,
}

/// Fills and reads back, times, and has the model word some.
pub(super) async fn look(
    app: &Arc<App>,
    files: &Arc<PackFiles>,
    args: &EvalArgs,
    config: &Config,
    output: Output,
    (shapes, bank): (Vec<Shape>, Bank),
) -> anyhow::Result<Letters> {
    let composed = if args.no_model {
        None
    } else {
        Some(compose((&shapes, bank), args, config, output).await?)
    };
    let (app, files, count) = (Arc::clone(app), Arc::clone(files), args.letters);
    let work = move || -> Result<_, EvalError> {
        let report = letters::messages(&app, &files, &shapes, count)?;
        let render = THREADS.map(|threads| letters::speed(&app, &shapes, threads));
        Ok((report, render.to_vec(), letters::notices(&app, &shapes)))
    };
    let (report, render, notices) = tokio::task::spawn_blocking(work).await??;
    Ok(Letters { report, composed, render, notices })
}

/// Writes the sheet and, beside it, the key.
fn write_sheet(
    app: &App,
    (shapes, bank): (&[Shape], &Bank),
    file: &Path,
    output: Output,
) -> anyhow::Result<()> {
    let couples = couples(app, shapes, bank, COUPLES);
    let key = file.with_extension("key.json");
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
    };
    write(file, sheet(&couples))?;
    write(&key, serde_json::to_string_pretty(&couples)?)?;
    let (count, file, key) = (couples.len(), file.display(), key.display());
    output.say(format!("{count} couples to compare in {file}, the key in {key}"));
    Ok(())
}

async fn compose(
    (shapes, bank): (&[Shape], Bank),
    args: &EvalArgs,
    config: &Config,
    output: Output,
) -> anyhow::Result<Composed> {
    let store = Store::open("sqlite::memory:", &master::throwaway()?).await?;
    let (app, _) = measure::app(config, output, store, true).await?;
    let composed = letters::compose(&app, shapes, args.composed).await?;
    if let Some(file) = &args.sheet {
        let (shapes, file) = (shapes.to_vec(), file.clone());
        let work = move || write_sheet(&app, (&shapes, &bank), &file, output);
        tokio::task::spawn_blocking(work).await??;
    }
    Ok(composed)
}

pub(super) fn tell(paper: &Paper, letters: &Letters) {
    let LettersReport { shapes, shapes_proved, messages, refused, wrong_values, .. } =
        &letters.report;
    paper.rule(&format!("letters · {shapes} shapes, approved wording proved of {shapes_proved}"));
    let line = |text: String| paper.write("  ", &text, &plain());
    line(format!(
        "{messages} letters: {wrong_values} with a wrong value, {} with one missing, {refused} \
         refused for a link in a value",
        letters.report.missing_values
    ));
    for told in &letters.report.told {
        paper.write("  ✗ ", told, &odd());
    }
    if let Some(Composed { shapes, by_model, refused, seconds_per_shape, .. }) = &letters.composed {
        line(format!(
            "{shapes} worded by the model: {by_model} proved, {refused} without any text, \
             {seconds_per_shape:.2} s each"
        ));
    }
    for Speed { threads, filled_per_second, planned_and_filled_per_second } in &letters.render {
        line(format!(
            "{threads} threads: {filled_per_second:.0} letters a second filled, \
             {planned_and_filled_per_second:.0} planned and filled"
        ));
    }
    for (level, Notices { by_parts, longest_bytes }) in &letters.notices {
        let all: usize = by_parts.values().sum();
        let short: usize = by_parts.range(..=MOST_PARTS).map(|(_, count)| count).sum();
        line(format!(
            "notices of {level}: {short} of {all} fit in {MOST_PARTS} text messages, the longest has \
             {longest_bytes} bytes"
        ));
    }
}
