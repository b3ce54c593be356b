//! `cotmoc keys master` and `cotmoc keys rotate`: the keys that wrap everybody's keys.

use anyhow::{Context as _, ensure};
use domain::SubjectId;
use serde::Serialize;
use server::config::Config;
use server::secrets::master;
use storage::Store;
use storage::vault::{self, Wrapping};

use super::output::Output;

/// How many keys one transaction wraps: no writer waits for long.
const AT_ONCE: u32 = 500;

/// How to rotate.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct RotateArgs {
    /// Remove the old master keys from their file afterwards. Restart servers and workers first,
    /// so that none still wraps with an old one; older backups can be read no more.
    #[arg(long)]
    forget_old: bool,
}

const HELP: &str = "\
A new master key is put first in its file, and the key of every person is wrapped with it, some
at a time, while servers and workers go on: they read the file again when they meet the new key.
What is sealed stays as it is. Cut off, the rotation goes on where it was when it is run again.

Old master keys stay in the file, because older backups need them, until --forget-old.

Where `secrets.master_keys_command` gives the keys, add the new one there first, before the
others; this command then wraps with whatever comes first.";

#[derive(Serialize)]
struct Line {
    master: String,
    first: bool,
    in_ring: bool,
    keys: u64,
}

#[derive(Serialize)]
struct Rotated {
    master: String,
    rewrapped: u64,
    forgotten: bool,
}

/// Lists the master keys.
pub(crate) async fn list(store: &Store, config: &Config, output: Output) -> anyhow::Result<()> {
    let ring = master::vault(&config.secrets)?.ring();
    let wrapped = vault::wrappings(&mut *store.read().await?).await?;
    let keys = |id: &str| wrapped.iter().find(|it| it.master == id).map_or(0, |it| it.keys);
    let held = ring.ids().enumerate().map(|(place, id)| Line {
        master: id.to_owned(),
        first: place == 0,
        in_ring: true,
        keys: keys(id),
    });
    let missing = wrapped.iter().filter(|it| !ring.ids().any(|id| id == it.master));
    let missing = missing.map(|Wrapping { master, keys }| Line {
        master: master.clone(),
        first: false,
        in_ring: false,
        keys: *keys,
    });
    let lines: Vec<Line> = held.chain(missing).collect();
    for line in &lines {
        let note = match (line.first, line.in_ring) {
            (true, _) => "  wraps new keys",
            (false, true) => "",
            (false, false) => "  MISSING: what it wraps cannot be read",
        };
        output.say(format!("{}  wraps {:>9} keys{note}", line.master, line.keys));
    }
    output.value(&lines)
}

/// Makes a new master key, unless the last rotation was cut off, and wraps all keys with it.
pub(crate) async fn rotate(
    args: &RotateArgs,
    store: &Store,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let vault = master::vault(&config.secrets)?;
    let first = vault.ring().ids().next().map(str::to_owned).context("there is no master key")?;
    let all = vault::wrappings(&mut *store.read().await?).await?;
    let cut_off = all.iter().any(|it| it.master != first);
    let own_file = config.secrets.master_keys_command.is_none();
    let current = if cut_off || !own_file || args.forget_old {
        first
    } else {
        master::add_master_key(&config.secrets.master_keys_file)?
    };
    let pending = all.iter().filter(|it| it.master != current).map(|it| it.keys).sum();
    let bar = output.bar(pending, false, "wrapping keys");
    let mut rewrapped = 0;
    let mut after: Option<SubjectId> = None;
    store.reload_keys()?;
    loop {
        let mut tx = store.begin().await?;
        let step = vault::rewrap(&mut tx, after, AT_ONCE).await?;
        tx.commit().await?;
        rewrapped += step.keys;
        bar.set_position(rewrapped);
        let Some(last) = step.after else { break };
        after = Some(last);
    }
    bar.finish_and_clear();
    if args.forget_old && own_file {
        let left = vault::wrappings(&mut *store.read().await?).await?;
        ensure!(
            left.iter().all(|it| it.master == current),
            "somebody still wraps with an old master key: restart servers and workers, run again"
        );
        master::keep_first_master_key(&config.secrets.master_keys_file)?;
    }
    output.say(format!("{rewrapped} keys are wrapped with {current} now"));
    output.value(&Rotated { master: current, rewrapped, forgotten: args.forget_old && own_file })
}
