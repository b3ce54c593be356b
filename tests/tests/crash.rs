//! A worker may be killed at any moment: whoever starts it again arrives where it would have
//! arrived, and nobody gets a second message.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use support::program::{Installation, Run, first_run};

/// At which parts of an undisturbed run it is killed, in hundredths.
fn moments() -> Vec<u32> {
    if std::env::var("COTMOC_NIGHTLY").is_ok() { (5..100).step_by(5).collect() } else { vec![60] }
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
fn a_worker_killed_in_the_middle_loses_and_repeats_nothing() -> Result<()> {
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
