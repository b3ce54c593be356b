//! A model at work for many callers, in this process or on another server: who asks has a
//! [`Handle`] and need not know. Here questions wait in a bounded queue, and workers answer them
//! together; how it is elsewhere, [`crate::remote`] says.
//!
//! Each worker is one thread with a batch of its own, which it computes alone while others are
//! at work, too: threads that compute one batch together must wait for each other at every
//! layer. While others have nothing to do it shares out the large parts of a step, among
//! threads that end with the part: none spins, so another process on a core slows it down and
//! no more.
//!
//! A caller that drops its [`Answer`] cancels: its place is free at the next step. Nothing that
//! is asked or answered is logged or counted, only how much.

mod figures;
mod prefixes;
mod question;
mod queue;
mod read;
mod turns;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::generate::Guide;
use crate::remote::Remote;
use crate::text::Shortlist;

pub(crate) use figures::Counters;
pub use figures::Figures;
pub use question::{
    Answer, Lane, Prompt, Question, Reading, Refused, Role, ServeError, Token, Turn, Written,
};
use queue::{Queue, Task};

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

/// Asks a model; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle(Inside);

#[derive(Debug, Clone)]
enum Inside {
    Here(Arc<Queue>),
    There(Remote),
}

impl Handle {
    /// Asks for a text.
    pub fn ask(&self, question: Question) -> Result<Answer, Refused> {
        match &self.0 {
            Inside::Here(queue) => {
                let (reply, answer) = Answer::here();
                queue.push(Task::Write(question, reply))?;
                Ok(answer)
            }
            Inside::There(remote) => remote.ask(question),
        }
    }

    /// Asks how probable the tokens of texts are.
    pub fn read(&self, reading: Reading) -> Result<Answer<Vec<Vec<Token>>>, Refused> {
        match &self.0 {
            Inside::Here(queue) => {
                let (reply, answer) = Answer::here();
                queue.push(Task::Read(reading, reply))?;
                Ok(answer)
            }
            Inside::There(remote) => remote.read(reading),
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        match &self.0 {
            Inside::Here(queue) => queue.figures(),
            Inside::There(remote) => remote.figures(),
        }
    }
}

impl From<Remote> for Handle {
    fn from(remote: Remote) -> Self {
        Self(Inside::There(remote))
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
        Handle(Inside::Here(Arc::clone(&self.queue)))
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
