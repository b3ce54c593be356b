//! The whole chain, as the demo plays it: the story is told once, is the same the second time,
//! and tells no secrets.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use support::postgres;
use support::program::{Installation, Run, first_run};
use support::samples::leaked;

const LISTS: [&str; 5] = ["people", "milestones", "suggestions", "drafts", "messages"];

/// What a second run must tell again: how many of each, and every message whole.
fn state(story: &Value) -> Result<(BTreeMap<&'static str, usize>, Vec<String>)> {
    let mut counts = BTreeMap::new();
    for name in LISTS {
        let list = story.get(name).and_then(Value::as_array);
        counts.insert(name, list.with_context(|| format!("no list `{name}` in {story}"))?.len());
    }
    let messages = story.get("messages").and_then(Value::as_array).into_iter().flatten();
    let mut messages = messages.map(ToString::to_string).collect::<Vec<_>>();
    messages.sort();
    Ok((counts, messages))
}

/// Neither the log nor the JSON of a run names anybody by number.
fn ensure_quiet(run: &Run) -> Result<()> {
    for (name, text) in [("log", &run.stderr), ("JSON", &run.stdout)] {
        let leaks = leaked(text)?;
        ensure!(leaks.is_empty(), "{} personal numbers stand in the {name}", leaks.len());
    }
    Ok(())
}

fn tells_the_story_once(first: &Run, installation: &Installation) -> Result<()> {
    let story = first.json()?;
    let (counts, messages) = state(&story)?;
    for (name, count) in &counts {
        assert!(*count > 0, "the story has no {name}");
    }
    for message in story.get("messages").and_then(Value::as_array).into_iter().flatten() {
        assert!(message.get("proved").is_some_and(Value::is_boolean), "{message}");
        let source = message.get("source").and_then(Value::as_str).unwrap_or_default();
        assert!(["model", "template"].contains(&source), "{message}");
    }
    for figure in ["seconds", "peak_mib"] {
        let value = story.get(figure).and_then(Value::as_f64);
        assert!(value.is_some_and(|it| it > 0.0), "`{figure}` is {value:?}");
    }
    ensure_quiet(first)?;

    let second = installation.succeed(&["demo", "--once", "--json"])?;
    let again = state(&second.json()?)?;
    assert_eq!((counts, messages), again, "the second run tells another story");
    ensure_quiet(&second)?;

    // What is derived follows from the facts, to the byte.
    let rebuilt = installation.succeed(&["replay", "--rebuild", "--json"])?.json()?;
    for table in ["milestones", "suggestions", "drafts", "receipts", "due"] {
        let count = |what: &str| rebuilt.pointer(&format!("/tables/{table}/{what}")).cloned();
        let rows = count("rows").and_then(|it| it.as_u64()).unwrap_or_default();
        assert!(rows > 0 && count("same") == count("rows"), "{table}: {rebuilt}");
    }
    Ok(())
}

#[test]
fn the_story_is_told_once_on_sqlite() -> Result<()> {
    tells_the_story_once(&first_run()?, &Installation::after_the_demo()?)
}

#[test]
fn the_story_is_told_once_on_postgresql() -> Result<()> {
    let Some(database) = postgres::new_database()? else { return Ok(()) };
    let installation = Installation::new()?.set("storage.url", &database);
    tells_the_story_once(&installation.succeed(&["demo", "--once", "--json"])?, &installation)
}

#[test]
fn people_are_told_the_story_in_words() -> Result<()> {
    let run = Installation::after_the_demo()?.succeed(&["demo", "--once"])?;
    for word in ["Nguyễn Thị Minh Châu", "3.000722"] {
        ensure!(run.stdout.contains(word), "the story lacks `{word}`: {run}");
    }
    Ok(())
}
