//! Identity at rest: what names a person is sealed with a key of that person's own.
//!
//! Each subject has a key, drawn by chance and kept in `subject_keys`, wrapped by a master key
//! that is not in the database. What is about several people is sealed with a key that is made of
//! all of theirs. Destroying a subject's key closes, at one stroke, everything that names them,
//! in every row and every copy of the database made after: nothing has to be searched for.
//!
//! A connection keeps the keys that it has used until it is given back, so an event about three
//! people asks for their keys once.

mod keys;
mod ring;
mod seal;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::SubjectId;

pub use keys::{Rewrapped, Wrapping, rewrap, wrappings};
pub(crate) use keys::{learn, make};
pub use ring::{MASTER, MasterKey, MasterKeys, Ring};
pub use seal::DRAWN;
pub(crate) use seal::{Key, MARK, Opened, Place};

/// Draws the bytes of a new key by chance.
pub type Chance = fn() -> Result<[u8; DRAWN], Box<dyn std::error::Error + Send + Sync>>;

/// Why something could not be sealed or opened. Shows no key and no text.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database was opened without master keys.
    #[error("what names people is sealed, and this database was opened without the master keys")]
    NoKeys,
    /// A row is wrapped with a master key that is not in the ring.
    #[error("the master key `{id}` is needed and is not among those in use")]
    Unknown {
        /// Its name.
        id: String,
    },
    /// The master keys cannot be had.
    #[error("the master keys could not be had")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No random bytes.
    #[error("no key could be drawn")]
    Chance(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Bytes that no key of ours sealed so, for this place.
    #[error("a {what} does not open: it was changed, moved, or sealed with another key")]
    Broken {
        /// What it is.
        what: &'static str,
    },
}

/// The master keys, and chance to draw new keys with. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inside>);

struct Inside {
    source: Box<dyn MasterKeys>,
    chance: Chance,
    ring: RwLock<Arc<Ring>>,
}

impl Vault {
    /// The vault whose master keys `source` gives.
    pub fn open(source: impl MasterKeys + 'static, chance: Chance) -> Result<Self, VaultError> {
        let ring = Arc::new(source.load().map_err(VaultError::Source)?);
        let source = Box::new(source);
        Ok(Self(Arc::new(Inside { source, chance, ring: RwLock::new(ring) })))
    }

    /// The master keys as they were last read.
    #[must_use]
    pub fn ring(&self) -> Arc<Ring> {
        // Nobody panics while holding it, and what is in it is whole either way.
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The master keys, read anew.
    pub fn reload(&self) -> Result<Arc<Ring>, VaultError> {
        let ring = Arc::new(self.0.source.load().map_err(VaultError::Source)?);
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// The master key of this name; the source is asked again where it is not known yet.
    fn master(&self, id: &str) -> Result<MasterKey, VaultError> {
        if let Some(known) = self.ring().named(id) {
            return Ok(known.clone());
        }
        let ring = self.reload()?;
        ring.named(id).cloned().ok_or_else(|| VaultError::Unknown { id: id.to_owned() })
    }

    fn current(&self) -> Result<MasterKey, VaultError> {
        self.ring().current().cloned().ok_or(VaultError::NoKeys)
    }

    fn draw(&self) -> Result<Key, VaultError> {
        let drawn = zeroize::Zeroizing::new((self.0.chance)().map_err(VaultError::Chance)?);
        Ok(Key::new(&drawn))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// The keys that one connection has used.
#[derive(Debug, Default)]
pub(crate) struct Held {
    vault: Option<Vault>,
    /// `None` for whom there is none.
    keys: BTreeMap<SubjectId, Option<Key>>,
}

impl Held {
    pub(crate) fn new(vault: Option<Vault>) -> Self {
        Self { vault, keys: BTreeMap::new() }
    }

    fn vault(&self) -> Result<Vault, VaultError> {
        self.vault.clone().ok_or(VaultError::NoKeys)
    }

    /// The key of a text about all of `subjects`, who were [learnt](learn) or [made](make) before;
    /// `None` where one of them has none any more.
    pub(crate) fn key(&self, subjects: &[SubjectId]) -> Result<Option<Key>, VaultError> {
        let mut sorted = subjects.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let keys: Option<Vec<&Key>> =
            sorted.iter().map(|subject| self.keys.get(subject)?.as_ref()).collect();
        match keys.as_deref() {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(Some((*one).clone())),
            Some(several) => Key::of_all(several).map(Some),
        }
    }

    /// The same, where it must be there.
    pub(crate) fn sealing(&self, subjects: &[SubjectId]) -> Result<Key, VaultError> {
        self.key(subjects)?.ok_or(VaultError::NoKeys)
    }

    /// Forgets all keys: whoever stores millions of subjects must not keep all of theirs.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
    }

    pub(crate) fn forget(&mut self, subject: SubjectId) {
        self.keys.remove(&subject);
    }
}

/// Under whose key that is kept which nobody is known to be named in: input that was set aside,
/// an event that is about no subject. No register's identifier leads to this id.
pub(crate) fn nobody() -> SubjectId {
    SubjectId::of(&["nobody"])
}
