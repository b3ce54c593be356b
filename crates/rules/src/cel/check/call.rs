//! Operators and functions: which of their signatures fits, and what comes out.

use super::{Checker, Mode, Typed, typed};
use crate::cel::declare::Declared;
use crate::cel::node::{Call, Choose, Comparison, Junction, Node, Operation};
use crate::cel::syntax::ast::{Expr, Item, Kind, Place, operator};
use crate::cel::types::Type;
use crate::cel::undetermined::Problem;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &str,
        args: &[Expr],
        at: Place,
    ) -> Option<Typed> {
        if self.is_strict() {
            return self.strict_call(expr, target, function, args, at);
        }
        if let Some(target) = target
            && let Some(path) = target.path()
            && !self.begins_local(&path)
            && let Some(name) = self.function_called(&format!("{path}.{function}"))
        {
            // Many numbers are one list of them.
            if let "math.greatest" | "math.least" = name.as_str()
                && args.len() > 2
            {
                let items = args.iter().map(|arg| Item { value: arg.clone(), optional: false });
                let list = Expr { kind: Kind::List(items.collect()), ..expr.clone() };
                return self.function(&name, false, &[&list], at);
            }
            return self.function(&name, false, &args.iter().collect::<Vec<_>>(), at);
        }
        let member = target.is_some();
        let args: Vec<&Expr> = target.into_iter().chain(args).collect();
        match self.function_called(function) {
            Some(name) => self.function(&name, member, &args, at),
            None if self.mode == Mode::Unchecked => {
                typed(Node::Fail(Problem::UnknownFunction, function.into()), Type::Dyn)
            }
            None => {
                let help = self.near_function(function);
                self.fault_with_help(at, format!("there is no function `{function}`"), help)
            }
        }
    }

    pub(super) fn near_function(&self, name: &str) -> Option<String> {
        let names = self.declarations.function_names().into_iter();
        let words = names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
        crate::pack::error::did_you_mean(name, words)
    }

    /// The function that `name` means in the container.
    fn function_called(&self, name: &str) -> Option<String> {
        let mut names = self.qualified(name).into_iter();
        names.find(|name| self.declarations.function(name).is_some())
    }

    fn function(&mut self, name: &str, member: bool, args: &[&Expr], at: Place) -> Option<Typed> {
        let declarations = self.declarations;
        let declared = declarations.function(name)?;
        let mut all = Vec::with_capacity(args.len());
        for arg in args {
            all.push(self.expr(arg)?);
        }
        let result = if self.mode == Mode::Unchecked {
            Type::Dyn
        } else {
            let kinds: Vec<Type> = all.iter().map(|arg| arg.kind.clone()).collect();
            let Some(result) = self.resolve(declared, member, &kinds) else {
                let kinds: Vec<String> =
                    kinds.iter().map(|k| self.types.resolve(k, true).to_string()).collect();
                let message = format!("`{name}` does not take ({})", kinds.join(", "));
                return self.fault(at, message);
            };
            result
        };
        let nodes = all.into_iter().map(|arg| arg.node).collect();
        let logical = result == Type::Bool;
        typed(node(name, member, declared, nodes, logical), result)
    }

    /// The type that comes out where `kinds` go in; `dyn` where several signatures fit and
    /// differ in it.
    pub(super) fn resolve(
        &mut self,
        declared: &Declared,
        member: bool,
        kinds: &[Type],
    ) -> Option<Type> {
        let mut result: Option<Type> = None;
        for overload in &declared.overloads {
            if overload.member != member || overload.params.len() != kinds.len() {
                continue;
            }
            let mut fresh = Vec::new();
            let params: Vec<Type> =
                overload.params.iter().map(|p| self.types.instance(p, &mut fresh)).collect();
            let pairs: Vec<(&Type, &Type)> = kinds.iter().zip(&params).collect();
            if !self.types.all_fit(&pairs) {
                continue;
            }
            let own = self.types.instance(&overload.result, &mut fresh);
            let own = self.types.resolve(&own, false);
            result = Some(match result {
                None => own,
                Some(other) if other == own || other == Type::Dyn => other,
                Some(_) => Type::Dyn,
            });
        }
        result
    }
}

/// The node of an operator or a function.
pub(super) fn node(
    name: &str,
    member: bool,
    declared: &Declared,
    args: Vec<Node>,
    logical: bool,
) -> Node {
    match operator_node(name, args, logical) {
        Ok(node) => node,
        Err(args) => Node::Call(Box::new(Call {
            name: name.into(),
            member,
            run: declared.run,
            args,
            hidden: 0,
            logical,
        })),
    }
}

/// The node of an operator, or the arguments back.
fn operator_node(name: &str, args: Vec<Node>, logical: bool) -> Result<Node, Vec<Node>> {
    match <[Node; 1]>::try_from(args) {
        Ok([a]) => match name {
            operator::NOT => Ok(Node::Not(Box::new(a))),
            operator::NEGATE => Ok(Node::Negate(Box::new(a))),
            _ => Err(vec![a]),
        },
        Err(args) => match <[Node; 2]>::try_from(args) {
            Ok(pair) => binary(name, Box::new(pair)).map_err(|pair| (*pair).into()),
            Err(args) => match <[Node; 3]>::try_from(args) {
                Ok([when, yes, no]) if name == operator::CHOOSE => {
                    Ok(Node::Choose(Box::new(Choose { when, yes, no, logical })))
                }
                Ok(args) => Err(args.into()),
                Err(args) => Err(args),
            },
        },
    }
}

fn binary(name: &str, pair: Box<[Node; 2]>) -> Result<Node, Box<[Node; 2]>> {
    Ok(match name {
        operator::AND => Node::Both(Junction::And, pair),
        operator::OR => Node::Both(Junction::Or, pair),
        operator::EQUAL => Node::Compare(Comparison::Equal, pair),
        operator::NOT_EQUAL => Node::Compare(Comparison::NotEqual, pair),
        operator::LESS => Node::Compare(Comparison::Less, pair),
        operator::LESS_OR_EQUAL => Node::Compare(Comparison::LessOrEqual, pair),
        operator::GREATER => Node::Compare(Comparison::Greater, pair),
        operator::GREATER_OR_EQUAL => Node::Compare(Comparison::GreaterOrEqual, pair),
        operator::ADD => Node::Compute(Operation::Add, pair),
        operator::SUBTRACT => Node::Compute(Operation::Subtract, pair),
        operator::MULTIPLY => Node::Compute(Operation::Multiply, pair),
        operator::DIVIDE => Node::Compute(Operation::Divide, pair),
        operator::REMAINDER => Node::Compute(Operation::Remainder, pair),
        operator::IN => Node::In(pair),
        operator::INDEX => Node::Index(pair, false),
        operator::OPTIONAL_INDEX => Node::Index(pair, true),
        _ => return Err(pair),
    })
}
