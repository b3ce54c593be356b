//! A server with its worker, another worker, the registers that tell them things, and the portal
//! that they call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::history::history;
use crate::http::{Answer, Client};
use crate::program::{Installation, Running, program};
use crate::sink::Sink;
use crate::tree;

/// How many events are sent at once.
const BATCH: usize = 100;
/// How long the registers go on sending what is not taken.
const SENT_FOR: Duration = Duration::from_mins(2);
/// How long the programs may take in the end to work off what is left.
const WORKED_OFF_WITHIN: Duration = Duration::from_mins(10);
/// What is due no sooner is a reminder of a later day, and nothing that is tried again.
const SOON: SignedDuration = SignedDuration::from_mins(20);

/// All of it. What runs goes with whoever started it; the rest goes with this.
pub struct Site {
    /// The server, with the worker beside it.
    pub server: Installation,
    /// The other worker.
    pub worker: Installation,
    /// The portal.
    pub sink: Sink,
    client: Client,
    now: fn() -> Timestamp,
}

impl Site {
    /// One that keeps its state in `database`, in which `FOLDER` stands for its own folder. It
    /// goes by the clock that `now` reads.
    ///
    /// # Errors
    ///
    /// When it cannot be set up.
    pub fn at(database: &str, now: fn() -> Timestamp) -> Result<Self> {
        let installation = Installation::new()?;
        let folder = installation.folder().to_owned();
        let at = |name: &str| folder.join(name).display().to_string();
        let sink = Sink::start(&folder.join("portal.jsonl"))?;
        fs::write(at("webhook.secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
        // No model: words that people approved, the same on every machine, and a start that takes
        // no time. No brake: every birth of a history is one more than any day before had.
        fs::create_dir(at("no-models"))?;
        let installation = installation
            .set("storage.url", &database.replace("FOLDER", &folder.display().to_string()))
            .set("models.dir", &at("no-models"))
            .set("knowledge.index", &at("knowledge.index"))
            .set("webhook.url", &sink.url())
            .set("webhook.secret_file", &at("webhook.secret"))
            .set("webhook.allow_private", "true")
            .set("brake.factor", "0");
        installation.succeed(&["migrate"])?;
        let key = ["keys", "issue", "The registers", "--scope", "events", "--json"];
        let key = installation.succeed(&key)?.json()?;
        let key = key.get("key").and_then(Value::as_str).context("no key")?.to_owned();
        let base = format!("http://{}", installation.setting("server.listen"));
        let client = Client::new(&base).with("authorization", &format!("Bearer {key}"));
        let server = installation.clone().set("worker.name", "beside-the-server");
        let worker = installation.set("worker.name", "alone");
        Ok(Self { server, worker, sink, client, now })
    }

    /// Changes a setting of all its programs.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.server = self.server.set(key, value);
        self.worker = self.worker.set(key, value);
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.server.folder().join(name)
    }

    /// Starts the server and waits until it is healthy.
    ///
    /// # Errors
    ///
    /// When it does not become so.
    pub fn serve(&self) -> Result<Running> {
        self.server.start(&["serve"])
    }

    /// Starts the other worker.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn work(&self) -> Result<Running> {
        self.worker.start_silent(&["worker"])
    }

    /// What the registers will tell, kept for the one who judges.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub fn history(&self, seed: u64, size: usize) -> Result<Vec<Value>> {
        let today = (self.now)().to_zoned(TimeZone::UTC).date();
        let told = history(seed, today, size);
        let text: Vec<String> = told.iter().map(ToString::to_string).collect();
        fs::write(self.file("history.jsonl"), text.join("\n"))?;
        Ok(told)
    }

    /// Sends events once.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn send(&self, events: &[Value]) -> Result<Answer> {
        let body = Value::from(events).to_string();
        self.client.post("/v1/events", "application/cloudevents-batch+json", &body)
    }

    /// Sends events until they are acknowledged, as a register does, and marks that. Answers how
    /// often they were refused.
    ///
    /// # Errors
    ///
    /// When they are not taken in time, or refused in another way than "later".
    pub fn feed(&self, events: &[Value]) -> Result<u64> {
        let mut refused = 0;
        for batch in events.chunks(BATCH) {
            let began = Instant::now();
            let answer = loop {
                match self.send(batch) {
                    Ok(answer) if answer.status == 202 => break answer.json()?,
                    Ok(Answer { status, body, .. }) => {
                        ensure!(status == 503, "answered {status}: {body}");
                        refused += 1;
                    }
                    // Killed in the middle, or not there yet.
                    Err(_) => {}
                }
                ensure!(began.elapsed() < SENT_FOR, "nobody takes the events");
                sleep(Duration::from_millis(50));
            };
            ensure!(answer.get("set_aside") == Some(&Value::from(0)), "set aside: {answer}");
            for event in batch {
                let (source, id) = (event.get("source"), event.get("id"));
                self.sink.mark(json!({"mark": "acknowledged", "source": source, "id": id}))?;
            }
        }
        Ok(refused)
    }

    /// How many jobs are in `state`.
    ///
    /// # Errors
    ///
    /// When they cannot be counted.
    pub fn jobs(&self, state: &str) -> Result<u64> {
        let counts = self.server.succeed(&["jobs", "count", "--json"])?.json()?;
        Ok(counts.get(state).and_then(Value::as_u64).unwrap_or_default())
    }

    /// Waits until no more than `most` jobs are due: the registers tell no faster than is heard,
    /// so that what is taken back was often told of already.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub fn wait_until_due(&self, most: u64) -> Result<()> {
        let began = Instant::now();
        while self.jobs("queued")? > most {
            ensure!(began.elapsed() < WORKED_OFF_WITHIN, "nobody works");
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// How many jobs of a kind there are, in whatever state.
    ///
    /// # Errors
    ///
    /// When they cannot be listed.
    pub fn jobs_of(&self, kind: &str) -> Result<usize> {
        let mut count = 0;
        for state in ["waiting", "queued", "running", "done", "dead"] {
            let list = ["jobs", "list", "--state", state, "--limit", "100000", "--json"];
            let listed: Value = serde_json::from_str(&self.server.succeed(&list)?.stdout)?;
            let listed = listed.as_array().into_iter().flatten();
            count += listed.filter(|it| it.get("kind") == Some(&kind.into())).count();
        }
        Ok(count)
    }

    /// Waits until nothing is due and nothing failed waits to be tried again; marks that.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub fn wait_until_worked_off(&self) -> Result<()> {
        let began = Instant::now();
        while self.jobs("queued")? + self.jobs("running")? > 0 || self.something_comes_soon()? {
            ensure!(began.elapsed() < WORKED_OFF_WITHIN, "still at work");
            sleep(Duration::from_millis(500));
        }
        self.sink.mark(json!({"mark": "worked_off", "given_up": self.jobs("dead")?}))
    }

    fn something_comes_soon(&self) -> Result<bool> {
        let list = ["jobs", "list", "--state", "waiting", "--limit", "1", "--json"];
        let next = self.server.succeed(&list)?;
        let next: Value = serde_json::from_str(&next.stdout)?;
        let Some(at) = next.pointer("/0/run_at").and_then(Value::as_str) else { return Ok(false) };
        Ok(at.parse::<Timestamp>()?.duration_since((self.now)()) < SOON)
    }

    /// What the checker says about the history and the portal's log.
    ///
    /// # Errors
    ///
    /// When it could not tell.
    pub fn judged(&self) -> Result<Value> {
        let judged = Command::new(program("check-log")?)
            .args([self.file("history.jsonl"), self.file("portal.jsonl")])
            .arg(self.server.setting("secrets.pseudonym_key_file"))
            .output()?;
        serde_json::from_slice(&judged.stdout)
            .with_context(|| String::from_utf8_lossy(&judged.stderr).into_owned())
    }

    /// The calls that the portal got so far, in order.
    ///
    /// # Errors
    ///
    /// When its log cannot be read.
    pub fn calls(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.file("portal.jsonl"))?;
        let lines = text.lines().map(serde_json::from_str::<Value>);
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        Ok(lines.into_iter().filter(|it| it.get("call").is_some()).collect())
    }

    /// Waits until the portal got so many calls, and answers them.
    ///
    /// # Errors
    ///
    /// When it does not within `patience`.
    pub fn wait_for_calls(&self, count: usize, patience: Duration) -> Result<Vec<Value>> {
        let began = Instant::now();
        loop {
            let calls = self.calls()?;
            if calls.len() >= count {
                return Ok(calls);
            }
            ensure!(began.elapsed() < patience, "{} calls of {count} came", calls.len());
            sleep(Duration::from_millis(50));
        }
    }

    /// Keeps the history and the log in `target/tests/NAME`, for whoever wants to know more.
    ///
    /// # Errors
    ///
    /// When they cannot be kept.
    pub fn keep(&self, name: &str) -> Result<()> {
        let kept: &Path = &tree::output().join(name);
        fs::create_dir_all(kept)?;
        for file in ["history.jsonl", "portal.jsonl"] {
            fs::copy(self.file(file), kept.join(file))?;
        }
        Ok(())
    }
}
