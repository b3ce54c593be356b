//! Any bytes as files put over a small pack: it loads, or every error has a file; what loads is
//! told in sentences and its examples run.
//!
//! The bytes are a path, a line feed, a text, and a zero before the next path. Only what is put
//! over the small pack changes, so that most inputs get past the first file.

#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use domain::Language;
use libfuzzer_sys::fuzz_target;
use rules::{Pack, PackFiles, run_examples};

/// The pack of the tests, read once.
static BASE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixture");
    let files = PackFiles::read(&folder).unwrap();
    files.iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let mut files = BASE.clone();
    files.extend(
        bytes
            .split(|byte| *byte == 0)
            .filter_map(|file| std::str::from_utf8(file).ok()?.split_once('\n'))
            .map(|(path, text)| (path.to_owned(), text.to_owned())),
    );
    let files: PackFiles = files.into_iter().collect();
    match Pack::load(&files) {
        Ok(pack) => {
            let _ = run_examples(&pack);
            for id in pack.life_events().map(|event| &*event.id) {
                let _ = pack.read_out(id, Language::VI);
            }
        }
        Err(errors) => {
            assert!(!errors.0.is_empty());
            assert!(errors.0.iter().all(|error| !error.file.is_empty()), "{errors}");
        }
    }
});
