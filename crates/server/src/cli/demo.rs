//! `cotmoc demo`: the whole chain, from a register's event to a proved message, on the pack's
//! sample families; then their inbox.
//!
//! The clock is the samples' own: each event arrives at its time, and the day on which the
//! story is told is the samples' today, whatever day it is outside. Played again on the same
//! database, it does nothing again and tells the same.

mod tell;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use domain::{Clock as _, DraftId, FixedClock, Text};
use engine::sandbox::{self, Played};
use engine::view::{Story, StoryLists};
use engine::{App, Timetable};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::models::Models;
use server::sign_in::SignIn;
use server::wiring::{self, Tables};
use server::{http, search};

use super::output::Output;
use super::paper::Paper;
use super::worker::{Who, Work};
use super::{index, serve};

/// How to play.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// End after the story: open no inbox.
    #[arg(long)]
    once: bool,
}

const HELP: &str = "\
The first run fetches the models (310 MiB), embeds the corpus and words every message; a second
one finds all of it done and starts within seconds. State is kept where `storage.url` says.

Examples:
  cotmoc demo                  the story, then the inbox on http://127.0.0.1:8466
  cotmoc demo --once | less -R the story alone
  cotmoc demo --once --json    the same as one JSON object";

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    story: StoryLists<'a>,
    seconds: f64,
    peak_mib: f64,
}

/// Plays, tells, and opens the inbox.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let began = Instant::now();
    super::log_quietly(config)?;
    // First the port: a taken one must be known before a minute of work.
    let listener = if args.once { None } else { Some(http::listen(config.server.listen).await?) };
    let timetable: Timetable = config.worker.timetable.parse()?;
    let country = wiring::country(config)?;
    let clock = Arc::new(FixedClock::at(RealClock.now()));
    let store = wiring::store(config, Tables::Made).await?.store;
    let shared = Models::new(config);
    let writing = {
        let (config, words) = (config.clone(), wiring::words(&store, &country).await?);
        let models = Arc::clone(&shared);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            super::models::pull_defaults(&config, output)?;
            let (index, embedder) = index::current(&config, output)?;
            let passages = search::open(&config, index, embedder, &runtime)?;
            let model = models.wording(&config.remote, &runtime)?;
            wiring::writing(&config, words, Some(model), Some(passages))
        })
        .await??
    };
    let app = wiring::engine(config, &country, store, Arc::clone(&clock) as _, writing)?;
    app.look_at_grounds().await?;

    let played = play(&app, &clock, &timetable, output).await?;
    let story = app.story().await?;
    let to_do = to_do(&app, &story).await?;
    let paper = Paper::of_stdout(output.is_json());
    tell::story(&paper, &story, &to_do);
    let (seconds, peak_mib) = (began.elapsed().as_secs_f64(), eval::memory::peak_mib());
    tell::totals(&paper, &story, played, seconds, peak_mib);
    output.value(&Told { story: story.lists(), seconds, peak_mib })?;

    let Some(listener) = listener else { return Ok(()) };
    let address = serve::address(&listener, config.server.listen);
    tell::inbox(&paper, &story, &address);
    let worker = app.clone();
    let work = Work { prepare: move || Ok(worker), timetable, who: Who::of(config)?, inward: None };
    let sign_in = SignIn::DemoPicker;
    Box::pin(serve::until_stopped(config, listener, sign_in, app, shared, Some(work))).await
}

/// Plays the pack's timeline, and says how far it is.
async fn play(
    app: &App,
    clock: &FixedClock,
    timetable: &Timetable,
    output: Output,
) -> anyhow::Result<Played> {
    let bar = output.bar(0, false, "playing the samples");
    let played = sandbox::play(app, clock, timetable, |step| {
        bar.set_length(step.of as u64);
        bar.set_position(step.event as u64);
        bar.set_message(format!("playing {}", step.on));
    })
    .await;
    bar.finish_and_clear();
    played.context("the samples were not played to their end; what was done is kept")
}

/// What people must still fill in or decide, by draft: labels, never values.
async fn to_do(app: &App, story: &Story) -> anyhow::Result<BTreeMap<DraftId, Vec<Text>>> {
    let mut to_do = BTreeMap::new();
    let mut conn = app.store.read().await?;
    for draft in story.lists().drafts {
        if let Some(stored) = storage::drafts::get(&mut conn, draft.id).await? {
            to_do.insert(draft.id, stored.to_do().map(|field| field.label.clone()).collect());
        }
    }
    Ok(to_do)
}
