//! The `math` extension: greatest and least, rounding, signs, bits.

use std::cmp::Ordering;

use super::Made;
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

/// The best of the arguments, or of the one list among them.
fn best<'a>(args: &[Value<'a>], wanted: Ordering) -> Made<'a> {
    let items: Vec<Value<'a>> = match args {
        [Value::List(list)] => list.iter().collect(),
        args => args.to_vec(),
    };
    let mut best: Option<Value<'a>> = None;
    for item in items {
        if !item.is_number() {
            return Err(Problem::NoOverload);
        }
        let better = best.as_ref().is_none_or(|best| item.order(best) == Some(wanted));
        if better {
            best = Some(item);
        }
    }
    best.ok_or(Problem::BadArgument)
}

pub(crate) fn greatest<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    best(args, Ordering::Greater)
}

pub(crate) fn least<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    best(args, Ordering::Less)
}

fn rounded<'a>(args: &[Value<'a>], round: fn(f64) -> f64) -> Made<'a> {
    match args {
        [Value::Double(number)] => Ok(Value::Double(round(*number))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn ceil<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    rounded(args, f64::ceil)
}

pub(crate) fn floor<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    rounded(args, f64::floor)
}

pub(crate) fn round<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    rounded(args, f64::round)
}

pub(crate) fn trunc<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    rounded(args, f64::trunc)
}

pub(crate) fn sqrt<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    rounded(args, f64::sqrt)
}

pub(crate) fn abs<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Int(number)] => number.checked_abs().map(Value::Int).ok_or(Problem::OutOfRange),
        [Value::Uint(number)] => Ok(Value::Uint(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.abs())),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn sign<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Int(number)] => Ok(Value::Int(number.signum())),
        [Value::Uint(number)] => Ok(Value::Uint((*number).min(1))),
        [Value::Double(number)] if *number == 0.0 => Ok(Value::Double(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.signum())),
        _ => Err(Problem::NoOverload),
    }
}

fn ask<'a>(args: &[Value<'a>], question: fn(f64) -> bool) -> Made<'a> {
    match args {
        [Value::Double(number)] => Ok(Value::Bool(question(*number))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn is_nan<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(args, f64::is_nan)
}

pub(crate) fn is_infinite<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(args, f64::is_infinite)
}

pub(crate) fn is_finite<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(args, f64::is_finite)
}

fn bits<'a>(
    args: &[Value<'a>],
    signed: fn(i64, i64) -> i64,
    unsigned: fn(u64, u64) -> u64,
) -> Made<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => Ok(Value::Int(signed(*a, *b))),
        [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(unsigned(*a, *b))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn bit_and<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    bits(args, |a, b| a & b, |a, b| a & b)
}

pub(crate) fn bit_or<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    bits(args, |a, b| a | b, |a, b| a | b)
}

pub(crate) fn bit_xor<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    bits(args, |a, b| a ^ b, |a, b| a ^ b)
}

pub(crate) fn bit_not<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Int(number)] => Ok(Value::Int(!number)),
        [Value::Uint(number)] => Ok(Value::Uint(!number)),
        _ => Err(Problem::NoOverload),
    }
}

/// Bits moved by a count that is not negative; those that leave are lost.
fn shifted<'a>(args: &[Value<'a>], shift: fn(u64, u32) -> Option<u64>) -> Made<'a> {
    let by = match args {
        [_, Value::Int(by)] if *by < 0 => return Err(Problem::BadArgument),
        [_, Value::Int(by)] => u32::try_from(*by).unwrap_or(u32::MAX),
        _ => return Err(Problem::NoOverload),
    };
    match args {
        [Value::Int(number), _] => {
            Ok(Value::Int(shift(number.cast_unsigned(), by).unwrap_or_default().cast_signed()))
        }
        [Value::Uint(number), _] => Ok(Value::Uint(shift(*number, by).unwrap_or_default())),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn shift_left<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    shifted(args, u64::checked_shl)
}

pub(crate) fn shift_right<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    shifted(args, u64::checked_shr)
}
