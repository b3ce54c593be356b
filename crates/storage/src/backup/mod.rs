//! Backups that were looked at before anybody relies on them, and restores that are.
//!
//! A backup is two files: the copy, and beside it a manifest that says what must be in it: the
//! hash of the copy, how many rows each table has, the head of the log of readings. A restore
//! checks the copy against the manifest before it touches anything, and what came of it after.
//! `SQLite` is copied by itself (`vacuum into`), PostgreSQL by its own `pg_dump` and `pg_restore`.
//!
//! What names people is sealed in the copy as it is in the database; the master keys are not in
//! it. Whoever was erased after the backup was made is in it, and so is their wrapped key:
//! erasures are repeated after a restore.

mod copy;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cleanup::RETENTION;
use crate::dialect::Dialect;
use crate::open::Address;
use crate::{Conn, OpenError, Options, StorageError, Store, access_log, sql};

/// What a manifest says of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the manifest: 1.
    pub format: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// SHA-256 of the copy.
    pub sha256: String,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a database, as far as a backup is checked by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// How many migrations have run.
    pub migrations: u64,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// The root of the tree of the log of readings, in hex; empty where there is none yet.
    pub log_root: String,
}

/// Why a backup or a restore did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A file cannot be read or written.
    #[error("could not read or write `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is something already.
    #[error("`{}` is there already, and a backup never replaces one", path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// The database to restore into is not empty.
    #[error("the database `{database}` is not empty: a restore wants an empty one")]
    NotEmpty {
        /// Its address, without a password.
        database: String,
    },
    /// The manifest is missing or is none.
    #[error("`{}` is no manifest of a backup", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The backup is of the other kind of database.
    #[error("the backup is one of {found}, the database is {wanted}")]
    Kind {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The copy is not what its manifest says.
    #[error("the backup is not whole: {what}")]
    NotWhole {
        /// What differs.
        what: String,
    },
    /// A tool of PostgreSQL is missing.
    #[error(
        "`{tool}` could not be started: install PostgreSQL's client programs \
         (on Debian the package `postgresql-client`), of the server's version or a later one"
    )]
    Tool {
        /// Which.
        tool: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A tool of PostgreSQL failed.
    #[error("`{tool}` failed: {said}")]
    Failed {
        /// Which.
        tool: &'static str,
        /// What it said last.
        said: String,
    },
}

/// Copies the database at `address` into `file`, which must not be there, and checks the copy.
///
/// The database may be in use: the copy is of one moment.
pub async fn backup(
    address: &str,
    options: &Options,
    file: &Path,
    now: Timestamp,
) -> Result<Manifest, BackupError> {
    for path in [file.to_owned(), manifest_of(file)] {
        if path.exists() {
            return Err(BackupError::Exists { path });
        }
    }
    let store = Store::open(address, options).await?;
    let (database, holds) = match store.dialect() {
        Dialect::Sqlite => ("sqlite", sqlite::backup(&store, options, file).await?),
        Dialect::Postgres => ("postgres", postgres::backup(&store, address, file).await?),
    };
    store.close().await;
    let sha256 = copy::sha256(file)?;
    let database = database.to_owned();
    let manifest = Manifest { format: 1, made_at: now, database, sha256, holds };
    copy::write_manifest(&manifest_of(file), &manifest)?;
    Ok(manifest)
}

/// Checks the backup in `file`, puts it at `address`, where there must be nothing, and checks what
/// came of it.
pub async fn restore(
    address: &str,
    options: &Options,
    file: &Path,
) -> Result<Manifest, BackupError> {
    let manifest = checked(file)?;
    let parsed = Address::parse(address)?;
    let wanted = match parsed.dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    };
    if manifest.database != wanted {
        return Err(BackupError::Kind { found: manifest.database, wanted });
    }
    match parsed.dialect {
        Dialect::Sqlite => sqlite::restore(&parsed, options, file, &manifest.holds).await?,
        Dialect::Postgres => {
            postgres::restore(&parsed, address, options, file, &manifest.holds).await?;
        }
    }
    Ok(manifest)
}

/// The manifest of the backup in `file`, whose copy is as it was made.
pub fn checked(file: &Path) -> Result<Manifest, BackupError> {
    let manifest = copy::read_manifest(&manifest_of(file))?;
    if copy::sha256(file)? != manifest.sha256 {
        let what = "the file is not the one that was written".to_owned();
        return Err(BackupError::NotWhole { what });
    }
    Ok(manifest)
}

/// Where the manifest of the backup in `file` lies.
#[must_use]
pub fn manifest_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".manifest.json");
    PathBuf::from(name)
}

/// What the database holds.
async fn holds(conn: &mut Conn) -> Result<Holds, StorageError> {
    let mut holds = Holds::default();
    for table in RETENTION.iter().map(|it| it.table) {
        holds.rows.insert(table.to_owned(), rows_of(conn, table).await?);
    }
    holds.migrations = rows_of(conn, "schema_migrations").await?;
    let head = access_log::head(conn).await?;
    holds.log_root = head.map(|head| crate::hex(&head.root)).unwrap_or_default();
    Ok(holds)
}

async fn rows_of(conn: &mut Conn, table: &str) -> Result<u64, StorageError> {
    // A name of our own list, and not of a caller.
    let statement = format!("select count(*) as held from {table}");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_one(conn).await?;
    sql::count(&row, "held")
}

/// An error that names the first thing in which two databases differ.
fn compare(expected: &Holds, found: &Holds) -> Result<(), BackupError> {
    let differ = |what: String| Err(BackupError::NotWhole { what });
    if expected.migrations != found.migrations {
        let (was, is) = (expected.migrations, found.migrations);
        return differ(format!("{was} migrations were to be there, and {is} are"));
    }
    for (table, was) in &expected.rows {
        let is = found.rows.get(table).copied().unwrap_or_default();
        if *was != is {
            return differ(format!("{was} rows of `{table}` were to be there, and {is} are"));
        }
    }
    if expected.log_root != found.log_root {
        return differ("the head of the log of readings is another".to_owned());
    }
    Ok(())
}
