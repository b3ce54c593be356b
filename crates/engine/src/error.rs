//! Why a use case was not carried out, by who can do something about it.

use domain::IllegalTransition;
use jiff::SignedDuration;
use storage::StorageError;

use crate::carrier::NotCarried;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error("the database did not carry it out")]
    Storage(#[from] StorageError),
    /// An input file could not be read on.
    #[error("the input could not be read")]
    Input(#[source] std::io::Error),
    /// A job of the table is none that this program knows.
    #[error("a job does not read back as work of this program")]
    Work(#[source] serde_json::Error),
    /// A job stands in a lane whose desk does no such work.
    #[error("a job stands in a lane of the wrong desk")]
    WrongDesk,
    /// Nobody said what came of something that was to be stored: it may be, so send it again.
    #[error("what came of it was not told")]
    Unanswered,
    /// Something stored points to what is not there.
    #[error("{what} `{id}` is not there")]
    Vanished {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// Passages could not be searched.
    #[error("the corpus could not be searched")]
    Search(#[from] knowledge::SearchError),
    /// A text could not be made, not even from the approved wording.
    #[error("no proved text could be made")]
    Writer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part of a sweep over everybody ended before its end.
    #[error("a part of the sweep did not come to its end")]
    Part(#[source] tokio::task::JoinError),
    /// More work waits than may: whoever sent it sends it again later.
    #[error("{length} jobs wait already, and no more than {most} may")]
    Overloaded {
        /// How many wait.
        length: u64,
        /// How many may.
        most: u64,
    },
    /// A letter was not taken by what should take it out.
    #[error("the letter was not handed over")]
    NotCarried(#[from] NotCarried),
    /// A timetable that cannot be read.
    #[error("`{0}` is not a timetable: it should be five fields as cron writes them")]
    Timetable(String),
}

impl EngineError {
    /// Whether trying again later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_transient(),
            Self::Search(_) | Self::Overloaded { .. } => true,
            Self::NotCarried(why) => matches!(why, NotCarried::Later { .. }),
            _ => false,
        }
    }

    /// How long the other side asked to be left alone, where it did.
    pub(crate) fn asked_to_wait(&self) -> Option<SignedDuration> {
        match self {
            Self::NotCarried(NotCarried::Later { after, .. }) => *after,
            _ => None,
        }
    }

    pub(crate) fn writer(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Writer(Box::new(error))
    }
}

/// Why an outcome was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum OutcomeError {
    /// There is no such suggestion.
    #[error("there is no such suggestion")]
    NotFound,
    /// It was made to somebody else.
    #[error("the suggestion was made to somebody else")]
    NotYours,
    /// The suggestion stands where this outcome cannot follow.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// The database.
    #[error("the database did not carry it out")]
    Storage(#[from] StorageError),
    /// It could not be noted.
    #[error("what was done could not be noted")]
    Unnoted(#[source] Box<EngineError>),
}

impl From<EngineError> for OutcomeError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Storage(error) => Self::Storage(error),
            other => Self::Unnoted(Box::new(other)),
        }
    }
}
