//! What came of taking every decision again.

use domain::ReceiptId;
use serde::Serialize;

/// Every receipt's decision, taken again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The version of the pack that decided now.
    pub pack: String,
    /// Receipts there are.
    pub receipts: u64,
    /// Came out the same, bit for bit.
    pub same: u64,
    /// Came out otherwise.
    pub different: u64,
    /// Not taken again: another version of the pack decided then.
    pub other_pack: u64,
    /// The first that came out otherwise.
    pub differences: Vec<Difference>,
}

impl Replayed {
    /// Whether every decision that this pack took came out the same.
    #[must_use]
    pub fn is_faithful(&self) -> bool {
        self.different == 0
    }
}

/// A decision that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The receipt.
    pub receipt: ReceiptId,
    /// What was decided.
    pub about: String,
    /// What differs: `decision`, `rule`, `verdict`, `trace` or `facts`.
    pub what: &'static str,
    /// As the receipt has it.
    pub then: String,
    /// As it came out now.
    pub now: String,
}
