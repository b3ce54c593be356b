//! From one type to another: `int("7")`, `string(1.5)`, `timestamp("2009-02-13T23:31:30Z")`.

use std::sync::Arc;

use super::number::{truncated, truncated_unsigned};
use super::{Made, pay};
use crate::cel::declare::Context;
use crate::cel::moment::{Moment, duration_text, parse_duration};
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

pub(crate) fn int<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let result = match args {
        [Value::Int(number)] => Some(*number),
        [Value::Uint(number)] => i64::try_from(*number).ok(),
        [Value::Double(number)] => truncated(*number),
        [Value::String(text)] => {
            return text.as_str().parse().map(Value::Int).map_err(|_| Problem::BadConversion);
        }
        [Value::Timestamp(moment)] => Some(moment.seconds()),
        _ => return Err(Problem::NoOverload),
    };
    result.map(Value::Int).ok_or(Problem::OutOfRange)
}

pub(crate) fn uint<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let result = match args {
        [Value::Uint(number)] => Some(*number),
        [Value::Int(number)] => u64::try_from(*number).ok(),
        [Value::Double(number)] => truncated_unsigned(*number),
        [Value::String(text)] => {
            return text.as_str().parse().map(Value::Uint).map_err(|_| Problem::BadConversion);
        }
        _ => return Err(Problem::NoOverload),
    };
    result.map(Value::Uint).ok_or(Problem::OutOfRange)
}

#[expect(clippy::cast_precision_loss, reason = "CEL rounds to the nearest double")]
pub(crate) fn double<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    Ok(Value::Double(match args {
        [Value::Double(number)] => *number,
        [Value::Int(number)] => *number as f64,
        [Value::Uint(number)] => *number as f64,
        [Value::String(text)] => text.as_str().parse().map_err(|_| Problem::BadConversion)?,
        _ => return Err(Problem::NoOverload),
    }))
}

pub(crate) fn string<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    Ok(Value::text(match args {
        [Value::String(text)] => return Ok(Value::String(text.clone())),
        [Value::Bool(yes)] => yes.to_string(),
        [Value::Int(number)] => number.to_string(),
        [Value::Uint(number)] => number.to_string(),
        [Value::Double(number)] => double_text(*number),
        [Value::Bytes(bytes)] => {
            pay(context, bytes.len())?;
            String::from_utf8(bytes.to_vec()).map_err(|_| Problem::BadConversion)?
        }
        [Value::Timestamp(moment)] => moment.to_string(),
        [Value::Duration(nanos)] => duration_text(*nanos),
        [Value::Date(day)] => day.to_string(),
        _ => return Err(Problem::NoOverload),
    }))
}

/// As Go prints a double: plainly unless it is very small or very large.
pub(crate) fn double_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if number.is_nan() {
        return "NaN".to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    number.to_string()
}

pub(crate) fn bytes<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Bytes(bytes)] => Ok(Value::Bytes(Arc::clone(bytes))),
        [Value::String(text)] => {
            pay(context, text.as_str().len())?;
            Ok(Value::Bytes(Arc::from(text.as_str().as_bytes())))
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn bool<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    Ok(Value::Bool(match args {
        [Value::Bool(yes)] => *yes,
        [Value::String(text)] => match text.as_str() {
            "1" | "t" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "false" | "FALSE" | "False" => false,
            _ => return Err(Problem::BadConversion),
        },
        _ => return Err(Problem::NoOverload),
    }))
}

pub(crate) fn timestamp<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let moment = match args {
        [Value::Timestamp(moment)] => Some(*moment),
        [Value::Int(seconds)] => Moment::new(*seconds, 0),
        [Value::String(text)] => Moment::parse(text.as_str()),
        _ => return Err(Problem::NoOverload),
    };
    moment.map(Value::Timestamp).ok_or(Problem::BadConversion)
}

pub(crate) fn duration<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let nanos = match args {
        [Value::Duration(nanos)] => Some(*nanos),
        [Value::Int(seconds)] => seconds.checked_mul(1_000_000_000),
        [Value::String(text)] => parse_duration(text.as_str()),
        _ => return Err(Problem::NoOverload),
    };
    nanos.map(Value::Duration).ok_or(Problem::BadConversion)
}

/// `dyn(x)`: the value itself, with nothing known about its type.
pub(crate) fn same<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    args.first().cloned().ok_or(Problem::NoOverload)
}

pub(crate) fn type_of<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let value = args.first().ok_or(Problem::NoOverload)?;
    Ok(Value::Type(Arc::from(value.type_name())))
}
