//! Sealing: a text that only its subject's key opens, and only in its own place.
//!
//! AES-256-GCM-SIV (RFC 8452) with a nonce that is made from the place. The same text in the same
//! place gives the same bytes: a repeat is recognised without opening it, and a row that is made
//! again from the facts is the row that was. What this gives away is whether one field of one row
//! was changed back to what it said before.

use aes_gcm_siv::aead::{Aead as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::VaultError;

/// What every sealed text begins with. No JSON does, so one look tells which it is.
pub(crate) const MARK: char = '~';
/// Bytes of a key.
const SECRET: usize = 32;
/// Bytes that tell a key from another, kept beside what it sealed.
const CHECK: usize = 4;
/// Bytes of what is drawn by chance for a subject: a key and its check.
pub const DRAWN: usize = SECRET + CHECK;

/// A key that seals. Gone from memory when dropped, and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key {
    secret: [u8; SECRET],
    check: [u8; CHECK],
}

/// What came of opening.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// What was sealed.
    Text(String),
    /// The key that sealed it was destroyed: someone whom it names was erased.
    Gone,
}

impl Key {
    /// A key made of what was drawn by chance, or unwrapped.
    pub(crate) fn new(drawn: &[u8; DRAWN]) -> Self {
        let mut key = Self { secret: [0; SECRET], check: [0; CHECK] };
        let parts = key.secret.iter_mut().chain(&mut key.check);
        parts.zip(drawn).for_each(|(to, from)| *to = *from);
        key
    }

    /// The key of a text about several subjects, in order of their ids: it can be made only while
    /// each of their keys is there, so erasing any one of them closes the text.
    pub(crate) fn of_all(keys: &[&Self]) -> Result<Self, VaultError> {
        let mut all = Zeroizing::new(Vec::with_capacity(keys.len() * SECRET));
        for key in keys {
            all.extend_from_slice(&key.secret);
        }
        let mut drawn = Zeroizing::new([0; DRAWN]);
        Hkdf::<Sha256>::new(None, &all)
            .expand(b"cotmoc: the key of several subjects", &mut *drawn)
            .map_err(|_| VaultError::Broken { what: "key" })?;
        Ok(Self::new(&drawn))
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&self.secret.into())
    }

    /// The bytes that [`Key::new`] takes, to be wrapped.
    pub(crate) fn reveal(&self) -> Zeroizing<[u8; DRAWN]> {
        let mut out = Zeroizing::new([0; DRAWN]);
        let parts = self.secret.iter().chain(&self.check);
        out.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        out
    }

    /// `bytes`, sealed for `place` alone.
    pub(crate) fn seal_bytes(&self, place: &Place, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let payload = Payload { msg: bytes, aad: place.0.as_bytes() };
        let sealed = self.cipher().encrypt(&place.nonce(), payload);
        sealed.map_err(|_| VaultError::Broken { what: "text to seal" })
    }

    /// What [`Key::seal_bytes`] sealed for `place`.
    pub(crate) fn open_bytes(
        &self,
        place: &Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let payload = Payload { msg: sealed, aad: place.0.as_bytes() };
        let opened = self.cipher().decrypt(&place.nonce(), payload);
        opened.map(Zeroizing::new).map_err(|_| VaultError::Broken { what: "sealed text" })
    }

    /// `text`, sealed for `place` alone, as a column holds it.
    pub(crate) fn seal(&self, place: &Place, text: &str) -> Result<String, VaultError> {
        let mut bytes = self.check.to_vec();
        bytes.extend(self.seal_bytes(place, text.as_bytes())?);
        Ok(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What [`Key::seal`] sealed. Another key's work is [`Opened::Gone`]; ours that was changed,
    /// or that stands in another place than it was sealed for, is an error.
    pub(crate) fn open(&self, place: &Place, sealed: &str) -> Result<Opened, VaultError> {
        let broken = || VaultError::Broken { what: "sealed text" };
        let text = sealed.strip_prefix(MARK).ok_or_else(broken)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken())?;
        let (check, rest) = bytes.split_at_checked(CHECK).ok_or_else(broken)?;
        if check != self.check {
            return Ok(Opened::Gone);
        }
        let mut opened = self.open_bytes(place, rest)?;
        let text = String::from_utf8(std::mem::take(&mut *opened)).map_err(|_| broken())?;
        Ok(Opened::Text(text))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Where a sealed text stands: what, of whom, in which row. Sealed text that is moved to another
/// place does not open there.
pub(crate) struct Place(String);

impl Place {
    /// The place that `parts` name.
    pub(crate) fn new(parts: &[&str]) -> Self {
        // No part holds the letter between them, so two places never read alike.
        Self(parts.join("\u{1f}"))
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = Nonce::default();
        let hash = Sha256::digest(self.0.as_bytes());
        nonce.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        nonce
    }
}

/// `bytes` as a column holds them.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What [`encoded`] wrote.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::new(&[byte; DRAWN])
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_in_its_place_only() {
        let place = Place::new(&["fact", "sbj_1", "name"]);
        let sealed = key(1).seal(&place, "Nguyễn Thị Lan").unwrap();
        assert!(sealed.starts_with(MARK) && !sealed.contains("Lan"));
        assert_eq!(key(1).seal(&place, "Nguyễn Thị Lan").unwrap(), sealed, "the same bytes");
        let opened = key(1).open(&place, &sealed).unwrap();
        assert_eq!(opened, Opened::Text("Nguyễn Thị Lan".to_owned()));

        assert_eq!(key(2).open(&place, &sealed).unwrap(), Opened::Gone, "another key");
        let elsewhere = Place::new(&["fact", "sbj_2", "name"]);
        assert!(key(1).open(&elsewhere, &sealed).is_err(), "another place");
        for at in 8..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if changed != sealed {
                assert!(key(1).open(&place, &changed).is_err(), "a letter changed at {at}");
            }
        }
        for broken in ["", "~", "~AAAA", "~!", "plain"] {
            assert!(key(1).open(&place, broken).is_err(), "{broken}");
        }
    }

    /// RFC 8452, appendix C.2: the first vector for AES-256 with a text.
    #[test]
    fn the_cipher_is_that_of_the_standard() {
        let mut secret = [0; SECRET];
        secret[0] = 1;
        let mut nonce = Nonce::default();
        nonce[0] = 3;
        let text = [1, 0, 0, 0, 0, 0, 0, 0];
        let sealed = Aes256GcmSiv::new(&secret.into()).encrypt(&nonce, text.as_slice()).unwrap();
        let expected = "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28";
        assert_eq!(crate::hex(&sealed), expected);
    }

    #[test]
    fn the_key_of_several_needs_each_of_them() {
        let all = Key::of_all(&[&key(1), &key(2)]).unwrap();
        let same = Key::of_all(&[&key(1), &key(2)]).unwrap();
        let other = Key::of_all(&[&key(1), &key(3)]).unwrap();
        assert_eq!(*all.reveal(), *same.reveal());
        assert_ne!(*all.reveal(), *other.reveal());
        assert_ne!(*all.reveal(), *key(1).reveal());
        assert!(!format!("{all:?}").contains('1'));
    }
}
