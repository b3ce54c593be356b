//! The macros of CEL: calls that are not calls but names for a way through a list.
//!
//! `has`, `all`, `exists`, `exists_one`, `map`, `filter` of the standard; with two names also
//! `existsOne`, `transformList`, `transformMap`, `transformMapEntry`; `cel.bind`, `optMap`,
//! `optFlatMap`. They are told by name and number of arguments, as the specification says.

use super::Fault;
use super::ast::{Expr, Fold, How, Kind, Place};

/// What a call with a target stands for, where it is a macro; else the parts back.
pub(super) fn member(
    target: Expr,
    name: &str,
    args: Vec<Expr>,
    at: Place,
) -> Result<Result<Fold, (Expr, Vec<Expr>)>, Fault> {
    if name == "bind" && args.len() == 3 && target.kind == Kind::Ident("cel".to_owned()) {
        return bind(args, at).map(Ok);
    }
    let Some((how, names, only)) = shape(name, args.len()) else {
        return Ok(Err((target, args)));
    };
    let mut args = args.into_iter();
    let mut key = None;
    if names == 2 {
        key = Some(simple(args.next(), at)?);
    }
    let item = simple(args.next(), at)?;
    let only = if only { args.next() } else { None };
    match args.next() {
        Some(body) => Ok(Ok(Fold { how, range: target, key, item, only, body })),
        None => Err(Fault::at(at, format!("`{name}` lacks what it should do"))),
    }
}

/// By name and number of arguments: what it does, how many names it gives, and whether it
/// chooses among the items first.
fn shape(name: &str, count: usize) -> Option<(How, usize, bool)> {
    Some(match (name, count) {
        ("all", 2) => (How::All, 1, false),
        ("all", 3) => (How::All, 2, false),
        ("exists", 2) => (How::Exists, 1, false),
        ("exists", 3) => (How::Exists, 2, false),
        ("exists_one" | "existsOne", 2) => (How::ExistsOne, 1, false),
        ("exists_one" | "existsOne", 3) => (How::ExistsOne, 2, false),
        ("map", 2) => (How::Map, 1, false),
        ("map", 3) => (How::Map, 1, true),
        ("filter", 2) => (How::Filter, 1, false),
        ("transformList", 3) => (How::Map, 2, false),
        ("transformList", 4) => (How::Map, 2, true),
        ("transformMap", 3) => (How::TransformMap, 2, false),
        ("transformMap", 4) => (How::TransformMap, 2, true),
        ("transformMapEntry", 3) => (How::TransformMapEntry, 2, false),
        ("transformMapEntry", 4) => (How::TransformMapEntry, 2, true),
        ("optMap", 2) => (How::OptMap, 1, false),
        ("optFlatMap", 2) => (How::OptFlatMap, 1, false),
        _ => return None,
    })
}

/// `cel.bind(name, value, body)`
fn bind(args: Vec<Expr>, at: Place) -> Result<Fold, Fault> {
    let mut args = args.into_iter();
    let item = simple(args.next(), at)?;
    match (args.next(), args.next()) {
        (Some(range), Some(body)) => {
            Ok(Fold { how: How::Bind, range, key: None, item, only: None, body })
        }
        _ => Err(Fault::at(at, "`cel.bind` takes a name, a value and what to do with it")),
    }
}

/// The name that a macro gives to its items: one word.
fn simple(arg: Option<Expr>, at: Place) -> Result<String, Fault> {
    match arg {
        Some(Expr { kind: Kind::Ident(name), .. }) if !name.starts_with('.') => Ok(name),
        Some(other) => Err(Fault::at(other.place, "a name for the items is wanted here")),
        None => Err(Fault::at(at, "a name for the items is wanted here")),
    }
}

/// `has(a.b)`
pub(super) fn has(mut args: Vec<Expr>, at: Place) -> Result<Kind, Fault> {
    let arg = args.pop().map(|arg| (arg.place, arg.kind));
    match (arg, args.is_empty()) {
        (Some((_, Kind::Select { operand, field, test: false, optional })), true) => {
            Ok(Kind::Select { operand, field, test: true, optional })
        }
        (Some((place, _)), true) => {
            let mut fault = Fault::at(place, "`has` asks for one fact");
            fault.help = Some("write `has(role.fact)`".to_owned());
            Err(fault)
        }
        _ => Err(Fault::at(at, "`has` asks for one fact")),
    }
}
