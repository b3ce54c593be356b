//! Values while an expression is evaluated. They borrow texts and lists from the expression and
//! from the facts, so that reading a fact or comparing it allocates nothing.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use domain::SubjectId;
use jiff::civil::Date;

use super::moment::Moment;

/// How many items are compared at most where nobody counts steps.
const MOST_COMPARED: u32 = 1_000_000;

/// A value of CEL, a civil day, or a subject.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is never negative.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// A text.
    String(Text<'a>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A moment in time.
    Timestamp(Moment),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A civil day.
    Date(Date),
    /// A subject.
    Subject(SubjectId),
    /// A list.
    List(List<'a>),
    /// A map.
    Map(Arc<Map<'a>>),
    /// A type, by its name.
    Type(Arc<str>),
    /// Something or nothing.
    Optional(Option<Arc<Value<'a>>>),
}

/// A text, borrowed or made.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// Of the expression or of a fact.
    Borrowed(&'a str),
    /// Made by the evaluation.
    Made(Arc<str>),
}

/// A list, borrowed or made.
#[derive(Debug, Clone)]
pub enum List<'a> {
    /// Of the expression.
    Borrowed(&'a [Value<'a>]),
    /// The values of a fact.
    Fact(&'a [domain::Value]),
    /// Days on which something was told.
    Days(Arc<[Date]>),
    /// Made by the evaluation.
    Made(Arc<Vec<Value<'a>>>),
}

/// A map: entries in order of writing.
#[derive(Debug, Clone, Default)]
pub struct Map<'a>(pub(crate) Vec<(Value<'a>, Value<'a>)>);

impl Text<'_> {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl<'a> List<'a> {
    /// How many items.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Borrowed(items) => items.len(),
            Self::Fact(items) => items.len(),
            Self::Days(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `place`, counted from 0.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Value<'a>> {
        match self {
            Self::Borrowed(items) => items.get(place).cloned(),
            Self::Fact(items) => items.get(place).map(Value::of_fact),
            Self::Days(items) => items.get(place).copied().map(Value::Date),
            Self::Made(items) => items.get(place).cloned(),
        }
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}

impl<'a> Map<'a> {
    /// The value at `key`; numbers of different kinds are one key if they are equal.
    #[must_use]
    pub fn get(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        self.0.iter().find(|(own, _)| own.equals(key)).map(|(_, value)| value)
    }

    pub(crate) fn get_text(&self, key: &str) -> Option<&Value<'a>> {
        let own = |own: &Value<'_>| matches!(own, Value::String(text) if text.as_str() == key);
        self.0.iter().find(|(key, _)| own(key)).map(|(_, value)| value)
    }
}

impl<'a> Value<'a> {
    /// A text that the evaluation made.
    #[must_use]
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(Text::Made(text.into()))
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(List::Made(Arc::new(items)))
    }

    pub(crate) fn some(value: Self) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// A fact's value, borrowed.
    #[must_use]
    pub fn of_fact(value: &'a domain::Value) -> Self {
        match value {
            domain::Value::Text(text) => Self::String(Text::Borrowed(text)),
            domain::Value::Int(number) => Self::Int(*number),
            domain::Value::Bool(yes) => Self::Bool(*yes),
            domain::Value::Date(day) => Self::Date(*day),
            domain::Value::Time(moment) => Self::Timestamp(Moment::of(*moment)),
            domain::Value::Subject(subject) => Self::Subject(*subject),
            domain::Value::List(items) => Self::List(List::Fact(items)),
        }
    }

    /// The name of its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Date(_) => "date",
            Self::Subject(_) => "subject",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
        }
    }

    /// Whether it may be the key of a map.
    pub(crate) fn is_key(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Int(_) | Self::Uint(_) | Self::String(_))
    }

    /// Whether it is what a field holds that nobody set.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(yes) => !yes,
            Self::Int(number) => *number == 0,
            Self::Uint(number) => *number == 0,
            Self::Double(number) => *number == 0.0,
            Self::String(text) => text.as_str().is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Timestamp(moment) => *moment == Moment::default(),
            Self::Duration(nanos) => *nanos == 0,
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.0.is_empty(),
            Self::Optional(inner) => inner.is_none(),
            Self::Date(_) | Self::Subject(_) | Self::Type(_) => false,
        }
    }

    /// CEL's equality: numbers by what they are worth, values of different kinds never.
    #[must_use]
    pub fn equals(&self, other: &Value<'_>) -> bool {
        self.same(other, &mut { MOST_COMPARED }).unwrap_or(false)
    }

    /// [`equals`](Self::equals), paying a step for each item compared; `None` where steps run out.
    /// Lists may hold the same list twice, level by level: few bytes, and no end of items.
    #[expect(clippy::match_same_arms, reason = "the kinds that facts have come first")]
    pub(crate) fn same(&self, other: &Value<'_>, steps: &mut u32) -> Option<bool> {
        Some(match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::String(a), Value::String(b)) => a.as_str() == b.as_str(),
            (Self::Date(a), Value::Date(b)) => a == b,
            (Self::Subject(a), Value::Subject(b)) => a == b,
            (Self::Bytes(a), Value::Bytes(b)) => a == b,
            (Self::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Self::Duration(a), Value::Duration(b)) => a == b,
            (Self::Type(a), Value::Type(b)) => a == b,
            (Self::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    *steps = steps.checked_sub(1)?;
                    if !a.same(&b, steps)? {
                        return Some(false);
                    }
                }
                true
            }
            (Self::Map(a), Value::Map(b)) => {
                if a.0.len() != b.0.len() {
                    return Some(false);
                }
                for (key, value) in &a.0 {
                    *steps = steps.checked_sub(1)?;
                    let Some(other) = b.get(key) else { return Some(false) };
                    if !value.same(other, steps)? {
                        return Some(false);
                    }
                }
                true
            }
            (Self::Optional(Some(a)), Value::Optional(Some(b))) => {
                *steps = steps.checked_sub(1)?;
                return a.same(b, steps);
            }
            (Self::Optional(a), Value::Optional(b)) => a.is_none() && b.is_none(),
            (a, b) => a.order_of_numbers(b) == Some(Ordering::Equal),
        })
    }

    /// Which comes first, where the two have an order. `None` for values of different kinds, of
    /// kinds without an order, and for what is not a number.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "the kinds that facts have come first")]
    pub fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Int(a), Value::Int(b)) => a.cmp(b),
            (Self::Date(a), Value::Date(b)) => a.cmp(b),
            (Self::String(a), Value::String(b)) => a.as_str().cmp(b.as_str()),
            (Self::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Self::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Self::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            (Self::Duration(a), Value::Duration(b)) => a.cmp(b),
            (a, b) => return a.order_of_numbers(b),
        })
    }

    /// Numbers of any two kinds, compared by what they are worth.
    fn order_of_numbers(&self, other: &Value<'_>) -> Option<Ordering> {
        let whole = |value: &Value<'_>| match value {
            Value::Int(number) => Some(i128::from(*number)),
            Value::Uint(number) => Some(i128::from(*number)),
            _ => None,
        };
        match (self, other) {
            (Self::Double(a), Value::Double(b)) => a.partial_cmp(b),
            (Self::Double(a), b) => whole(b).and_then(|b| order_with_whole(*a, b)),
            (a, Value::Double(b)) => {
                whole(a).and_then(|a| order_with_whole(*b, a)).map(Ordering::reverse)
            }
            (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
        }
    }

    /// Whether it is a number, of any kind.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Double(_))
    }

    /// The letters, where this is a text.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        if let Self::String(text) = self { Some(Cow::Borrowed(text.as_str())) } else { None }
    }
}

/// A whole number is rounded to a double first, as the specification's tests have it: above 2^53
/// neighbours may be equal.
#[expect(clippy::cast_precision_loss, reason = "rounding is what the specification wants")]
fn order_with_whole(double: f64, whole: i128) -> Option<Ordering> {
    double.partial_cmp(&(whole as f64))
}

/// Equality of parts of an expression. Two values that are not numbers are the same part.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.type_name() == other.type_name() && self.equals(other)
    }
}
