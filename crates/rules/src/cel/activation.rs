//! Where an evaluation gets what its expression does not hold: facts, days, the calendar.

use std::sync::Arc;

use jiff::civil::Date;

use super::node::Slot;
use super::value::Value;
use crate::deadline::Calendar;

/// What an expression may ask while it is evaluated.
///
/// Slots are those of the expression: who implements this binds each once to where its value is.
pub trait Activation {
    /// The value in `slot`; `None` where it is not known. Silence that means something is
    /// answered with its value.
    fn variable(&self, slot: Slot) -> Option<Value<'_>>;

    /// Whether a register spoke: yes, no (where silence means something), or unknown.
    fn spoken(&self, slot: Slot) -> Option<bool> {
        self.variable(slot).map(|_| true)
    }

    /// The days on which the fact in `slot` was told, up to today, in order and each once.
    /// `None` where nothing was told and silence means nothing.
    fn times(&self, _slot: Slot) -> Option<Arc<[Date]>> {
        None
    }

    /// The country's days off.
    fn calendar(&self) -> Option<&Calendar> {
        None
    }
}
