//! `cotmoc log`: the log of readings as a Merkle tree. Its head, its proofs, its check.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use server::chance::hex;
use server::clock::RealClock;
use server::config::Config;
use server::secrets::log_key::{self, LogKey};
use server::wiring::{self, Tables};
use storage::{Store, access_log, merkle};

use super::output::Output;

/// What to ask the log.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
Every reading of somebody's data is written down: whose, by whom, what for, on what law, when.
Each becomes a leaf of one Merkle tree (RFC 6962), and the tree's head, one hash over all of
them, is signed. Whoever keeps a head outside of this machine, such as an inspector, can tell
ever after whether a reading that was in it was changed or left out:

  cotmoc log head > kept.note                     today: give this to somebody else to keep
  cotmoc log verify --kept kept.note              later: nothing before it was changed since
  cotmoc log proof 17 --json                      this reading is in the tree, step by step
  cotmoc log consistency 40                       the tree begins with the one of 40 readings

`verify` looks at every row and every hash; its exit code is 1 where anything is not whole.
A worker gives new readings their leaves once a minute; `cotmoc log merge` does so now.";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check every row, hash and head; and that nothing before a kept head was changed.
    Verify {
        /// A head that was kept elsewhere, as `cotmoc log head` printed it.
        #[arg(long, value_name = "FILE")]
        kept: Option<PathBuf>,
    },
    /// Print the signed head of the tree, to be kept elsewhere; and the key to check it with.
    Head,
    /// Give new readings their leaves now.
    Merge,
    /// Prove that one reading is in the tree.
    Proof {
        /// Its place in the tree, from 0.
        leaf: u64,
        /// The tree of this many readings, in place of the whole one.
        #[arg(long)]
        size: Option<u64>,
    },
    /// Prove that the tree begins with a smaller one that it was.
    Consistency {
        /// How many readings the smaller one has.
        from: u64,
        /// How many the greater one has, in place of all.
        #[arg(long)]
        to: Option<u64>,
    },
}

#[derive(Serialize)]
struct HeadOut {
    size: u64,
    root: String,
    merged_at: String,
    note: String,
    public_key: String,
}

#[derive(Serialize)]
struct ProofOut {
    leaf: u64,
    size: u64,
    leaf_hash: String,
    path: Vec<String>,
    root: String,
}

#[derive(Serialize)]
struct ConsistencyOut {
    from: u64,
    from_root: String,
    to: u64,
    to_root: String,
    path: Vec<String>,
}

#[derive(Serialize)]
struct Merged {
    merged: u64,
}

/// Asks the log.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let key = log_key::log_key(&config.secrets.log_key_file)?;
    match &args.action {
        Action::Verify { kept } => verify(store, config, kept.as_ref(), &key, output).await,
        Action::Head => head(&store, &key, output).await,
        Action::Merge => {
            let country = wiring::country(config)?;
            let app =
                wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
            let merged = app.merge_log().await?;
            output.say(format!("{merged} readings got their leaves"));
            output.value(&Merged { merged })
        }
        Action::Proof { leaf, size } => proof(&store, *leaf, *size, output).await,
        Action::Consistency { from, to } => consistency(&store, *from, *to, output).await,
    }
}

async fn size_of(store: &Store) -> anyhow::Result<u64> {
    let head = access_log::head(&mut *store.read().await?).await?;
    Ok(head.map_or(0, |head| head.size))
}

async fn verify(
    store: Store,
    config: &Config,
    kept: Option<&PathBuf>,
    key: &LogKey,
    output: Output,
) -> anyhow::Result<()> {
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
    let bar = output.bar(0, false, "checking the log");
    let found = app.verify_log().await;
    bar.finish_and_clear();
    let found = found?;
    for fault in &found.faults {
        output.say(format!("✗ {fault}"));
    }
    output.say(format!(
        "{} readings in the tree: {} whole, {} past their retention, {} erased; {} not in it yet",
        found.leaves, found.whole, found.expired, found.erased, found.unmerged
    ));
    output.value(&found)?;
    ensure!(
        found.is_whole(),
        "the log is not whole: {} rows were changed, {} are missing, {} hashes do not follow",
        found.changed,
        found.missing,
        found.broken
    );
    if let Some(head) = access_log::head(&mut *app.store.read().await?).await? {
        key.opened(&head.note).context("the head in the database")?;
    }
    let Some(path) = kept else { return Ok(()) };
    let place = || format!("the kept head `{}`", path.display());
    let note = std::fs::read_to_string(path).with_context(place)?;
    let (size, root) = key.opened(&note).with_context(place)?;
    let held = size_of(&app.store).await?;
    let mut conn = app.store.read().await?;
    let Some(proof) = access_log::consistency(&mut conn, size, held).await? else {
        bail!("the kept head has {size} readings, the log has only {held}: some were removed");
    };
    let kept_root = STANDARD.decode(&root).ok().and_then(|bytes| bytes.try_into().ok());
    let holds = kept_root.is_some_and(|kept| {
        merkle::is_consistent((size, &kept), (proof.to.0, &proof.to.1), &proof.path)
    });
    ensure!(holds, "the log is not the one of the kept head: what was in it was changed since");
    output.say(format!("nothing of the first {size} readings was changed since the kept head"));
    Ok(())
}

async fn head(store: &Store, key: &LogKey, output: Output) -> anyhow::Result<()> {
    let head = access_log::head(&mut *store.read().await?).await?;
    let head = head.context("no reading has a leaf yet: `cotmoc log merge` gives them theirs")?;
    output.say(head.note.trim_end());
    output.value(&HeadOut {
        size: head.size,
        root: hex(&head.root),
        merged_at: head.at.to_string(),
        note: head.note,
        public_key: key.public(),
    })
}

async fn proof(store: &Store, leaf: u64, size: Option<u64>, output: Output) -> anyhow::Result<()> {
    let held = size_of(store).await?;
    let size = size.unwrap_or(held);
    let mut conn = store.read().await?;
    let proof = access_log::inclusion(&mut conn, leaf, size).await?;
    let proof = proof.with_context(|| {
        format!("there is no leaf {leaf} in a tree of {size}: the log has {held}, counted from 0")
    })?;
    ensure!(
        merkle::is_included(leaf, size, proof.hash, &proof.path, &proof.root),
        "the stored hashes do not prove it: `cotmoc log verify` says what is wrong"
    );
    output.say(format!("leaf {leaf} of {size}  {}", hex(&proof.hash)));
    for hash in &proof.path {
        output.say(format!("  with  {}", hex(hash)));
    }
    output.say(format!("  root  {}", hex(&proof.root)));
    output.value(&ProofOut {
        leaf,
        size,
        leaf_hash: hex(&proof.hash),
        path: proof.path.iter().map(|hash| hex(hash)).collect(),
        root: hex(&proof.root),
    })
}

async fn consistency(
    store: &Store,
    from: u64,
    to: Option<u64>,
    output: Output,
) -> anyhow::Result<()> {
    let held = size_of(store).await?;
    let to = to.unwrap_or(held);
    let mut conn = store.read().await?;
    let proof = access_log::consistency(&mut conn, from, to).await?;
    let proof = proof
        .with_context(|| format!("there is no tree of {from} before one of {to}: it has {held}"))?;
    let (earlier, later) = ((from, &proof.from.1), (to, &proof.to.1));
    ensure!(
        merkle::is_consistent(earlier, later, &proof.path),
        "the stored hashes do not prove it: `cotmoc log verify` says what is wrong"
    );
    output.say(format!("size {from}  {}", hex(&proof.from.1)));
    for hash in &proof.path {
        output.say(format!("  with  {}", hex(hash)));
    }
    output.say(format!("size {to}  {}", hex(&proof.to.1)));
    output.value(&ConsistencyOut {
        from,
        from_root: hex(&proof.from.1),
        to,
        to_root: hex(&proof.to.1),
        path: proof.path.iter().map(|hash| hex(hash)).collect(),
    })
}
