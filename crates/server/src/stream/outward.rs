//! That a message waits, told to a stream.

use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::message::PublishMessage;
use engine::carrier::{Carrier, Carrying, NotCarried, Parcel};
use tokio::sync::OnceCell;

use super::Server;
use crate::channels::message_ready;

/// Publishes to subjects `{prefix}.message-ready.{partition}`.
#[derive(Debug, Clone)]
pub struct Outward {
    server: Server,
    prefix: String,
    partitions: u32,
    /// Made by the first parcel, and made again by the client itself where it breaks off.
    context: Arc<OnceCell<Context>>,
}

impl Outward {
    /// Publishes on `server`, spread over so many partitions.
    #[must_use]
    pub fn new(server: Server, prefix: &str, partitions: u32) -> Self {
        let partitions = partitions.max(1);
        Self { server, prefix: prefix.to_owned(), partitions, context: Arc::default() }
    }

    async fn publish(&self, parcel: &Parcel) -> Result<(), NotCarried> {
        let later = |why: &str| NotCarried::Later { why: why.to_owned(), after: None };
        let context = self.context.get_or_try_init(|| self.server.connect()).await;
        let context = context.map_err(|_| later("no connection to the stream"))?;
        let message = PublishMessage::build()
            .message_id(parcel.id.to_string())
            .payload(message_ready(parcel).into());
        let sent = context.send_publish(self.subject(parcel), message).await;
        // Stored by the server, or not at all: only its answer says.
        let stored = sent.map_err(|_| later("the stream is out of reach"))?.await;
        stored.map(|_| ()).map_err(|_| later("the stream did not confirm"))
    }

    /// All of one person in one partition, so that who reads it reads them in order.
    fn subject(&self, parcel: &Parcel) -> String {
        let bytes = parcel.recipient.to_string();
        // FNV-1a: any spread does, as long as it never changes.
        let hash = bytes
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("{}.message-ready.{}", self.prefix, hash % self.partitions)
    }
}

impl Carrier for Outward {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(self.publish(parcel))
    }
}
