//! Shared beginnings, computed once and kept by their hash.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::queue::Queue;
use crate::text::{Prefix, TextError, TextModel};

type Key = [u8; 32];

/// The beginnings that were used last.
#[derive(Debug)]
pub(super) struct Prefixes {
    most: usize,
    /// The one used last stands last.
    held: Mutex<Vec<(Key, Arc<Prefix>)>>,
}

impl Prefixes {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// The beginning of these tokens, none of none; who asks first computes it, and the others wait for that.
    pub(super) fn find(
        &self,
        model: &TextModel,
        tokens: &[u32],
        queue: &Queue,
    ) -> Result<Option<Arc<Prefix>>, TextError> {
        if tokens.is_empty() {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        for token in tokens {
            hash.update(token.to_le_bytes());
        }
        let key: Key = hash.finalize().into();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.iter().position(|(other, _)| *other == key).map(|at| held.remove(at));
        queue.counters.prefix(known.is_some());
        let (key, prefix) = match known {
            Some(known) => known,
            None => (key, Arc::new(model.prefill_on(queue.hands(), tokens)?)),
        };
        while held.len() >= self.most.max(1) {
            held.remove(0);
        }
        held.push((key, Arc::clone(&prefix)));
        Ok(Some(prefix))
    }
}
