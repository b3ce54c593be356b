//! The standard functions on texts, bytes, lists and maps.

use regex::RegexBuilder;

use super::{Made, count, pay};
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

/// How many bytes a compiled pattern of `matches` may take. The engine is linear in the text.
const LARGEST_PATTERN: usize = 1 << 20;

/// Letters of a text, bytes, items, keys.
pub(crate) fn size<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::String(text)] => {
            pay(context, text.as_str().len())?;
            Ok(count(text.as_str().chars().count()))
        }
        [Value::Bytes(bytes)] => Ok(count(bytes.len())),
        [Value::List(list)] => Ok(count(list.len())),
        [Value::Map(map)] => Ok(count(map.0.len())),
        _ => Err(Problem::NoOverload),
    }
}

/// The yes or no of a question about two texts.
fn ask<'a>(
    context: &mut Context<'_>,
    args: &[Value<'a>],
    question: fn(&str, &str) -> bool,
) -> Made<'a> {
    match args {
        [Value::String(text), Value::String(part)] => {
            pay(context, text.as_str().len() + part.as_str().len())?;
            Ok(Value::Bool(question(text.as_str(), part.as_str())))
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn contains<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(context, args, |text, part| text.contains(part))
}

pub(crate) fn starts_with<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(context, args, |text, part| text.starts_with(part))
}

pub(crate) fn ends_with<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    ask(context, args, |text, part| text.ends_with(part))
}

pub(crate) fn matches<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::String(text), Value::String(pattern)] => {
            pay(context, text.as_str().len() + 64 * pattern.as_str().len())?;
            let pattern = RegexBuilder::new(pattern.as_str()).size_limit(LARGEST_PATTERN).build();
            let pattern = pattern.map_err(|_| Problem::BadArgument)?;
            Ok(Value::Bool(pattern.is_match(text.as_str())))
        }
        _ => Err(Problem::NoOverload),
    }
}
