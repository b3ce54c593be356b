//! The `strings` extension: parts of texts by the number of their letters, and texts put together.

use super::quote::quoted;
use super::{Made, count, pay};
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::{Text, Value};

/// The letters of a text, paid for.
fn letters(context: &mut Context<'_>, text: &Text<'_>) -> Result<Vec<char>, Problem> {
    pay(context, text.as_str().len())?;
    Ok(text.as_str().chars().collect())
}

/// A place in a text of `length` letters, its end included.
fn place(number: i64, length: usize) -> Result<usize, Problem> {
    let place = usize::try_from(number).map_err(|_| Problem::BadArgument)?;
    if place > length { Err(Problem::BadArgument) } else { Ok(place) }
}

fn text(letters: &[char]) -> Value<'static> {
    Value::text(letters.iter().collect::<String>())
}

pub(crate) fn char_at<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::String(whole), Value::Int(at)] => {
            let letters = letters(context, whole)?;
            let at = place(*at, letters.len())?;
            Ok(text(letters.get(at).map_or(&[], std::slice::from_ref)))
        }
        _ => Err(Problem::NoOverload),
    }
}

/// Where `part` stands in `whole`, by the number of its first letter.
fn find<'a>(context: &mut Context<'_>, args: &[Value<'a>], last: bool) -> Made<'a> {
    let (whole, part, from) = match args {
        [Value::String(whole), Value::String(part)] => (whole, part, None),
        [Value::String(whole), Value::String(part), Value::Int(from)] => (whole, part, Some(*from)),
        _ => return Err(Problem::NoOverload),
    };
    let (whole, part) = (letters(context, whole)?, letters(context, part)?);
    pay(context, whole.len().saturating_mul(part.len()))?;
    let from = match from {
        Some(from) => place(from, whole.len())?,
        None if last => whole.len(),
        None => 0,
    };
    let stands = |at: &usize| whole.get(*at..).is_some_and(|rest| rest.starts_with(&part));
    let found =
        if last { (0..=from).rev().find(stands) } else { (from..=whole.len()).find(stands) };
    Ok(found.map_or(Value::Int(-1), count))
}

pub(crate) fn index_of<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    find(context, args, false)
}

pub(crate) fn last_index_of<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    find(context, args, true)
}

fn changed<'a>(
    context: &mut Context<'_>,
    args: &[Value<'a>],
    change: fn(&str) -> String,
) -> Made<'a> {
    match args {
        [Value::String(whole)] => {
            pay(context, whole.as_str().len())?;
            Ok(Value::text(change(whole.as_str())))
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn lower_ascii<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    changed(context, args, str::to_ascii_lowercase)
}

pub(crate) fn upper_ascii<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    changed(context, args, str::to_ascii_uppercase)
}

pub(crate) fn trim<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    changed(context, args, |text| text.trim().to_owned())
}

pub(crate) fn reverse<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    changed(context, args, |text| text.chars().rev().collect())
}

pub(crate) fn quote<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    changed(context, args, quoted)
}

pub(crate) fn replace<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let (whole, from, to, most) = match args {
        [Value::String(whole), Value::String(from), Value::String(to)] => (whole, from, to, -1),
        [Value::String(whole), Value::String(from), Value::String(to), Value::Int(most)] => {
            (whole, from, to, *most)
        }
        _ => return Err(Problem::NoOverload),
    };
    let (whole, from, to) = (whole.as_str(), from.as_str(), to.as_str());
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let times = whole.matches(from).take(most).count();
    pay(context, whole.len().saturating_add(times.saturating_mul(to.len())))?;
    Ok(Value::text(whole.replacen(from, to, most)))
}

pub(crate) fn split<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let (whole, by, most) = match args {
        [Value::String(whole), Value::String(by)] => (whole, by, -1),
        [Value::String(whole), Value::String(by), Value::Int(most)] => (whole, by, *most),
        _ => return Err(Problem::NoOverload),
    };
    let (whole, by) = (whole.as_str(), by.as_str());
    // Each part is a value of its own.
    pay(context, whole.len().saturating_mul(8))?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if by.is_empty() {
        let letters = whole.chars().take(most);
        return Ok(Value::list(letters.map(|letter| Value::text(letter.to_string())).collect()));
    }
    Ok(Value::list(whole.splitn(most, by).map(Value::text).collect()))
}

pub(crate) fn substring<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let (whole, start, end) = match args {
        [Value::String(whole), Value::Int(start)] => (whole, *start, None),
        [Value::String(whole), Value::Int(start), Value::Int(end)] => (whole, *start, Some(*end)),
        _ => return Err(Problem::NoOverload),
    };
    let letters = letters(context, whole)?;
    let start = place(start, letters.len())?;
    let end = end.map_or(Ok(letters.len()), |end| place(end, letters.len()))?;
    letters.get(start..end).map(text).ok_or(Problem::BadArgument)
}

pub(crate) fn join<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let (list, between) = match args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(between)] => (list, between.as_str()),
        _ => return Err(Problem::NoOverload),
    };
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        let Value::String(item) = item else { return Err(Problem::NoOverload) };
        pay(context, 8 + item.as_str().len() + between.len())?;
        if at > 0 {
            joined.push_str(between);
        }
        joined.push_str(item.as_str());
    }
    Ok(Value::text(joined))
}
