//! `cotmoc worker`: does the work that events leave behind. Many may run on one database.

use std::sync::Arc;

use engine::{App, Timetable, Worker};
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Country, Tables};
use server::{models, search, telemetry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::output::Output;
use super::stop;

/// How to work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Works until it is told to stop.
pub(crate) async fn run(_args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    telemetry::init(&config.telemetry)?;
    let timetable = config.worker.timetable.parse()?;
    let opened = wiring::store(config, Tables::MadeInFile).await?;
    let country = wiring::country(config)?;
    let clock = Arc::new(RealClock);
    let app = wiring::engine_without_models(config, &country, opened.store, clock)?;
    let tasks = TaskTracker::new();
    let stop = stop::when_asked(&tasks)?;
    output.say(format!("worker `{}` is at work; Ctrl-C stops it", name(config)));
    let work = Work { prepare: with_models(config, country, app), timetable };
    stop::within_patience(&stop, work.until(&stop, name(config))).await
}

/// What the worker calls itself.
pub(crate) fn name(config: &Config) -> String {
    let made = || format!("worker-{}", std::process::id());
    config.worker.name.clone().unwrap_or_else(made)
}

/// What a worker needs.
pub(crate) struct Work<P> {
    /// Makes an engine that can word messages. May take a while, beside which the engine that
    /// cannot answers already.
    pub(crate) prepare: P,
    /// When the work of the day is looked up.
    pub(crate) timetable: Timetable,
}

impl<P: FnOnce() -> anyhow::Result<App> + Send + 'static> Work<P> {
    /// Works under `name` until `stop`.
    pub(crate) async fn until(self, stop: &CancellationToken, name: String) -> anyhow::Result<()> {
        let ready = tokio::task::spawn_blocking(self.prepare);
        let app = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            app = ready => app??,
        };
        let worker = Worker::new(app, name);
        // On the heap: all that a worker ever does is part of this future.
        Box::pin(worker.run(stop.clone(), &self.timetable)).await?;
        Ok(())
    }
}

/// Makes `app` able to word messages. Without models it still works: the approved wording needs
/// none, and each message says who worded it.
pub(crate) fn with_models(
    config: &Config,
    country: Country,
    app: App,
) -> impl FnOnce() -> anyhow::Result<App> + Send + 'static {
    let config = config.clone();
    let runtime = tokio::runtime::Handle::current();
    move || {
        let model = models::wording(&config.models.dir)
            .inspect_err(|error| tracing::warn!("messages take the approved wording: {error:#}"));
        let passages = search::index(&config, &country.files, &mut |_| {})
            .and_then(|(index, _, embedder)| search::open(&config, index, embedder, &runtime))
            .inspect_err(|error| tracing::warn!("messages cite no passage: {error:#}"));
        let writing = wiring::writing(&config, &country.files, model.ok(), passages.ok())?;
        let (model, passages) = (writing.model.is_some(), writing.passages.is_some());
        tracing::info!(model, passages, "ready to word messages");
        Ok(App { writing: Arc::new(writing), ..app })
    }
}
