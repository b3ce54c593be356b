//! `cotmoc replay`: every stored decision, taken again and compared bit for bit.

use std::sync::Arc;

use anyhow::ensure;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;

/// What to take again.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {}

const HELP: &str = "\
Each receipt names the rule, the facts and the three dates of a decision. Taken again with the
same pack they must lead to the same answer by the same way. Where they do not, the exit code
is 1: a fact was changed that must never change, or a rule was changed without a new version.";

/// Takes every decision again.
pub(crate) async fn run(_args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock))?;
    let bar = output.bar(0, false, "taking decisions again");
    let replayed = app.replay().await;
    bar.finish_and_clear();
    let replayed = replayed?;
    for it in &replayed.differences {
        output.say(format!("✗ {} about {}: {} differs", it.receipt, it.about, it.what));
        output.say(format!("    then {}", it.then));
        output.say(format!("    now  {}", it.now));
    }
    output.say(format!(
        "{} decisions: {} the same bit for bit, {} different, {} of another version of the pack",
        replayed.receipts, replayed.same, replayed.different, replayed.other_pack
    ));
    output.value(&replayed)?;
    ensure!(replayed.is_faithful(), "{} decisions came out otherwise", replayed.different);
    Ok(())
}
