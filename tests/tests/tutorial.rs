//! The lesson in `life-events/README.md`, followed to the letter, and the tools that it is about.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use support::program::{Installation, Run};
use support::samples::{copy_folder, pack};
use support::tree;

/// What a reader of the lesson is told to do.
enum Step {
    /// Type a file, or add to the end of it.
    Write { path: String, text: String, add: bool },
    /// Replace one word in a file.
    Mend { path: String, from: String, to: String },
    /// Run the program and read this.
    Run { arguments: Vec<String>, answer: String },
}

/// The fenced blocks of the lesson, in order. The words behind the fence say what to do.
fn steps(lesson: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut lines = lesson.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let words: Vec<&str> = fence.split_whitespace().collect();
        match words.as_slice() {
            ["console"] => steps.extend(runs(&text)),
            ["mend", path] => {
                let line = text.first().context("a block without a line")?;
                let (from, to) = line.split_once(" -> ").context("no ` -> `")?;
                let (path, from, to) = ((*path).to_owned(), from.to_owned(), to.to_owned());
                steps.push(Step::Mend { path, from, to });
            }
            ["yaml" | "json", path, rest @ ..] => {
                let (path, text) = ((*path).to_owned(), format!("{}\n", text.join("\n")));
                steps.push(Step::Write { path, text, add: *rest == ["(added)"] });
            }
            other => bail!("a block of the lesson is nothing to do: {other:?}"),
        }
    }
    Ok(steps)
}

/// Each line that begins with `$` is typed; what follows is the answer.
fn runs(text: &[&str]) -> Vec<Step> {
    let mut runs: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for line in text {
        match (line.strip_prefix("$ cotmoc "), runs.last_mut()) {
            (Some(typed), _) => {
                runs.push((typed.split_whitespace().map(str::to_owned).collect(), Vec::new()));
            }
            (None, Some((_, answer))) => answer.push(line),
            (None, None) => {}
        }
    }
    let run =
        |(arguments, answer): (_, Vec<&str>)| Step::Run { arguments, answer: answer.join("\n") };
    runs.into_iter().map(run).collect()
}

/// Both outputs, as a terminal shows them, without spaces at the ends of lines.
fn shown(run: &Run) -> String {
    let all = format!("{}{}", run.stdout, run.stderr);
    all.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_lesson_can_be_followed_to_the_letter() -> Result<()> {
    let readme = fs::read_to_string(tree::root().join("life-events/README.md"))?;
    let (lesson, _) = readme.split_once("\n# Reference\n").context("no lesson")?;
    let installation = Installation::new()?;
    let folder = installation.folder().join("dogs");
    let mut answers = 0;
    for step in steps(lesson)? {
        match step {
            Step::Write { path, text, add } => {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().context("no folder")?)?;
                let before = if add { fs::read_to_string(&path)? } else { String::new() };
                fs::write(&path, before + &text)?;
            }
            Step::Mend { path, from, to } => {
                let path = folder.join(path);
                let text = fs::read_to_string(&path)?;
                ensure!(text.contains(&from), "`{from}` does not stand in {}", path.display());
                fs::write(&path, text.replace(&from, &to))?;
            }
            Step::Run { arguments, answer } => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let run = installation.run(&arguments)?;
                // To write the answers anew: put them together from these files.
                if let Some(kept) = std::env::var_os("COTMOC_TUTORIAL_ANSWERS") {
                    fs::write(Path::new(&kept).join(format!("{answers}.txt")), shown(&run))?;
                } else {
                    assert_eq!(shown(&run), answer, "cotmoc {}", arguments.join(" "));
                }
                answers += 1;
            }
        }
    }
    assert_eq!(answers, 5, "the lesson runs the program five times");
    Ok(())
}

/// The contract with other programs: counts and faults, exit code 1 where there are any.
#[test]
fn a_machine_reads_what_a_pack_holds_and_what_is_wrong_in_it() -> Result<()> {
    let installation = Installation::new()?;
    let broken = installation.folder().join("vn");
    copy_folder(&pack(), &broken)?;
    let folder = broken.display().to_string();
    let good = installation.succeed(&["check", &folder, "--on", "2026-11-27", "--json"])?.json()?;
    let count = |of: &Value, path: &str| of.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    for path in
        ["/life_events/citizen", "/life_events/business", "/services", "/forms", "/examples"]
    {
        assert!(count(&good, path) > 0, "{path}: {good}");
    }
    assert_eq!(good.pointer("/errors"), Some(&Value::Array(Vec::new())));

    let file = broken.join("birth/life-event.yaml");
    let text = fs::read_to_string(&file)?.replace("after: child.born_on", "after: child.bron_on");
    fs::write(&file, text)?;
    let run = installation.run(&["check", &folder, "--json"])?;
    assert_eq!(run.code, Some(1), "{run}");
    let told = run.json()?;
    assert_eq!(told.pointer("/life_events"), good.pointer("/life_events"));
    let fault = told.pointer("/errors/0").context("no fault")?;
    assert_eq!(fault.get("file"), Some(&Value::from("birth/life-event.yaml")), "{fault}");
    assert!(count(fault, "/line") > 0 && count(fault, "/column") > 0, "{fault}");
    assert_eq!(fault.get("help"), Some(&Value::from("did you mean `child.born_on`?")), "{fault}");
    Ok(())
}

#[test]
fn a_machine_reads_what_examples_reach() -> Result<()> {
    let run = Installation::new()?.succeed(&["test", "--life-event", "LE-BIRTH", "--json"])?;
    let told = run.json()?;
    let number = |path: &str| told.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    assert!(number("/examples") >= 3 && number("/failed") == 0, "{told}");
    assert_eq!(told.pointer("/results"), Some(&Value::Array(Vec::new())), "{told}");
    assert!(number("/coverage/branches") >= number("/coverage/reached"), "{told}");
    let one = told.pointer("/coverage/life_events/0/life_event");
    assert_eq!(one, Some(&Value::from("LE-BIRTH")));
    let run = Installation::new()?.run(&["test", "--life-event", "LE-BIRHT"])?;
    assert!(run.code == Some(1) && run.stderr.contains("LE-BIRTH"), "{run}");
    Ok(())
}

#[test]
fn watching_runs_again_after_a_change() -> Result<()> {
    let installation = Installation::new()?;
    let folder = installation.folder().join("vn");
    copy_folder(&pack(), &folder)?;
    let name = folder.display().to_string();
    let arguments = ["test", &name, "--life-event", "LE-GRADE1", "--watch"];
    let running = installation.start_silent(&arguments)?;
    let rounds = |wanted: usize| -> Result<()> {
        for _ in 0..600 {
            if running.said().matches("waiting for a change").count() >= wanted {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        bail!("not {wanted} rounds:\n{}", running.said())
    };
    rounds(1)?;
    let file = folder.join("grade-1/examples.yaml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, text.replacen("verdict: met", "verdict: unmet", 1))?;
    rounds(2)?;
    ensure!(running.said().contains("expected verdict: unmet"), "{}", running.said());
    Ok(())
}
