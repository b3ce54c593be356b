//! How much work may wait, and whether more may come in.
//!
//! No queue is without an end: where work comes in faster than it is done, whoever sends is told
//! so while what is there is still safe, and sends again later. The length is measured once a
//! second and counted up in between, so that asking costs nothing; several programs on one
//! database may together let in a second's worth too much.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use storage::jobs;
use tokio_util::sync::CancellationToken;

use crate::{App, EngineError};

/// How often the length is measured.
const MEASURE: Duration = Duration::from_secs(1);
/// How long a file waits while nothing is worked off, before it is given up, in measurements.
const PATIENCE: u32 = 60;

/// How much work may wait for a worker, and how much does.
#[derive(Debug)]
pub struct Queue {
    most: u64,
    length: AtomicU64,
}

impl Queue {
    /// A queue that holds so many jobs that are due.
    #[must_use]
    pub fn up_to(most: u64) -> Self {
        Self { most, length: AtomicU64::new(0) }
    }

    /// How many may wait.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    /// How many jobs were due when last looked, and what was let in since.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    /// Lets `events` more in.
    ///
    /// # Errors
    /// [`EngineError::Overloaded`] where there is no room for them.
    pub fn admit(&self, events: u64) -> Result<(), EngineError> {
        let length = self.length();
        if length.saturating_add(events) > self.most {
            return Err(EngineError::Overloaded { length, most: self.most });
        }
        self.length.fetch_add(events, Ordering::Relaxed);
        Ok(())
    }
}

impl Default for Queue {
    /// As long as a job table may be that a small machine works off in an hour or so.
    fn default() -> Self {
        Self::up_to(1_000_000)
    }
}

impl App {
    /// Looks how long the queue is, and answers it.
    pub async fn measure_queue(&self) -> Result<u64, EngineError> {
        let queue = &self.operation.queue;
        let mut conn = self.store.read().await?;
        let length = jobs::depth(&mut conn, queue.most.saturating_add(1)).await?;
        queue.length.store(length, Ordering::Relaxed);
        Ok(length)
    }

    /// Keeps looking until `stop`.
    pub async fn watch_queue(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.measure_queue().await {
                tracing::warn!(error = %error, "the queue could not be measured");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(MEASURE) => {}
            }
        }
    }

    /// Waits until there is room for `events` more, as long as somebody works the queue off.
    ///
    /// # Errors
    /// [`EngineError::Overloaded`] where nobody does.
    pub async fn wait_for_room(&self, events: u64) -> Result<(), EngineError> {
        let mut shortest = self.measure_queue().await?;
        let mut waited = 0;
        loop {
            match self.operation.queue.admit(events) {
                Ok(()) => return Ok(()),
                Err(full) if waited == PATIENCE => return Err(full),
                Err(_) => {}
            }
            if waited == 0 {
                tracing::warn!(length = shortest, "the queue is full, waiting for workers");
            }
            waited += 1;
            tokio::time::sleep(MEASURE).await;
            let length = self.measure_queue().await?;
            if length < shortest {
                (shortest, waited) = (length, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_lets_nothing_in_and_says_how_full_it_is() {
        let queue = Queue::up_to(10);
        queue.admit(4).unwrap();
        queue.admit(6).unwrap();
        assert_eq!(queue.length(), 10);
        let full = queue.admit(1).unwrap_err();
        assert!(full.is_transient());
        assert_eq!(full.to_string(), "10 jobs wait already, and no more than 10 may");
        assert!(Queue::up_to(10).admit(11).is_err(), "more at once than there is ever room for");
    }
}
