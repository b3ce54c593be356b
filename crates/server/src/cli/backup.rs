//! `cotmoc backup` and `cotmoc restore`.

use std::path::PathBuf;

use domain::Clock as _;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring;
use storage::backup::{self, Manifest};

use super::output::Output;

/// Where to.
#[derive(Debug, clap::Args)]
#[command(after_help = BACKUP)]
pub(crate) struct BackupArgs {
    /// The file to write. Beside it comes a manifest, `FILE.manifest.json`.
    file: PathBuf,
}

/// Where from.
#[derive(Debug, clap::Args)]
#[command(after_help = RESTORE)]
pub(crate) struct RestoreArgs {
    /// The file that `cotmoc backup` wrote, with its manifest beside it.
    file: PathBuf,
    /// Only check that the backup is as it was written; restore nothing.
    #[arg(long)]
    check: bool,
}

const BACKUP: &str = "\
The copy is of one moment, whatever goes on meanwhile, and it is checked before this command
ends: SQLite's own check of the file, or a look into what pg_dump wrote, and a count of every
table. The manifest holds the copy's hash, the counts and the head of the log of readings.

Names, numbers and letters are sealed in it. The keys are not in it: keep copies of the files
under [secrets] somewhere else, or nothing that names anybody can ever be read again.

  cotmoc backup /backups/2026-11-28.db
  cotmoc backup /backups/2026-11-28.dump --json   PostgreSQL; needs pg_dump of its version or later";

const RESTORE: &str = "\
Stop servers and workers first. The database of the settings must not be there yet (SQLite) or
must be empty (PostgreSQL): nothing is ever overwritten. The backup is checked against its
manifest before anything is touched, and what came of it afterwards; where it differs the exit
code is 1.

  COTMOC_STORAGE__URL=sqlite:var/restored.db cotmoc restore /backups/2026-11-28.db
  cotmoc restore /backups/2026-11-28.db --check   is the backup whole?
  cotmoc erase --again erasures.json              erasures since the backup must be repeated
  cotmoc log verify --kept kept.note              is it the log that was kept?";

#[derive(Serialize)]
struct Done<'a> {
    file: &'a std::path::Path,
    manifest: &'a Manifest,
}

/// Writes a backup of the configured database.
pub(crate) async fn backup(
    args: &BackupArgs,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let options = wiring::options(config)?;
    let bar = output.bar(0, false, "copying the database");
    let made = backup::backup(&config.storage.url, &options, &args.file, RealClock.now()).await;
    bar.finish_and_clear();
    tell("backed up and checked", args.file.as_path(), &made?, output)
}

/// Puts a backup where the configured database is to be.
pub(crate) async fn restore(
    args: &RestoreArgs,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    if args.check {
        return tell("whole", args.file.as_path(), &backup::checked(&args.file)?, output);
    }
    let options = wiring::options(config)?;
    let bar = output.bar(0, false, "restoring the database");
    let done = backup::restore(&config.storage.url, &options, &args.file).await;
    bar.finish_and_clear();
    tell("restored and checked", args.file.as_path(), &done?, output)
}

fn tell(
    what: &str,
    file: &std::path::Path,
    manifest: &Manifest,
    output: Output,
) -> anyhow::Result<()> {
    let rows: u64 = manifest.holds.rows.values().sum();
    let tables = manifest.holds.rows.len();
    output.say(format!(
        "{}: {what}, {rows} rows in {tables} tables, made {}",
        file.display(),
        manifest.made_at
    ));
    output.value(&Done { file, manifest })
}
