//! The three answers of a rule.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a rule answers about what we know. A missing fact is never a *no* (invariant 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not hold.
    Unmet,
    /// Not settled: these facts, as the rule names them (`mother.residence.province`), are
    /// missing and could settle it.
    Unknown {
        /// The facts to learn.
        missing: BTreeSet<String>,
    },
}

impl Verdict {
    /// Whether more facts can change nothing any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}
