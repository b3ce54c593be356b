//! The form of the tree. Each house rule that no lint can see is a test here, and each
//! failure says where it is and what to do about it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::Result;
use support::tree::{Source, root, sources};

use crates::{manifest, metadata, short};

mod crates;
const FOLDERS: [&str; 9] =
    [".cargo", ".ci", "crates", "eval", "life-events", "migrations", "models", "prompts", "tests"];

/// The promises to people, in the words in which they stand in the README.
const INVARIANTS: [&str; 10] = [
    "No model decides who is entitled to what. Rules decide; models find and phrase.",
    "A missing fact is *unknown*. It never becomes *no*.",
    "Nothing a model wrote reaches a person unless every sentence of it was proved: numbers, \
     dates, names, amounts, places and links come only through slots; every claim is carried by \
     a fact of the plan or by a retrieved passage that is cited. What cannot be proved is not \
     sent; the approved template is.",
    "No name, identifier or address of a person is ever in a prompt. Slots are filled \
     afterwards by code. Text from a register is data and never prompt text.",
    "A decision can be replayed bit for bit: pack version, facts read, dates, verdict, trace, \
     template, model and index hashes.",
    "The same event delivered twice, late or out of order leads to the same state and to no \
     second message.",
    "Nothing is sent to someone who refused, has died, or whose milestone was withdrawn or is \
     sensitive; that is checked in the transaction that claims the delivery.",
    "An adverse result is never sent or executed automatically.",
    "Time, randomness and ids are arguments; the clock can be moved in every test and in the \
     sandbox.",
    "Every statement about a person in storage names that person and the purpose; every read \
     of a register's data is logged with its legal basis.",
];

/// What a test found. All findings are shown at once, so that one run is enough to mend them.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, path: &str, line: usize, what: &str) {
        self.0.push(format!("{path}:{line}: {what}"));
    }

    #[track_caller]
    fn none(&self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

#[test]
fn only_storage_speaks_sql() -> Result<()> {
    const SQL: [&str; 7] = [
        "\"select ",
        "\"insert into ",
        "\"update ",
        "\"delete from ",
        "\"create table ",
        "\"with ",
        "\"alter table ",
    ];
    let mut found = Findings::default();
    for package in metadata()?.workspace_packages() {
        if short(package) != "storage" && package.dependencies.iter().any(|it| it.name == "sqlx") {
            found.add(&manifest(package), 1, "depends on `sqlx`: ask `storage` for a function");
        }
    }
    for source in sources()?.iter().filter(|it| it.is("rs")) {
        if source.path.starts_with("crates/storage/") || source.path.ends_with("tests/tidy/main.rs")
        {
            continue;
        }
        for (at, line) in source.lines_before_tests() {
            let line = line.to_lowercase().replace("r#\"", "\"");
            let statement = SQL.iter().any(|sql| line.contains(sql));
            if statement
                && [" from ", " into ", " set ", " table "].iter().any(|it| line.contains(it))
            {
                found.add(&source.path, at, "SQL outside `storage`: move the statement there");
            }
        }
    }
    found.none();
    Ok(())
}

#[test]
fn the_top_of_the_tree_holds_what_was_decided() -> Result<()> {
    let mut found = Findings::default();
    for entry in fs::read_dir(root())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let made = [".git", "target", "var"].contains(&name.as_str());
        if entry.path().is_dir() && !made && !FOLDERS.contains(&name.as_str()) {
            found.add(&name, 1, "a folder that the README's architecture does not name: move it");
        }
    }
    for needed in ["CHANGELOG.md", "README.md", "deny.toml", "rust-toolchain.toml"] {
        if fs::read_to_string(root().join(needed)).unwrap_or_default().trim().is_empty() {
            found.add(needed, 1, "is missing or empty: write it");
        }
    }
    found.none();
    Ok(())
}

#[test]
fn a_stranger_finds_their_way() -> Result<()> {
    const VAGUE: [&str; 8] =
        ["utils", "util", "common", "helpers", "helper", "misc", "shared", "stuff"];
    let mut found = Findings::default();
    for source in sources()?.iter().filter(|it| it.is("rs")) {
        let mut names = source.path.split('/').map(|it| it.trim_end_matches(".rs"));
        if let Some(name) = names.find(|it| VAGUE.contains(it)) {
            found.add(&source.path, 1, &format!("`{name}` says nothing: name it by what it holds"));
        }
        let header = source.text.trim_start();
        if !(header.starts_with("//!") || header.starts_with("#![doc = include_str!")) {
            found.add(&source.path, 1, "begins without a `//!` header: say why the file is there");
        }
        if source.is_shipped_rust() {
            let lines = source.lines_before_tests().count();
            if lines > 500 {
                found.add(&source.path, lines, "over 500 lines without tests: split it");
            }
        }
    }
    found.none();
    Ok(())
}

#[test]
fn time_and_chance_are_arguments() -> Result<()> {
    const CLOCKS: [&str; 7] = [
        "Timestamp::now(",
        "Zoned::now(",
        "SystemTime::now(",
        "Uuid::now",
        "Uuid::new_v",
        "rand::rng(",
        "rand::random(",
    ];
    let mut found = Findings::default();
    for source in sources()?.iter().filter(|it| it.is_shipped_rust()) {
        if source.path == "crates/server/src/clock.rs" {
            continue;
        }
        let measures = ["crates/server/", "eval/", "tests/"];
        let may_measure = measures.iter().any(|it| source.path.starts_with(it));
        for (at, line) in source.lines_before_tests() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            if CLOCKS.iter().any(|it| line.contains(it)) {
                found.add(&source.path, at, "reads the clock or chance: ask the `Clock` given");
            }
            if line.contains("Instant::now(") && !may_measure {
                found.add(&source.path, at, "measures time: only `server` and `eval` may");
            }
        }
    }
    found.none();
    Ok(())
}

/// Words are put together here, so that this file does not find itself.
fn unwanted() -> Vec<(String, &'static str)> {
    let registry = "a registry's host: name the package, its client knows the host";
    let machine = "a path of somebody's machine: make it relative or an argument";
    let hosts = [
        ["crates", ".io"],
        ["pypi", ".org"],
        ["pythonhosted", ".org"],
        ["npmjs", ".org"],
        ["npmjs", ".com"],
        ["deb.debian", ".org"],
    ];
    let paths =
        [["/ro", "ot/"], ["/ho", "me/"], ["/Use", "rs/"], ["/work", "/"], ["C:\\", "Users"]];
    hosts
        .iter()
        .map(|it| (it.concat(), registry))
        .chain(paths.iter().map(|it| (it.concat(), machine)))
        .collect()
}

#[test]
fn nothing_in_the_tree_belongs_to_one_machine_or_is_left_open() -> Result<()> {
    let unwanted = unwanted();
    let open = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut found = Findings::default();
    for source in sources()?.iter().filter(|it| !it.path.ends_with("Cargo.lock")) {
        for (at, line) in source.lines() {
            for (word, what) in &unwanted {
                // A path begins a word; `data/work/` is none of somebody's machine.
                let hit = line.match_indices(word.as_str()).any(|(start, _)| {
                    !word.starts_with('/')
                        || !line[..start]
                            .ends_with(|it: char| it.is_alphanumeric() || "-_.}*".contains(it))
                });
                if hit {
                    found.add(&source.path, at, what);
                }
            }
            for word in &open {
                let hit = line.match_indices(word.as_str()).any(|(start, _)| {
                    let after = &line[start + word.len()..];
                    let inside = |it: char| it.is_alphanumeric() || it == '_';
                    !after.starts_with("(#")
                        && !after.starts_with(inside)
                        && !line[..start].ends_with(inside)
                });
                if hit {
                    found.add(&source.path, at, "open work without a number: do it or number it");
                }
            }
        }
    }
    found.none();
    Ok(())
}

/// Runs of exactly twelve digits that stand alone, as a personal number does.
fn twelve_digits(line: &str) -> Vec<&str> {
    line.split(|it: char| !(it.is_ascii_alphanumeric() || "._-+".contains(it)))
        .map(|word| word.trim_matches(|it| ".-_+".contains(it)))
        .filter(|word| word.len() == 12 && word.bytes().all(|it| it.is_ascii_digit()))
        .collect()
}

#[test]
fn personal_numbers_are_synthetic() -> Result<()> {
    let mut found = Findings::default();
    for source in sources()?.iter().filter(|it| !it.path.ends_with("Cargo.lock")) {
        for (at, line) in source.lines() {
            if twelve_digits(line).iter().any(|it| !it.starts_with("999")) {
                found.add(
                    &source.path,
                    at,
                    "twelve digits that might be a person's: begin with 999",
                );
            }
        }
    }
    assert_eq!(twelve_digits("a 999085000001, b").len(), 1, "the finder finds nothing");
    found.none();
    Ok(())
}

fn migrations(engine: &str, all: &[Source]) -> BTreeMap<String, Source> {
    let folder = format!("migrations/{engine}/");
    all.iter()
        .filter(|it| it.path.starts_with(&folder) && it.is("sql"))
        .map(|it| (it.path.replace(&folder, ""), it.clone()))
        .collect()
}

#[test]
fn migrations_say_what_a_row_means_and_lose_nothing_unasked() -> Result<()> {
    let all = sources()?;
    let (sqlite, postgres) = (migrations("sqlite", &all), migrations("postgres", &all));
    let mut found = Findings::default();
    if sqlite.is_empty() {
        found.add("migrations/sqlite", 1, "no migration: the state has nowhere to live");
    }
    for name in sqlite.keys().filter(|it| !postgres.contains_key(*it)) {
        found.add(&format!("migrations/sqlite/{name}"), 1, "has no twin for PostgreSQL: write it");
    }
    for name in postgres.keys().filter(|it| !sqlite.contains_key(*it)) {
        found.add(&format!("migrations/postgres/{name}"), 1, "has no twin for SQLite: write it");
    }
    for source in sqlite.values().chain(postgres.values()) {
        let mut above = String::new();
        for (at, line) in source.lines() {
            let lower = line.trim().to_lowercase();
            if lower.starts_with("--") {
                above.push_str(&lower);
                above.push('\n');
                continue;
            }
            if lower.starts_with("create table")
                && !(above.contains("purpose:") && above.contains("retention:"))
            {
                found.add(&source.path, at, "no `-- purpose: … · retention: …` above the table");
            }
            let drops = lower.contains("drop column") || lower.contains("drop table");
            if drops && !above.contains("guarded:") {
                found.add(
                    &source.path,
                    at,
                    "drops data: say above in `-- guarded: …` why no \
                     running version reads it",
                );
            }
            above.clear();
        }
    }
    found.none();
    Ok(())
}

#[test]
fn prompts_and_models_say_what_they_are() -> Result<()> {
    let all = sources()?;
    let mut found = Findings::default();
    let prompts = all.iter().filter(|it| it.path.starts_with("prompts/"));
    for prompt in prompts.filter(|it| !it.path.ends_with("README.md")) {
        let front = prompt.text.strip_prefix("---\n").and_then(|it| it.split("\n---").next());
        for key in ["id:", "version:", "inputs:"] {
            if !front.is_some_and(|it| it.lines().any(|line| line.starts_with(key))) {
                found.add(&prompt.path, 1, &format!("no `{key}` in front matter between `---`"));
            }
        }
    }
    for entry in fs::read_dir(root().join("models"))? {
        let entry = entry?;
        for needed in ["model.toml", "card.md"] {
            if entry.path().is_dir() && !entry.path().join(needed).is_file() {
                let folder = format!("models/{}", entry.file_name().to_string_lossy());
                found.add(&folder, 1, &format!("has no {needed}: write it"));
            }
        }
    }
    found.none();
    Ok(())
}

#[test]
fn the_readme_keeps_the_ten_promises_word_for_word() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let words = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Findings::default();
    for (at, promise) in INVARIANTS.iter().enumerate() {
        let promise = format!("{}. {promise}", at + 1);
        if !words.contains(&promise) {
            found.add("README.md", 1, &format!("lacks, in these words: {promise}"));
        }
    }
    found.none();
}

#[test]
fn every_crate_takes_the_lints_and_skips_no_test_silently() -> Result<()> {
    let mut found = Findings::default();
    for source in sources()? {
        if source.path.ends_with("/Cargo.toml")
            && !source.text.replace(char::is_whitespace, "").contains("[lints]workspace=true")
        {
            found.add(&source.path, 1, "without `[lints] workspace = true`: add it");
        }
        let skipped = |line: &str| line.trim_start().starts_with("#[ignore]");
        for (at, _) in source.lines().filter(|(_, line)| source.is("rs") && skipped(line)) {
            found.add(&source.path, at, "a test that never runs: mend it, delete it or say why");
        }
    }
    found.none();
    Ok(())
}

/// Where `unsafe` may stand: the lint against it can be lifted in any file, so this holds it.
const UNSAFE: &str = "crates/inference/src/kernels/";

#[test]
fn unsafe_code_stands_in_the_kernels_alone() -> Result<()> {
    let mut found = Findings::default();
    for source in sources()?.iter().filter(|source| source.is("rs")) {
        let lifted = |line: &str| {
            let line = line.split("//").next().unwrap_or_default();
            line.contains("unsafe_code") || line.contains(concat!("uns", "afe {"))
        };
        let held = source.path.starts_with(UNSAFE) || source.path == "tests/tests/tidy/main.rs";
        for (at, _) in source.lines().filter(|(_, line)| !held && lifted(line)) {
            found.add(&source.path, at, "unsafe code outside the kernels: find a safe way");
        }
    }
    found.none();
    Ok(())
}

/// Keys and databases that tests make lie in ignored places, and must not come into the history.
#[test]
fn nothing_that_is_ignored_is_kept() -> Result<()> {
    if !root().join(".git").exists() {
        eprintln!("not looked at: this is no clone");
        return Ok(());
    }
    let asked = ["ls-files", "--cached", "--ignored", "--exclude-standard"];
    let listed = Command::new("git").args(asked).current_dir(root()).output()?;
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "", "ignored, and kept all the same");
    Ok(())
}
