//! An outcome: what the person then did and said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{OutcomeId, SubjectId, SuggestionId, SuggestionState};

/// What the person did or said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Opened the message.
    Seen,
    /// Filed the application.
    Filed,
    /// Says it is done already, or they have it already.
    AlreadyDone,
    /// Does not want this service.
    NotForMe,
    /// Says that something is wrong. `field` names what, where they said.
    Wrong {
        /// The field of the draft that is wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
    /// Gave one to five.
    Rated {
        /// One to five.
        stars: u8,
    },
}

impl OutcomeKind {
    /// The name in storage and in the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Filed => "filed",
            Self::AlreadyDone => "already_done",
            Self::NotForMe => "not_for_me",
            Self::Wrong { .. } => "wrong",
            Self::Rated { .. } => "rated",
        }
    }

    /// Where it moves the suggestion, if it moves it.
    #[must_use]
    pub fn moves_to(&self) -> Option<SuggestionState> {
        match self {
            Self::Filed => Some(SuggestionState::Filed),
            Self::AlreadyDone => Some(SuggestionState::Done),
            Self::NotForMe => Some(SuggestionState::Refused),
            Self::Seen | Self::Wrong { .. } | Self::Rated { .. } => None,
        }
    }
}

/// What one person did about one suggestion at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Made from (suggestion, kind, who): saying the same twice is saying it once.
    pub id: OutcomeId,
    /// About which suggestion.
    pub suggestion: SuggestionId,
    /// Who.
    pub subject: SubjectId,
    /// What.
    #[serde(flatten)]
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
}

impl Outcome {
    /// The id of `subject` saying `kind` about `suggestion`.
    #[must_use]
    pub fn id_of(suggestion: SuggestionId, subject: SubjectId, kind: &OutcomeKind) -> OutcomeId {
        OutcomeId::of(&[&suggestion.to_string(), &subject.to_string(), kind.name()])
    }
}
