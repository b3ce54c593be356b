//! A delivery: one message on one channel, sent once or held back for a stated reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DeliveryId, Lifecycle, MessageId, SubjectId};

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The person's inbox here, read after sign-in.
    Inbox,
    /// A signed call to a portal, which shows the message in its own place.
    Webhook,
    /// The same on a stream that systems of the operator read.
    Stream,
    /// A notice by electronic mail that a message waits.
    Email,
    /// The same as a text message to a telephone.
    Sms,
    /// The same as a notification of an app.
    Push,
}

impl Channel {
    /// The name in storage and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Webhook => "webhook",
            Self::Stream => "stream",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
        }
    }

    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Inbox, Self::Webhook, Self::Stream, Self::Email, Self::Sms, Self::Push];

    /// The channel of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// Whether it reaches a person wherever they are, at an address that they gave for it: then
    /// only with their consent, within the hours, and as a notice that names nobody.
    #[must_use]
    pub fn rings(self) -> bool {
        matches!(self, Self::Email | Self::Sms | Self::Push)
    }

    /// Whether it counts against how often a person may be disturbed.
    #[must_use]
    pub fn is_counted(self) -> bool {
        matches!(self, Self::Sms | Self::Push)
    }
}

/// How much a text may show where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Detail {
    /// That something waits, and until when.
    L0,
    /// What it is about; nobody's name.
    L1,
    /// Names the person and the case: read after sign-in only.
    L2,
}

impl Detail {
    /// The name in storage and in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits to be sent.
    Queued,
    /// A worker took it and is sending.
    Claimed,
    /// Arrived.
    Sent,
    /// Held back for good; `suppressed` says why.
    Suppressed,
    /// Gave up after all tries.
    Failed,
}

impl Lifecycle for DeliveryState {
    const WHAT: &'static str = "delivery";

    fn next(self) -> &'static [Self] {
        use DeliveryState::{Claimed, Failed, Queued, Sent, Suppressed};
        match self {
            Queued => &[Claimed, Suppressed],
            Claimed => &[Sent, Queued, Failed],
            // An operator had it tried again.
            Failed => &[Queued],
            Sent | Suppressed => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Sent => "sent",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
        }
    }
}

/// Why a delivery was held back (invariant 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// The person refused proactive messages of this kind.
    Refused,
    /// The recipient has died.
    RecipientDeceased,
    /// The one the milestone is about has died: a person must look at it first.
    SubjectDeceased,
    /// The milestone was withdrawn.
    Withdrawn,
    /// It hurts: a person releases it, or it is too early.
    Sensitive,
    /// The message was not proved.
    NotProved,
    /// The data of someone whom the message names were erased.
    Erased,
    /// The person gave no address for this channel, or took it back.
    NoConsent,
    /// The person was disturbed often enough already; the message is in the inbox.
    OverBudget,
}

impl Suppression {
    /// The name in storage and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::RecipientDeceased => "recipient_deceased",
            Self::SubjectDeceased => "subject_deceased",
            Self::Withdrawn => "withdrawn",
            Self::Sensitive => "sensitive",
            Self::NotProved => "not_proved",
            Self::Erased => "erased",
            Self::NoConsent => "no_consent",
            Self::OverBudget => "over_budget",
        }
    }
}

/// One message on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Made from (message, channel).
    pub id: DeliveryId,
    /// Which message.
    pub message: MessageId,
    /// To whom.
    pub recipient: SubjectId,
    /// On which channel.
    pub channel: Channel,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it was held back, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
    /// When it arrived, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

impl Delivery {
    /// The id of `message` on `channel`.
    #[must_use]
    pub fn id_of(message: MessageId, channel: Channel) -> DeliveryId {
        DeliveryId::of(&[&message.to_string(), channel.name()])
    }
}
