//! Subjects go by pseudonym: a keyed hash of the identifier that the register uses.
//!
//! Without the key nobody can tell, from a stored row or a log line, which person it is
//! about, and two installations with two keys cannot be joined. HMAC-SHA-256 (RFC 2104).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{SubjectId, id};

/// What a subject is. Part of its pseudonym: a parcel and a person never collide.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A person.
    Person,
    /// A household.
    Household,
    /// A parcel of land.
    Parcel,
    /// A vehicle.
    Vehicle,
    /// A business.
    Business,
}

/// The secret that turns identifiers into pseudonyms.
#[derive(Clone)]
pub struct PseudonymKey([u8; 64]);

impl PseudonymKey {
    /// A key from `bytes`; 32 random ones are right.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        // RFC 2104: a key longer than the hash's block is hashed first, a shorter one padded
        // with zeros. Done here, once, so that making a pseudonym cannot fail.
        let mut block = [0; 64];
        let hashed = Sha256::digest(bytes);
        let key = if bytes.len() > block.len() { hashed.as_slice() } else { bytes };
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        Self(block)
    }

    /// The pseudonym of the subject that a register calls `identifier`.
    ///
    /// `identifier` should carry its scheme where it is not a person's own number, as in
    /// `gcs:01001.GCS.00042.26` for a newborn known by the birth certificate.
    #[must_use]
    pub fn subject(&self, kind: SubjectKind, identifier: &str) -> SubjectId {
        let tag = match kind {
            SubjectKind::Person => "person",
            SubjectKind::Household => "household",
            SubjectKind::Parcel => "parcel",
            SubjectKind::Vehicle => "vehicle",
            SubjectKind::Business => "business",
        };
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(tag.as_bytes());
        mac.update(b"\0");
        mac.update(identifier.as_bytes());
        SubjectId::from_keyed_hash(id::first_16(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_needs_the_key_and_the_kind() {
        let key = PseudonymKey::new(b"one");
        let person = key.subject(SubjectKind::Person, "999195001234");
        assert_eq!(person, key.subject(SubjectKind::Person, "999195001234"));
        assert_ne!(person, key.subject(SubjectKind::Business, "999195001234"));
        assert_ne!(person, PseudonymKey::new(b"two").subject(SubjectKind::Person, "999195001234"));
        assert!(!format!("{key:?}").contains("one"));
    }
}
