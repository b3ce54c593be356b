//! Backups of a PostgreSQL database, by its own programs.

use std::path::Path;
use std::process::Stdio;

use sqlx::Executor as _;
use tokio::process::Command;

use super::{BackupError, Holds, compare, copy, holds};
use crate::open::Address;
use crate::{Options, StorageError, Store, sql};

/// What a program may say before only the end of it is repeated.
const MOST_SAID: usize = 600;

/// Dumps the database. Rows are counted in the very snapshot that is dumped, so they must agree.
pub(super) async fn backup(
    store: &Store,
    address: &str,
    file: &Path,
) -> Result<Holds, BackupError> {
    let mut tx = store.begin().await?;
    let begun = "set transaction isolation level repeatable read, read only";
    tx.execute(begun).await.map_err(StorageError::from)?;
    let row =
        sqlx::query("select pg_export_snapshot() as snapshot, current_schema()::text as home")
            .fetch_one(&mut *tx)
            .await
            .map_err(StorageError::from)?;
    let (snapshot, home) = (sql::text(&row, "snapshot")?, sql::text(&row, "home")?);
    let held = holds(&mut tx).await?;
    let mut dump = command("pg_dump", address);
    dump.args(["--format=custom", "--no-owner", "--no-privileges"])
        .arg(format!("--snapshot={snapshot}"))
        .arg(format!("--schema={home}"))
        .arg("--file")
        .arg(file);
    run("pg_dump", dump).await?;
    tx.rollback().await?;
    copy::settle(file)?;
    // What cannot be listed cannot be restored.
    let mut list = command("pg_restore", "");
    list.arg("--list").arg(file);
    run("pg_restore", list).await?;
    Ok(held)
}

/// Restores all or nothing, and looks at what came of it.
pub(super) async fn restore(
    parsed: &Address,
    address: &str,
    options: &Options,
    file: &Path,
    expected: &Holds,
) -> Result<(), BackupError> {
    let store = Store::open(address, options).await?;
    let row = sqlx::query(
        "select count(*) as tables from information_schema.tables
         where table_schema = current_schema()",
    )
    .fetch_one(&mut *store.read().await?)
    .await
    .map_err(StorageError::from)?;
    if sql::count(&row, "tables")? > 0 {
        return Err(BackupError::NotEmpty { database: parsed.shown.clone() });
    }
    let mut restore = command("pg_restore", "");
    let (address, password) = without_password(address);
    restore
        .args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"])
        // The schema is there already: every database has one.
        .args(["--clean", "--if-exists"])
        .arg(format!("--dbname={address}"))
        .arg(file);
    if let Some(password) = password {
        restore.env("PGPASSWORD", password);
    }
    run("pg_restore", restore).await?;
    let found = holds(&mut *store.read().await?).await?;
    store.close().await;
    compare(expected, &found)
}

/// A program of PostgreSQL, told where to connect. The password goes by the environment: what is
/// on a command line everybody on the machine can read.
fn command(tool: &'static str, address: &str) -> Command {
    let mut command = Command::new(tool);
    command.stdin(Stdio::null()).kill_on_drop(true);
    if !address.is_empty() {
        let (address, password) = without_password(address);
        command.arg(format!("--dbname={address}"));
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
    }
    command
}

async fn run(tool: &'static str, mut command: Command) -> Result<(), BackupError> {
    let output = command.output().await.map_err(|source| BackupError::Tool { tool, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let from = said.len().saturating_sub(MOST_SAID);
    let from = said.ceil_char_boundary(from);
    Err(BackupError::Failed { tool, said: said.get(from..).unwrap_or_default().trim().to_owned() })
}

/// The address without its password, and the password.
fn without_password(address: &str) -> (String, Option<String>) {
    let parts = address.split_once("://").and_then(|(scheme, rest)| {
        let (who, place) = rest.rsplit_once('@')?;
        let (user, password) = who.split_once(':')?;
        Some((format!("{scheme}://{user}@{place}"), percent_decoded(password)))
    });
    match parts {
        Some((address, password)) => (address, Some(password)),
        None => (address.to_owned(), None),
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.first_chunk::<2>()).flatten();
        let code = code.and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_the_address() {
        let (address, password) = without_password("postgres://u:p%40s%C3%A9@db:1/x?a=b");
        assert_eq!(
            (address.as_str(), password.as_deref()),
            ("postgres://u@db:1/x?a=b", Some("p@sé"))
        );
        assert_eq!(without_password("postgres://u@db/x"), ("postgres://u@db/x".to_owned(), None));
        assert_eq!(percent_decoded("100%"), "100%");
    }
}
