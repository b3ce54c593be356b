//! What a fact can say.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::SubjectId;

/// The value of a fact or of a field of a draft.
///
/// Money is whole đồng in an [`Value::Int`]. Areas and other decimals stay text as the
/// register wrote them: nothing here computes with them, and a rounding would be ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text, in NFC.
    Text(String),
    /// A whole number; money in đồng.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A civil day.
    Date(Date),
    /// A moment.
    Time(Timestamp),
    /// Another subject, such as a child's mother.
    Subject(SubjectId),
    /// Several values, in the register's order.
    List(Vec<Value>),
}

impl Value {
    /// The text, where this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The day, where this is one.
    #[must_use]
    pub fn as_date(&self) -> Option<Date> {
        if let Self::Date(day) = self { Some(*day) } else { None }
    }

    /// The subject, where this is one.
    #[must_use]
    pub fn as_subject(&self) -> Option<SubjectId> {
        if let Self::Subject(subject) = self { Some(*subject) } else { None }
    }
}

/// As Vietnamese readers write it: `dd/mm/yyyy`, `1.234.567`, `có` or `không`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Int(number) => f.write_str(&grouped(*number)),
            Self::Bool(yes) => f.write_str(if *yes { "có" } else { "không" }),
            Self::Date(day) => f.write_str(&day.strftime("%d/%m/%Y").to_string()),
            Self::Time(moment) => write!(f, "{moment}"),
            Self::Subject(subject) => write!(f, "{subject}"),
            Self::List(values) => {
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                Ok(())
            }
        }
    }
}

/// Thousands parted by dots, as in `1.234.567`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn values_read_as_vietnamese_readers_write_them() {
        assert_eq!(Value::Int(1_234_567).to_string(), "1.234.567");
        assert_eq!(Value::Int(-1_000).to_string(), "-1.000");
        assert_eq!(Value::Int(999).to_string(), "999");
        assert_eq!(Value::Date(date(2026, 1, 5)).to_string(), "05/01/2026");
    }

    #[test]
    fn a_date_stays_a_date_through_json() {
        let json = serde_json::to_string(&Value::Date(date(2026, 1, 5))).unwrap();
        assert_eq!(json, r#"{"date":"2026-01-05"}"#);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), Value::Date(date(2026, 1, 5)));
    }
}
