//! What goes wrong from outside: each time the program says what, where and what to do next,
//! ends with the right code, and loses nothing good.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;
use support::program::{Installation, Run, binary};
use support::samples::{copy_folder, leaked, pack, sample};

#[track_caller]
fn fails_with(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{run}");
    let said = format!("{}{}", run.stdout, run.stderr);
    for word in words {
        assert!(said.contains(word), "does not say `{word}`: {run}");
    }
    assert!(!said.contains("panicked"), "{run}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

#[test]
fn bad_lines_are_set_aside_with_a_reason_and_good_ones_go_on() -> Result<()> {
    let installation = Installation::new()?;
    // Far enough ahead for a machine whose clock is later than the samples.
    let lines = fs::read_to_string(sample("bad.jsonl"))?.replace("2027-03-05", "2199-03-05");
    let file = installation.folder().join("bad.jsonl");
    fs::write(&file, lines)?;

    let run = installation.run(&["ingest", text(&file), "--json"])?;
    let report = run.json()?;
    assert_eq!(report.get("new"), Some(&Value::from(4)), "{report}");
    assert_eq!(report.get("repeats"), Some(&Value::from(1)), "{report}");
    let aside = report.get("set_aside").and_then(Value::as_object).context(report.to_string())?;
    assert_eq!(aside.values().filter_map(Value::as_u64).sum::<u64>(), 6, "{report}");
    for reason in ["broken_json", "wrong_schema", "unknown_type", "in_the_future", "not_agreed"] {
        assert!(aside.contains_key(reason), "nothing was set aside for `{reason}`: {report}");
    }
    assert!(report.get("warnings").and_then(Value::as_u64) >= Some(1), "{report}");
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(leaked(&said)?.is_empty(), "a personal number stands in what the run says");

    let again = installation.run(&["ingest", text(&file), "--json"])?.json()?;
    assert_eq!(again.get("new"), Some(&Value::from(0)), "{again}");
    assert_eq!(again.get("repeats"), Some(&Value::from(5)), "{again}");
    Ok(())
}

#[test]
fn a_bad_line_is_told_with_its_number() -> Result<()> {
    let run = Installation::new()?.run(&["ingest", text(&sample("bad.jsonl"))])?;
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("line 2"), "{run}");
    Ok(())
}

#[test]
fn a_missing_file_and_a_wrong_call_are_told_apart() -> Result<()> {
    let installation = Installation::new()?;
    fails_with(&installation.run(&["ingest", "not-there.jsonl"])?, 1, &["not-there.jsonl"]);
    fails_with(&installation.run(&["ingets"])?, 2, &["ingest"]);
    Ok(())
}

#[test]
fn a_taken_port_is_told_with_what_to_do() -> Result<()> {
    let other = TcpListener::bind("127.0.0.1:0")?;
    let address = other.local_addr()?.to_string();
    let run = Installation::new()?.set("server.listen", &address).run(&["serve"])?;
    fails_with(&run, 1, &[&other.local_addr()?.port().to_string(), "COTMOC_SERVER__LISTEN"]);
    Ok(())
}

#[test]
fn a_folder_that_is_not_there_is_named() -> Result<()> {
    let installation = Installation::new()?;
    let missing = installation.folder().join("nowhere/deeper");
    let url = format!("sqlite://{}/cotmoc.db", missing.display());
    let run = installation.set("storage.url", &url).run(&["migrate"])?;
    fails_with(&run, 1, &["nowhere"]);
    Ok(())
}

#[test]
fn a_locked_database_is_named() -> Result<()> {
    let installation = Installation::new()?;
    installation.succeed(&["migrate"])?;
    let file = installation.folder().join("cotmoc.db");
    let script = "import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute('begin exclusive'); print('held', flush=True); time.sleep(120)";
    let mut holder =
        Command::new("python3").args(["-c", script, text(&file)]).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(holder.stdout.take().context("no output")?).read_line(&mut line)?;
    let run = installation.run(&["migrate"]);
    holder.kill()?;
    holder.wait()?;
    assert_eq!(line.trim(), "held", "the lock was not taken: nothing was proved");
    fails_with(&run?, 1, &["cotmoc.db", "locked"]);
    Ok(())
}

/// Root may write everywhere, so the binary is run as somebody who may not.
#[test]
fn a_database_that_cannot_be_written_is_named() -> Result<()> {
    let installation = Installation::new()?;
    installation.succeed(&["migrate"])?;
    let folder = installation.folder();
    let file = folder.join("cotmoc.db");
    let program = folder.join("cotmoc");
    fs::copy(binary()?, &program)?;
    for (path, mode) in [(&program, 0o755), (&file, 0o444), (&folder.to_owned(), 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    let mut command = Command::new(&program);
    if fs::write(folder.join("probe"), "").is_ok() {
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", text(&program)]);
    }
    // Taking in an event must write, whatever the tables look like.
    command.args(["ingest", text(&sample("timeline.jsonl"))]).current_dir("/");
    for key in ["storage.url", "secrets.pseudonym_key_file", "models.dir"] {
        let name = format!("COTMOC_{}", key.to_uppercase().replace('.', "__"));
        command.env(name, installation.setting(key));
    }
    let output = command.output()?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into(),
        stderr: String::from_utf8_lossy(&output.stderr).into(),
    };
    fails_with(&run, 1, &["read-only"]);
    Ok(())
}

#[test]
fn a_typo_in_a_pack_is_shown_with_place_caret_and_the_right_name() -> Result<()> {
    let installation = Installation::new()?;
    let broken = installation.folder().join("vn");
    copy_folder(&pack(), &broken)?;
    let file = broken.join("grade-1/life-event.yaml");
    let before = fs::read_to_string(&file)?;
    let after = before.replace("child.school.grade1_enrolled\n", "child.school.grade1_enroled\n");
    assert_ne!(before, after, "the pack no longer holds what this test misspells");
    fs::write(&file, after)?;

    installation.succeed(&["check", text(&pack())])?;
    let run = installation.run(&["check", text(&broken)])?;
    let words = ["life-event.yaml:", "child.school.grade1_enroled", "^", "did you mean"];
    fails_with(&run, 1, &words);
    fails_with(&run, 1, &["`child.school.grade1_enrolled`"]);
    Ok(())
}

/// All files below a folder, largest last.
fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push((entry.metadata()?.len(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// An installation whose largest model file `broken` has changed; the models themselves stay.
fn with_broken_model(broken: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<(Installation, PathBuf)> {
    let installation = Installation::new()?;
    let copy = installation.folder().join("models");
    copy_folder(Path::new(installation.setting("models.dir")), &copy)?;
    let (_, largest) = files(&copy)?.pop().context("no model was pulled")?;
    fs::write(&largest, broken(fs::read(&largest)?))?;
    let installation = installation.set("models.dir", text(&copy));
    Ok((installation, largest))
}

#[test]
fn a_truncated_model_file_is_named_and_what_to_do() -> Result<()> {
    let (installation, file) = with_broken_model(|mut bytes| {
        bytes.truncate(bytes.len() / 2);
        bytes
    })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    fails_with(&installation.run(&["models", "verify"])?, 1, &[&name, "models pull"]);
    Ok(())
}

#[test]
fn a_model_file_with_one_wrong_byte_is_named() -> Result<()> {
    let (installation, file) = with_broken_model(|mut bytes| {
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        bytes
    })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    fails_with(&installation.run(&["models", "verify"])?, 1, &[&name, "sha256"]);
    Ok(())
}
