//! `cotmoc erase`: erases what is known of one subject.

use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use domain::{SubjectId, SubjectKind};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};
use storage::erasures::{self, Erasure};

use super::output::Output;

/// Whom to erase.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The subject's pseudonym, `sbj_…`; `-` reads the identifier that registers use from
    /// standard input, because what stands on a command line others can read.
    #[arg(required_unless_present_any = ["again", "list"])]
    subject: Option<String>,
    /// What the subject is, where its identifier is read.
    #[arg(long, value_parser = KINDS, default_value = "person")]
    kind: String,
    /// Who erases, for the record: an officer's or an office's name, not the subject's.
    #[arg(long, required_unless_present_any = ["again", "list"])]
    by: Option<String>,
    /// Repeat the erasures of a database that an older backup was restored over: a file that
    /// `cotmoc erase --list --json` wrote.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "list"])]
    again: Option<std::path::PathBuf>,
    /// List the erasures, with what is left to prove by.
    #[arg(long, conflicts_with_all = ["subject", "again"])]
    list: bool,
}

const KINDS: [&str; 5] = ["person", "household", "parcel", "vehicle", "business"];

const HELP: &str = "\
The subject's own key is destroyed: with it goes whatever was sealed with it, in every table, at
once. Their facts, applications, letters and decisions are removed besides. What stays: that
there was someone, by pseudonym; hashes of the decisions; the leaves of the log of readings; what
they refused, so that they are not written to again. It cannot be undone.

Backups that are older still hold the key. Keep the list of erasures apart from them, and
repeat it after a restore:

  cotmoc erase sbj_… --by \"Ward office\"
  echo 999195001234 | cotmoc erase - --by \"Ward office\"
  cotmoc erase --list --json > erasures.json
  cotmoc erase --again erasures.json              after an older backup was restored";

#[derive(Serialize)]
struct Again {
    erased: u64,
    not_known: u64,
}

/// Erases one subject, or lists what was erased, or repeats it.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
    if args.list {
        let all = erasures::list(&mut *app.store.read().await?).await?;
        for it in &all {
            output.say(format!("{}  {}  {}  by {}", it.id, it.at, it.subject, it.by));
        }
        return output.value(&all);
    }
    if let Some(path) = &args.again {
        let place = || format!("`{}` is no list of erasures", path.display());
        let text = std::fs::read_to_string(path).with_context(place)?;
        let all: Vec<Erasure> = serde_json::from_str(&text).with_context(place)?;
        let mut done = Again { erased: 0, not_known: 0 };
        for it in &all {
            match app.erase(it.subject, &it.by).await? {
                Some(_) => done.erased += 1,
                None => done.not_known += 1,
            }
        }
        output.say(format!("{} erased again, {} not known here", done.erased, done.not_known));
        return output.value(&done);
    }
    let subject = subject(args, &app)?;
    let by = args.by.as_deref().unwrap_or_default();
    let erased = app.erase(subject, by).await?;
    let Some(erased) = erased else { bail!("nothing is known of {subject}") };
    let rows: u64 = erased.proof.removed.values().sum();
    output.say(format!("{subject} is erased: {rows} rows went, {} is the proof", erased.id));
    output.value(&erased)
}

fn subject(args: &Args, app: &engine::App) -> anyhow::Result<SubjectId> {
    let given = args.subject.as_deref().unwrap_or_default();
    if given != "-" {
        return given.parse().with_context(|| format!("`{given}` is no subject's pseudonym"));
    }
    let mut identifier = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut identifier).context("could not read the identifier")?;
    ensure!(!identifier.trim().is_empty(), "there is no identifier on standard input");
    Ok(app.key.subject(kind(&args.kind), identifier.trim()))
}

fn kind(name: &str) -> SubjectKind {
    match name {
        "household" => SubjectKind::Household,
        "parcel" => SubjectKind::Parcel,
        "vehicle" => SubjectKind::Vehicle,
        "business" => SubjectKind::Business,
        _ => SubjectKind::Person,
    }
}
