//! `cotmoc migrate`.

use serde::Serialize;
use server::config::Config;
use server::wiring::{self, Tables};
use storage::MIGRATIONS;

use super::output::Output;

#[derive(Serialize)]
struct Migrated {
    database: &'static str,
    version: usize,
}

/// Opens the configured database, making the file where it is missing, and brings it up to date.
pub(crate) async fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Made).await?.store;
    let database = match store.dialect() {
        storage::Dialect::Sqlite => "SQLite",
        storage::Dialect::Postgres => "PostgreSQL",
    };
    output.say(format!("{database}: all {} migrations are in place", MIGRATIONS.len()));
    output.value(&Migrated { database, version: MIGRATIONS.len() })
}
