//! A model at work for many callers: questions wait in a bounded queue, workers answer them
//! together.
//!
//! Each worker is one thread with a batch of its own. Threads that compute one batch together
//! must wait for each other at every layer, and collapse as soon as another process takes one
//! of two cores; workers that share nothing but the weights do not.
//!
//! A caller that drops its [`Answer`] cancels: its place is free at the next step. Nothing that
//! is asked or answered is logged or counted, only how much.

mod figures;
mod prefixes;
mod queue;
mod worker;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::generate::{GenerateError, Generated, Grammar, Guide, Options};
use crate::text::Shortlist;

pub use figures::Figures;
use queue::Queue;

/// How the workers work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many threads; one for each core that is theirs.
    pub workers: usize,
    /// How many texts a worker has under way at most.
    pub batch: usize,
    /// How many questions may wait.
    pub queue: usize,
    /// How many shared beginnings are kept computed.
    pub prefixes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 1, batch: 32, queue: 1024, prefixes: 8 }
    }
}

/// A model and what belongs to it.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its name, for figures and logs.
    pub name: Arc<str>,
    /// The model, guided.
    pub guide: Arc<Guide>,
    /// Among which tokens it words.
    pub shortlist: Option<Arc<Shortlist>>,
}

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A person: goes first.
    Interactive,
    /// A preparation that may take its time, but is never kept waiting for ever.
    Bulk,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The beginning of the prompt that other questions share, kept computed.
    pub shared: String,
    /// The rest of the prompt.
    pub own: String,
    /// What the answer may look like.
    pub grammar: Option<Grammar>,
    /// How to generate.
    pub options: Options,
    /// Who waits.
    pub lane: Lane,
    /// When an answer is of no use any more.
    pub deadline: Option<Instant>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The model could not generate.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The deadline passed first.
    #[error("the deadline passed before the text was complete")]
    Late,
    /// The workers stopped, or the one at work failed.
    #[error("the model is not served any more")]
    Stopped,
}

/// A question was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As many questions wait as may.
    #[error("the model is overloaded: {waiting} questions wait")]
    Overloaded {
        /// How many.
        waiting: usize,
    },
    /// The workers were stopped.
    #[error("the model is not served any more")]
    Stopped,
}

/// The answer to come; dropping it cancels.
#[derive(Debug)]
pub struct Answer(oneshot::Receiver<Result<Generated, ServeError>>);

impl Answer {
    /// Waits for the answer in this thread. Not for use inside of an async runtime.
    pub fn wait(self) -> Result<Generated, ServeError> {
        self.0.blocking_recv().unwrap_or(Err(ServeError::Stopped))
    }
}

impl Future for Answer {
    type Output = Result<Generated, ServeError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(ServeError::Stopped)))
    }
}

/// Asks the workers; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Queue>);

impl Handle {
    /// Puts a question into the queue.
    pub fn ask(&self, question: Question) -> Result<Answer, Refused> {
        let (reply, answer) = oneshot::channel();
        self.0.push(question, reply)?;
        Ok(Answer(answer))
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.0.figures()
    }
}

/// What time it is.
pub type Now = fn() -> Instant;

/// The threads at work. They stop, and what waits is answered with an error, when this is
/// dropped.
#[derive(Debug)]
pub struct Workers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads. `now` tells the time that deadlines are measured by.
    pub fn start(served: Served, settings: Settings, now: Now) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(served, settings, now));
        let mut workers = Self { queue, threads: Vec::new() };
        for at in 0..settings.workers.max(1) {
            let queue = Arc::clone(&workers.queue);
            let thread = thread::Builder::new().name(format!("model {at}"));
            workers.threads.push(thread.spawn(move || worker::run(&queue))?);
        }
        Ok(workers)
    }

    /// Something to ask with.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.queue))
    }

    /// Puts another model in place. Texts under way are finished by the old one; questions that
    /// wait go to the new one.
    pub fn swap(&self, served: Served) {
        self.queue.swap(served);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.stop();
        for thread in self.threads.drain(..) {
            // A worker that panicked has said so already, and its callers know.
            drop(thread.join());
        }
    }
}
