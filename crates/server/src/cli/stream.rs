//! `cotmoc stream`: events from NATS JetStream once more, from a place in the stream.

use std::sync::Arc;

use anyhow::Context as _;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;

/// What to do with the stream.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
Workers take in what the stream of `[nats]` holds, once. After a database was restored from a
backup, what came since is taken in once more from here; what is known already changes nothing.

Examples:
  cotmoc stream replay --from 1                   all that the stream still holds
  cotmoc stream replay --from 1048576             from one message on";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Take in once more what the stream still holds.
    Replay {
        /// The number of the first message.
        #[arg(long)]
        from: u64,
    },
}

/// Takes in once more.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    let Action::Replay { from } = &args.action;
    let inward = config.nats.inward();
    let inward = inward.context("no stream is heard: set `nats.url` and `nats.stream`")?;
    let store = wiring::store(config, Tables::MadeInFile).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
    let heard = inward.replay(&app, (*from).max(1)).await?;
    output.say(format!(
        "{} new, {} repeated, {} set aside",
        heard.new, heard.repeats, heard.set_aside
    ));
    output.value(&heard)
}
