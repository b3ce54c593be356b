//! Civil days: ages, periods, months that have no day 31, and the days on which offices work.
//!
//! Every function is total over its bounds: a day that leaves the calendar, or a period of more
//! than [`MOST_DAYS`], gives no value and is never cut short.

use domain::full_years;
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Made, pay};
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;
use crate::deadline::Calendar;

/// The most days, months, years or working days that are counted at once, either way.
pub(crate) const MOST_DAYS: i64 = 10_000;

/// What to do in a month that has no such day: its last day, or the day after it.
pub(crate) const LAST_DAY: &str = "last_day";
/// See [`LAST_DAY`].
pub(crate) const NEXT_DAY: &str = "next_day";

/// Full months from `a` to `b`: a month is full on the same day of a later month. A month begun
/// on the 31st is full on the 1st of the month after a shorter one.
pub(crate) fn months(a: Date, b: Date) -> i64 {
    let number = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
    let months = number(b) - number(a);
    match months {
        1.. if b.day() < a.day() => months - 1,
        ..=-1 if b.day() > a.day() => months + 1,
        _ => months,
    }
}

pub(crate) fn days_between(a: Date, b: Date) -> i64 {
    // A span of civil days cannot leave the range of `i64`; jiff's own error is for units
    // that are not asked for here.
    a.until(b).map_or(0, |span| i64::from(span.get_days()))
}

fn between<'a>(args: &[Value<'a>], count: fn(Date, Date) -> i64) -> Made<'a> {
    match args {
        [Value::Date(a), Value::Date(b)] => Ok(Value::Int(count(*a, *b))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn years_between<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    between(args, full_years)
}

pub(crate) fn months_between<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    between(args, months)
}

pub(crate) fn days_from<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    between(args, days_between)
}

fn part<'a>(args: &[Value<'a>], part: fn(Date) -> i64) -> Made<'a> {
    match args {
        [Value::Date(day)] => Ok(Value::Int(part(*day))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn year<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |day| i64::from(day.year()))
}

pub(crate) fn month<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |day| i64::from(day.month()))
}

pub(crate) fn day<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    part(args, |day| i64::from(day.day()))
}

pub(crate) fn first_day_of_month<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(day)] => Ok(Value::Date(day.first_of_month())),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn last_day_of_month<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(day)] => Ok(Value::Date(day.last_of_month())),
        _ => Err(Problem::NoOverload),
    }
}

fn bounded(count: i64) -> Result<i32, Problem> {
    if count.unsigned_abs() > MOST_DAYS.unsigned_abs() {
        return Err(Problem::OutOfRange);
    }
    i32::try_from(count).map_err(|_| Problem::OutOfRange)
}

pub(crate) fn add_days<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(day), Value::Int(count)] => {
            let moved = day.checked_add(bounded(*count)?.days());
            moved.map(Value::Date).map_err(|_| Problem::OutOfRange)
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn add_months<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    add(args, 1)
}

pub(crate) fn add_years<'a>(_: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    add(args, 12)
}

/// `unit` months for each of the count.
fn add<'a>(args: &[Value<'a>], unit: i32) -> Made<'a> {
    let [Value::Date(day), Value::Int(count), Value::String(how)] = args else {
        return Err(Problem::NoOverload);
    };
    let months = bounded(*count)? * unit;
    // jiff keeps the day and falls back to the month's last.
    let moved = day.checked_add(months.months()).map_err(|_| Problem::OutOfRange)?;
    match how.as_str() {
        NEXT_DAY if moved.day() != day.day() => {
            moved.tomorrow().map(Value::Date).map_err(|_| Problem::OutOfRange)
        }
        NEXT_DAY | LAST_DAY => Ok(Value::Date(moved)),
        _ => Err(Problem::BadArgument),
    }
}

fn calendar<'c>(context: &Context<'c>) -> Result<&'c Calendar, Problem> {
    context.calendar.ok_or(Problem::NoCalendar)
}

pub(crate) fn is_working_day<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(day)] => Ok(Value::Bool(calendar(context)?.is_working_day(*day))),
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn add_working_days<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(day), Value::Int(count)] => {
            let count = bounded(*count)?;
            pay(context, usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX))?;
            let moved = calendar(context)?.add_working_days(*day, count);
            moved.map(Value::Date).ok_or(Problem::OutOfRange)
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn working_days_between<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Date(a), Value::Date(b)] => {
            let days = bounded(days_between(*a, *b))?;
            pay(context, usize::try_from(days.unsigned_abs()).unwrap_or(usize::MAX))?;
            Ok(Value::Int(calendar(context)?.working_days_between(*a, *b)))
        }
        _ => Err(Problem::NoOverload),
    }
}
