//! `cotmoc eval letters`: letters in bulk, filled and read back, and how many a second.

use anyhow::ensure;
use eval::letters::{self, Composed, LettersReport, Speed};
use serde::Serialize;
use server::config::Config;
use server::pack;
use server::secrets::master;
use storage::Store;

use super::measure::{self, EvalArgs};
use super::output::Output;

/// What machines read.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    letters: LettersReport,
    /// What the model worded; left out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    composed: Option<Composed>,
    render: Vec<Speed>,
}

/// Fills, reads back, counts.
pub(super) async fn run(args: &EvalArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = Store::open("sqlite::memory:", &master::throwaway()?).await?;
    let (app, _) = measure::app(config, output, store, !args.no_model).await?;
    let files = pack::files(config.pack.path.as_deref())?;
    let shapes = letters::all_shapes(&app, app.today())?;
    let composed = if args.no_model {
        None
    } else {
        Some(letters::compose(&app, &shapes, args.composed).await?)
    };
    let count = args.letters;
    let work = move || -> anyhow::Result<_> {
        let report = letters::messages(&app, &files, &shapes, count)?;
        let render = [1, 2].map(|threads| letters::speed(&app, &shapes, threads));
        Ok((report, render.to_vec()))
    };
    let (letters, render) = tokio::task::spawn_blocking(work).await??;
    let told = Told { letters, composed, render };
    say(&told, output);
    output.value(&told)?;
    let wrong = told.letters.wrong_values + told.letters.missing_values;
    ensure!(wrong == 0, "{wrong} letters are wrong");
    let unproved = told.letters.shapes - told.letters.shapes_proved;
    ensure!(unproved == 0, "{unproved} shapes have no words that stand");
    Ok(())
}

fn say(told: &Told, output: Output) {
    let LettersReport { shapes, shapes_proved, messages, refused, wrong_values, .. } =
        &told.letters;
    output.say(format!("{shapes} shapes, of {shapes_proved} the approved wording is proved"));
    output.say(format!(
        "{messages} letters: {wrong_values} with a wrong value, {} with one missing, {refused} \
         refused for a link in a value",
        told.letters.missing_values
    ));
    for line in &told.letters.told {
        output.say(format!("  {line}"));
    }
    if let Some(composed) = &told.composed {
        output.say(format!(
            "{} shapes worded by the model: {} proved, {} without any text",
            composed.shapes, composed.by_model, composed.refused
        ));
    }
    for speed in &told.render {
        output.say(format!(
            "{} threads: {:.0} letters a second filled, {:.0} planned and filled",
            speed.threads, speed.filled_per_second, speed.planned_and_filled_per_second
        ));
    }
}
