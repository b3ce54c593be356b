//! Who must act next: what every list shows first, in words and not by colour alone.

use domain::SuggestionState;

use super::words::Service;

/// Who must act next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The person.
    You,
    /// The agency that handles the service.
    Agency,
    /// Nobody: it is done, refused or withdrawn.
    Nobody,
}

impl Turn {
    /// Whose turn it is where a suggestion stands at `state`.
    pub(crate) fn at(state: SuggestionState) -> Self {
        match state {
            SuggestionState::Open => Self::You,
            SuggestionState::Filed => Self::Agency,
            SuggestionState::Done | SuggestionState::Refused | SuggestionState::Withdrawn => {
                Self::Nobody
            }
        }
    }

    /// The class that the style sheet knows it by.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Agency => "agency",
            Self::Nobody => "nobody",
        }
    }

    /// Whose turn, in words.
    pub(crate) fn words(self, words: &Service) -> &'static str {
        match self {
            Self::You => words.turn_you,
            Self::Agency => words.turn_agency,
            Self::Nobody => words.turn_nobody,
        }
    }
}

/// Where a suggestion stands, in words.
pub(crate) fn state(state: SuggestionState, words: &Service) -> &'static str {
    match state {
        SuggestionState::Open => words.open,
        SuggestionState::Filed => words.filed,
        SuggestionState::Done => words.done,
        SuggestionState::Refused => words.refused,
        SuggestionState::Withdrawn => words.withdrawn,
    }
}
