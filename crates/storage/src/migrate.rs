//! Brings the tables up to date: forward only, all or nothing, one migrator at a time.
//!
//! Our own runner of sixty lines and not sqlx's, for two reasons: sqlx's takes no lock on
//! `SQLite`, where a second program that starts at the same moment would fail halfway; and its
//! table asks the machine's clock.

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use crate::dialect::{self, Dialect};
use crate::error::{MigrateError, Result, StorageError};
use crate::{Conn, sql};

/// One migration, for both databases.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number: they run in this order.
    pub number: i64,
    /// Its name, the same in both folders.
    pub name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal, $file:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../../migrations/postgres/", $file)),
        }
    };
}

/// All migrations, in order. A test holds this list and both folders together.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, "intake", "0001_intake.sql"),
    migration!(2, "decisions", "0002_decisions.sql"),
    migration!(3, "messages", "0003_messages.sql"),
    migration!(4, "work", "0004_work.sql"),
    migration!(5, "access", "0005_access.sql"),
    migration!(6, "turns", "0006_turns.sql"),
    migration!(7, "grounds", "0007_grounds.sql"),
    migration!(8, "phrases", "0008_phrases.sql"),
    migration!(9, "detail", "0009_detail.sql"),
    migration!(10, "letters", "0010_letters.sql"),
];

impl Migration {
    /// Its text for `dialect`.
    #[must_use]
    pub fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    fn checksum(&self, dialect: Dialect) -> String {
        crate::hex(&Sha256::digest(self.sql(dialect)))
    }
}

/// Runs what has not run yet. The caller commits.
pub(crate) async fn run(conn: &mut Conn) -> Result<(), MigrateError> {
    dialect::lock_migrations(conn).await.map_err(StorageError::from)?;
    // Which migrations this database has run, and what they said then.
    // purpose: keeping tables and program together · retention: for ever
    sqlx::query(
        "create table if not exists schema_migrations (
             number bigint not null primary key, name text not null, checksum text not null)",
    )
    .execute(&mut *conn)
    .await
    .map_err(StorageError::from)?;

    let dialect = Dialect::of(conn);
    let known = ran(conn, dialect).await?;
    for migration in MIGRATIONS.iter().skip(known) {
        apply(conn, migration, dialect).await.map_err(|source| MigrateError::Failed {
            number: migration.number,
            name: migration.name,
            source,
        })?;
        tracing::info!(migration.number, migration.name, "ran a migration");
    }
    Ok(())
}

/// Whether nothing is left to run.
pub(crate) async fn is_current(conn: &mut Conn) -> Result<bool, MigrateError> {
    let dialect = Dialect::of(conn);
    match ran(conn, dialect).await {
        Ok(count) => Ok(count == MIGRATIONS.len()),
        // The table of migrations itself is not there.
        Err(MigrateError::Storage(StorageError::Database(sqlx::Error::Database(_)))) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How many of ours have run, all of them as we know them.
async fn ran(conn: &mut Conn, dialect: Dialect) -> Result<usize, MigrateError> {
    let rows = sqlx::query("select number, name, checksum from schema_migrations order by number")
        .fetch_all(conn)
        .await
        .map_err(StorageError::from)?;
    for (place, row) in rows.iter().enumerate() {
        let number = sql::number(row, "number")?;
        let name = sql::text(row, "name")?;
        match MIGRATIONS.get(place) {
            None => return Err(MigrateError::Newer { number, name }),
            Some(ours)
                if ours.number != number
                    || ours.checksum(dialect)
                        != row.try_get::<String, _>("checksum").map_err(StorageError::from)? =>
            {
                return Err(MigrateError::Changed { number, name });
            }
            Some(_) => {}
        }
    }
    Ok(rows.len())
}

async fn apply(conn: &mut Conn, migration: &Migration, dialect: Dialect) -> sqlx::Result<()> {
    sqlx::raw_sql(migration.sql(dialect)).execute(&mut *conn).await?;
    sqlx::query("insert into schema_migrations (number, name, checksum) values ($1, $2, $3)")
        .bind(migration.number)
        .bind(migration.name)
        .bind(migration.checksum(dialect))
        .execute(conn)
        .await?;
    Ok(())
}
