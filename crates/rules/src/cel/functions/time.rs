//! Parts of moments and of lengths of time: `getHours()` and its kin.

use jiff::civil::DateTime;

use super::Made;
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::{Text, Value};

/// A part of a moment in UTC or in the zone that is given.
fn part<'a>(args: &[Value<'a>], part: fn(DateTime) -> i64) -> Made<'a> {
    let (moment, zone) = match args {
        [Value::Timestamp(moment)] => (moment, None),
        [Value::Timestamp(moment), Value::String(zone)] => (moment, Some(zone)),
        _ => return Err(Problem::NoOverload),
    };
    let civil = moment.civil(zone.map(Text::as_str)).ok_or(Problem::BadArgument)?;
    Ok(Value::Int(part(civil)))
}

/// How many whole units of so many nanoseconds a length of time has.
fn units<'a>(args: &[Value<'a>], unit: i64) -> Option<Value<'a>> {
    match args {
        [Value::Duration(nanos)] => Some(Value::Int(nanos / unit)),
        _ => None,
    }
}

pub(crate) fn full_year<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.year()))
}

pub(crate) fn month<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.month()) - 1)
}

pub(crate) fn date<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.day()))
}

pub(crate) fn day_of_month<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.day()) - 1)
}

pub(crate) fn day_of_week<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.weekday().to_sunday_zero_offset()))
}

pub(crate) fn day_of_year<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |at| i64::from(at.day_of_year()) - 1)
}

pub(crate) fn hours<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let length = units(args, 3_600_000_000_000);
    length.map_or_else(|| part(args, |at| i64::from(at.hour())), Ok)
}

pub(crate) fn minutes<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let length = units(args, 60_000_000_000);
    length.map_or_else(|| part(args, |at| i64::from(at.minute())), Ok)
}

pub(crate) fn seconds<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let length = units(args, 1_000_000_000);
    length.map_or_else(|| part(args, |at| i64::from(at.second())), Ok)
}

pub(crate) fn milliseconds<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Duration(nanos)] => Ok(Value::Int(nanos % 1_000_000_000 / 1_000_000)),
        args => part(args, |at| i64::from(at.millisecond())),
    }
}
