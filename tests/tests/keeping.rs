//! What is kept is kept sealed, whole and provable: backups, the log of readings, erasure, keys.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use support::program::Installation;

fn number(json: &Value, pointer: &str) -> u64 {
    json.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// The bytes of the database file.
fn file(installation: &Installation) -> Result<Vec<u8>> {
    let url = installation.setting("storage.url");
    Ok(fs::read(url.strip_prefix("sqlite://").context("no file")?)?)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|some| some == text.as_bytes())
}

#[test]
fn no_name_and_no_number_stands_in_the_file() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let bytes = file(&installation)?;
    assert!(holds(&bytes, "LE-BIRTH"), "the search finds what is there");
    for secret in ["Nguyễn Thị Minh Châu", "999196100011", "99901.GCS.00001.26"] {
        assert!(!holds(&bytes, secret), "`{secret}` stands in the clear");
    }
    Ok(())
}

#[test]
fn a_backup_comes_back_and_is_not_believed_when_it_was_changed() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let copy = installation.folder().join("backup.db").display().to_string();
    let made = installation.succeed(&["backup", &copy, "--json"])?.json()?;
    assert!(number(&made, "/manifest/holds/rows/messages") > 0, "{made}");
    let refused = installation.fail(&["restore", &copy])?;
    assert!(refused.stderr.contains("is not empty"), "{refused}");
    assert!(installation.fail(&["backup", &copy])?.stderr.contains("is there already"));

    let other = installation.folder().join("restored.db").display().to_string();
    let restored = installation.set("storage.url", &format!("sqlite://{other}"));
    restored.succeed(&["restore", &copy])?;
    let replayed = restored.succeed(&["replay", "--json"])?.json()?;
    assert_eq!(number(&replayed, "/different"), 0);

    let mut bytes = fs::read(&copy)?;
    *bytes.last_mut().context("an empty backup")? ^= 1;
    fs::write(&copy, bytes)?;
    let refused = restored.fail(&["restore", &copy, "--check"])?;
    assert!(refused.stderr.contains("not whole"), "{refused}");
    Ok(())
}

#[test]
fn the_log_of_readings_is_proved_and_a_kept_head_still_holds() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    installation.succeed(&["log", "merge"])?;
    let head = installation.succeed(&["log", "head"])?;
    let kept = installation.folder().join("kept.note");
    fs::write(&kept, format!("{}\n", head.stdout.trim_end()))?;
    let size = number(&installation.succeed(&["log", "head", "--json"])?.json()?, "/size");
    assert!(size > 10, "{head}");
    // Taking every decision again reads everybody's facts, and says so.
    installation.succeed(&["replay"])?;
    installation.succeed(&["log", "merge"])?;
    let kept = kept.display().to_string();
    let checked = installation.succeed(&["log", "verify", "--kept", &kept, "--json"])?.json()?;
    assert!(number(&checked, "/leaves") > size && number(&checked, "/changed") == 0, "{checked}");
    let proof = installation.succeed(&["log", "proof", "3", "--json"])?.json()?;
    assert!(proof.pointer("/path/0").is_some(), "{proof}");
    installation.succeed(&["log", "consistency", &size.to_string()])?;
    assert!(installation.fail(&["log", "proof", "99999999"])?.stderr.contains("no leaf"));

    fs::write(&kept, head.stdout.replacen(&format!("\n{size}\n"), "\n1\n", 1))?;
    let refused = installation.fail(&["log", "verify", "--kept", &kept])?;
    assert!(refused.stderr.contains("not signed with this installation"), "{refused}");
    Ok(())
}

#[test]
fn a_rotation_of_the_master_key_and_an_erasure_leave_the_rest_as_it_is() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let rotated = installation.succeed(&["keys", "rotate", "--json"])?.json()?;
    assert!(number(&rotated, "/rewrapped") > 10, "{rotated}");
    installation.succeed(&["keys", "rotate", "--forget-old"])?;
    let masters = installation.succeed(&["keys", "master", "--json"])?.json()?;
    assert_eq!(masters.as_array().map(Vec::len), Some(1), "{masters}");
    let replayed = installation.succeed(&["replay", "--json"])?.json()?;
    assert_eq!(number(&replayed, "/different"), 0);

    let story = installation.succeed(&["demo", "--once", "--json"])?.json()?;
    let person = story.pointer("/people/0/subject").or(story.pointer("/people/0/id"));
    let person = person.and_then(Value::as_str).context("no person in the story")?.to_owned();
    let erased = installation.succeed(&["erase", &person, "--by", "a test", "--json"])?.json()?;
    assert!(number(&erased, "/proof/removed/subject_keys") == 1, "{erased}");
    let list = installation.succeed(&["erase", "--list", "--json"])?.json()?;
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    installation.succeed(&["log", "verify"])?;
    assert!(
        installation.fail(&["erase", "nobody", "--by", "a test"])?.stderr.contains("pseudonym")
    );
    Ok(())
}
