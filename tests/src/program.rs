//! The real binary, started as an operator starts it, each test in a folder of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::Client;
use crate::samples::copy_folder;
use crate::tree;

/// The longest that a whole run may take before it counts as hanging. A debug build or a
/// busy machine is slower than the figures in the README.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where the binary is: beside the test programs.
///
/// # Errors
///
/// When it was not built.
pub fn binary() -> Result<PathBuf> {
    program("cotmoc")
}

/// Where another program of the workspace is.
///
/// # Errors
///
/// When it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let found = test.ancestors().nth(2).map(|it| it.join(name)).unwrap_or_default();
    ensure!(found.is_file(), "no `{}`: run `cargo build --release` first", found.display());
    Ok(found)
}

/// A port that was free a moment ago.
///
/// # Errors
///
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The folder of an installation in which the demo was played.
static PLAYED: OnceLock<Result<PathBuf, String>> = OnceLock::new();

/// Plays the demo once for a test program, or once for all where `tests/run` names a folder:
/// a first run takes most of a minute.
fn play() -> Result<PathBuf> {
    let given = std::env::var_os("COTMOC_TEST_PLAYED").map(PathBuf::from);
    if let Some(kept) = given.as_ref().filter(|it| it.exists()) {
        return Ok(kept.clone());
    }
    let program = std::env::current_exe()?;
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let kept = given.unwrap_or_else(|| tree::output().join("played").join(name));
    // The most talkative log, because it is read for personal data.
    let installation = Installation::new()?.set("telemetry.filter", "debug,sqlx=info");
    installation.succeed(&["demo", "--once", "--json"])?;
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    // A run that fails leaves nothing that a later one would take for played.
    let unfinished = kept.with_extension("unfinished");
    copy_folder(installation.folder(), &unfinished)?;
    fs::rename(unfinished, &kept)?;
    Ok(kept)
}

fn played() -> Result<&'static Path> {
    let played = PLAYED.get_or_init(|| play().map_err(|error| format!("{error:#}")));
    played.as_ref().map(PathBuf::as_path).map_err(|error| anyhow!("{error}"))
}

/// The first, cold run of `demo --once --json`.
///
/// # Errors
///
/// When the demo does not play.
pub fn first_run() -> Result<Run> {
    let folder = played()?;
    Ok(Run {
        code: Some(0),
        stdout: fs::read_to_string(folder.join("run.out"))?,
        stderr: String::from_utf8_lossy(&fs::read(folder.join("run.out.err"))?).into_owned(),
    })
}

/// How many programs that do not answer were started: each writes into files of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// Everything that one installation keeps, in a folder that goes with the last that is in it. A
/// clone is another program of the same installation, with settings of its own.
#[derive(Debug, Clone)]
pub struct Installation {
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
}

/// A run that ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; `None` where it was killed.
    pub code: Option<i32>,
    /// What it answered.
    pub stdout: String,
    /// What it told the operator.
    pub stderr: String,
}

impl Run {
    /// The JSON object with which the answer ends.
    ///
    /// # Errors
    ///
    /// When it does not end with one.
    pub fn json(&self) -> Result<Value> {
        let whole = serde_json::from_str(&self.stdout).ok();
        let last = self.stdout.trim_end().lines().last().unwrap_or_default();
        let found = whole.or_else(|| serde_json::from_str(last).ok());
        found.with_context(|| format!("the run does not end with a JSON object: {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.map_or("a signal".to_owned(), |it| format!("exit code {it}"));
        write!(f, "{code}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
    }
}

impl Installation {
    /// An empty one that keeps its state in `SQLite`.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("cotmoc-test-").tempdir()?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let models = std::env::var("COTMOC_MODELS__DIR")
            .unwrap_or_else(|_| tree::root().join("var/models").display().to_string());
        let settings = [
            ("COTMOC_STORAGE__URL", format!("sqlite://{}", at("cotmoc.db"))),
            ("COTMOC_SECRETS__PSEUDONYM_KEY_FILE", at("pseudonym.key")),
            ("COTMOC_SECRETS__MASTER_KEYS_FILE", at("master.keys")),
            ("COTMOC_SECRETS__LOG_KEY_FILE", at("log.key")),
            ("COTMOC_MODELS__DIR", models),
            ("COTMOC_SERVER__LISTEN", format!("127.0.0.1:{}", free_port()?)),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Self { folder: Arc::new(folder), settings })
    }

    /// One in which the demo was played already, so that its pages are there in seconds.
    ///
    /// # Errors
    ///
    /// When the demo does not play.
    pub fn after_the_demo() -> Result<Self> {
        let installation = Self::new()?;
        copy_folder(played()?, installation.folder())?;
        Ok(installation)
    }

    /// The same with one setting changed, `section.key` as in the configuration file.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let name = format!("COTMOC_{}", key.to_uppercase().replace('.', "__"));
        self.settings.retain(|(it, _)| *it != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// What `section.key` is set to.
    #[must_use]
    pub fn setting(&self, key: &str) -> &str {
        let name = format!("COTMOC_{}", key.to_uppercase().replace('.', "__"));
        self.settings.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value)
    }

    /// The folder that it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command, ready to run: only this installation's settings reach it.
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COTMOC_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder())
            .stdin(Stdio::null());
        Ok(command)
    }

    fn spawn(&self, arguments: &[&str], name: &str) -> Result<(Child, PathBuf, PathBuf)> {
        let (out, err) = (self.folder().join(name), self.folder().join(format!("{name}.err")));
        let mut command = self.command(arguments)?;
        let child = command.stdout(File::create(&out)?).stderr(File::create(&err)?).spawn()?;
        Ok((child, out, err))
    }

    /// Runs the binary to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not end.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        let (mut child, out, err) = self.spawn(arguments, "run.out")?;
        let status = wait(&mut child)?;
        Ok(Run {
            code: status.and_then(|it| it.code()),
            stdout: fs::read_to_string(out)?,
            stderr: String::from_utf8_lossy(&fs::read(err)?).into_owned(),
        })
    }

    /// Runs the binary to its end, which must be a good one.
    ///
    /// # Errors
    ///
    /// When it does not end with exit code 0.
    pub fn succeed(&self, arguments: &[&str]) -> Result<Run> {
        let run = self.run(arguments)?;
        ensure!(run.code == Some(0), "cotmoc {}: {run}", arguments.join(" "));
        Ok(run)
    }

    /// The same, where the work must fail: exit code 1.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or does not fail so.
    pub fn fail(&self, arguments: &[&str]) -> Result<Run> {
        let run = self.run(arguments)?;
        ensure!(run.code == Some(1), "cotmoc {}: {run}", arguments.join(" "));
        Ok(run)
    }

    /// Starts `serve` or `demo` and waits until it is healthy.
    ///
    /// # Errors
    ///
    /// When it does not become healthy; with what it said.
    pub fn start(&self, arguments: &[&str]) -> Result<Running> {
        let (child, out, err) = self.spawn(arguments, "serve.out")?;
        let base = format!("http://{}", self.setting("server.listen"));
        let mut running = Running { child, base, out, err };
        let client = running.client();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if client.get("/health/ready").is_ok_and(|it| it.status == 200) {
                return Ok(running);
            }
            if let Some(status) = running.child.try_wait()? {
                bail!("cotmoc {} ended with {status}\n{}", arguments.join(" "), running.said());
            }
            sleep(Duration::from_millis(50));
        }
        bail!("cotmoc {} was not healthy in time\n{}", arguments.join(" "), running.said())
    }

    /// Starts something that only works and does not answer.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_silent(&self, arguments: &[&str]) -> Result<Running> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let (child, out, err) = self.spawn(arguments, &format!("silent-{number}.out"))?;
        let base = format!("http://{}", self.setting("server.listen"));
        Ok(Running { child, base, out, err })
    }
}

/// A server or a worker that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it answers, such as `http://127.0.0.1:8466`.
    pub base: String,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// A visitor of it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.base)
    }

    /// All that it wrote so far, to both outputs.
    #[must_use]
    pub fn said(&self) -> String {
        let read = |path| fs::read(path).unwrap_or_default();
        let all = [read(&self.out), read(&self.err)].concat();
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Pulls the plug: no goodbye, no flush.
    ///
    /// # Errors
    ///
    /// When it had ended already.
    pub fn kill(mut self) -> Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "it had ended before\n{}", self.said());
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, as an operator does, and returns its exit code.
    ///
    /// # Errors
    ///
    /// When it does not stop.
    pub fn stop(mut self) -> Result<Option<i32>> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        Ok(wait(&mut self.child)?.and_then(|it| it.code()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end; a run that hangs is killed and said to hang.
fn wait(child: &mut Child) -> Result<Option<std::process::ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    bail!("it did not end within {} s", PATIENCE.as_secs())
}
