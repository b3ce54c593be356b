//! `cotmoc replay`: every stored decision, taken again and compared bit for bit; with
//! `--rebuild`, everything that is derived, made again and compared byte for byte.

use std::sync::Arc;

use anyhow::ensure;
use engine::App;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;

/// What to take again.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Make milestones, suggestions, drafts, receipts and due days again, from the facts and from
    /// when they were looked at, and compare every byte. Changes nothing.
    #[arg(long)]
    rebuild: bool,
    /// Keep what came out: the derived tables are replaced by it, all or nothing.
    #[arg(long, requires = "rebuild")]
    write: bool,
}

const HELP: &str = "\
Each receipt names the rule, the facts and the three dates of a decision. Taken again with the
same pack they must lead to the same answer by the same way. Where they do not, the exit code
is 1: a fact was changed that must never change, or a rule was changed without a new version.

--rebuild goes further: it sets all that is derived aside, goes through every moment at which
something was decided, and compares what comes out with what there was. Where derived tables were
damaged, --write puts them right. Stop servers and workers first: one transaction does it all.

Not made again, as nothing that is stored leads to them: the words of templates and messages,
which a model wrote; deliveries, outcomes and refusals, which are what was done and said. What
rests on facts of somebody who was erased, or on another version of the pack, comes out
otherwise or not at all; it is counted and, with another pack, nothing is written.

Examples:
  cotmoc replay                                   every decision, bit for bit
  cotmoc replay --rebuild --json                  every derived row, byte for byte
  cotmoc replay --rebuild --write                 mend the derived tables";

/// Takes every decision again.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
    if args.rebuild {
        return rebuild(&app, args.write, output).await;
    }
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

async fn rebuild(app: &App, write: bool, output: Output) -> anyhow::Result<()> {
    let bar = output.bar(0, false, "making what is derived again");
    let rebuilt = app.rebuild(write).await;
    bar.finish_and_clear();
    let rebuilt = rebuilt?;
    for (table, it) in &rebuilt.tables {
        output.say(format!(
            "{table:<12} {:>8} rows: {} the same byte for byte, {} changed, {} gone, {} new",
            it.rows, it.same, it.changed, it.gone, it.new
        ));
        for row in &it.named {
            output.say(format!("  ✗ {row}"));
        }
    }
    let kept = if rebuilt.written { "; the tables are what came out" } else { "" };
    output.say(format!("{} turns{kept}", rebuilt.turns));
    output.value(&rebuilt)?;
    ensure!(
        rebuilt.other_pack == 0,
        "{} turns were decided by another version of the pack: only with that one can they be \
         made again",
        rebuilt.other_pack
    );
    ensure!(rebuilt.is_faithful() || write, "what is derived does not follow from the facts");
    Ok(())
}
