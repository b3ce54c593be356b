//! What the migrations and the crate's own text promise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use storage::cleanup::{End, RETENTION};
use storage::{Dialect, MIGRATIONS};

fn crate_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folder(name: &str) -> BTreeMap<String, String> {
    let folder = crate_root().join("../../migrations").join(name);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn both_folders_hold_the_migrations_that_the_program_runs() {
    let listed: Vec<String> =
        MIGRATIONS.iter().map(|m| format!("{:04}_{}.sql", m.number, m.name)).collect();
    let numbers: Vec<i64> = MIGRATIONS.iter().map(|m| m.number).collect();
    assert_eq!(numbers, (1..=i64::try_from(MIGRATIONS.len()).unwrap()).collect::<Vec<_>>());
    for (name, dialect) in [("sqlite", Dialect::Sqlite), ("postgres", Dialect::Postgres)] {
        let files = folder(name);
        assert_eq!(files.keys().collect::<Vec<_>>(), listed.iter().collect::<Vec<_>>(), "{name}");
        for (migration, text) in MIGRATIONS.iter().zip(files.values()) {
            assert_eq!(migration.sql(dialect), text, "{name}: {}", migration.name);
        }
    }
}

/// The text without what the two databases are allowed to differ in.
fn shared(text: &str) -> String {
    let text = text
        .replace(" collate \"C\"", "")
        .replace("bigint", "integer")
        .replace(") strict, without rowid;", ");")
        .replace(") strict;", ");");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn both_folders_say_the_same() {
    for migration in MIGRATIONS {
        let (sqlite, postgres) = (migration.sql(Dialect::Sqlite), migration.sql(Dialect::Postgres));
        let differs = |text: &str| text.starts_with("-- differs:");
        assert_eq!(differs(sqlite), differs(postgres), "{}", migration.name);
        if !differs(sqlite) {
            assert_eq!(shared(sqlite), shared(postgres), "{}", migration.name);
        }
    }
}

/// Each table with the comment above it.
fn tables(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("--") {
            comment.push_str(words);
            comment.push('\n');
        } else if let Some(rest) = line.strip_prefix("create table ") {
            let name = rest.split_whitespace().next().unwrap().to_owned();
            found.push((name, std::mem::take(&mut comment)));
        } else {
            comment.clear();
        }
    }
    found
}

#[test]
fn every_table_says_what_it_is_for_and_how_long_it_is_kept() {
    let mut count = 0;
    for migration in MIGRATIONS {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for (name, comment) in tables(migration.sql(dialect)) {
                count += 1;
                let last = comment.trim_end().lines().last().unwrap_or_default().trim();
                let (purpose, retention) = last
                    .split_once(" · ")
                    .unwrap_or_else(|| panic!("`{name}` has no line `purpose: … · retention: …`"));
                let says = |part: &str, what: &str| {
                    part.strip_prefix(what).is_some_and(|words| words.trim().len() > 5)
                };
                assert!(says(purpose, "purpose:"), "`{name}` does not say what it is for");
                assert!(says(retention, "retention:"), "`{name}` does not say how long it is kept");
                assert!(comment.trim().lines().count() > 1, "`{name}` does not say what a row is");
            }
        }
    }
    assert!(count >= 40, "only {count} tables were found");
}

/// Every table of the migrations.
fn all_tables() -> BTreeSet<String> {
    let migrations = MIGRATIONS.iter();
    migrations.flat_map(|it| tables(it.sql(Dialect::Sqlite))).map(|(name, _)| name).collect()
}

#[test]
fn every_table_has_its_end_in_the_job_that_cleans_up() {
    let listed: BTreeSet<String> = RETENTION.iter().map(|it| it.table.to_owned()).collect();
    assert_eq!(listed.len(), RETENTION.len(), "a table is listed twice");
    assert_eq!(listed, all_tables());
    for retention in RETENTION {
        assert!(!retention.ends.is_empty(), "`{}` says nothing", retention.table);
        for end in retention.ends {
            if let End::After { delete, .. } = end {
                let own = format!("delete from {} where ", retention.table);
                assert!(delete.starts_with(&own), "{delete}");
            }
        }
    }
}

#[test]
fn the_page_of_the_migrations_lists_every_table_with_its_days() {
    let page = std::fs::read_to_string(crate_root().join("../../migrations/README.md")).unwrap();
    let rows: BTreeMap<&str, &str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |")).collect();
    let listed: BTreeSet<String> = rows.keys().map(|table| (*table).to_owned()).collect();
    assert_eq!(listed, all_tables());
    for retention in RETENTION {
        for end in retention.ends {
            let said = match end {
                End::After { days: 0, .. } => "expires".to_owned(),
                End::After { days, .. } => format!("{days} days"),
                End::Erasure => "erased".to_owned(),
                End::Work => "work".to_owned(),
                End::Never(_) => "for ever".to_owned(),
            };
            let row = rows[retention.table];
            assert!(row.contains(&said), "`{}`: `{said}` is not in `{row}`", retention.table);
        }
    }
}

#[test]
fn every_constraint_has_a_name() {
    for migration in MIGRATIONS {
        for line in migration.sql(Dialect::Sqlite).lines().map(str::trim) {
            let constrains = ["primary key", "unique", "references", "check ("]
                .iter()
                .any(|word| line.contains(word));
            let is_comment = line.starts_with("--");
            assert!(is_comment || !constrains || line.starts_with("constraint "), "{line}");
        }
    }
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    found
}

#[test]
fn no_statement_changes_or_deletes_the_journal() {
    let sources = sources(&crate_root().join("src"));
    assert!(sources.len() > 20);
    assert!(sources.iter().any(|(_, text)| text.contains("insert into journal")));
    for (path, text) in sources {
        for forbidden in [
            "update journal",
            "delete from journal",
            "truncate table",
            "drop table journal",
            "replace into",
        ] {
            assert!(!text.contains(forbidden), "{}: `{forbidden}`", path.display());
        }
        let upserts = text.split("insert into journal").skip(1);
        for statement in upserts {
            let statement = statement.split(';').next().unwrap();
            assert!(!statement.contains("do update"), "{}", path.display());
        }
    }
}

#[test]
fn no_statement_asks_for_every_column() {
    for (path, text) in sources(&crate_root().join("src")) {
        assert!(!text.contains("select *"), "{}", path.display());
    }
}

#[test]
fn no_other_crate_holds_sql() {
    for crate_name in ["domain", "rules", "engine", "writer", "knowledge", "inference", "server"] {
        let manifest = crate_root().join("..").join(crate_name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(!manifest.contains("sqlx"), "`{crate_name}` depends on sqlx");
    }
}
