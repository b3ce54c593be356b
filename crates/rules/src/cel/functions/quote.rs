//! Values as text: `strings.quote` and `format` of the `strings` extension.

use std::fmt::Write;

use super::convert::double_text;
use super::{Made, pay};
use crate::cel::declare::Context;
use crate::cel::moment::duration_text;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

/// How many digits may be asked for behind the point.
const MOST_DIGITS: usize = 100;

/// A text in quotes, with escapes for what cannot be seen.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// `"%s has %d".format(["a", 1])`
pub(crate) fn format<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    let [Value::String(pattern), Value::List(values)] = args else {
        return Err(Problem::NoOverload);
    };
    let mut out = String::new();
    let mut letters = pattern.as_str().chars();
    let mut next = 0;
    while let Some(letter) = letters.next() {
        pay(context, 8)?;
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut clause = letters.next().ok_or(Problem::BadArgument)?;
        if clause == '%' {
            out.push('%');
            continue;
        }
        let mut digits = None;
        if clause == '.' {
            let mut number = 0_usize;
            clause = letters.next().ok_or(Problem::BadArgument)?;
            while let Some(digit) = clause.to_digit(10) {
                number = number * 10 + usize::try_from(digit).unwrap_or_default();
                if number > MOST_DIGITS {
                    return Err(Problem::BadArgument);
                }
                clause = letters.next().ok_or(Problem::BadArgument)?;
            }
            digits = Some(number);
        }
        let value = values.get(next).ok_or(Problem::BadArgument)?;
        next += 1;
        write_clause(context, &mut out, clause, digits.unwrap_or(6), &value)?;
    }
    Ok(Value::text(out))
}

fn write_clause(
    context: &mut Context<'_>,
    out: &mut String,
    clause: char,
    digits: usize,
    value: &Value<'_>,
) -> Result<(), Problem> {
    match (clause, value) {
        ('s', value) => return plain(context, out, value),
        ('d', Value::Int(_) | Value::Uint(_)) => return plain(context, out, value),
        ('d' | 'f' | 'e', Value::Double(number)) if !number.is_finite() => {
            return plain(context, out, value);
        }
        ('f' | 'e', _) => {
            let number = number(value)?;
            let fixed = clause == 'f';
            let text =
                if fixed { format!("{number:.digits$}") } else { scientific(number, digits) };
            out.push_str(&text);
        }
        ('b', Value::Bool(yes)) => out.push(if *yes { '1' } else { '0' }),
        ('b' | 'o' | 'x' | 'X', Value::Int(_) | Value::Uint(_)) => {
            let (sign, size) = match value {
                Value::Int(number) => (if *number < 0 { "-" } else { "" }, number.unsigned_abs()),
                Value::Uint(number) => ("", *number),
                _ => return Err(Problem::BadArgument),
            };
            out.push_str(sign);
            let text = match clause {
                'b' => format!("{size:b}"),
                'o' => format!("{size:o}"),
                'x' => format!("{size:x}"),
                _ => format!("{size:X}"),
            };
            out.push_str(&text);
        }
        ('x' | 'X', Value::String(text)) => hex(context, out, clause, text.as_str().as_bytes())?,
        ('x' | 'X', Value::Bytes(bytes)) => hex(context, out, clause, bytes)?,
        _ => return Err(Problem::BadArgument),
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "rounds as the conversion to a double does")]
fn number(value: &Value<'_>) -> Result<f64, Problem> {
    match value {
        Value::Double(number) => Ok(*number),
        Value::Int(number) => Ok(*number as f64),
        Value::Uint(number) => Ok(*number as f64),
        _ => Err(Problem::BadArgument),
    }
}

fn hex(
    context: &mut Context<'_>,
    out: &mut String,
    clause: char,
    bytes: &[u8],
) -> Result<(), Problem> {
    pay(context, bytes.len() * 2)?;
    for byte in bytes {
        let written =
            if clause == 'x' { write!(out, "{byte:02x}") } else { write!(out, "{byte:02X}") };
        written.map_err(|_| Problem::BadArgument)?;
    }
    Ok(())
}

/// `1.052033e+03`
fn scientific(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// A value as `%s` shows it, lists and maps with all that is in them.
fn plain(context: &mut Context<'_>, out: &mut String, value: &Value<'_>) -> Result<(), Problem> {
    pay(context, 8)?;
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Uint(number) => out.push_str(&number.to_string()),
        Value::Double(number) if number.is_infinite() => {
            out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Double(number) => out.push_str(&double_text(*number)),
        Value::String(text) => {
            pay(context, text.as_str().len())?;
            out.push_str(text.as_str());
        }
        Value::Bytes(bytes) => {
            pay(context, bytes.len())?;
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        Value::Timestamp(moment) => out.push_str(&moment.to_string()),
        Value::Duration(nanos) => out.push_str(&duration_text(*nanos)),
        Value::Date(day) => out.push_str(&day.to_string()),
        Value::Type(name) => out.push_str(name),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                plain(context, out, &item)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in &map.0 {
                let mut name = String::new();
                plain(context, &mut name, key)?;
                entries.push((name, value));
            }
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push('{');
            for (at, (name, value)) in entries.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                out.push_str(&name);
                out.push_str(": ");
                plain(context, out, value)?;
            }
            out.push('}');
        }
        Value::Subject(_) | Value::Optional(_) => return Err(Problem::BadArgument),
    }
    Ok(())
}
