//! Any bytes as a GGUF file: refused in words, or a model that reads, goes on and writes.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use inference::text::{Session, TextModel};
use libfuzzer_sys::fuzz_target;

/// Where each input lies in turn: models are loaded from files.
static PLACE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.gguf");
    (folder, path)
});

fuzz_target!(|bytes: &[u8]| {
    let path = &PLACE.1;
    std::fs::write(path, bytes).unwrap();
    let model = match TextModel::load(path) {
        Ok(model) => model,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let _ = model.tokenizer().encode_start("khai sinh 12").map(|ids| model.tokenizer().decode(&ids));
    let mut session = model.session();
    if session.extend(&[1, 0, 2, 1]).is_ok() {
        let _ = Session::likeliest(&mut [&mut session], None);
    }
});
