//! `cotmoc serve`: the API and the pages, and a worker beside them.

use std::net::SocketAddr;
use std::sync::Arc;

use engine::App;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::finder::{self, Finder, OnServer};
use server::http::{self, AppState};
use server::models::{Models, Offer};
use server::pack;
use server::questions::Questions;
use server::sign_in::SignIn;
use server::telemetry;
use server::wiring::{self, Country, Tables};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::output::Output;
use super::worker::{Who, Work};
use super::{stop, worker};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Answer only: `cotmoc worker` runs elsewhere, on the same database.
    #[arg(long)]
    no_worker: bool,
}

#[derive(Serialize)]
struct Serving {
    address: String,
    migrated: bool,
    worker: Option<String>,
}

/// Answers and works until it is told to stop.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let _spans = telemetry::init(&config.telemetry)?;
    // First the port: a taken one must be known before any work was done.
    let listener = http::listen(config.server.listen).await?;
    let address = address(&listener, config.server.listen);
    let timetable = config.worker.timetable.parse()?;
    let opened = wiring::store(config, Tables::MadeInFile).await?;
    let country = wiring::country(config)?;
    let app =
        wiring::engine_without_models(config, &country, opened.store, Arc::new(RealClock)).await?;
    // Before the first request: what waits already counts.
    app.measure_queue().await?;
    let models = Models::new(config);
    let work = if args.no_worker {
        None
    } else {
        let prepare = worker::with_models(config, country, app.clone(), Arc::clone(&models));
        Some(Work { prepare, timetable, who: Who::of(config)?, inward: config.nats.inward() })
    };
    if opened.migrated {
        output.say("The database was empty or of an earlier version: its tables were made.");
    }
    output.say(format!("Cột Mốc answers on {address}; Ctrl-C stops it."));
    output.say(format!("  API   {address}/docs"));
    output.say("  Keys  cotmoc keys issue NAME --scope events");
    output.value(&Serving {
        address,
        migrated: opened.migrated,
        worker: work.as_ref().map(|work| work.who.name.clone()),
    })?;
    let sign_in = SignIn::from(&config.sign_in);
    Box::pin(until_stopped(config, listener, sign_in, app, models, work)).await
}

/// The address as a browser takes it.
pub(crate) fn address(listener: &TcpListener, asked: SocketAddr) -> String {
    format!("http://{}", listener.local_addr().unwrap_or(asked))
}

/// Answers on `listener` with `app`, lets other programs ask `models` where the settings say so,
/// and does `work` beside it.
pub(crate) async fn until_stopped<P>(
    config: &Config,
    listener: TcpListener,
    sign_in: SignIn,
    app: App,
    models: Arc<Models>,
    work: Option<Work<P>>,
) -> anyhow::Result<()>
where
    P: FnOnce() -> anyhow::Result<App> + Send + 'static,
{
    // Held until the end. Two servers on one file would each count, watch and answer for half.
    let _only = app.store.serve_alone()?;
    let tasks = TaskTracker::new();
    let stop = stop::when_asked(&tasks)?;
    let behind_tls = config.server.behind_tls;
    let watched = app.clone();
    let asked = Arc::clone(&models);
    let finder = Finder::new(&finder::place(&config.knowledge.index), move || asked.embed());
    let server = OnServer::of(config, tokio::runtime::Handle::current());
    let finder =
        finder.on_server(server).with_page(config.knowledge.page || sign_in == SignIn::DemoPicker);
    let models = config.models.serve.then(|| Offer::of(models));
    let files = pack::files(config.pack.path.as_deref())?;
    let questions = Arc::new(Questions::of(&files)?);
    let phrases = (config.writer.page || sign_in == SignIn::DemoPicker)
        .then(|| Arc::new(Country { files, pack: Arc::clone(&app.pack) }));
    let sign_in = Arc::new(sign_in);
    let state = AppState { engine: app, sign_in, behind_tls, models, finder, questions, phrases };
    let serving = async {
        let connections = config.server.connections;
        let asked = stop.clone().cancelled_owned();
        let served = http::serve(listener, state, connections, asked).await;
        stop.cancel();
        Ok::<_, anyhow::Error>(served?)
    };
    let working = async {
        let Some(work) = work else { return Ok(()) };
        let worked = work.until(&stop).await;
        // A server whose work is not done would look healthy and be of no use.
        if worked.is_err() {
            stop.cancel();
        }
        worked
    };
    let both = async {
        let watching = watched.watch_queue(&stop);
        let (served, worked, ()) = tokio::join!(serving, working, watching);
        served.and(worked)
    };
    stop::within_patience(&stop, both).await
}
