//! Ids that say what they are, and that are made from what they name.
//!
//! An id is the hash of the identity of its thing: a milestone's id is made from its life
//! event, subject and occurrence. So the same event delivered twice, or a replay years
//! later, arrives at the same ids without asking anybody, and the database's unique keys
//! refuse the twin. Nothing here is random, which is why no clock or chance is needed.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Crockford's base 32: no letters that are mistaken for digits when read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What stands in [`DIGITS`] for a byte that is none of them.
const NO_DIGIT: u8 = u8::MAX;

/// By byte, its place in [`ALPHABET`]: ids are read by the million when a population is.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut rest: &[u8] = ALPHABET;
    let mut digit = 0;
    while let [first, after @ ..] = rest {
        if let Some((place, _)) = digits.split_at_mut(*first as usize + 1).0.split_last_mut() {
            *place = digit;
        }
        digit += 1;
        rest = after;
    }
    digits
};

/// A text that is not the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// An id of another kind, or no id at all.
    #[error("`{given}` is not an id of this kind: it should begin with `{wanted}_`")]
    Prefix {
        /// What was given.
        given: String,
        /// The prefix of the kind that was asked for.
        wanted: &'static str,
    },
    /// The right prefix, then something that no id has.
    #[error("`{given}` is damaged: after `{wanted}_` come 26 letters and digits")]
    Body {
        /// What was given.
        given: String,
        /// The prefix of the kind that was asked for.
        wanted: &'static str,
    },
}

pub(crate) fn digest(kind: &str, parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    for part in parts {
        // The length goes in too, so that ("ab", "c") and ("a", "bc") differ.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    first_16(&hash.finalize())
}

pub(crate) fn first_16(hash: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = *from;
    }
    out
}

fn encode(bytes: [u8; 16]) -> String {
    let mut bits = u128::from_be_bytes(bytes);
    let mut out = [b'0'; 26];
    for place in out.iter_mut().rev() {
        let digit = usize::try_from(bits & 31).unwrap_or_default();
        *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
        bits >>= 5;
    }
    out.iter().map(|&b| char::from(b)).collect()
}

fn decode(text: &str) -> Option<[u8; 16]> {
    if text.len() != 26 {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = *DIGITS.get(usize::from(byte)).filter(|digit| **digit != NO_DIGIT)?;
        // 26 digits hold 130 bits: the first digit may use two of its five only.
        if place == 0 && digit > 7 {
            return None;
        }
        bits = (bits << 5) | u128::from(digit);
    }
    Some(bits.to_be_bytes())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id of the thing that `parts` identify.
            #[must_use]
            pub fn of(parts: &[&str]) -> Self {
                Self(digest($prefix, parts))
            }

        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(given: &str) -> Result<Self, IdError> {
                let Some(body) = given.strip_prefix(concat!($prefix, "_")) else {
                    return Err(IdError::Prefix { given: given.to_owned(), wanted: $prefix });
                };
                decode(body)
                    .map(Self)
                    .ok_or_else(|| IdError::Body { given: given.to_owned(), wanted: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let given = String::deserialize(from)?;
                given.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

impl EventId {
    /// The same 128 bits as 32 hex digits, the form of a W3C trace id.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

impl SubjectId {
    /// A pseudonym is the one id that is made from a *keyed* hash.
    pub(crate) fn from_keyed_hash(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

id!(/** An event: made from (source, the source's own id). */ EventId, "evt");
id!(/** One attribute of one subject as one event told it. */ FactId, "fct");
id!(/** A person, household, parcel, vehicle or business, by keyed pseudonym. */ SubjectId, "sbj");
id!(/** One life event happening to one subject once. */ MilestoneId, "mil");
id!(/** One service proposed to one person because of one milestone. */ SuggestionId, "sug");
id!(/** The application prepared for one suggestion. */ DraftId, "drf");
id!(/** A proved text with slots. */ TemplateId, "tpl");
id!(/** A template filled for one person. */ MessageId, "msg");
id!(/** One message on one channel. */ DeliveryId, "dlv");
id!(/** What the person did or said. */ OutcomeId, "out");
id!(/** The record that lets a decision be replayed. */ ReceiptId, "rcp");
id!(/** A piece of work that follows from something stored. */ JobId, "job");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_identity_makes_the_same_id_and_another_kind_another() {
        let id = MilestoneId::of(&["LE-BIRTH", "sbj", "2026-11-02"]);
        assert_eq!(id, MilestoneId::of(&["LE-BIRTH", "sbj", "2026-11-02"]));
        assert_ne!(id, MilestoneId::of(&["LE-BIRTH", "sbj2026-", "11-02"]));
        assert_ne!(id.0, SuggestionId::of(&["LE-BIRTH", "sbj", "2026-11-02"]).0);
    }

    #[test]
    fn a_wrong_kind_is_told_so() {
        let id = MilestoneId::of(&["x"]).to_string();
        let error = id.parse::<SuggestionId>().unwrap_err();
        assert!(error.to_string().contains("should begin with `sug_`"), "{error}");
        assert!("mil_short".parse::<MilestoneId>().is_err());
        assert!("mil_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<MilestoneId>().is_err());
    }

    proptest! {
        #[test]
        fn every_id_reads_back(bytes in any::<[u8; 16]>()) {
            let id = SubjectId::from_keyed_hash(bytes);
            prop_assert_eq!(id.to_string().parse::<SubjectId>(), Ok(id));
        }
    }
}
