//! The one way a lifecycle moves: by a transition that its table allows.

use std::fmt::Debug;

/// A move that the lifecycle does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} cannot go from `{from}` to `{to}`")]
pub struct IllegalTransition {
    /// What kind of thing it is.
    pub what: &'static str,
    /// The state it is in.
    pub from: String,
    /// The state that was asked for.
    pub to: String,
}

/// A set of states with the moves that are legal between them.
pub trait Lifecycle: Copy + PartialEq + Debug + 'static {
    /// What goes through these states, for messages.
    const WHAT: &'static str;

    /// The states that may follow this one.
    fn next(self) -> &'static [Self];

    /// The name of the state in storage and in the API.
    fn name(self) -> &'static str;

    /// `to`, if it may follow.
    fn move_to(self, to: Self) -> Result<Self, IllegalTransition> {
        if self.next().contains(&to) {
            return Ok(to);
        }
        Err(IllegalTransition {
            what: Self::WHAT,
            from: self.name().to_owned(),
            to: to.name().to_owned(),
        })
    }
}
