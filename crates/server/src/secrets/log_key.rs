//! The key that signs the heads of the log of readings: Ed25519, its seed in a file of its own.
//!
//! A head is written as a checkpoint (C2SP `tlog-checkpoint`) in a signed note (C2SP
//! `signed-note`), so that any program that watches transparency logs can keep and check it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use storage::access_log::Signer;

use super::{SecretError, refuse_if_open};

/// The name of the log, the first line of every head. One installation has one log; whoever keeps
/// heads of several tells them apart by their keys.
pub const ORIGIN: &str = "cotmoc/access-log";
/// How C2SP names Ed25519 among the kinds of signatures.
const KIND: u8 = 1;

/// Signs heads.
pub struct LogKey(Ed25519KeyPair);

/// Why a note is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no checkpoint of this log.
    #[error("this is no head of the log `{ORIGIN}`")]
    Form,
    /// Nobody with this key signed it.
    #[error("the head is not signed with this installation's key")]
    Signature,
}

/// The key in the file at `path`, which is made where it is missing.
pub fn log_key(path: &Path) -> Result<LogKey, SecretError> {
    if !path.exists() {
        super::make(path)?;
    }
    refuse_if_open(path)?;
    let text = super::master::read(path)?;
    let short = SecretError::Short { path: path.to_owned(), found: text.trim().len() };
    let Some(seed) = super::master::unhex(text.trim()) else { return Err(short) };
    Ed25519KeyPair::from_seed_unchecked(&*seed).map(LogKey).map_err(|_| short)
}

impl LogKey {
    /// The key that others check heads with, as C2SP writes it: name, hash and key.
    #[must_use]
    pub fn public(&self) -> String {
        let mut key = vec![KIND];
        key.extend(self.0.public_key().as_ref());
        format!("{ORIGIN}+{}+{}", crate::chance::hex(&self.hash()), STANDARD.encode(key))
    }

    /// Which key it is: the first four bytes of a hash over its name and itself.
    fn hash(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(ORIGIN)
            .chain_update(b"\n")
            .chain_update([KIND])
            .chain_update(self.0.public_key().as_ref())
            .finalize();
        let mut first = [0; 4];
        first.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        first
    }

    /// The size and the root, in base64, of a head that this key signed.
    pub fn opened(&self, note: &str) -> Result<(u64, String), NoteError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let (Some(size), Some(root)) = (size.and_then(|size| size.parse().ok()), root) else {
            return Err(NoteError::Form);
        };
        if origin != Some(ORIGIN) {
            return Err(NoteError::Form);
        }
        let public = UnparsedPublicKey::new(&ED25519, self.0.public_key().as_ref());
        let lead = format!("— {ORIGIN} ");
        let signed = signatures.lines().filter_map(|line| line.strip_prefix(&lead)).any(|line| {
            let Ok(bytes) = STANDARD.decode(line) else { return false };
            let Some((hash, signature)) = bytes.split_at_checked(4) else { return false };
            hash == self.hash() && public.verify(text.as_bytes(), signature).is_ok()
        });
        if signed { Ok((size, root.to_owned())) } else { Err(NoteError::Signature) }
    }
}

impl Signer for LogKey {
    fn sign(&self, text: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let text = format!("{ORIGIN}\n{text}");
        let mut signature = self.hash().to_vec();
        signature.extend(self.0.sign(text.as_bytes()).as_ref());
        Ok(format!("{text}\n— {ORIGIN} {}\n", STANDARD.encode(signature)))
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_opens_with_the_key_that_signed_it_and_not_when_it_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let key = log_key(&folder.path().join("log.key")).unwrap();
        let other = log_key(&folder.path().join("other.key")).unwrap();
        let root = STANDARD.encode([7; 32]);
        let note = key.sign(&format!("42\n{root}\n")).unwrap();
        assert!(note.starts_with("cotmoc/access-log\n42\n"), "{note}");
        assert_eq!(key.opened(&note), Ok((42, root)));
        assert_eq!(other.opened(&note), Err(NoteError::Signature));
        assert_eq!(key.opened(&note.replace("\n42\n", "\n43\n")), Err(NoteError::Signature));
        assert_eq!(key.opened("hello"), Err(NoteError::Form));
        assert!(key.public().starts_with("cotmoc/access-log+"));
    }
}
