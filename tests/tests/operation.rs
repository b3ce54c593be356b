//! What an operator does: settings, jobs, halts, metrics, from outside.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use support::program::{Installation, Run};
use support::samples::sample;

#[track_caller]
fn refused(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{run}");
    for word in words {
        assert!(run.stderr.contains(word), "does not say `{word}`: {run}");
    }
}

#[test]
fn the_settings_are_shown_and_what_is_shown_can_be_used() -> Result<()> {
    let installation = Installation::new()?;
    let shown = installation.succeed(&["config"])?.stdout;
    assert!(shown.contains("[server]") && shown.contains("# Address and port of the API"));
    let file = installation.folder().join("cotmoc.toml");
    fs::write(&file, &shown)?;
    let file = file.to_str().context("no path")?;
    installation.succeed(&["--config", file, "migrate"])?;
    let effective = installation.succeed(&["config", "--effective", "--json"])?.json()?;
    let url = effective.pointer("/storage/url").and_then(Value::as_str);
    assert_eq!(url, Some(installation.setting("storage.url")), "the environment counts");
    fs::write(file, "[worker]\nqueue_limt = 1\n")?;
    let run = installation.run(&["--config", file, "migrate"])?;
    refused(&run, 1, &["queue_limt", "did you mean `worker.queue_limit`?"]);
    Ok(())
}

#[test]
fn jobs_are_counted_listed_and_only_dead_ones_are_touched() -> Result<()> {
    let installation = Installation::new()?;
    let events = sample("timeline.jsonl");
    installation.succeed(&["ingest", events.to_str().context("no path")?])?;
    let counts = installation.succeed(&["jobs", "count", "--json"])?.json()?;
    let queued = counts.get("queued").and_then(Value::as_u64).unwrap_or_default();
    assert!(queued > 10, "{counts}");
    let listed = installation.succeed(&["jobs", "list", "--state", "queued", "--json"])?;
    let listed: Value = serde_json::from_str(&listed.stdout)?;
    let first = listed.get(0).context("no job")?;
    let id = first.get("id").and_then(Value::as_str).context("no id")?;
    assert_eq!(first.get("kind"), Some(&Value::from("detect")), "{first}");
    for call in [&["jobs", "retry", id][..], &["jobs", "drop", id, "--because", "a test"]] {
        refused(&installation.run(call)?, 1, &["cotmoc jobs list"]);
    }
    refused(&installation.run(&["jobs", "retry"])?, 2, &["--all"]);
    refused(&installation.run(&["jobs", "drop", "--all"])?, 2, &["--because"]);
    let again = installation.succeed(&["jobs", "count", "--json"])?.json()?;
    assert_eq!(again, counts);
    Ok(())
}

#[test]
fn a_halt_is_set_seen_and_lifted_and_a_typo_is_told() -> Result<()> {
    let installation = Installation::new()?;
    installation.succeed(&["migrate"])?;
    let set = ["halt", "set", "life-event:LE-BIRTH", "--because", "twice as many", "--by", "me"];
    installation.succeed(&set)?;
    installation.succeed(&[
        "halt",
        "set",
        "channel:sms",
        "--because",
        "the gateway",
        "--by",
        "me",
    ])?;
    let listed = installation.succeed(&["halt", "list", "--json"])?;
    let listed: Value = serde_json::from_str(&listed.stdout)?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    installation.succeed(&["halt", "lift", "channel:sms"])?;
    refused(&installation.run(&["halt", "lift", "channel:sms"])?, 1, &["is not stopped"]);
    let typo = installation.run(&["halt", "set", "life-event:LE-BRITH", "--because", "x"])?;
    refused(&typo, 1, &["LE-BRITH"]);
    refused(&installation.run(&["halt", "set", "chanel:sms", "--because", "x"])?, 2, &["channel:"]);
    // What is stopped is also told to those who watch.
    let key = installation.succeed(&["keys", "issue", "Watch", "--scope", "metrics", "--json"])?;
    let key = key.json()?.get("key").and_then(Value::as_str).context("no key")?.to_owned();
    let running = installation.start(&["serve", "--no-worker"])?;
    let client = running.client().with("authorization", &format!("Bearer {key}"));
    let metrics = client.get("/metrics")?;
    assert_eq!(metrics.status, 200, "{}", metrics.body);
    let line = "cotmoc_halted{scope=\"life-event:LE-BIRTH\"} 1";
    assert!(metrics.body.contains(line), "{}", metrics.body);
    assert!(!metrics.body.contains("channel:sms"), "{}", metrics.body);
    Ok(())
}
