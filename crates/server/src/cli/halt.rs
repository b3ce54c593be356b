//! `cotmoc halt`: stops at once what goes wrong, and lets it go on.

use anyhow::{Context as _, ensure};
use domain::Clock as _;
use engine::HaltScope;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};
use storage::halts::{self, Halt};

use super::output::Output;

/// What to stop.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
What is stopped waits, and nothing is lost: events are still taken in and decided, and once the
halt is lifted the work goes on where it was. A halt counts from the next claim on, in every
program on the database; what was handed over a moment before is gone.

Scopes:
  all                    every letter, and every suggestion that is made
  life-event:LE-BIRTH    the suggestions and letters of one life event
  channel:sms            one channel: inbox, webhook, stream, email, sms, push

The brake stops a life event by itself that suddenly concerns far more people than usual.

Examples:
  cotmoc halt set life-event:LE-BIRTH --because \"the register sends each birth twice\"
  cotmoc halt list
  cotmoc halt lift life-event:LE-BIRTH";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Stop something.
    Set {
        /// What.
        #[arg(value_parser = scope)]
        scope: HaltScope,
        /// Why, for those who find it stopped.
        #[arg(long)]
        because: String,
        /// Who stops it. Default: the user of this machine.
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
    /// Let it go on.
    Lift {
        /// What.
        #[arg(value_parser = scope)]
        scope: HaltScope,
    },
    /// List what is stopped, then what was.
    List,
}

fn scope(text: &str) -> Result<HaltScope, String> {
    HaltScope::from_key(text)
        .ok_or_else(|| "it must be `all`, `life-event:LE-…` or `channel:NAME`".to_owned())
}

#[derive(Serialize)]
struct Changed {
    scope: String,
    changed: bool,
}

/// Runs one of the three.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    let store = wiring::store(config, Tables::Expected).await?.store;
    let now = RealClock.now();
    match &args.action {
        Action::Set { scope, because, by } => {
            known(config, scope)?;
            let halt = Halt {
                scope: scope.to_string(),
                since: now,
                by_whom: by.clone(),
                because: because.clone(),
                ended_at: None,
            };
            let mut tx = store.begin().await?;
            let changed = halts::set(&mut tx, &halt).await?.is_news();
            tx.commit().await?;
            let already = if changed { "" } else { " already" };
            output.say(format!("{scope} is stopped{already}; `cotmoc halt lift {scope}` ends it"));
            output.value(&Changed { scope: scope.to_string(), changed })
        }
        Action::Lift { scope } => {
            let mut tx = store.begin().await?;
            let changed = halts::lift(&mut tx, &scope.to_string(), now).await?;
            tx.commit().await?;
            ensure!(changed, "{scope} is not stopped: `cotmoc halt list` shows what is");
            output.say(format!("{scope} goes on"));
            output.value(&Changed { scope: scope.to_string(), changed })
        }
        Action::List => {
            let halts = halts::list(&mut *store.read().await?).await?;
            for halt in &halts {
                let until = halt.ended_at.map(|at| format!(" until {at}")).unwrap_or_default();
                output.say(format!(
                    "{:<28} since {}{until}, by {}",
                    halt.scope, halt.since, halt.by_whom
                ));
                output.say(format!("    {}", halt.because));
            }
            if halts.is_empty() {
                output.say("nothing is stopped, and nothing ever was");
            }
            output.value(&halts)
        }
    }
}

/// A typo must not leave running what somebody wanted stopped. Nothing else is asked of the
/// settings: this must work where a channel is set up wrong.
fn known(config: &Config, scope: &HaltScope) -> anyhow::Result<()> {
    let HaltScope::LifeEvent(id) = scope else { return Ok(()) };
    wiring::country(config)?.pack.life_event(id).map(|_| ()).with_context(|| {
        format!("the pack has no life event `{id}`: `cotmoc check` lists those it has")
    })
}
