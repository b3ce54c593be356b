//! The first corpus of the fuzz targets: a tiny model of every kind. Written where
//! `COTMOC_FUZZ_CORPUS` says; `fuzz/run` does.

use std::path::Path;

use crate::tiny::{GEMMA, LLAMA, QWEN, QWEN3, Shape, gguf};
use crate::tiny_e5;

/// Every kind of model, with as few layers as show all that it has.
fn seeds() -> [(&'static str, Vec<Vec<u8>>); 2] {
    let small = [GEMMA, LLAMA, QWEN, QWEN3].map(|shape| gguf(&Shape { layers: 1, ..shape }));
    [("gguf", small.to_vec()), ("e5", vec![tiny_e5::model().0])]
}

#[test]
fn there_is_something_to_begin_with() {
    for (target, seeds) in seeds() {
        // `fuzz/run` lets no longer input grow.
        assert!(seeds.iter().all(|seed| seed.len() < 131_072), "{target}");
        let Some(folder) = std::env::var_os("COTMOC_FUZZ_CORPUS") else { continue };
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
}
