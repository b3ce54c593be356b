//! Any bytes as the 4-bit embedding file: refused in words, or vectors of the size it says.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use inference::embed::Embedder;
use libfuzzer_sys::fuzz_target;

/// Where each input lies in turn: models are loaded from files.
static PLACE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.bin");
    (folder, path)
});

fuzz_target!(|bytes: &[u8]| {
    let path = &PLACE.1;
    std::fs::write(path, bytes).unwrap();
    match Embedder::load(path) {
        Ok(embedder) => {
            let vectors = embedder.embed_passages(&["khai sinh", ""]).unwrap();
            assert!(vectors.iter().all(|vector| vector.len() == embedder.dims()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
