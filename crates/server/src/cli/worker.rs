//! `cotmoc worker`: does the work that events leave behind. Many may run on one database.

use std::sync::Arc;

use anyhow::Context as _;
use engine::{App, Timetable, Worker};
use server::clock::RealClock;
use server::config::Config;
use server::models::Models;
use server::stream::Inward;
use server::wiring::{self, Country, Tables};
use server::{chance, http, search, telemetry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::output::Output;
use super::stop;

/// How to work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Works until it is told to stop.
pub(crate) async fn run(_args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let _spans = telemetry::init(&config.telemetry)?;
    let timetable = config.worker.timetable.parse()?;
    let opened = wiring::store(config, Tables::MadeInFile).await?;
    let country = wiring::country(config)?;
    let clock = Arc::new(RealClock);
    let app = wiring::engine_without_models(config, &country, opened.store, clock).await?;
    let tasks = TaskTracker::new();
    let stop = stop::when_asked(&tasks)?;
    let who = Who::of(config)?;
    output.say(format!("worker `{}` is at work; Ctrl-C stops it", who.name));
    let listener = match &config.telemetry.metrics_listen {
        None => None,
        Some(address) => {
            let wrong = || {
                format!("`telemetry.metrics_listen` is `{address}`, it must be as 127.0.0.1:9466")
            };
            Some(http::listen(address.parse().with_context(wrong)?).await?)
        }
    };
    let watched = app.clone();
    let telling = async {
        let Some(listener) = listener else { return Ok(()) };
        let stopped = stop.clone().cancelled_owned();
        axum::serve(listener, http::watch_router(watched)).with_graceful_shutdown(stopped).await
    };
    let inward = config.nats.inward();
    let prepare = with_models(config, country, app, Models::new(config));
    let work = Work { prepare, timetable, who, inward };
    let both = async {
        let working = async {
            let worked = work.until(&stop).await;
            stop.cancel();
            worked
        };
        let (worked, told) = tokio::join!(working, telling);
        worked.and(told.map_err(Into::into))
    };
    Box::pin(stop::within_patience(&stop, both)).await
}

/// What a worker calls itself, and how much it sends at once.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) name: String,
    sends_at_once: u32,
}

impl Who {
    /// The name that the settings give, or one made by chance: in containers every process has
    /// the same number.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Self> {
        let name = match &config.worker.name {
            Some(name) => name.clone(),
            None => format!("worker-{}-{}", std::process::id(), chance::token::<4>()?),
        };
        Ok(Self { name, sends_at_once: config.worker.sends_at_once })
    }
}

/// What a worker needs.
pub(crate) struct Work<P> {
    /// Makes an engine that can word messages. May take a while, beside which the engine that
    /// cannot answers already.
    pub(crate) prepare: P,
    /// When the work of the day is looked up.
    pub(crate) timetable: Timetable,
    /// Who works.
    pub(crate) who: Who,
    /// The stream that is heard beside it, where one is.
    pub(crate) inward: Option<Inward>,
}

impl<P: FnOnce() -> anyhow::Result<App> + Send + 'static> Work<P> {
    /// Works until `stop`.
    pub(crate) async fn until(self, stop: &CancellationToken) -> anyhow::Result<()> {
        let ready = tokio::task::spawn_blocking(self.prepare);
        let app = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            app = ready => app??,
        };
        let hearing = async {
            match &self.inward {
                Some(inward) => inward.listen(&app, stop).await.map(|_| ()),
                None => Ok(()),
            }
        };
        let worker = Worker::new(app.clone(), self.who.name).sending(self.who.sends_at_once);
        let working = async {
            let worked = Box::pin(worker.run(stop.clone(), &self.timetable)).await;
            stop.cancel();
            worked
        };
        // On the heap: all that a worker ever does is part of this future.
        let (worked, heard) = Box::pin(async { tokio::join!(working, hearing) }).await;
        worked?;
        Ok(heard?)
    }
}

/// Makes `app` able to word messages. Without models it still works: the approved wording needs
/// none, and each message says who worded it.
pub(crate) fn with_models(
    config: &Config,
    country: Country,
    app: App,
    models: Arc<Models>,
) -> impl FnOnce() -> anyhow::Result<App> + Send + 'static {
    let config = config.clone();
    let runtime = tokio::runtime::Handle::current();
    move || {
        let model = models
            .wording(&config.remote, &runtime)
            .inspect_err(|error| tracing::warn!("messages take the approved wording: {error:#}"));
        let passages = search::index(&config, &country.files, &mut |_| {})
            .and_then(|(index, _, embedder)| search::open(&config, index, embedder, &runtime))
            .inspect_err(|error| tracing::warn!("messages cite no passage: {error:#}"));
        let writing =
            wiring::writing(&config, app.writing.words.clone(), model.ok(), passages.ok())?;
        let (model, passages) = (writing.model.is_some(), writing.passages.is_some());
        tracing::info!(model, passages, "ready to word messages");
        Ok(App { writing: Arc::new(writing), ..app })
    }
}
