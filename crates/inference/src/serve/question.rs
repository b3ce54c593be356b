//! What is asked of a model, and what it answers: the same wherever it runs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::runtime;
use tokio::sync::oneshot;

use crate::generate::{GenerateError, Grammar, Options, Stop};
use crate::remote::RemoteError;
use crate::text::TextError;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A person: goes first.
    Interactive,
    /// A preparation that may take its time, but is never kept waiting for ever.
    Bulk,
}

/// Who speaks in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Whoever set the conversation up.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Its name where programs speak with each other.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What somebody says in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// What a text is to follow.
#[derive(Debug, Clone)]
pub enum Prompt {
    /// A text, which is continued.
    Text {
        /// Its beginning that other questions share, kept computed.
        shared: String,
        /// The rest of it.
        own: String,
    },
    /// A conversation, in which it is the model's turn.
    Turns(Vec<Turn>),
}

/// Asks for a text.
#[derive(Debug, Clone)]
pub struct Question {
    /// What the text is to follow.
    pub prompt: Prompt,
    /// What the answer may look like.
    pub grammar: Option<Grammar>,
    /// How to generate.
    pub options: Options,
    /// Who waits.
    pub lane: Lane,
    /// When an answer is of no use any more.
    pub deadline: Option<Instant>,
}

/// Asks how probable each token of texts is. The answer has the tokens of each.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What stands before each of the texts. The border is one between tokens: let it end, or
    /// the text begin, with a space or a newline.
    pub before: String,
    /// The texts.
    pub texts: Vec<String>,
    /// Who waits.
    pub lane: Lane,
    /// When an answer is of no use any more.
    pub deadline: Option<Instant>,
}

/// A token of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its bytes: a part of a character, perhaps, and none for a control token.
    pub bytes: Vec<u8>,
    /// The natural logarithm of its chance at its place: in a text that was written, among the
    /// tokens that were allowed there, so 0 where a grammar left no choice. `None` where nothing
    /// stands before it.
    pub log_probability: Option<f64>,
}

/// A text that a model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Its tokens; none where the server that wrote it does not tell them.
    pub tokens: Vec<Token>,
    /// The mean log-probability of the tokens that were chosen, not of those that a grammar
    /// forced; `None` where it is not known.
    pub likelihood: Option<f64>,
    /// How many tokens the prompt has.
    pub input_tokens: usize,
    /// How many tokens the text has.
    pub output_tokens: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The model could not generate.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The deadline passed first.
    #[error("the deadline passed before the answer was complete")]
    Late,
    /// The workers stopped, or the one at work failed.
    #[error("the model is not served any more")]
    Stopped,
    /// The model knows no conversation.
    #[error("the model has no turns that are known here: continue a text instead")]
    NoTurns,
    /// Another server did not answer, or not as it should.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl From<TextError> for ServeError {
    fn from(error: TextError) -> Self {
        Self::Generate(error.into())
    }
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

/// What comes from a worker of this process.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ServeError>>;
/// What comes from another server, which is asked while this is awaited.
type Asking<T> = Pin<Box<dyn Future<Output = Result<T, ServeError>> + Send>>;

/// The answer to come; dropping it cancels.
#[must_use = "dropping an answer cancels its question"]
pub struct Answer<T = Written>(Coming<T>);

enum Coming<T> {
    Here(oneshot::Receiver<Result<T, ServeError>>),
    There(Asking<T>, runtime::Handle),
}

impl<T> Answer<T> {
    pub(super) fn here() -> (Reply<T>, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(Coming::Here(answer)))
    }

    pub(crate) fn there(
        asking: impl Future<Output = Result<T, ServeError>> + Send + 'static,
        runtime: runtime::Handle,
    ) -> Self {
        Self(Coming::There(Box::pin(asking), runtime))
    }

    /// Waits for the answer in this thread. Not for use inside of an async task.
    pub fn wait(self) -> Result<T, ServeError> {
        match self.0 {
            Coming::Here(answer) => answer.blocking_recv().unwrap_or(Err(ServeError::Stopped)),
            Coming::There(asking, runtime) => runtime.block_on(asking),
        }
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, ServeError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Coming::Here(answer) => {
                let answer = Pin::new(answer).poll(context);
                answer.map(|answer| answer.unwrap_or(Err(ServeError::Stopped)))
            }
            Coming::There(asking, _) => asking.as_mut().poll(context),
        }
    }
}

impl<T> std::fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}
