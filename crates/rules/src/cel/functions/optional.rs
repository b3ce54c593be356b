//! Values that may be nothing: `optional.of(x)`, `x.orValue(y)`.

use super::Made;
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

pub(crate) fn of<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    args.first().cloned().map(Value::some).ok_or(Problem::NoOverload)
}

pub(crate) fn of_non_zero<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [value] if value.is_zero() => Ok(Value::Optional(None)),
        [value] => Ok(Value::some(value.clone())),
        _ => Err(Problem::NoOverload),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "all functions have one form")]
pub(crate) fn none<'a>(_: &mut Context<'_>, _: &[Value<'a>]) -> Made<'a> {
    Ok(Value::Optional(None))
}

pub(crate) fn has_value<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Optional(inner)] => Ok(Value::Bool(inner.is_some())),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn value<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Optional(Some(inner))] => Ok((**inner).clone()),
        [Value::Optional(None)] => Err(Problem::Nothing),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn or<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Optional(None), other @ Value::Optional(_)] => Ok(other.clone()),
        [some @ Value::Optional(_), Value::Optional(_)] => Ok(some.clone()),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn or_value<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Optional(Some(inner)), _] => Ok((**inner).clone()),
        [Value::Optional(None), other] => Ok(other.clone()),
        _ => Err(Problem::NoOverload),
    }
}
