//! `cotmoc keys`: the keys with which registers and portals call the API, and the master keys.

use anyhow::ensure;
use domain::Clock as _;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::portal::{self, SCOPES};
use server::wiring::{self, Tables};
use storage::portal_keys::{self, PortalKey};

use super::master;
use super::output::Output;

/// What to do with the keys.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
Examples:
  cotmoc keys issue \"Health register\" --scope events
  cotmoc keys issue \"City portal\" --scope suggestions --scope drafts --scope outcomes
  cotmoc keys revoke key_0123456789ab

The master keys wrap the key of each person, with which names, numbers and letters are sealed:
  cotmoc keys master                              which there are, and how many keys each wraps
  cotmoc keys rotate                              a new one from now on, for all keys";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key. It is shown once: only its hash is kept.
    Issue {
        /// Whose key it is; people see it among who looked at their data.
        name: String,
        /// What it may do: events, suggestions, drafts, outcomes, metrics, models. Repeat for more.
        #[arg(long = "scope", required = true, value_parser = SCOPES)]
        scopes: Vec<String>,
    },
    /// List the keys, without what opens anything.
    List,
    /// Make a key open nothing from now on.
    Revoke {
        /// The id that `list` shows, such as `key_0123456789ab`.
        id: String,
    },
    /// List the master keys by name, and how many people's keys each wraps.
    Master,
    /// Make a new master key and wrap everybody's key with it. Cut off, it is simply run again.
    Rotate(master::RotateArgs),
}

#[derive(Serialize)]
struct Issued<'a> {
    name: &'a str,
    scopes: &'a [String],
    key: String,
}

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    revoked_at: Option<String>,
}

impl From<PortalKey> for Line {
    fn from(key: PortalKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at.to_string(),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Revoked<'a> {
    id: &'a str,
}

/// Runs one of them.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::MadeInFile).await?.store;
    let now = RealClock.now();
    match &args.action {
        Action::Issue { name, scopes } => {
            let asked: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let key = portal::issue(&store, now, name, &asked).await?;
            output.say(format!("{key}\n\nKeep it now: it is not shown again. Use it as"));
            output.say(format!("  curl -H 'Authorization: Bearer {key}' …"));
            output.value(&Issued { name, scopes, key })
        }
        Action::List => {
            let keys = portal_keys::list(&mut *store.read().await?).await?;
            let lines: Vec<Line> = keys.into_iter().map(Line::from).collect();
            for line in &lines {
                let state = line.revoked_at.as_ref().map(|at| format!("  revoked {at}"));
                let scopes = line.scopes.join(",");
                let state = state.unwrap_or_default();
                output.say(format!("{}  {:<32} {scopes}{state}", line.id, line.name));
            }
            if lines.is_empty() {
                output.say("there is no key yet: `cotmoc keys issue NAME --scope …` makes one");
            }
            output.value(&lines)
        }
        Action::Master => master::list(&store, config, output).await,
        Action::Rotate(args) => master::rotate(args, &store, config, output).await,
        Action::Revoke { id } => {
            let mut tx = store.begin().await?;
            let revoked = portal_keys::revoke(&mut tx, id, now).await?;
            tx.commit().await?;
            ensure!(revoked, "there is no key `{id}` in force: `cotmoc keys list` shows them");
            output.say(format!("{id} opens nothing any more"));
            output.value(&Revoked { id })
        }
    }
}
