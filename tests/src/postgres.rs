//! A database of its own for a test, on the PostgreSQL that `tests/run` started; or a whole server.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::program::free_port;

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

/// A PostgreSQL of one test alone, which may so be stopped. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    bin: PathBuf,
    home: TempDir,
    port: u16,
    user: Vec<String>,
}

impl Server {
    /// Starts one; `None`, said on the error output, where there is no PostgreSQL.
    ///
    /// It survives being killed, since what is committed was handed to the system; not a power
    /// cut, for which no test waits.
    ///
    /// # Errors
    ///
    /// When it is there and does not start.
    pub fn start() -> Result<Option<Self>> {
        let psql = std::env::var_os("COTMOC_TEST_PSQL").map(PathBuf::from);
        let bin = psql.as_deref().and_then(Path::parent).map(Path::to_owned);
        let Some(bin) = bin.filter(|it| it.join("initdb").is_file()) else {
            eprintln!("skipped: `COTMOC_TEST_PSQL` stands beside no `initdb`; `tests/run` sets it");
            return Ok(None);
        };
        let home = tempfile::Builder::new().prefix("cotmoc-pg-").tempdir()?;
        // The server refuses to be run by root, who hands it to somebody else.
        let is_root = std::fs::metadata(home.path())?.uid() == 0;
        let user = if is_root { as_other(home.path())? } else { Vec::new() };
        let server = Self { bin, home, port: free_port()?, user };
        let data = server.data();
        server.run(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "cotmoc",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
        )?;
        server.control("start", &[])?;
        Ok(Some(server))
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of its database, reached through `port`.
    #[must_use]
    pub fn address(&self, port: u16) -> String {
        format!("postgres://cotmoc@127.0.0.1:{port}/postgres")
    }

    /// Stops it, as `how` says (`fast`, `immediate`), and starts it again.
    ///
    /// # Errors
    ///
    /// When it does not come back.
    pub fn restart(&self, how: &str) -> Result<()> {
        self.control("restart", &["-m", how])
    }

    fn data(&self) -> String {
        self.home.path().join("data").display().to_string()
    }

    fn control(&self, what: &str, more: &[&str]) -> Result<()> {
        let (data, home) = (self.data(), self.home.path().display());
        let log = self.home.path().join("server.log").display().to_string();
        let port = self.port;
        let settings = format!("-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off");
        let mut arguments = vec!["-D", &data, "-w", "-s", "-l", &log];
        if what != "stop" {
            arguments.extend(["-o", &settings]);
        }
        arguments.push(what);
        arguments.extend(more);
        self.run("pg_ctl", &arguments)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.bin.join(program);
        let mut command = match self.user.split_first() {
            None => Command::new(&program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&program);
                command
            }
        };
        // No pipes: the server keeps what it inherits, and nobody would ever read their end.
        let (out, said) = (self.home.path().join("said"), Stdio::null());
        let told = std::fs::File::create(&out)?;
        command.args(arguments).current_dir(self.home.path()).stdin(Stdio::null());
        let ended = command.stdout(said).stderr(told).status()?;
        let said = std::fs::read_to_string(&out)?;
        ensure!(ended.success(), "{} {}: {said}", program.display(), arguments.join(" "));
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.control("stop", &["-m", "immediate"]);
    }
}

/// Hands `folder` to somebody who is not root; answers what runs a program as them.
fn as_other(folder: &Path) -> Result<Vec<String>> {
    let exists = |name: &&str| {
        Command::new("id").arg(name).output().is_ok_and(|answer| answer.status.success())
    };
    let name = ["postgres", "nobody"].into_iter().find(exists).context("nobody to run it")?;
    ensure!(Command::new("chown").arg(name).arg(folder).status()?.success(), "chown failed");
    let id = |flag: &str| -> Result<String> {
        let answer = Command::new("id").args([flag, name]).output()?;
        Ok(String::from_utf8(answer.stdout)?.trim().to_owned())
    };
    let (user, group) = (id("-u")?, id("-g")?);
    let as_them = [
        "setpriv",
        &format!("--reuid={user}"),
        &format!("--regid={group}"),
        "--clear-groups",
        "--",
    ];
    Ok(as_them.map(str::to_owned).to_vec())
}
