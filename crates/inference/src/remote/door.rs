//! How many questions are under way at another server, and how many wait for a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::serve::{Lane, Refused};

#[derive(Clone)]
pub(super) struct Door(Arc<Places>);

struct Places {
    all: Arc<Semaphore>,
    /// Fewer than all where there are several, so that a person never waits for bulk alone.
    bulk: Arc<Semaphore>,
    at_once: usize,
    queue: usize,
    /// Who is under way or waits.
    inside: AtomicUsize,
}

/// Somebody inside, until it is dropped.
pub(super) struct Guest {
    places: Arc<Places>,
    lane: Lane,
}

impl Door {
    pub(super) fn new(at_once: usize, queue: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        let places = |count| Arc::new(Semaphore::new(count));
        let bulk = at_once - at_once / 4;
        Self(Arc::new(Places {
            all: places(at_once),
            bulk: places(bulk),
            at_once,
            queue,
            inside: AtomicUsize::new(0),
        }))
    }

    /// Lets somebody in where not too many wait.
    pub(super) fn enter(&self, lane: Lane) -> Result<Guest, Refused> {
        let before = self.0.inside.fetch_add(1, Ordering::AcqRel);
        let guest = Guest { places: Arc::clone(&self.0), lane };
        if before >= self.0.at_once.saturating_add(self.0.queue) {
            return Err(Refused::Overloaded { waiting: before - self.0.at_once });
        }
        Ok(guest)
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.inside.load(Ordering::Acquire).saturating_sub(self.0.at_once)
    }
}

impl Guest {
    /// A place, as soon as there is one; free again when what is returned is dropped. The
    /// semaphores are never closed, so nobody gets none.
    pub(super) async fn place(&self) -> [Option<OwnedSemaphorePermit>; 2] {
        let bulk = match self.lane {
            Lane::Interactive => None,
            Lane::Bulk => Arc::clone(&self.places.bulk).acquire_owned().await.ok(),
        };
        [bulk, Arc::clone(&self.places.all).acquire_owned().await.ok()]
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.places.inside.fetch_sub(1, Ordering::AcqRel);
    }
}
