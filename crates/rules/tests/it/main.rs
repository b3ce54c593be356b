//! The crate from outside: a small pack of its own, and the real one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what must be so; only `#[test]` functions are exempt by themselves"
)]

mod conformance;
mod coverage;
mod decisions;
mod events;
mod expiry;
mod fuzz_corpus;
mod hostile;
mod messages;
mod pack_vn;
mod population;
mod reading;
mod schema;

use std::path::Path;

use rules::{Pack, PackFiles};

/// The small pack in `tests/fixture`.
fn fixture() -> Pack {
    load(&files()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn files() -> PackFiles {
    PackFiles::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture")).unwrap()
}

fn load(files: &PackFiles) -> Result<Pack, rules::PackErrors> {
    Pack::load(files)
}

/// The small pack with `from` replaced by `to` in one of its files.
fn with(path: &str, from: &str, to: &str) -> PackFiles {
    let mut found = false;
    let all = files();
    let changed = all.iter().map(|(file, text)| {
        let text = if file == path {
            found = text.contains(from);
            text.replacen(from, to, 1)
        } else {
            text.to_owned()
        };
        (file.to_owned(), text)
    });
    let changed = changed.collect();
    assert!(found, "`{from}` is not in {path}");
    changed
}

/// The small pack without one of its files.
fn without(path: &str) -> PackFiles {
    files().iter().filter(|(file, _)| *file != path).collect()
}
