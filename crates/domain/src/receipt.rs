//! A receipt: what lets anyone replay why (invariant 5).

use serde::{Deserialize, Serialize};

use crate::{AsOf, FactId, ReceiptId, Verdict};

/// One answer of one rule, with everything it read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Made from (what was decided, rule, dates).
    pub id: ReceiptId,
    /// The id of the milestone, suggestion or message that was decided.
    pub about: String,
    /// The rule, as `LE-BIRTH@2026-09-01/when`.
    pub rule: String,
    /// The version of the pack.
    pub pack: String,
    /// The three dates.
    pub as_of: AsOf,
    /// The facts read.
    pub facts: Vec<FactId>,
    /// The answer.
    pub verdict: Verdict,
    /// How each part of the condition came out, in reading order.
    pub trace: Vec<String>,
}

impl Receipt {
    /// The id of the answer of `rule` about `about` at `as_of`.
    #[must_use]
    pub fn id_of(about: &str, rule: &str, as_of: &AsOf) -> ReceiptId {
        ReceiptId::of(&[
            about,
            rule,
            &as_of.occurred.to_string(),
            &as_of.known.to_string(),
            &as_of.law.to_string(),
        ])
    }
}
