//! Settles before it is evaluated what an expression means: every name, every type, every
//! function.
//!
//! One checker for three purposes. *Checked* is CEL as its specification has it, gradual. In
//! *unchecked* CEL everything is `dyn` and what is wrong is told when it is evaluated. *Strict*
//! is for conditions of the law: only kinds of values that facts have, nothing left to chance,
//! and messages for people who are no programmers.

mod call;
mod fold;
mod names;
mod strict;

use super::declare::Declared;
use super::node::{Names, Node, Slot};
use super::syntax::Fault;
use super::syntax::ast::{Entry, Expr, Item, Kind, Literal, Place};
use super::types::{Bindings, Type};
use super::value::Value;

/// What names stand for.
pub trait Declarations {
    /// The type of the variable with this name, dots and all.
    fn variable(&self, name: &str) -> Option<Type>;

    /// The function with this name.
    fn function(&self, name: &str) -> Option<&Declared>;

    /// The names of all functions, to find the one that was meant.
    fn function_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The container whose names need not be written out.
    #[expect(clippy::unnecessary_literal_bound, reason = "who implements it may borrow the name")]
    fn container(&self) -> &str {
        ""
    }

    /// Why `path` stands for nothing, and what may have been meant.
    fn undeclared(&self, path: &str) -> (String, Option<String>) {
        (format!("there is nothing called `{path}`"), None)
    }

    /// Whether the variable is a fact: something that registers tell and that may be missing.
    fn is_fact(&self, _name: &str) -> bool {
        false
    }
}

/// How much is settled beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Checked,
    Unchecked,
    Strict,
}

/// A checked expression.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) node: Node,
    pub(crate) result: Type,
    pub(crate) variables: Variables,
}

/// The names of an expression's variables, by slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(pub(crate) Vec<String>);

impl Names for Variables {
    fn name(&self, slot: Slot) -> &str {
        self.0.get(usize::from(slot.0)).map_or("", String::as_str)
    }
}

/// Checks `expr`. Everything that is wrong with it is told at once.
pub(crate) fn check(
    expr: &Expr,
    declarations: &dyn Declarations,
    mode: Mode,
) -> Result<Checked, Vec<Fault>> {
    let mut checker = Checker {
        declarations,
        mode,
        types: Bindings::default(),
        faults: Vec::new(),
        locals: Vec::new(),
        variables: Variables::default(),
    };
    let typed = if mode == Mode::Strict { checker.condition(expr) } else { checker.expr(expr) };
    match typed {
        Some(Typed { node, kind }) if checker.faults.is_empty() => {
            let result = checker.types.resolve(&kind, true);
            Ok(Checked { node, result, variables: checker.variables })
        }
        _ => Err(checker.faults),
    }
}

/// Of how many types the type of a map's keys or values may be made.
const HEAVIEST: usize = 256;

/// A piece and the type of its value.
#[derive(Debug, Clone)]
struct Typed {
    node: Node,
    kind: Type,
}

struct Checker<'d> {
    declarations: &'d dyn Declarations,
    mode: Mode,
    types: Bindings,
    faults: Vec<Fault>,
    /// Names that macros gave, outermost first.
    locals: Vec<(String, Type)>,
    variables: Variables,
}

#[expect(clippy::unnecessary_wraps, reason = "every check ends with it or with a fault")]
fn typed(node: Node, kind: Type) -> Option<Typed> {
    Some(Typed { node, kind })
}

impl Checker<'_> {
    /// One piece; `None` after a fault inside it.
    fn expr(&mut self, expr: &Expr) -> Option<Typed> {
        match &expr.kind {
            Kind::Literal(literal) => self.literal(expr, literal),
            Kind::Ident(name) => self.ident(expr, name),
            Kind::Select { operand, field, test, optional } => {
                self.select(expr, operand, field, *test, *optional)
            }
            Kind::Call { target, function, args, at } => {
                self.call(expr, target.as_deref(), function, args, *at)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(expr, entries),
            Kind::Message { name, fields } => self.message(expr, name, fields),
            Kind::Fold(fold) => self.fold(expr, fold),
        }
    }

    fn is_strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    fn fault<T>(&mut self, place: Place, message: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::at(place, message));
        None
    }

    fn fault_with_help<T>(
        &mut self,
        place: Place,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) -> Option<T> {
        let mut fault = Fault::at(place, message);
        fault.help = help.into();
        self.faults.push(fault);
        None
    }

    /// `node` as the author could have written it.
    fn shown(&self, node: &Node) -> String {
        node.shown(&self.variables).to_string()
    }

    /// `kind` as the author could call it.
    fn in_words(&self, kind: &Type) -> String {
        self.types.resolve(kind, true).in_words()
    }

    fn literal(&mut self, expr: &Expr, literal: &Literal) -> Option<Typed> {
        if self.is_strict() && !self.may_stand(expr, literal) {
            return None;
        }
        let (value, kind) = match literal {
            Literal::Null => (Value::Null, Type::Null),
            Literal::Bool(yes) => (Value::Bool(*yes), Type::Bool),
            Literal::Int(number) => (Value::Int(*number), Type::Int),
            Literal::Uint(number) => (Value::Uint(*number), Type::Uint),
            Literal::Double(number) => (Value::Double(*number), Type::Double),
            Literal::String(text) => (Value::text(text.as_str()), Type::String),
            Literal::Bytes(bytes) => (Value::Bytes(bytes.as_slice().into()), Type::Bytes),
        };
        typed(Node::Constant(value), kind)
    }

    /// The type of a list that holds both; `dyn` where they have nothing in common.
    fn join(&mut self, so_far: Option<Type>, next: Type) -> Type {
        match so_far {
            None => next,
            Some(so_far) => self.types.join(&so_far, &next).unwrap_or(Type::Dyn),
        }
    }

    /// The type inside an optional; faults where the value is none.
    fn inner(&mut self, place: Place, kind: &Type) -> Option<Type> {
        match self.types.outer(kind) {
            Type::Named(name, mut parts) if name == "optional_type" && parts.len() == 1 => {
                parts.pop()
            }
            Type::Dyn | Type::Variable(_) => Some(Type::Dyn),
            _ if self.mode == Mode::Unchecked => Some(Type::Dyn),
            other => self.fault(place, format!("an optional value is wanted, and this is {other}")),
        }
    }

    fn list(&mut self, items: &[Item]) -> Option<Typed> {
        let mut nodes = Vec::with_capacity(items.len());
        let mut kind = None;
        let mut wrong = false;
        for item in items {
            let Some(Typed { node, kind: mut next }) = self.expr(&item.value) else {
                wrong = true;
                continue;
            };
            if self.is_strict() && (item.optional || !self.same_kind(kind.as_ref(), &next)) {
                wrong = true;
                let message = "all items of a list must be of one kind";
                let _: Option<()> = self.fault(item.value.place, message);
                continue;
            }
            if item.optional {
                next = self.inner(item.value.place, &next)?;
            }
            kind = Some(self.join(kind, next));
            nodes.push((node, item.optional));
        }
        if wrong {
            return None;
        }
        let kind = match kind {
            Some(kind) if self.mode != Mode::Unchecked => kind,
            Some(_) => Type::Dyn,
            None => self.types.fresh(),
        };
        typed(folded(nodes), Type::list(kind))
    }

    fn map(&mut self, expr: &Expr, entries: &[Entry]) -> Option<Typed> {
        if self.is_strict() {
            let message = "only facts, numbers, texts, days and lists can be used here";
            return self.fault(expr.place, message);
        }
        let mut nodes = Vec::with_capacity(entries.len());
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.expr(&entry.key)?;
            let mut value = self.expr(&entry.value)?;
            if entry.optional {
                value.kind = self.inner(entry.value.place, &value.kind)?;
            }
            keys = Some(self.join(keys, key.kind));
            values = Some(self.join(values, value.kind));
            nodes.push((key.node, value.node, entry.optional));
        }
        let keys = keys.unwrap_or_else(|| self.types.fresh());
        let values = values.unwrap_or_else(|| self.types.fresh());
        // Maps of maps double the type at each level: beyond reason it is no longer followed.
        let heavy = [&keys, &values]
            .into_iter()
            .any(|kind| self.types.resolve(kind, false).weight(HEAVIEST) >= HEAVIEST);
        let dynamic = heavy || self.mode == Mode::Unchecked;
        let kind = if dynamic { Type::Dyn } else { Type::map(keys, values) };
        typed(Node::Map(nodes), kind)
    }

    /// Messages of protocol buffers are not ours, but for the one that stands for null.
    fn message(&mut self, expr: &Expr, name: &str, fields: &[(String, Expr)]) -> Option<Typed> {
        let whole = self.qualified(name).into_iter().any(|name| name == "google.protobuf.Value");
        if let [(field, _)] = fields
            && whole
            && field == "null_value"
            && !self.is_strict()
        {
            return typed(Node::Constant(Value::Null), Type::Null);
        }
        if self.mode == Mode::Unchecked {
            let problem = super::undetermined::Problem::Undeclared;
            return typed(Node::Fail(problem, name.into()), Type::Dyn);
        }
        self.fault(expr.place, format!("there is no message `{name}` here"))
    }
}

/// A list of constants is a constant.
fn folded(items: Vec<(Node, bool)>) -> Node {
    let constant = |(node, optional): &(Node, bool)| match node {
        Node::Constant(value) if !optional => Some(value.clone()),
        _ => None,
    };
    match items.iter().map(constant).collect::<Option<Vec<_>>>() {
        Some(values) => Node::Constant(Value::list(values)),
        None => Node::List(items),
    }
}
