//! The checked tree of a condition.

use std::fmt;

use domain::Value;

/// A piece of a condition in which everything that can be wrong was found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// A constant.
    Value(Value),
    /// The day that is asked about.
    Today,
    /// Who plays a role.
    Role(String),
    /// A fact of a role.
    Fact { role: String, attribute: String },
    /// Whether a register spoke of it.
    Has(Box<Term>),
    /// `!a`
    Not(Box<Term>),
    /// `-a`
    Negate(Box<Term>),
    /// `a && b`, `a || b`
    Both(Junction, Box<Term>, Box<Term>),
    /// `a < b`
    Compare(Comparison, Box<Term>, Box<Term>),
    /// `a + b` over whole numbers, or texts joined.
    Compute(Operation, Box<Term>, Box<Term>),
    /// `a in b`
    Member(Box<Term>, Box<Term>),
    /// `[a, b]`
    List(Vec<Term>),
    /// `a ? b : c`
    Choose(Box<Term>, Box<Term>, Box<Term>),
    /// `year(d)`
    Year(Box<Term>),
    /// `years_between(a, b)`
    YearsBetween(Box<Term>, Box<Term>),
    /// `days_between(a, b)`
    DaysBetween(Box<Term>, Box<Term>),
}

/// What joins two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junction {
    And,
    Or,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How two numbers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Term {
    /// Calls `see` with this piece and every piece inside, outer ones first.
    pub(crate) fn visit(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::Value(_) | Self::Today | Self::Role(_) | Self::Fact { .. } => {}
            Self::Has(a) | Self::Not(a) | Self::Negate(a) | Self::Year(a) => a.visit(see),
            Self::Both(_, a, b)
            | Self::Compare(_, a, b)
            | Self::Compute(_, a, b)
            | Self::Member(a, b)
            | Self::YearsBetween(a, b)
            | Self::DaysBetween(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Self::List(items) => items.iter().for_each(|item| item.visit(see)),
            Self::Choose(a, b, c) => [a, b, c].into_iter().for_each(|part| part.visit(see)),
        }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Operation {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(Value::Text(text)) => write!(f, "{text:?}"),
            Self::Value(Value::Bool(yes)) => write!(f, "{yes}"),
            Self::Value(Value::Int(number)) => write!(f, "{number}"),
            Self::Value(Value::Date(day)) => write!(f, "date(\"{day}\")"),
            Self::Value(other) => write!(f, "{other}"),
            Self::Today => f.write_str("today"),
            Self::Role(role) => f.write_str(role),
            Self::Fact { role, attribute } => write!(f, "{role}.{attribute}"),
            Self::Has(a) => write!(f, "has({a})"),
            Self::Not(a) if matches!(**a, Self::Not(_)) => write!(f, "!({a})"),
            Self::Not(a) => write!(f, "!{a}"),
            Self::Negate(a) => write!(f, "-({a})"),
            Self::Both(Junction::And, a, b) => write!(f, "({a} && {b})"),
            Self::Both(Junction::Or, a, b) => write!(f, "({a} || {b})"),
            Self::Compare(how, a, b) => write!(f, "({a} {} {b})", how.sign()),
            Self::Compute(how, a, b) => write!(f, "({a} {} {b})", how.sign()),
            Self::Member(a, b) => write!(f, "({a} in {b})"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Choose(a, b, c) => write!(f, "({a} ? {b} : {c})"),
            Self::Year(a) => write!(f, "year({a})"),
            Self::YearsBetween(a, b) => write!(f, "years_between({a}, {b})"),
            Self::DaysBetween(a, b) => write!(f, "days_between({a}, {b})"),
        }
    }
}
