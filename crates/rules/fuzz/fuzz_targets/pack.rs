//! Any bytes as the files of a pack: the pack loads, or every error has a file.
//!
//! The bytes are a path, a line feed, a text, and a zero before the next path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::{Pack, PackFiles};

fuzz_target!(|bytes: &[u8]| {
    let files: PackFiles = bytes
        .split(|byte| *byte == 0)
        .filter_map(|file| std::str::from_utf8(file).ok()?.split_once('\n'))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    if let Err(errors) = Pack::load(&files) {
        assert!(errors.0.iter().all(|error| !error.file.is_empty()), "{errors}");
    }
});
