//! Questions about when facts were told: how often, and what followed what.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Evaluator, Outcome, Watch, unknown};
use crate::cel::activation::Activation;
use crate::cel::functions::days::days_between;
use crate::cel::node::{Node, Pattern, Slot, Telling};
use crate::cel::undetermined::{Problem, Undetermined};
use crate::cel::value::{List, Value};

impl Telling {
    /// Whether it answers yes or no.
    pub(crate) fn answers(self) -> bool {
        matches!(self, Self::Followed | Self::Unfollowed)
    }
}

impl<'a, A: Activation + ?Sized, W: Watch> Evaluator<'a, A, W> {
    pub(super) fn pattern(&mut self, node: &'a Node, pattern: &'a Pattern) -> Outcome<'a> {
        let told = self.times(pattern.of);
        let then = pattern.then.map(|then| self.times(then)).transpose();
        let days = pattern.days.as_ref().map(|days| self.value(days)).transpose();
        let missing = [told.as_ref().err(), then.as_ref().err(), days.as_ref().err()];
        if let Some(missing) = missing.into_iter().flatten().copied().reduce(Undetermined::and) {
            return Err(missing);
        }
        let (Ok(told), Ok(then), Ok(days)) = (told, then, days) else {
            return Err(self.fail(node, Problem::NoOverload));
        };
        let then = then.unwrap_or_else(|| Arc::from([]));
        self.step(u32::try_from(told.len() + then.len()).unwrap_or(u32::MAX))?;
        let days = match days {
            Some(Value::Int(days)) => days,
            None => 0,
            Some(_) => return Err(self.fail(node, Problem::NoOverload)),
        };
        let today = match pattern.today.map(|slot| self.activation.variable(slot)) {
            Some(Some(Value::Date(today))) => Some(today),
            _ => None,
        };
        let ago = |day: Date| today.map_or(0, |today| days_between(day, today));
        let followed = |day: Date| is_followed(&then, day, days);
        Ok(match pattern.what {
            Telling::Times => Value::List(List::Days(told)),
            Telling::First => return edge(told.first(), pattern.of),
            Telling::Last => return edge(told.last(), pattern.of),
            Telling::Within => {
                let count = told.iter().filter(|day| ago(**day) <= days).count();
                Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
            }
            Telling::Followed => Value::Bool(told.iter().any(|day| followed(*day))),
            Telling::Unfollowed => {
                Value::Bool(told.iter().any(|day| ago(*day) > days && !followed(*day)))
            }
        })
    }

    fn times(&self, slot: Slot) -> Result<Arc<[Date]>, Undetermined> {
        self.activation.times(slot).ok_or_else(|| unknown(slot))
    }
}

/// The first or last day. Where it was never told there is none, so it is not known.
fn edge<'a>(day: Option<&Date>, slot: Slot) -> Outcome<'a> {
    day.copied().map(Value::Date).ok_or_else(|| unknown(slot))
}

/// Whether one of `then`, which is sorted, lies on `day` or at most `days` days after it.
fn is_followed(then: &[Date], day: Date, days: i64) -> bool {
    let first = then.partition_point(|other| *other < day);
    then.get(first).is_some_and(|next| days_between(day, *next) <= days)
}
