//! The master keys that wrap the keys of subjects, and where they come from.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::VaultError;
use super::seal::{self, DRAWN, Key, Place};

/// Bytes of a master key.
pub const MASTER: usize = 32;

/// Where the master keys come from: a file, a program that asks a key-management service, or
/// something fixed in tests. Asked at the start, and again when a row names a key that is not
/// known: somebody rotated the keys meanwhile.
pub trait MasterKeys: Send + Sync {
    /// All master keys that are in use, the one that new keys are wrapped with first.
    fn load(&self) -> Result<Ring, Box<dyn std::error::Error + Send + Sync>>;
}

/// One master key.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    key: Key,
}

impl MasterKey {
    /// The key of these bytes, which somebody drew by chance. Its id is made from them and gives
    /// nothing of them away.
    #[must_use]
    pub fn new(bytes: &[u8; MASTER]) -> Self {
        let named =
            Sha256::new().chain_update(b"cotmoc: the name of a master key").chain_update(bytes);
        let id = crate::hex(named.finalize().get(..6).unwrap_or_default());
        let mut drawn = Zeroizing::new([0; DRAWN]);
        drawn.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { id: format!("mk_{id}"), key: Key::new(&drawn) }
    }

    /// The name under which rows refer to it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key of `holder`, wrapped.
    pub(crate) fn wrap(&self, holder: &str, key: &Key) -> Result<String, VaultError> {
        let bytes = self.key.seal_bytes(&self.place(holder), &*key.reveal())?;
        Ok(seal::encoded(&bytes))
    }

    /// What [`MasterKey::wrap`] wrapped.
    pub(crate) fn unwrap(&self, holder: &str, wrapped: &str) -> Result<Key, VaultError> {
        let broken = VaultError::Broken { what: "wrapped key" };
        let Some(bytes) = seal::decoded(wrapped) else { return Err(broken) };
        let Ok(opened) = self.key.open_bytes(&self.place(holder), &bytes) else {
            return Err(broken);
        };
        let drawn: &[u8; DRAWN] = opened.as_slice().try_into().map_err(|_| broken)?;
        Ok(Key::new(drawn))
    }

    fn place(&self, holder: &str) -> Place {
        Place::new(&["key", holder, &self.id])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// The master keys that are in use; the first wraps, all of them unwrap.
#[derive(Debug, Clone)]
pub struct Ring(Vec<MasterKey>);

impl Ring {
    /// The ring of `keys`; `None` where there is none.
    #[must_use]
    pub fn new(keys: Vec<MasterKey>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The one that new keys are wrapped with.
    pub(crate) fn current(&self) -> Option<&MasterKey> {
        self.0.first()
    }

    /// The one of this name.
    pub(crate) fn named(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The names of all, the first first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(MasterKey::id)
    }
}

/// A ring that never changes.
impl MasterKeys for Ring {
    fn load(&self) -> Result<Ring, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_with_its_master_for_its_holder_only() {
        let (one, two) = (MasterKey::new(&[1; MASTER]), MasterKey::new(&[2; MASTER]));
        let key = Key::new(&[7; DRAWN]);
        let wrapped = one.wrap("sbj_1", &key).unwrap();
        assert_eq!(*one.unwrap("sbj_1", &wrapped).unwrap().reveal(), [7; DRAWN]);
        assert!(one.unwrap("sbj_2", &wrapped).is_err());
        assert!(two.unwrap("sbj_1", &wrapped).is_err());
        assert!(one.unwrap("sbj_1", "!").is_err());
        assert_ne!(one.id(), two.id());
    }
}
