//! What takes a letter out of this program: one small trait, one implementation for each channel.
//!
//! The engine knows no protocol. It hands over a parcel, holds no connection to the database
//! meanwhile, and notes what became of it. The parcel's id is the delivery's: however often a
//! letter is handed over, whoever takes it can see that it is the same one.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use domain::{Channel, DeliveryId, Language, MessageId, SubjectId};
use jiff::SignedDuration;

/// What is handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The same for every try.
    pub id: DeliveryId,
    /// The message that waits in the inbox.
    pub message: MessageId,
    /// To whom, by pseudonym.
    pub recipient: SubjectId,
    /// Where to, on a channel that rings. Never logged.
    pub address: Option<String>,
    /// The language of both texts.
    pub language: Language,
    /// One line. Names no person.
    pub title: String,
    /// The notice: as much as the channel may say. Names no person.
    pub text: String,
}

/// Without the address: what is printed may be logged.
impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a parcel was not taken. The texts hold no address and nothing that the other side said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// It may be taken later: no answer, too busy.
    #[error("not taken now: {why}")]
    Later {
        /// Why.
        why: String,
        /// When the other side asked to be tried again, where it did.
        after: Option<SignedDuration>,
    },
    /// This one never will.
    #[error("refused: {why}")]
    Never {
        /// Why.
        why: String,
    },
    /// Nothing more is taken on this channel until somebody sets it up anew.
    #[error("the other side is gone: {why}")]
    Gone {
        /// Why.
        why: String,
    },
}

/// The future of one handing over.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<(), NotCarried>> + Send + 'a>>;

/// Takes letters out on one channel.
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Hands `parcel` over once. Ends by itself in well under a minute.
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a>;
}

/// The carriers of an installation. The inbox needs none: it is this database.
pub type Carriers = BTreeMap<Channel, Box<dyn Carrier>>;
