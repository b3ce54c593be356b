//! Arithmetic: every result is in range or there is none.

use std::sync::Arc;

use super::Made;
use crate::cel::node::Operation;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

/// How many steps it costs to make something out of a value: letters and items are copied.
pub(crate) fn made(value: &Value<'_>) -> u32 {
    let length = match value {
        Value::String(text) => text.as_str().len() / 8,
        Value::Bytes(bytes) => bytes.len() / 8,
        Value::List(list) => list.len(),
        _ => 0,
    };
    u32::try_from(length).unwrap_or(u32::MAX / 4)
}

pub(crate) fn compute<'a>(how: Operation, a: &Value<'a>, b: &Value<'a>) -> Made<'a> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => {
            let result = match how {
                Operation::Add => a.checked_add(*b),
                Operation::Subtract => a.checked_sub(*b),
                Operation::Multiply => a.checked_mul(*b),
                Operation::Divide => a.checked_div(*b),
                Operation::Remainder => a.checked_rem(*b),
            };
            result.map(Value::Int).ok_or(Problem::OutOfRange)
        }
        (Value::Uint(a), Value::Uint(b)) => {
            let result = match how {
                Operation::Add => a.checked_add(*b),
                Operation::Subtract => a.checked_sub(*b),
                Operation::Multiply => a.checked_mul(*b),
                Operation::Divide => a.checked_div(*b),
                Operation::Remainder => a.checked_rem(*b),
            };
            result.map(Value::Uint).ok_or(Problem::OutOfRange)
        }
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(match how {
            Operation::Add => a + b,
            Operation::Subtract => a - b,
            Operation::Multiply => a * b,
            Operation::Divide => a / b,
            Operation::Remainder => return Err(Problem::NoOverload),
        })),
        _ if how == Operation::Add => add(a, b),
        _ if how == Operation::Subtract => subtract(a, b),
        _ => Err(Problem::NoOverload),
    }
}

/// Texts, bytes and lists joined; moments moved.
fn add<'a>(a: &Value<'a>, b: &Value<'a>) -> Made<'a> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(Value::text([a.as_str(), b.as_str()].concat())),
        (Value::Bytes(a), Value::Bytes(b)) => {
            Ok(Value::Bytes(Arc::from([a.as_ref(), b.as_ref()].concat())))
        }
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).collect())),
        (Value::Timestamp(moment), Value::Duration(length))
        | (Value::Duration(length), Value::Timestamp(moment)) => {
            moment.plus(*length).map(Value::Timestamp).ok_or(Problem::OutOfRange)
        }
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_add(*b).map(Value::Duration).ok_or(Problem::OutOfRange)
        }
        _ => Err(Problem::NoOverload),
    }
}

fn subtract<'a>(a: &Value<'a>, b: &Value<'a>) -> Made<'a> {
    match (a, b) {
        (Value::Timestamp(a), Value::Timestamp(b)) => a.since(*b).map(Value::Duration),
        (Value::Timestamp(a), Value::Duration(b)) => {
            b.checked_neg().and_then(|b| a.plus(b)).map(Value::Timestamp)
        }
        (Value::Duration(a), Value::Duration(b)) => a.checked_sub(*b).map(Value::Duration),
        _ => return Err(Problem::NoOverload),
    }
    .ok_or(Problem::OutOfRange)
}

pub(crate) fn negate<'a>(value: &Value<'a>) -> Made<'a> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or(Problem::OutOfRange),
        Value::Double(number) => Ok(Value::Double(-number)),
        Value::Duration(nanos) => {
            nanos.checked_neg().map(Value::Duration).ok_or(Problem::OutOfRange)
        }
        _ => Err(Problem::NoOverload),
    }
}

/// The whole part of a double, if it is safely within 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
pub(crate) fn truncated(number: f64) -> Option<i64> {
    let bound = 9_223_372_036_854_775_808.0;
    (number > -bound && number < bound).then_some(number as i64)
}

/// The whole part of a double that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked just before"
)]
pub(crate) fn truncated_unsigned(number: f64) -> Option<u64> {
    (number > -1.0 && number < 18_446_744_073_709_551_616.0).then_some(number as u64)
}
