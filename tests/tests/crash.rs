//! Whatever is killed at any moment: whoever starts it again arrives where it would have arrived,
//! nobody gets a second message, and nobody one that was taken back.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde_json::Value;
use support::chance::Chance;
use support::postgres;
use support::program::{Installation, Run, Running, first_run};
use support::site::Site;

fn nightly() -> bool {
    std::env::var("COTMOC_NIGHTLY").is_ok()
}

/// At which parts of an undisturbed run the demo is killed, in hundredths.
fn moments() -> Vec<u32> {
    if nightly() { (5..100).step_by(5).collect() } else { vec![60] }
}

/// All that must not depend on how often it was begun.
fn result(run: &Run) -> Result<(Vec<usize>, BTreeSet<String>)> {
    let story = run.json()?;
    let list = |name: &str| story.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let counts = ["people", "milestones", "suggestions", "drafts", "messages"];
    let ids = list("messages").iter().filter_map(|it| it.get("id")).map(Value::to_string).collect();
    Ok((counts.map(|name| list(name).len()).into(), ids))
}

#[test]
fn a_demo_killed_in_the_middle_loses_and_repeats_nothing() -> Result<()> {
    let first = first_run()?;
    let expected = result(&first)?;
    assert!(!expected.1.is_empty(), "the run sends no message with an `id`");
    let seconds = first.json()?.get("seconds").and_then(Value::as_f64).context("no seconds")?;
    let whole = Duration::from_secs_f64(seconds);
    // The same key as in the first run, so the same pseudonyms and ids.
    let key = Installation::after_the_demo()?;
    let key = fs::read(key.setting("secrets.pseudonym_key_file"))?;

    for moment in moments() {
        let mut whole = whole;
        let installation = loop {
            let installation = Installation::new()?;
            let file = installation.setting("secrets.pseudonym_key_file");
            fs::write(file, &key)?;
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
            let running = installation.start_silent(&["demo", "--once", "--json"])?;
            sleep(whole * moment / 100);
            if running.kill().is_ok() {
                break installation;
            }
            // The machine is less busy than it was: it had ended by then. Sooner, the next time.
            whole = whole * moment / 100;
            anyhow::ensure!(whole > Duration::from_secs(1), "it ends too soon to be killed");
        };
        let again = installation.succeed(&["demo", "--once", "--json"])?;
        assert_eq!(result(&again)?, expected, "killed at {moment} %");
    }
    Ok(())
}

#[test]
fn a_server_stops_when_asked_and_starts_again() -> Result<()> {
    let installation = Installation::new()?;
    let running = installation.start(&["serve"])?;
    let start = Instant::now();
    assert_eq!(running.stop()?, Some(0), "a stop that was asked for is no failure");
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    installation.start(&["serve"])?;
    Ok(())
}

/// How many events are told, and how many jobs may be due when more of them are.
const EVENTS: usize = 10_000;
const MOST_DUE: u64 = 150;

#[expect(clippy::disallowed_methods, reason = "the programs under test run by this clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// One loop: a part of the history is told while something is killed and started again.
fn disturb(
    site: &Site,
    events: &[Value],
    running: &mut Option<(Running, Running)>,
    chance: &mut Chance,
) -> Result<u64> {
    let mut kills = 0;
    thread::scope(|scope| {
        let feeding = scope.spawn(|| site.feed(events));
        loop {
            let moment = if nightly() { chance.below(1_000) } else { chance.below(1_500) };
            sleep(Duration::from_millis(moment));
            let (server, worker) = running.take().context("nothing runs")?;
            let which = chance.below(3);
            let server =
                if which == 1 { server } else { server.kill().and_then(|()| site.serve())? };
            let worker =
                if which == 0 { worker } else { worker.kill().and_then(|()| site.work())? };
            *running = Some((server, worker));
            kills += if which == 2 { 2 } else { 1 };
            if feeding.is_finished() || chance.happens(70) {
                break;
            }
        }
        feeding.join().map_err(|_| anyhow::anyhow!("the feeder panicked"))??;
        Ok(kills)
    })
}

/// Tells the whole history with a kill in each loop, works it off, and has it judged.
fn nothing_is_lost_and_nothing_doubled(name: &str, database: &str) -> Result<()> {
    let loops = if nightly() { 1_000 } else { 50 };
    let seed = std::env::var("COTMOC_TEST_SEED").ok().and_then(|it| it.parse().ok());
    let seed = seed.unwrap_or(20_261_128);
    let began = Instant::now();
    let site = Site::at(database, now)?;
    let told = site.history(seed, EVENTS)?;

    let mut chance = Chance::of(seed);
    let mut running = Some((site.serve()?, site.work()?));
    let (mut done, mut kills) = (0, 0);
    for events in told.chunks(EVENTS / loops) {
        site.wait_until_due(MOST_DUE)?;
        kills += disturb(&site, events, &mut running, &mut chance)?;
        done += 1;
    }
    let fed = began.elapsed();
    site.wait_until_worked_off()?;
    drop(running);

    let mut verdict = site.judged()?;
    let (fed, whole) = (fed.as_secs(), began.elapsed().as_secs());
    let counts = verdict.as_object_mut().context("no object")?;
    counts.insert("database".to_owned(), name.into());
    for (what, count) in [
        ("loops", done),
        ("kills", kills),
        ("seed", seed),
        ("fed_seconds", fed),
        ("seconds", whole),
    ] {
        counts.insert(what.to_owned(), count.into());
    }
    // Straight to the terminal: the test runner swallows what is printed.
    std::io::stderr().write_all(format!("crash {verdict}\n").as_bytes())?;
    site.keep(&format!("crash-{name}"))?;
    let bad = ["lost", "doubled", "after_withdrawal", "after_death"];
    for what in bad {
        assert_eq!(verdict.get(what), Some(&Value::from(0)), "{verdict:#}");
    }
    let count = |what: &str| verdict.get(what).and_then(Value::as_u64).unwrap_or_default();
    assert!(count("messages") > 500, "{verdict}");
    assert!(count("corrections") > 0, "nothing was taken back after it was told: {verdict}");
    Ok(())
}

#[test]
fn what_is_killed_loses_and_doubles_nothing_on_sqlite() -> Result<()> {
    nothing_is_lost_and_nothing_doubled("sqlite", "sqlite://FOLDER/cotmoc.db")
}

#[test]
fn what_is_killed_loses_and_doubles_nothing_on_postgresql() -> Result<()> {
    let Some(database) = postgres::new_database()? else { return Ok(()) };
    nothing_is_lost_and_nothing_doubled("postgresql", &database)
}
