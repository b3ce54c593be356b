//! Hashes of several parts: the length of each goes in too, so that borders count.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A hash under way.
#[derive(Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn put(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part.as_bytes());
    }

    /// SHA-256 in hex.
    pub(crate) fn hex(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}
