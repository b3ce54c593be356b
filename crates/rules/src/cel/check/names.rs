//! What names stand for: locals of macros, variables, types; the longest name that is declared
//! wins, and a container is looked into from the inside out.

use std::sync::Arc;

use super::{Checker, Mode, Typed, typed};
use crate::cel::node::{Field, Node, Slot};
use crate::cel::syntax::ast::{Expr, Kind, Place};
use crate::cel::types::Type;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

/// How many variables an expression may have: their slots fit a byte.
const MOST_VARIABLES: usize = 256;

impl Checker<'_> {
    /// The slot of a variable, given to it when it is first read.
    pub(super) fn slot(&mut self, name: &str, place: Place) -> Option<Slot> {
        let all = &mut self.variables.0;
        let at = all.iter().position(|known| known == name).unwrap_or_else(|| {
            all.push(name.to_owned());
            all.len() - 1
        });
        match u8::try_from(at) {
            Ok(slot) => Some(Slot(slot)),
            Err(_) => self.fault(
                place,
                format!("a condition may read {MOST_VARIABLES} facts, and this is one more"),
            ),
        }
    }

    /// `name` as it may be meant: in the container, in what holds that, and so on, or as it is.
    pub(super) fn qualified(&self, name: &str) -> Vec<String> {
        if let Some(name) = name.strip_prefix('.') {
            return vec![name.to_owned()];
        }
        let mut all = Vec::new();
        let mut container = self.declarations.container();
        while !container.is_empty() {
            all.push(format!("{container}.{name}"));
            container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        all.push(name.to_owned());
        all
    }

    /// The depth and type of what a macro called `name`, the innermost first.
    fn local(&self, name: &str) -> Option<(usize, Type)> {
        let found = self.locals.iter().enumerate().rev().find(|(_, (own, _))| own == name);
        found.map(|(depth, (_, kind))| (depth, kind.clone()))
    }

    /// Whether the first name of a path is a local.
    pub(super) fn begins_local(&self, path: &str) -> bool {
        self.local(path.split('.').next().unwrap_or_default()).is_some()
    }

    pub(super) fn ident(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        if let Some((depth, kind)) = self.local(name) {
            return typed(Node::Local(depth, name.into()), kind);
        }
        if let Some(found) = self.declared(name, expr.place) {
            return found;
        }
        if self.mode == Mode::Unchecked {
            return typed(Node::Fail(Problem::Undeclared, name.into()), Type::Dyn);
        }
        let (message, help) = self.declarations.undeclared(name);
        self.fault_with_help(expr.place, message, help)
    }

    /// A variable, or a type by its name.
    #[expect(clippy::option_option, reason = "what was found may be one variable too many")]
    fn declared(&mut self, name: &str, place: Place) -> Option<Option<Typed>> {
        for name in self.qualified(name) {
            if let Some(kind) = self.declarations.variable(&name) {
                let kind = if self.mode == Mode::Unchecked { Type::Dyn } else { kind };
                let slot = self.slot(&name, place);
                return Some(slot.and_then(|slot| typed(Node::Variable(slot), kind)));
            }
            if self.is_strict() {
                continue;
            }
            if name == "google.protobuf.NullValue.NULL_VALUE" {
                return Some(typed(Node::Constant(Value::Null), Type::Null));
            }
            if let Some(kind) = type_called(&name) {
                let value = Value::Type(Arc::from(name.as_str()));
                return Some(typed(Node::Constant(value), Type::Type(Box::new(kind))));
            }
        }
        None
    }

    /// `operand.field`, `has(operand.field)`, `operand.?field`
    pub(super) fn select(
        &mut self,
        expr: &Expr,
        operand: &Expr,
        field: &str,
        test: bool,
        optional: bool,
    ) -> Option<Typed> {
        if self.is_strict() {
            return self.fact(expr, operand, field, test);
        }
        if !test
            && !optional
            && let Some(path) = expr.path()
            && !self.begins_local(&path)
            && let Some(found) = self.declared(&path, expr.place)
        {
            return found;
        }
        let of = self.expr(operand)?;
        let kind = self.field_kind(expr, &of.kind)?;
        let kind = match kind {
            _ if test => Type::Bool,
            Type::Named(ref name, _) if name == "optional_type" => kind,
            kind if optional => Type::optional(kind),
            kind => kind,
        };
        let field = Field { of: of.node, name: field.into(), test, optional };
        typed(Node::Field(Box::new(field)), kind)
    }

    /// The type of a field of a value of type `of`.
    fn field_kind(&mut self, expr: &Expr, of: &Type) -> Option<Type> {
        match self.types.outer(of) {
            Type::Map(_, value) => Some(*value),
            Type::Dyn | Type::Variable(_) => Some(Type::Dyn),
            Type::Named(name, parts) if name == "optional_type" => {
                let inner = parts.first().cloned().unwrap_or(Type::Dyn);
                self.field_kind(expr, &inner).map(Type::optional)
            }
            _ if self.mode == Mode::Unchecked => Some(Type::Dyn),
            other => self.fault(expr.place, format!("a value of type `{other}` has no parts")),
        }
    }

    /// The fact that a path names. Nothing else in a condition has parts.
    fn fact(&mut self, expr: &Expr, operand: &Expr, field: &str, test: bool) -> Option<Typed> {
        let path = operand.path().map(|head| format!("{head}.{field}"));
        let Some(path) = path.filter(|path| !self.begins_local(path)) else {
            let message = "a fact is written `role.fact`, and nothing else has parts";
            return self.fault(expr.place, message);
        };
        let place = if test { operand_place(operand, &path) } else { expr.place };
        if matches!(expr.kind, Kind::Select { optional: true, .. }) {
            return self.fault(place, "`.?` cannot be used here");
        }
        let Some(kind) = self.declarations.variable(&path) else {
            let (message, help) = self.declarations.undeclared(&path);
            return self.fault_with_help(place, message, help);
        };
        if !test {
            return typed(Node::Variable(self.slot(&path, place)?), kind);
        }
        if !self.declarations.is_fact(&path) {
            let help = "write `has(role.fact)`".to_owned();
            return self.fault_with_help(place, "`has` asks for one fact", help);
        }
        typed(Node::Spoken(self.slot(&path, place)?), Type::Bool)
    }
}

/// Where a path inside `has` stands: from its first name on.
fn operand_place(operand: &Expr, path: &str) -> Place {
    Place { start: operand.place.start, end: operand.place.start + path.len() }
}

/// The type whose name may stand as a value.
fn type_called(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::Type(Box::new(Type::Dyn)),
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        _ => return None,
    })
}
