//! What the program rests on fails for a while: the database, its disk, the network, the portal.
//! It says so, keeps what it acknowledged, and goes on by itself once it can.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::Timestamp;
use serde_json::Value;
use support::cable::Cable;
use support::postgres::Server;
use support::program::{Running, free_port};
use support::sink::Answer;
use support::site::Site;

/// How long a network is cut and a portal slow.
const LONG: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "the programs under test run by this clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Nothing is lost, doubled or said when it should not be.
fn all_is_good(site: &Site) -> Result<()> {
    let verdict = site.judged()?;
    for what in ["lost", "doubled", "after_withdrawal", "after_death"] {
        ensure!(verdict.get(what) == Some(&Value::from(0)), "{verdict:#}");
    }
    Ok(())
}

/// Neither has ended by itself, nor panicked.
fn both_are_there(running: [&mut Running; 2]) -> Result<()> {
    for it in running {
        ensure!(!it.has_ended()?, "it ended by itself\n{}", it.said());
        ensure!(!it.said().contains("panicked"), "{}", it.said());
    }
    Ok(())
}

#[test]
fn a_database_that_is_restarted_under_load_is_waited_for() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let site = Site::at(&server.address(server.port()), now)?;
    let told = site.history(1, 1_000)?;
    let (mut serving, mut working) = (site.serve()?, site.work()?);
    thread::scope(|scope| {
        let feeding = scope.spawn(|| site.feed(&told));
        for how in ["fast", "immediate"] {
            sleep(Duration::from_secs(3));
            server.restart(how)?;
        }
        feeding.join().map_err(|_| anyhow!("the feeder panicked"))??;
        Ok::<_, anyhow::Error>(())
    })?;
    site.wait_until_worked_off()?;
    both_are_there([&mut serving, &mut working])?;
    all_is_good(&site)
}

/// Three things that take half a minute each, side by side.
#[test]
fn what_is_cut_or_slow_for_half_a_minute_is_waited_for() -> Result<()> {
    thread::scope(|scope| {
        let faults = [
            scope.spawn(the_network_to_postgresql_is_cut),
            scope.spawn(the_network_to_nats_is_cut),
            scope.spawn(the_portal_is_slow),
        ];
        for fault in faults {
            fault.join().map_err(|_| anyhow!("one of them panicked"))??;
        }
        Ok(())
    })
}

fn the_network_to_postgresql_is_cut() -> Result<()> {
    let Some(server) = Server::start()? else { return Ok(()) };
    let cable = Cable::to(server.port())?;
    // The tools that look on are not cut off.
    let mut site = Site::at(&server.address(server.port()), now)?;
    let told = site.history(2, 1_000)?;
    let direct = site.server.clone();
    site = site.set("storage.url", &server.address(cable.port()));
    let (mut serving, mut working) = (site.serve()?, site.work()?);
    site.server = direct;
    let (before, during) = told.split_at(400);
    site.feed(before)?;
    cable.cut();
    thread::scope(|scope| {
        let feeding = scope.spawn(|| site.feed(during));
        sleep(LONG);
        cable.mend();
        feeding.join().map_err(|_| anyhow!("the feeder panicked"))??;
        Ok::<_, anyhow::Error>(())
    })?;
    site.wait_until_worked_off()?;
    both_are_there([&mut serving, &mut working])?;
    all_is_good(&site)
}

fn the_portal_is_slow() -> Result<()> {
    let site = Site::at("sqlite://FOLDER/cotmoc.db", now)?;
    let told = site.history(3, 300)?;
    let _serving = site.serve()?;
    site.sink.answers(Answer { after: LONG, ..Answer::with(200) });
    site.feed(&told)?;
    let slow = Instant::now();
    site.wait_for_calls(1, LONG)?;
    // What is looked at does not wait for what is sent.
    let done = site.jobs("done")?;
    let caught_up = || -> Result<bool> { Ok(site.jobs("done")? > done.max(100)) };
    while !caught_up()? {
        ensure!(slow.elapsed() < LONG / 2, "events wait for a slow portal");
        sleep(Duration::from_millis(200));
    }
    sleep(LONG.saturating_sub(slow.elapsed()));
    site.sink.answers(Answer::with(200));
    site.wait_until_worked_off()?;
    all_is_good(&site)?;
    let repeated = site.judged()?.get("repeated_sends").and_then(Value::as_u64);
    ensure!(repeated > Some(0), "it gave up waiting, and told again under the same id");
    Ok(())
}

/// A NATS server of one test, with its folder.
struct Nats {
    child: std::process::Child,
    port: u16,
    _home: tempfile::TempDir,
}

impl Nats {
    /// `None`, said on the error output, where there is none.
    fn start() -> Result<Option<Self>> {
        let (home, port) = (tempfile::tempdir()?, free_port()?);
        let mut command = Command::new("nats-server");
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream"]);
        command.arg("--store_dir").arg(home.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            eprintln!("skipped: there is no `nats-server`; `tests/run` installs it");
            return Ok(None);
        };
        Ok(Some(Self { child, port, _home: home }))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Publishes over NATS's own text protocol, as simply as any register could.
fn publish(port: u16, events: &[Value]) -> Result<()> {
    use std::io::{BufRead as _, BufReader, Write as _};
    let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LONG))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    writer.write_all(b"CONNECT {\"verbose\":false}\r\n")?;
    for event in events {
        let body = event.to_string();
        write!(writer, "PUB cotmoc.in.0 {}\r\n{body}\r\n", body.len())?;
    }
    writer.write_all(b"PING\r\n")?;
    let mut line = String::new();
    while !line.starts_with("PONG") {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0 && !line.starts_with("-ERR"), "NATS says {line}");
    }
    Ok(())
}

fn the_network_to_nats_is_cut() -> Result<()> {
    let Some(nats) = Nats::start()? else { return Ok(()) };
    let cable = Cable::to(nats.port)?;
    let site = Site::at("sqlite://FOLDER/cotmoc.db", now)?
        .set("nats.url", &format!("nats://127.0.0.1:{}", cable.port()));
    let told = site.history(4, 400)?;
    let mut serving = site.serve()?;
    let ids = |events: &[Value]| -> usize {
        events.iter().map(|it| it["id"].to_string()).collect::<BTreeSet<_>>().len()
    };
    // One job looks at each event that was taken in.
    let heard = |events: usize| -> Result<()> {
        let began = Instant::now();
        loop {
            let jobs = site.jobs_of("detect")?;
            if jobs == events {
                return Ok(());
            }
            ensure!(began.elapsed() < 2 * LONG, "{jobs} events of {events} were heard");
            sleep(Duration::from_millis(300));
        }
    };
    let (before, during) = told.split_at(100);
    // The stream is there once the program listens.
    sleep(Duration::from_secs(3));
    publish(nats.port, before)?;
    heard(ids(before))?;
    cable.cut();
    publish(nats.port, during)?;
    sleep(LONG);
    cable.mend();
    heard(ids(&told))?;
    ensure!(!serving.has_ended()?, "{}", serving.said());
    // Sent over HTTP too, all of it is known already.
    let answer = site.send(&told)?.json()?;
    ensure!(answer.get("new") == Some(&Value::from(0)), "not heard: {answer}");
    site.feed(&told)?;
    site.wait_until_worked_off()?;
    all_is_good(&site)
}

/// The first births of `told`, each with what makes it certain.
fn births(told: &[Value], count: usize) -> Vec<Vec<Value>> {
    let of = |id: String| told.iter().find(|it| it["id"] == id).cloned();
    let stands =
        |family: &usize| ["hcs", "kt"].iter().all(|it| of(format!("{it}-{family}")).is_none());
    let families = (0..told.len() / 10).filter(stands).take(count);
    families
        .map(|it| {
            ["dc-m", "ct-m", "cs"]
                .into_iter()
                .filter_map(|lead| of(format!("{lead}-{it}")))
                .collect()
        })
        .collect()
}

#[test]
fn what_the_portal_answers_is_heeded() -> Result<()> {
    let site = Site::at("sqlite://FOLDER/cotmoc.db", now)?;
    let told = site.history(5, 400)?;
    let births = births(&told, 4);
    let [one, two, three, four] = births.as_slice() else { return Err(anyhow!("too few births")) };
    let _serving = site.serve()?;
    let ms = |call: &Value| call["ms"].as_u64().unwrap_or_default();

    // Failed: tried again, under the same id.
    site.sink.answers(Answer::with(500));
    site.feed(one)?;
    site.wait_for_calls(1, LONG)?;
    site.sink.answers(Answer::with(200));
    let calls = site.wait_for_calls(2, LONG)?;
    assert_eq!(calls[0]["call"], calls[1]["call"]);
    assert!(ms(&calls[1]) - ms(&calls[0]) >= 4_500, "{calls:?}");

    // Asked for patience: it gets it.
    site.sink.answers(Answer { retry_after: Some(8), ..Answer::with(429) });
    site.feed(two)?;
    site.wait_for_calls(3, LONG)?;
    site.sink.answers(Answer::with(200));
    let calls = site.wait_for_calls(4, LONG)?;
    assert_eq!(calls[2]["call"], calls[3]["call"]);
    assert!(ms(&calls[3]) - ms(&calls[2]) >= 7_500, "{calls:?}");

    // Gone: nobody calls any more until an operator says so, and nothing is lost.
    site.sink.answers(Answer::with(410));
    site.feed(three)?;
    site.wait_for_calls(5, LONG)?;
    let began = Instant::now();
    let stopped = || -> Result<bool> {
        let halts = site.server.succeed(&["halt", "list", "--json"])?.stdout;
        Ok(halts.contains("channel:webhook"))
    };
    while !stopped()? {
        ensure!(began.elapsed() < LONG, "the channel goes on");
        sleep(Duration::from_millis(100));
    }
    site.sink.answers(Answer::with(200));
    site.feed(four)?;
    sleep(Duration::from_secs(3));
    assert_eq!(site.calls()?.len(), 5, "stopped");
    site.server.succeed(&["jobs", "retry", "--kind", "deliver"])?;
    site.server.succeed(&["halt", "lift", "channel:webhook"])?;
    site.wait_for_calls(7, LONG)?;
    Ok(())
}

/// A disk of a given size, which goes when it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said on the error output, where this machine lets nobody make one.
    fn of(mib: u32, at: &Path) -> Result<Option<Self>> {
        let size = format!("size={mib}m");
        let mut command = Command::new("mount");
        let mounted = command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output()?;
        if !mounted.status.success() {
            let why = String::from_utf8_lossy(&mounted.stderr);
            eprintln!("skipped: no disk of a given size can be made: {}", why.trim());
            return Ok(None);
        }
        Ok(Some(Self(at.to_owned())))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_that_was_acknowledged_is_lost() -> Result<()> {
    let place = tempfile::tempdir()?;
    let Some(disk) = Disk::of(48, place.path())? else { return Ok(()) };
    // The database alone is on it: what a test writes about itself is not what is tested.
    let site = Site::at(&format!("sqlite://{}/cotmoc.db", disk.0.display()), now)?;
    let told = site.history(6, 3_000)?;
    let mut serving = site.serve()?;
    let (before, after) = told.split_at(200);
    site.feed(before).with_context(|| serving.said())?;

    // Somebody else fills it up.
    let ballast = disk.0.join("ballast");
    let _ = fs::write(&ballast, vec![1; 64 << 20]);
    // Some still find room in what the file holds already.
    let mut refused = None;
    for some in after.chunks(100) {
        let answer = site.send(some)?;
        if answer.status != 202 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.context("it takes events with no room for them")?;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("no room left"), "{}", refused.body);
    assert!(!refused.header("retry-after").is_empty(), "{:?}", refused.headers);
    assert!(!serving.has_ended()?, "{}", serving.said());

    fs::remove_file(&ballast)?;
    site.feed(after).with_context(|| serving.said())?;
    site.wait_until_worked_off()?;
    assert!(!serving.has_ended()? && !serving.said().contains("panicked"), "{}", serving.said());
    drop(serving);
    all_is_good(&site)
}
