//! Events in and out over NATS JetStream, off unless an address is set.
//!
//! **In.** One durable consumer that all workers of an installation share. A message is one
//! `CloudEvent` in JSON. It is acknowledged once the event is stored, and only then: a worker that
//! is killed in between gets it again, and a repeat changes nothing. The last part of its subject
//! is the partition: what a register sends to one partition is taken in in its order, partitions
//! side by side. While the queue is full nothing is fetched, and the stream holds what comes.
//!
//! **Out.** A channel like the others: that a message waits, as the webhook tells it, published
//! once per delivery; the server drops what carries an id that it has seen.

mod inward;
mod outward;

use std::path::PathBuf;

use async_nats::ConnectOptions;
use async_nats::jetstream::{self, Context};

pub use inward::{Heard, Inward, Until};
pub use outward::Outward;

/// Where the server is, and how it lets us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub url: String,
    /// A file with a token; `None` where none is asked for.
    pub token_file: Option<PathBuf>,
}

/// Why nothing was heard or told. The texts hold no token.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The token cannot be read.
    #[error("could not read the token of the NATS server in `{}`", file.display())]
    Token {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody answers, or it does not let us in.
    #[error("could not connect to the NATS server")]
    Connect(#[source] async_nats::ConnectError),
    /// The stream or the consumer cannot be had or made.
    #[error("the stream `{stream}` cannot be used")]
    Stream {
        /// Which.
        stream: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke off.
    #[error("the NATS server broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database did not take in what was heard.
    #[error("what was heard was not taken in")]
    Engine(#[from] engine::EngineError),
}

impl StreamError {
    /// Whether trying again later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Broken(_) | Self::Stream { .. } => true,
            Self::Engine(error) => error.is_transient(),
            Self::Token { .. } => false,
        }
    }

    fn stream(stream: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Stream { stream: stream.to_owned(), source: source.into() }
    }

    fn broken(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Broken(source.into())
    }
}

impl Server {
    /// Connects. A connection that breaks off later is made again by the client itself.
    pub(crate) async fn connect(&self) -> Result<Context, StreamError> {
        let mut options = ConnectOptions::new().name("cotmoc");
        if let Some(file) = &self.token_file {
            let token = tokio::fs::read_to_string(file)
                .await
                .map_err(|source| StreamError::Token { file: file.clone(), source })?;
            options = options.token(token.trim().to_owned());
        }
        let client = options.connect(&self.url).await.map_err(StreamError::Connect)?;
        Ok(jetstream::new(client))
    }
}
