//! `cotmoc prepare`: words every letter that the pack can call for, before anybody gets one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use domain::MessageSource;
use engine::{App, Looked, Prepared, Unsayable};
use jiff::civil::Date;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};
use server::{models, search};

use super::index;
use super::output::Output;

/// What to word.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Only letters about this life event, as in LE-BIRTH.
    #[arg(long, value_name = "ID")]
    life_event: Option<String>,
    /// The day whose law counts, as in 2027-03-01; today where left out.
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Let no model word anything: the approved wording is stored.
    #[arg(long)]
    no_model: bool,
}

const HELP: &str = "\
Each letter is worded once, proved and stored; whoever gets such a letter later waits for no model.
What is stored already is left as it is, so a run that was stopped or killed goes on where it was.
A change of the pack, the words, the prompts, the model or the index calls for another run.";

/// What machines read.
#[derive(Debug, Default, Serialize)]
struct Told {
    /// Letters that differ in more than values, and in the place whose passages they cite.
    shapes: usize,
    made: usize,
    /// Of these, worded by the model.
    by_model: usize,
    kept: usize,
    refused: usize,
    /// Why there is no template, and how often.
    refusals: BTreeMap<String, usize>,
    /// Why the model's words were not taken, and how often.
    approved_because: BTreeMap<String, usize>,
    seconds: f64,
    /// For each that was made.
    seconds_a_shape: f64,
}

impl Told {
    fn count(&mut self, prepared: Prepared) {
        match prepared {
            Prepared::Kept => self.kept += 1,
            Prepared::Refused(because) => {
                self.refused += 1;
                *self.refusals.entry(because).or_default() += 1;
            }
            Prepared::Made(source, because) => {
                self.made += 1;
                self.by_model += usize::from(source == MessageSource::Model);
                if let Some(because) = because {
                    *self.approved_because.entry(because).or_default() += 1;
                }
            }
        }
    }
}

/// Words what is not worded yet.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    let app = app(args, config, output).await?;
    if let Some(id) = &args.life_event {
        app.pack.life_event(id).with_context(|| format!("the pack has no life event `{id}`"))?;
    }
    let day = args.on.unwrap_or_else(|| app.today());
    let letters = app.letters_ahead(day, args.life_event.as_deref()).map_err(|all| list(&all))?;
    let mut told = Told { shapes: letters.len(), ..Told::default() };
    let bar = output.bar(letters.len() as u64, false, "wording letters");
    let (started, mut looked) = (Instant::now(), Looked::default());
    for input in &letters {
        told.count(app.prepare(input, &mut looked).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    app.store.close().await;
    told.seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than a float tells apart")]
    let made = told.made.max(1) as f64;
    told.seconds_a_shape = told.seconds / made;
    say(&told, day, output);
    output.value(&told)?;
    ensure!(told.refused == 0, "{} letters cannot be written", told.refused);
    Ok(())
}

/// An engine that words letters and answers nobody.
async fn app(args: &Args, config: &Config, output: Output) -> anyhow::Result<App> {
    let opened = wiring::store(config, Tables::MadeInFile).await?;
    let country = wiring::country(config)?;
    let words = wiring::words(&opened.store, &country).await?;
    let writing = if args.no_model {
        wiring::writing(config, words, None, None)?
    } else {
        let runtime = tokio::runtime::Handle::current();
        let config = config.clone();
        let ready = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let (index, embedder) = index::current(&config, output)?;
            let passages = search::open(&config, index, embedder, &runtime)?;
            let model = models::wording(&config.models.dir)?;
            wiring::writing(&config, words, Some(model), Some(passages))
        });
        ready.await??
    };
    wiring::engine(config, &country, opened.store, Arc::new(RealClock), writing)
}

fn list(letters: &[Unsayable]) -> anyhow::Error {
    let lines: Vec<String> = letters.iter().map(ToString::to_string).collect();
    anyhow::anyhow!(lines.join("\n"))
}

fn say(told: &Told, day: Date, output: Output) {
    output.say(format!(
        "{} letters under the law of {day}: {} made ({} by the model), {} kept, {} refused",
        told.shapes, told.made, told.by_model, told.kept, told.refused
    ));
    if told.made > 0 {
        output.say(format!("{:.3} seconds each", told.seconds_a_shape));
    }
    for (because, count) in told.refusals.iter().chain(&told.approved_because) {
        output.say(format!("{count:>6} × {because}"));
    }
}
