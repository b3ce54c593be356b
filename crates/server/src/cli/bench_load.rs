//! `cotmoc bench load`: servers of their own, in processes of their own, under load.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use domain::{Clock as _, PseudonymKey};
use eval::bench::{Batches, Load, LoadBench, LoadStep};
use rules::Pack;
use serde::Serialize;
use server::chance;
use server::clock::RealClock;
use server::config::Config;
use server::secrets::master;
use server::wiring;
use storage::bulk::{self, OfIntake, Scratch as Schema};
use storage::{Options, Store};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::measure::{BenchArgs, Scratch};
use super::output::Output;

/// How many batches are under way at once: as many as a few registers send.
const AT_ONCE: usize = 4;

/// What was measured, by database.
#[derive(Debug, Default, Serialize)]
struct Benches {
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlite: Option<LoadBench>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postgres: Option<LoadBench>,
}

/// Measures on databases of its own, which are gone afterwards.
pub(super) async fn run(args: &BenchArgs, config: &Config, output: Output) -> anyhow::Result<()> {
    let bench = Bench { args, config, output, options: master::throwaway()? };
    let scratch = Scratch::new()?;
    let mut benches = Benches::default();
    let file = |name: &str| format!("sqlite://{}", scratch.0.join(name).display());
    let files = [file("a.db"), file("b.db")];
    benches.sqlite = Some(bench.on(&files, &scratch.0).await.context("on SQLite")?);
    match &args.postgres {
        None => output.say("PostgreSQL is not measured: --postgres names none"),
        Some(server) => {
            let schemas = Schemas::make(server).await?;
            let done = bench.on(&schemas.addresses(), &scratch.0).await.context("on PostgreSQL");
            schemas.remove().await?;
            benches.postgres = Some(done?);
        }
    }
    for (name, bench) in [("SQLite", &benches.sqlite), ("PostgreSQL", &benches.postgres)] {
        if let Some(bench) = bench {
            tell(output, name, bench);
        }
    }
    output.value(&benches)
}

/// Two schemas of a PostgreSQL server.
struct Schemas([Schema; 2]);

impl Schemas {
    async fn make(server: &str) -> anyhow::Result<Self> {
        let run = chance::token::<6>()?;
        let make = async |part: &str| {
            let name = format!("cotmoc_bench_{run}_{part}");
            Schema::make(server, &name).await.context("no schema could be made to measure in")
        };
        Ok(Self([make("a").await?, make("b").await?]))
    }

    fn addresses(&self) -> [String; 2] {
        self.0.each_ref().map(Schema::address)
    }

    async fn remove(self) -> anyhow::Result<()> {
        for schema in self.0 {
            schema.remove().await?;
        }
        Ok(())
    }
}

struct Bench<'a> {
    args: &'a BenchArgs,
    config: &'a Config,
    output: Output,
    options: Options,
}

impl Bench<'_> {
    /// Measures with two empty databases: one that is filled in batches and then told of more at a
    /// pace, and one for the floor below the batches.
    async fn on(&self, [url, empty]: &[String; 2], folder: &Path) -> anyhow::Result<LoadBench> {
        let country = wiring::country(self.config)?;
        let mut bench = LoadBench { pace: self.args.pace, ..LoadBench::default() };
        let home = folder.join(chance::token::<6>()?);
        std::fs::create_dir(&home).context("no folder for a server's secrets")?;
        let bar = self.output.bar(0, false, "");
        let say = |step, events: usize| {
            bar.set_message(words(step));
            bar.set_length(events as u64);
        };
        let progress = |through: usize| bar.set_position(through as u64);

        let site = Site::start(url, &home, &["--no-worker"]).await?;
        let load = self.load(&site, &country.pack).await?;
        say(LoadStep::Known, self.args.known);
        load.known(&mut bench, progress).await?;
        say(LoadStep::Batches, self.args.events);
        let batches = load.batches(&mut bench, progress).await?;
        site.stop().await?;
        say(LoadStep::Floor, 0);
        if self.args.known == 0 {
            bench.floor_ratio = Some(self.floor([url, empty], batches, &mut bench).await?);
        }
        forget_work(url, &self.options).await?;

        let site = Site::start(url, &home, &[]).await?;
        let load = self.load(&site, &country.pack).await?;
        say(LoadStep::Chain, 0);
        load.chain(&mut bench, || site.memory()).await?;
        say(LoadStep::Single, 0);
        load.single(&mut bench).await?;
        site.stop().await?;
        bar.finish_and_clear();
        Ok(bench)
    }

    /// How many times as long intake took as a bare insert of the rows that it made.
    async fn floor(
        &self,
        [made, empty]: [&str; 2],
        batches: Batches,
        bench: &mut LoadBench,
    ) -> anyhow::Result<f64> {
        // What is sealed is copied as it stands, so any keys will do.
        let from = Store::open(made, &self.options).await?;
        let into = Store::open(empty, &self.options).await?;
        into.migrate().await?;
        let rows = OfIntake::read(&from).await?;
        bench.rows = rows.count();
        let began = Instant::now();
        rows.insert(&into, batches.count).await?;
        let took = began.elapsed();
        from.close().await;
        into.close().await;
        Ok(batches.took.as_secs_f64() / took.as_secs_f64())
    }

    async fn load<'a>(&self, site: &Site, pack: &'a Pack) -> anyhow::Result<Load<'a>> {
        Ok(Load {
            address: site.address.clone(),
            key: site.key().await?,
            pseudonyms: site.pseudonyms()?,
            pack,
            known: self.args.known,
            events: self.args.events,
            batch: self.args.batch,
            at_once: AT_ONCE,
            lasts: Duration::from_secs(self.args.seconds),
            pace: self.args.pace,
            now: RealClock.now(),
        })
    }
}

/// Takes away the work that follows from batches: it is not what is measured at a pace.
async fn forget_work(url: &str, options: &Options) -> anyhow::Result<()> {
    let store = Store::open(url, options).await?;
    bulk::forget_work(&mut *store.read().await?).await?;
    store.close().await;
    Ok(())
}

/// A server of our own.
struct Site {
    child: Child,
    settings: Vec<(&'static str, String)>,
    address: String,
    folder: PathBuf,
}

impl Site {
    /// Starts one on the database at `url`, with its secrets in `folder`.
    async fn start(url: &str, folder: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let inside = |name: &str| folder.join(name).display().to_string();
        let settings = vec![
            ("COTMOC_STORAGE__URL", url.to_owned()),
            ("COTMOC_SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            // No model words anything here: `bench write` measures that.
            ("COTMOC_MODELS__DIR", inside("models")),
            ("COTMOC_KNOWLEDGE__INDEX", inside("knowledge.index")),
            ("COTMOC_SECRETS__PSEUDONYM_KEY_FILE", inside("pseudonym.key")),
            ("COTMOC_SECRETS__MASTER_KEYS_FILE", inside("master.keys")),
            ("COTMOC_SECRETS__LOG_KEY_FILE", inside("log.key")),
            ("COTMOC_TELEMETRY__FILTER", "warn".to_owned()),
        ];
        ask(&settings, &["migrate"]).await?;
        let mut arguments = vec!["serve", "--json"];
        arguments.extend(more);
        let mut child = command(&settings, &arguments)?.spawn()?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let address = address(stdout).await?;
        Ok(Self { child, settings, address, folder: folder.to_owned() })
    }

    /// A key for what registers and portals do.
    async fn key(&self) -> anyhow::Result<String> {
        let arguments =
            ["keys", "issue", "bench", "--scope", "events", "--scope", "suggestions", "--json"];
        let told: serde_json::Value =
            serde_json::from_slice(&ask(&self.settings, &arguments).await?)?;
        let key = told.get("key").and_then(serde_json::Value::as_str);
        Ok(key.context("no key was issued")?.to_owned())
    }

    fn pseudonyms(&self) -> anyhow::Result<PseudonymKey> {
        Ok(server::secrets::pseudonym_key(&self.folder.join("pseudonym.key"))?)
    }

    /// How many mebibytes the server holds.
    fn memory(&self) -> f64 {
        self.child.id().map_or(0.0, eval::memory::held_by)
    }

    /// Stops it as an operator does.
    async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("the server ended before it was told to")?;
        let status = Command::new("kill").arg(id.to_string()).status().await?;
        ensure!(status.success(), "the server could not be told to stop");
        let ended = self.child.wait().await?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }
}

/// The address that a server which begins tells on its output.
async fn address(stdout: ChildStdout) -> anyhow::Result<String> {
    let mut lines = BufReader::new(stdout).lines();
    let mut told = String::new();
    loop {
        let line = lines.next_line().await?;
        told.push_str(&line.context("the server did not start; what it said stands above")?);
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(&told) {
            let address = json.get("address").and_then(serde_json::Value::as_str);
            return Ok(address.context("the server did not say where it answers")?.to_owned());
        }
    }
}

/// This program with these settings. Nothing of the caller's environment counts but the path.
fn command(settings: &[(&'static str, String)], arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COTMOC_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(settings.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

async fn ask(settings: &[(&'static str, String)], arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let ended = command(settings, arguments)?.output().await?;
    if !ended.status.success() {
        bail!("`cotmoc {}` ended with {}", arguments.join(" "), ended.status);
    }
    Ok(ended.stdout)
}

fn words(step: LoadStep) -> &'static str {
    match step {
        LoadStep::Single => "single events",
        LoadStep::Chain => "events, suggestions and readings",
        LoadStep::Known => "births that are known before",
        LoadStep::Batches => "batches of events",
        LoadStep::Floor => "a bare insert of the same rows",
    }
}

fn tell(output: Output, name: &str, bench: &LoadBench) {
    let floor = bench.floor_ratio.map_or_else(
        || format!("{} births known before", bench.known),
        |ratio| format!("{ratio:.1} times a bare insert of the same {} rows", bench.rows),
    );
    output.say(format!(
        "{name}: {:.0} events a second in batches, {floor}",
        bench.intake_events_per_s
    ));
    output.say(format!(
        "  at {} of the pace, 99 of 100 within: {:.1} ms a single event, {:.0} ms until its suggestion can be read, \
         {:.1} ms a reading; {} failed; {:.0} MiB, then {:.0}",
        bench.pace,
        bench.single_p99_ms,
        bench.visible_p99_ms,
        bench.read_p99_ms,
        bench.failed,
        bench.memory_mib[0],
        bench.memory_mib[1]
    ));
}
