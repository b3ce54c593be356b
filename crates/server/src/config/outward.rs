//! The settings of what goes out and comes in beside the API: channels, streams, when and how
//! often people are told, and when all of it is stopped.

use std::path::PathBuf;

use domain::Detail;
use serde::Deserialize;

use super::empty_is_none;
use crate::stream::{Inward, Server};

/// `[remote]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// The address up to the version; `None` words with the model of this machine.
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    /// The model's name there.
    pub model: String,
    /// The file of the key.
    #[serde(deserialize_with = "empty_is_none")]
    pub key_file: Option<PathBuf>,
    /// Whether it may be outside of private networks.
    pub allow_public: bool,
    /// Whether it tells how probable its words are.
    pub chances: bool,
    /// How many questions are under way at once.
    pub at_once: usize,
    /// A JSON object that is sent with every question.
    #[serde(deserialize_with = "empty_is_none")]
    pub extra: Option<String>,
}

/// `[brake]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brake {
    /// How many times the forecast is too many; 0 never stops anything.
    pub factor: u32,
    /// Fewer a day are never too many.
    pub least: u64,
    /// How many days back the history goes.
    pub history_days: u32,
    /// How many days of it there must be.
    pub known_days: u32,
}

/// `[contact]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// From when in the day.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Text messages and notifications in seven days.
    pub most_a_week: u32,
    /// And in thirty.
    pub most_a_month: u32,
    /// So many days before a deadline none of this counts.
    pub pressing_days: u32,
    /// What a notice says in Vietnamese.
    pub notice_vi: String,
    /// And in English.
    pub notice_en: String,
    /// What follows where a last day is known, in Vietnamese.
    pub due_vi: String,
    /// And in English.
    pub due_en: String,
    /// How much a text message says.
    pub detail_sms: Detail,
    /// How much a notification says.
    pub detail_push: Detail,
    /// How much a mail says.
    pub detail_email: Detail,
}

/// `[webhook]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to; `None` calls nobody.
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    /// The file of the secrets.
    #[serde(deserialize_with = "empty_is_none")]
    pub secret_file: Option<PathBuf>,
    /// Whether it may be inside and without https.
    pub allow_private: bool,
}

/// `[nats]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// The server; `None` is neither in nor out.
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    /// The file of its token.
    #[serde(deserialize_with = "empty_is_none")]
    pub token_file: Option<PathBuf>,
    /// The stream that is heard.
    #[serde(deserialize_with = "empty_is_none")]
    pub stream: Option<String>,
    /// The subjects of a stream that is made.
    pub subjects: String,
    /// The name under which workers share it.
    pub consumer: String,
    /// What the subjects of what is published begin with.
    #[serde(deserialize_with = "empty_is_none")]
    pub publish: Option<String>,
    /// Over how many partitions it is spread.
    pub partitions: u32,
}

impl Nats {
    /// The server, where one is set.
    #[must_use]
    pub fn server(&self) -> Option<Server> {
        let token_file = self.token_file.clone();
        self.url.clone().map(|url| Server { url, token_file })
    }

    /// What is heard, where something is.
    #[must_use]
    pub fn inward(&self) -> Option<Inward> {
        let (server, stream) = self.server().zip(self.stream.clone())?;
        let (subjects, consumer) = (self.subjects.clone(), self.consumer.clone());
        Some(Inward { server, stream, subjects, consumer })
    }
}

/// `[email]`
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// The server; `None` sends no mail.
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    /// Who writes.
    pub from: String,
}

/// Without the address, which may hold a password.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("from", &self.from).finish_non_exhaustive()
    }
}

/// `[sms]` and `[push]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Where to; `None` sends none.
    #[serde(deserialize_with = "empty_is_none")]
    pub url: Option<String>,
    /// The file of the token.
    #[serde(deserialize_with = "empty_is_none")]
    pub token_file: Option<PathBuf>,
    /// The JSON that it takes.
    pub body: String,
}
