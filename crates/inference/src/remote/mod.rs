//! A model on another server that speaks the protocol of OpenAI: vLLM, llama.cpp, TEI, or
//! another `cotmoc serve`.
//!
//! A text is continued through `completions`, a conversation through `chat/completions`; texts
//! become vectors through `embeddings`. How probable the tokens of a text are is asked of
//! `completions` with `echo`, which not every server has. A grammar is sent as `response_format`
//! where it is a JSON schema, else as vLLM's `structured_outputs`; since a server may not know
//! them, what it answers is held against the grammar here.
//!
//! Only so many questions are under way at once and only so many wait, so "overloaded" is a
//! value here too; it is one as well where the server answers 429 or 503 until the deadline.
//! An answer that is dropped closes its connection. Names lead to addresses of private networks
//! alone, unless [`Settings::public`] is set. Nothing that is asked or answered is logged.

mod call;
mod door;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use serde_json::{Map, Value};
use tokio::runtime;

use crate::generate::Stop;
use crate::reach::Reach;
use crate::serve::{
    Answer, Counters, Figures, Lane, Now, Prompt, Question, Reading, Refused, ServeError, Token,
};
use door::Door;

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);

/// Where the model is, and how it is asked.
#[derive(Clone)]
pub struct Settings {
    /// The address, up to and including the version: `http://10.1.2.3:8000/v1`.
    pub url: String,
    /// The key that is sent as bearer.
    pub key: Option<String>,
    /// The model's name there.
    pub model: String,
    /// Whether hosts outside of private networks may be asked.
    pub public: bool,
    /// Whether it tells how probable the tokens are that it writes. Some refuse to be asked.
    pub chances: bool,
    /// How many questions are under way at once.
    pub at_once: usize,
    /// How many may wait.
    pub queue: usize,
    /// How long a question without a deadline may take, its waiting and retries included.
    pub patience: Duration,
    /// The longest answer that is read, in bytes.
    pub longest: usize,
    /// What is sent with every question beside the protocol's own: what only this server knows.
    pub extra: Map<String, Value>,
}

impl Settings {
    /// The usual ones, for `model` at `url`.
    #[must_use]
    pub fn of(url: &str, model: &str) -> Self {
        Self {
            url: url.to_owned(),
            key: None,
            model: model.to_owned(),
            public: false,
            chances: true,
            at_once: 8,
            queue: 1024,
            patience: Duration::from_mins(2),
            longest: 16 * 1024 * 1024,
            extra: Map::new(),
        }
    }
}

/// Without the key, and without the address, which may hold one.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Why a server cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not an address.
    #[error("the address of the model's server is none: it must be as http://10.1.2.3:8000/v1")]
    Address,
    /// An address outside.
    #[error("the model's server is outside of private networks, where no question may go")]
    Outside,
    /// No client.
    #[error("no HTTP client could be made")]
    Client(#[source] reqwest::Error),
}

/// Why a server gave no answer that can be used. Nothing of what it said is repeated: it may
/// repeat the question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// There is no connection, or it broke off.
    #[error("the model's server cannot be reached: {0}")]
    Unreachable(&'static str),
    /// It has too much to do, and had until the deadline.
    #[error("the model's server is overloaded")]
    Overloaded,
    /// It does not want to answer.
    #[error("the model's server answered {status}{}", code.as_ref().map(|it| format!(" ({it})")).unwrap_or_default())]
    Status {
        /// The HTTP status.
        status: u16,
        /// Its own word for it.
        code: Option<String>,
    },
    /// The answer is longer than may be read.
    #[error("the model's server answered more than {0} bytes")]
    TooLong(usize),
    /// The answer is not what the protocol says.
    #[error("the model's server answered something else: {0}")]
    Unreadable(&'static str),
    /// The text does not match the grammar, so the server does not know grammars.
    #[error("the model's server gave a text that the grammar does not allow")]
    Unfit,
}

/// A model on another server; cheap to clone.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    settings: Settings,
    base: Url,
    client: Client,
    door: Door,
    counters: Counters,
    runtime: runtime::Handle,
    now: Now,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("model", &self.0.settings.model).finish_non_exhaustive()
    }
}

impl Remote {
    /// Nothing is connected to yet. `now` tells the time that deadlines are measured by, and
    /// `runtime` is where those wait who wait in a thread.
    pub fn new(settings: Settings, runtime: runtime::Handle, now: Now) -> Result<Self, SetupError> {
        let mut base: Url = settings.url.parse().map_err(|_| SetupError::Address)?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(SetupError::Address);
        }
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let reach = if settings.public { Reach::Anywhere } else { Reach::Private };
        if !reach.allows_host(&base) {
            return Err(SetupError::Outside);
        }
        // A redirect would lead where nobody allowed us to go, and so would a proxy.
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(concat!("cotmoc/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(reach))
            .build()
            .map_err(SetupError::Client)?;
        let door = Door::new(settings.at_once, settings.queue);
        let counters = Counters::default();
        Ok(Self(Arc::new(Inner { settings, base, client, door, counters, runtime, now })))
    }

    /// Asks for a text.
    pub fn ask(&self, question: Question) -> Result<Answer, Refused> {
        let (lane, deadline) = (question.lane, question.deadline);
        self.start(lane, deadline, move |inner, until| async move {
            let chances = inner.settings.chances;
            let (path, body) = match &question.prompt {
                Prompt::Text { .. } => ("completions", wire::completion(&question, chances)),
                Prompt::Turns(_) => ("chat/completions", wire::chat(&question, chances)),
            };
            let asked = (inner.now)();
            let answer = inner.call(path, body, until).await?;
            let written = wire::written(&answer)?;
            let unfit = match &question.grammar {
                Some(grammar) if written.stop == Stop::Complete => {
                    !grammar.admits(&written.text)?
                }
                _ => false,
            };
            inner.count(asked, written.input_tokens, written.output_tokens);
            if unfit { Err(RemoteError::Unfit.into()) } else { Ok(written) }
        })
    }

    /// Asks how probable the tokens of texts are. The server must know `echo`.
    pub fn read(&self, reading: Reading) -> Result<Answer<Vec<Vec<Token>>>, Refused> {
        let (lane, deadline) = (reading.lane, reading.deadline);
        self.start(lane, deadline, move |inner, until| async move {
            let mut out = Vec::with_capacity(reading.texts.len());
            for text in &reading.texts {
                let asked = (inner.now)();
                let body = wire::echo(&reading, text);
                let read = wire::read(
                    &inner.call("completions", body, until).await?,
                    &reading.before,
                    text,
                )?;
                inner.count(asked, read.len(), 0);
                out.push(read);
            }
            Ok(out)
        })
    }

    /// Asks for a vector of each text, as the server's model makes them: a text must say what it
    /// is (`query: …`, `passage: …`) where the model wants to know.
    pub fn embed(
        &self,
        texts: Vec<String>,
        lane: Lane,
        deadline: Option<Instant>,
    ) -> Result<Answer<Vec<Vec<f32>>>, Refused> {
        self.start(lane, deadline, move |inner, until| async move {
            let asked = (inner.now)();
            let answer = inner.call("embeddings", wire::embeddings(&texts), until).await?;
            let (vectors, tokens) = wire::vectors(&answer, texts.len())?;
            inner.count(asked, tokens, 0);
            Ok(vectors)
        })
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let inner = &self.0;
        inner.counters.read(inner.settings.model.clone(), inner.door.waiting(), 0)
    }

    /// The questions that wait and are under way are bounded; the answer comes at the deadline
    /// at the latest.
    fn start<T, F>(
        &self,
        lane: Lane,
        deadline: Option<Instant>,
        ask: impl FnOnce(Arc<Inner>, Instant) -> F + Send + 'static,
    ) -> Result<Answer<T>, Refused>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ServeError>> + Send,
    {
        let inner = Arc::clone(&self.0);
        let longest = (inner.now)() + inner.settings.patience;
        let until = deadline.map_or(longest, |deadline| deadline.min(longest));
        let waits = inner.door.enter(lane).inspect_err(|_| inner.counters.refused())?;
        let runtime = inner.runtime.clone();
        let asking = async move {
            let left = until.saturating_duration_since((inner.now)());
            let here = Arc::clone(&inner);
            let whole = async move {
                let _place = waits.place().await;
                ask(here, until).await
            };
            let mut dropped = Dropped(Some(Arc::clone(&inner)));
            let answer = tokio::time::timeout(left, whole).await;
            dropped.0 = None;
            answer.unwrap_or_else(|_| {
                inner.counters.late();
                Err(ServeError::Late)
            })
        };
        Ok(Answer::there(asking, runtime))
    }
}

/// Counts a caller that went away before its answer came.
struct Dropped(Option<Arc<Inner>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(inner) = &self.0 {
            inner.counters.cancelled();
        }
    }
}

impl Inner {
    fn count(&self, asked: Instant, input: usize, output: usize) {
        let took = (self.now)().saturating_duration_since(asked);
        self.counters.answered(&self.settings.model, input, output, took);
    }
}
