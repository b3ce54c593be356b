//! What goes wrong from outside: each time the program says what, where and what to do next,
//! ends with the right code, and loses nothing good.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use support::program::{Installation, Run, binary, free_port};
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
fn two_servers_on_one_file_are_one_too_many() -> Result<()> {
    let installation = Installation::new()?;
    let first = installation.start(&["serve"])?;
    let other = format!("127.0.0.1:{}", free_port()?);
    let run = Installation::new()?
        .set("server.listen", &other)
        .set("storage.url", installation.setting("storage.url"))
        .set("secrets.pseudonym_key_file", installation.setting("secrets.pseudonym_key_file"))
        .run(&["serve"])?;
    fails_with(&run, 1, &["cotmoc.db", "served by another program", "PostgreSQL"]);
    assert_eq!(first.client().get("/health/ready")?.status, 200, "the first goes on");
    // Killed, it leaves nothing behind that keeps the next one out.
    first.kill()?;
    installation.start(&["serve"])?;
    Ok(())
}

#[test]
fn a_database_of_a_newer_version_is_refused_before_anything_is_written() -> Result<()> {
    let installation = Installation::new()?;
    installation.succeed(&["migrate"])?;
    let file = installation.folder().join("cotmoc.db");
    let script = "import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute('insert into schema_migrations values (9999, ?, ?)', ('later', 'x')); c.commit()";
    let status = Command::new("python3").args(["-c", script, text(&file)]).status()?;
    anyhow::ensure!(status.success(), "the database was not changed");
    let sample = sample("timeline.jsonl");
    for call in
        [&["serve"][..], &["worker"], &["migrate"], &["jobs", "count"], &["ingest", text(&sample)]]
    {
        fails_with(&installation.run(call)?, 1, &["9999", "newer"]);
    }
    Ok(())
}

/// Sends `parts` over a connection of its own, with `between` done before the last; then reads.
fn sent_in_parts(
    base: &str,
    parts: &[&str],
    between: impl FnOnce() -> Result<()>,
) -> Result<String> {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (last, first) = parts.split_last().context("nothing to send")?;
    for part in first {
        stream.write_all(part.as_bytes())?;
    }
    stream.flush()?;
    between()?;
    // Whoever closed the connection already does not want to hear the rest.
    let _ = stream.write_all(last.as_bytes());
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_client_that_never_ends_its_request_is_let_go() -> Result<()> {
    // Kept: a server whose database is gone ends.
    let installation = Installation::new()?;
    let running = installation.start(&["serve"])?;
    let start = Instant::now();
    let head = "GET /health/live HTTP/1.1\r\nHost: x\r\n";
    let answer = sent_in_parts(&running.base, &[head, ""], || Ok(()))?;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "held for {took:?}: {answer}");
    assert!(took > Duration::from_secs(5), "let go after {took:?} already: {answer}");
    assert_eq!(running.client().get("/health/live")?.status, 200);
    Ok(())
}

#[test]
fn a_key_that_is_revoked_while_a_body_comes_opens_nothing() -> Result<()> {
    let installation = Installation::new()?;
    let key = |name: &str| -> Result<String> {
        let made = installation.succeed(&["keys", "issue", name, "--scope", "events", "--json"])?;
        let key = made.json()?.get("key").and_then(Value::as_str).map(str::to_owned);
        key.context("no key")
    };
    let (revoked, other) = (key("A register")?, key("Another")?);
    let running = installation.start(&["serve"])?;
    let event = fs::read_to_string(sample("timeline.jsonl"))?;
    let event = event.lines().next().context("no event")?;
    let (begin, end) = event.split_at_checked(20).context("a short event")?;
    let send = |key: &str, between: &dyn Fn() -> Result<()>| {
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/cloudevents+json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{begin}",
            event.len()
        );
        sent_in_parts(&running.base, &[&head, end], between)
    };
    let answer = send(&revoked, &|| {
        sleep(Duration::from_millis(300));
        let keys = installation.succeed(&["keys", "list", "--json"])?.json()?;
        let all = keys.as_array().context("no keys")?;
        let it = all.iter().find(|it| it.get("name") == Some(&Value::from("A register")));
        let id = it.and_then(|it| it.get("id")).and_then(Value::as_str).context("no id")?;
        installation.succeed(&["keys", "revoke", id])?;
        Ok(())
    })?;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = send(&other, &|| Ok(()))?;
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("\"new\":1"), "{answer}");
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
    let keys = ["pseudonym_key_file", "master_keys_file", "log_key_file"];
    let keys = keys.map(|key| format!("secrets.{key}"));
    for key in ["storage.url", "models.dir"].into_iter().chain(keys.iter().map(String::as_str)) {
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
