//! A database of its own for a test, on the PostgreSQL that `tests/run` started.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};

/// How many this test program made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The address of a new empty database; `None`, said on the error output, where there is no
/// PostgreSQL.
///
/// # Errors
///
/// When the server is there and does not make one.
pub fn new_database() -> Result<Option<String>> {
    let Ok(server) = std::env::var("COTMOC_TEST_POSTGRES") else {
        eprintln!("skipped: `COTMOC_TEST_POSTGRES` names no PostgreSQL; `tests/run` starts one");
        return Ok(None);
    };
    let name = format!("e2e_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let psql = std::env::var("COTMOC_TEST_PSQL").unwrap_or_else(|_| "psql".to_owned());
    let made = Command::new(&psql)
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-c", &format!("create database {name}"), &server])
        .output()
        .with_context(|| format!("could not start `{psql}`"))?;
    ensure!(made.status.success(), "psql: {}", String::from_utf8_lossy(&made.stderr));
    let (base, _) = server.rsplit_once('/').context("the address names no database")?;
    Ok(Some(format!("{base}/{name}")))
}
