//! What functions do with values. Each looks at the kinds that it was given, since a value of
//! type `dyn` is known only here; none can panic and none looks at anything but its arguments
//! and the calendar.

pub(crate) mod base64;
pub(crate) mod convert;
pub(crate) mod days;
pub(crate) mod math;
pub(crate) mod number;
pub(crate) mod optional;
pub(crate) mod quote;
pub(crate) mod text;
pub(crate) mod text_more;
pub(crate) mod time;

use super::declare::Context;
use super::undetermined::Problem;
use super::value::Value;

/// What a function comes to.
pub(crate) type Made<'a> = Result<Value<'a>, Problem>;

/// Pays for `amount` letters, items or days.
pub(crate) fn pay(context: &mut Context<'_>, amount: usize) -> Result<(), Problem> {
    let steps = u32::try_from(amount / 8).unwrap_or(u32::MAX);
    *context.steps = context.steps.checked_sub(steps).ok_or(Problem::TooLong)?;
    Ok(())
}

/// A length as a number.
pub(crate) fn count(length: usize) -> Value<'static> {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}
