//! A suggestion: one service proposed to one person because of one milestone.

use serde::{Deserialize, Serialize};

use crate::{Deadline, Level, Lifecycle, MilestoneId, SubjectId, SuggestionId, Verdict};

/// Where a suggestion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionState {
    /// Offered, nothing done yet.
    Open,
    /// The person filed the application.
    Filed,
    /// Done, by this way or another.
    Done,
    /// The person does not want it.
    Refused,
    /// It rested on something that is no longer so.
    Withdrawn,
}

impl Lifecycle for SuggestionState {
    const WHAT: &'static str = "suggestion";

    fn next(self) -> &'static [Self] {
        use SuggestionState::{Done, Filed, Open, Refused, Withdrawn};
        match self {
            Open => &[Filed, Done, Refused, Withdrawn],
            Filed => &[Done, Withdrawn],
            // People change their minds, and facts come back.
            Refused => &[Open, Withdrawn],
            Withdrawn => &[Open],
            Done => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Filed => "filed",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One service proposed to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Made from (milestone, service, recipient).
    pub id: SuggestionId,
    /// Because of what.
    pub milestone: MilestoneId,
    /// The key of the service in the pack: a national code, or a local name without one.
    pub service: String,
    /// To whom.
    pub recipient: SubjectId,
    /// The role that the recipient plays in the milestone.
    pub role: String,
    /// Whether it is the first thing to do, which the message is about.
    pub main: bool,
    /// How far the engine goes.
    pub level: Level,
    /// What the service's own condition answered: met, or unknown with what is missing.
    pub verdict: Verdict,
    /// By when, where law or plan says so. `None` is *unknown*, and shown so.
    pub deadline: Option<Deadline>,
    /// Where it stands.
    pub state: SuggestionState,
}

impl Suggestion {
    /// The id of `service` for `recipient` because of `milestone`.
    #[must_use]
    pub fn id_of(milestone: MilestoneId, service: &str, recipient: SubjectId) -> SuggestionId {
        SuggestionId::of(&[&milestone.to_string(), service, &recipient.to_string()])
    }
}
