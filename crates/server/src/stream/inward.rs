//! Events from a stream.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::{AckKind, Message, stream};
use engine::intake::{Input, Intake};
use engine::{App, EngineError};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use super::{Server, StreamError};

/// How many messages are fetched at once.
const AT_ONCE: usize = 200;
/// How many may be under way, over all workers together.
const UNDER_WAY: i64 = 4_000;
/// How long the server waits for an acknowledgement before it gives a message to another worker.
const ACK_WAIT: Duration = Duration::from_mins(1);
/// How long a fetch waits for the first message.
const FETCH: Duration = Duration::from_secs(1);
/// How long to wait where the queue is full, or what was heard could not be stored.
const PAUSE: Duration = Duration::from_secs(2);

/// Which stream is heard, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inward {
    /// The server.
    pub server: Server,
    /// The stream's name. It is made where it is missing, over `subjects`.
    pub stream: String,
    /// The subjects that a stream that is made takes, as in `cotmoc.in.>`.
    pub subjects: String,
    /// The name under which all workers share what is heard.
    pub consumer: String,
}

/// Where to end.
#[derive(Debug, Clone)]
pub enum Until {
    /// When told to stop.
    Told(CancellationToken),
    /// Once nothing more is there.
    Drained,
}

/// What was heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Heard {
    /// New events.
    pub new: u64,
    /// Known already.
    pub repeats: u64,
    /// Set aside.
    pub set_aside: u64,
}

impl Heard {
    fn count(&mut self, intake: &Intake) {
        match intake {
            Intake::New { .. } => self.new += 1,
            Intake::Repeat { .. } => self.repeats += 1,
            Intake::SetAside { .. } => self.set_aside += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.repeats += other.repeats;
        self.set_aside += other.set_aside;
    }
}

impl Inward {
    /// Takes in what comes. A server or a database that is out of reach for a while stops
    /// nothing.
    ///
    /// # Errors
    /// What does not pass by waiting.
    pub async fn listen(&self, app: &App, stop: &CancellationToken) -> Result<Heard, StreamError> {
        let mut heard = Heard::default();
        while !stop.is_cancelled() {
            let until = Until::Told(stop.clone());
            match self.hear(app, None, &until, &mut heard).await {
                Ok(()) => break,
                Err(error) if error.is_transient() => {
                    tracing::warn!(error = %error, "the stream is out of reach, trying again");
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        Ok(heard)
    }

    /// Takes in once more all that the stream still holds from `sequence` on. What was taken in
    /// before is a repeat and changes nothing.
    ///
    /// # Errors
    /// When the server or the database does not answer.
    pub async fn replay(&self, app: &App, sequence: u64) -> Result<Heard, StreamError> {
        let mut heard = Heard::default();
        self.hear(app, Some(sequence), &Until::Drained, &mut heard).await?;
        Ok(heard)
    }

    async fn hear(
        &self,
        app: &App,
        from: Option<u64>,
        until: &Until,
        heard: &mut Heard,
    ) -> Result<(), StreamError> {
        let consumer = self.consumer(from).await?;
        loop {
            if let Until::Told(stop) = until
                && stop.is_cancelled()
            {
                return Ok(());
            }
            app.measure_queue().await?;
            let room = u64::try_from(AT_ONCE).unwrap_or(u64::MAX);
            match app.operation.queue.admit(room) {
                Ok(()) => {}
                // Back-pressure: the stream holds what comes until there is room.
                Err(EngineError::Overloaded { .. }) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let batch = consumer.fetch().max_messages(AT_ONCE).expires(FETCH).messages();
            let mut batch = batch.await.map_err(StreamError::broken)?;
            let mut partitions: BTreeMap<String, Vec<Message>> = BTreeMap::new();
            while let Some(message) = batch.next().await {
                let message = message.map_err(StreamError::broken)?;
                let partition = message.subject.rsplit('.').next().unwrap_or_default().to_owned();
                partitions.entry(partition).or_default().push(message);
            }
            if partitions.is_empty() && matches!(until, Until::Drained) {
                return Ok(());
            }
            let taken = partitions.values().map(|messages| take_in(app, messages));
            for some in try_join_all(taken).await? {
                heard.add(some);
            }
        }
    }

    /// The consumer that all share, or one of our own from a place in the stream.
    async fn consumer(&self, from: Option<u64>) -> Result<Consumer<Config>, StreamError> {
        let context = self.server.connect().await?;
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            StreamError::stream(&self.stream, source)
        };
        let wanted = stream::Config {
            name: self.stream.clone(),
            subjects: vec![self.subjects.clone()],
            ..stream::Config::default()
        };
        let stream = context.get_or_create_stream(wanted).await.map_err(|it| failed(it.into()))?;
        let config = Config {
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: UNDER_WAY,
            ..Config::default()
        };
        let consumer = match from {
            None => {
                let durable_name = Some(self.consumer.clone());
                let config = Config { durable_name, ..config };
                stream.get_or_create_consumer(&self.consumer, config).await
            }
            Some(start_sequence) => {
                let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
                stream.create_consumer(Config { deliver_policy, ..config }).await
            }
        };
        consumer.map_err(|it| failed(it.into()))
    }
}

/// Takes in the messages of one partition in their order, in one transaction. Where they cannot be
/// stored now they are given back, to come again.
async fn take_in(app: &App, messages: &[Message]) -> Result<Heard, StreamError> {
    let inputs: Vec<Input> = messages.iter().map(input).collect();
    match app.accept_all(&inputs).await {
        Ok(taken) => {
            let mut heard = Heard::default();
            for (message, intake) in messages.iter().zip(&taken) {
                heard.count(intake);
                // After the commit, and confirmed: a lost acknowledgement only brings a repeat.
                message.double_ack().await.map_err(StreamError::Broken)?;
            }
            Ok(heard)
        }
        Err(error) => {
            for message in messages {
                give_back(message).await?;
            }
            if !error.is_transient() {
                return Err(error.into());
            }
            tracing::warn!(error = %error, "events were not stored and are to come again");
            Ok(Heard::default())
        }
    }
}

fn input(message: &Message) -> Input {
    let sequence = message.info().map_or(0, |info| info.stream_sequence);
    Input::read(&message.payload, format!("message {sequence} of a stream"))
}

async fn give_back(message: &Message) -> Result<(), StreamError> {
    message.ack_with(AckKind::Nak(Some(PAUSE))).await.map_err(StreamError::Broken)
}
