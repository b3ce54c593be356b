//! The checked tree of an expression: names are slots, operators are kinds of nodes, functions
//! are what runs. It prints back as an author could have written it, with every grouping shown.

use std::fmt;

use super::declare::Run;
use super::syntax::ast::How;
use super::undetermined::Problem;
use super::value::{List, Text, Value};

/// The place of a variable in the list that an expression has of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u8);

/// A piece of an expression in which everything that can be settled beforehand is.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Constant(Value<'static>),
    Variable(Slot),
    /// What a macro gave a name to, by its depth.
    Local(usize, Box<str>),
    /// `has(fact)`: whether a register spoke.
    Spoken(Slot),
    Field(Box<Field>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Both(Junction, Box<[Node; 2]>),
    Choose(Box<Choose>),
    Compare(Comparison, Box<[Node; 2]>),
    Compute(Operation, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Index(Box<[Node; 2]>, bool),
    /// Items, and which are left out where they are nothing.
    List(Vec<(Node, bool)>),
    Map(Vec<(Node, Node, bool)>),
    Call(Box<Call>),
    Pattern(Box<Pattern>),
    Fold(Box<Fold>),
    /// What an unchecked expression gets wrong; told when it is evaluated.
    Fail(Problem, Box<str>),
}

/// `of.field`, `has(of.field)`, `of.?field`
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) of: Node,
    pub(crate) name: Box<str>,
    pub(crate) test: bool,
    pub(crate) optional: bool,
}

/// `when ? yes : no`; `logical` where both answer yes or no.
#[derive(Debug, Clone)]
pub(crate) struct Choose {
    pub(crate) when: Node,
    pub(crate) yes: Node,
    pub(crate) no: Node,
    pub(crate) logical: bool,
}

/// A function and what it is given.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) member: bool,
    pub(crate) run: Run,
    pub(crate) args: Vec<Node>,
    /// How many arguments at the end the author did not write.
    pub(crate) hidden: usize,
    /// Whether it answers yes or no.
    pub(crate) logical: bool,
}

/// A question about when facts were told.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) what: Telling,
    pub(crate) of: Slot,
    pub(crate) then: Option<Slot>,
    pub(crate) days: Option<Node>,
    pub(crate) today: Option<Slot>,
}

/// What is asked about tellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Times,
    First,
    Last,
    Within,
    Followed,
    Unfollowed,
}

/// A macro, with its names as depths.
#[derive(Debug, Clone)]
pub(crate) struct Fold {
    pub(crate) how: How,
    pub(crate) range: Node,
    pub(crate) key: Option<Box<str>>,
    pub(crate) item: Box<str>,
    pub(crate) only: Option<Node>,
    pub(crate) body: Node,
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

/// How two values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Comparison {
    pub(crate) fn sign(self) -> &'static str {
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
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Telling {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::First => "first_told",
            Self::Last => "last_told",
            Self::Within => "told_within",
            Self::Followed => "followed_within",
            Self::Unfollowed => "unfollowed",
        }
    }
}

impl Node {
    /// The pieces inside, in order of writing.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Constant(_)
            | Self::Variable(_)
            | Self::Local(..)
            | Self::Spoken(_)
            | Self::Fail(..) => Vec::new(),
            Self::Field(field) => vec![&field.of],
            Self::Not(a) | Self::Negate(a) => vec![a],
            Self::Both(_, pair)
            | Self::Compare(_, pair)
            | Self::Compute(_, pair)
            | Self::In(pair)
            | Self::Index(pair, _) => pair.iter().collect(),
            Self::Choose(choose) => vec![&choose.when, &choose.yes, &choose.no],
            Self::List(items) => items.iter().map(|(item, _)| item).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(k, v, _)| [k, v]).collect(),
            Self::Call(call) => call.args.iter().collect(),
            Self::Pattern(pattern) => pattern.days.iter().collect(),
            Self::Fold(fold) => {
                std::iter::once(&fold.range).chain(&fold.only).chain([&fold.body]).collect()
            }
        }
    }

    /// Calls `see` with this piece and every piece inside, outer ones first.
    pub(crate) fn visit<'n>(&'n self, see: &mut dyn FnMut(&'n Self)) {
        see(self);
        for child in self.children() {
            child.visit(see);
        }
    }

    /// The slots that this piece itself reads.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        let (first, second) = match self {
            Self::Variable(slot) | Self::Spoken(slot) => (Some(*slot), None),
            Self::Pattern(pattern) => (Some(pattern.of), pattern.then),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// This piece as text, with the names of its variables.
    pub(crate) fn shown<'n>(&'n self, names: &'n dyn Names) -> Shown<'n> {
        Shown { node: self, names }
    }
}

/// What the variables of an expression are called.
pub(crate) trait Names {
    /// The name of the variable in `slot`.
    fn name(&self, slot: Slot) -> &str;
}

/// A piece of an expression that can be printed.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'n> {
    node: &'n Node,
    names: &'n dyn Names,
}

impl<'n> Shown<'n> {
    fn of(self, node: &'n Node) -> Self {
        Self { node, names: self.names }
    }

    /// Pieces with commas between them.
    fn joined(self, nodes: &'n [Node]) -> String {
        let all: Vec<String> = nodes.iter().map(|node| self.of(node).to_string()).collect();
        all.join(", ")
    }

    fn infix(self, f: &mut fmt::Formatter<'_>, sign: &str, pair: &'n [Node; 2]) -> fmt::Result {
        let [a, b] = pair;
        write!(f, "({} {sign} {})", self.of(a), self.of(b))
    }

    fn call(self, f: &mut fmt::Formatter<'_>, call: &'n Call) -> fmt::Result {
        let written = call.args.len().saturating_sub(call.hidden);
        let args = call.args.get(..written).unwrap_or_default();
        match args.split_first() {
            Some((target, rest)) if call.member => {
                write!(f, "{}.{}({})", self.of(target), call.name, self.joined(rest))
            }
            _ => write!(f, "{}({})", call.name, self.joined(args)),
        }
    }

    fn pattern(self, f: &mut fmt::Formatter<'_>, pattern: &'n Pattern) -> fmt::Result {
        write!(f, "{}({}", pattern.what.name(), self.names.name(pattern.of))?;
        if let Some(then) = pattern.then {
            write!(f, ", {}", self.names.name(then))?;
        }
        if let Some(days) = &pattern.days {
            write!(f, ", {}", self.of(days))?;
        }
        f.write_str(")")
    }

    fn fold(self, f: &mut fmt::Formatter<'_>, fold: &'n Fold) -> fmt::Result {
        let (range, body) = (self.of(&fold.range), self.of(&fold.body));
        if fold.how == How::Bind {
            return write!(f, "cel.bind({}, {range}, {body})", fold.item);
        }
        write!(f, "{range}.{}(", fold.how.name(fold.key.is_some()))?;
        if let Some(key) = &fold.key {
            write!(f, "{key}, ")?;
        }
        write!(f, "{}, ", fold.item)?;
        if let Some(only) = &fold.only {
            write!(f, "{}, ", self.of(only))?;
        }
        write!(f, "{body})")
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Node::Constant(value) => constant(f, value),
            Node::Variable(slot) => f.write_str(self.names.name(*slot)),
            Node::Local(_, name) | Node::Fail(_, name) => f.write_str(name),
            Node::Spoken(slot) => write!(f, "has({})", self.names.name(*slot)),
            Node::Field(field) => {
                let (of, name) = (self.of(&field.of), &field.name);
                let dot = if field.optional { ".?" } else { "." };
                if field.test {
                    write!(f, "has({of}{dot}{name})")
                } else {
                    write!(f, "{of}{dot}{name}")
                }
            }
            Node::Not(a) if matches!(**a, Node::Not(_)) => write!(f, "!({})", self.of(a)),
            Node::Not(a) => write!(f, "!{}", self.of(a)),
            Node::Negate(a) => write!(f, "-({})", self.of(a)),
            Node::Both(Junction::And, pair) => self.infix(f, "&&", pair),
            Node::Both(Junction::Or, pair) => self.infix(f, "||", pair),
            Node::Compare(how, pair) => self.infix(f, how.sign(), pair),
            Node::Compute(how, pair) => self.infix(f, how.sign(), pair),
            Node::In(pair) => self.infix(f, "in", pair),
            Node::Index(pair, optional) => {
                let [of, index] = &**pair;
                let mark = if *optional { "?" } else { "" };
                write!(f, "{}[{mark}{}]", self.of(of), self.of(index))
            }
            Node::Choose(choose) => {
                let Choose { when, yes, no, .. } = &**choose;
                write!(f, "({} ? {} : {})", self.of(when), self.of(yes), self.of(no))
            }
            Node::List(items) => {
                let mark = |optional| if optional { "?" } else { "" };
                let items = items.iter().map(|(item, o)| format!("{}{}", mark(*o), self.of(item)));
                write!(f, "[{}]", items.collect::<Vec<_>>().join(", "))
            }
            Node::Map(entries) => {
                let entry = |(k, v, o): &'_ (Node, Node, bool)| {
                    let mark = if *o { "?" } else { "" };
                    format!("{mark}{}: {}", k.shown(self.names), v.shown(self.names))
                };
                write!(f, "{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Node::Call(call) => self.call(f, call),
            Node::Pattern(pattern) => self.pattern(f, pattern),
            Node::Fold(fold) => self.fold(f, fold),
        }
    }
}

fn constant(f: &mut fmt::Formatter<'_>, value: &Value<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(yes) => write!(f, "{yes}"),
        Value::Int(number) => write!(f, "{number}"),
        Value::Uint(number) => write!(f, "{number}u"),
        Value::Double(number) => write!(f, "{number:?}"),
        Value::String(text) => quoted(f, text),
        Value::Date(day) => write!(f, "date(\"{day}\")"),
        Value::List(list) => items(f, list),
        Value::Type(name) => f.write_str(name),
        other => write!(f, "{}(…)", other.type_name()),
    }
}

fn items(f: &mut fmt::Formatter<'_>, list: &List<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (place, item) in list.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        constant(f, &item)?;
    }
    f.write_str("]")
}

/// A text in quotes, with the escapes that CEL reads.
fn quoted(f: &mut fmt::Formatter<'_>, text: &Text<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.as_str().chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
