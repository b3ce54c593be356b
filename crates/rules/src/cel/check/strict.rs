//! Conditions of the law: fewer kinds of values than CEL has, no doubt about any of them, and
//! messages in the words of those who write them.

use jiff::civil::Date;

use super::call::node;
use super::{Checker, Typed, typed};
use crate::cel::declare::{Declared, TELLINGS};
use crate::cel::functions::days::{LAST_DAY, NEXT_DAY};
use crate::cel::node::{Node, Pattern, Slot, Telling};
use crate::cel::syntax::ast::{Expr, Kind, Literal, Place, operator};
use crate::cel::types::Type;
use crate::cel::value::Value;

/// The variable that holds the day that is asked about.
const TODAY: &str = "today";

impl Checker<'_> {
    /// A whole condition, which answers yes or no.
    pub(super) fn condition(&mut self, expr: &Expr) -> Option<Typed> {
        self.want(expr, &Type::Bool, "a condition must answer yes or no")
    }

    /// `expr`, which must be of `kind`.
    fn want(&mut self, expr: &Expr, kind: &Type, why: &str) -> Option<Typed> {
        let found = self.expr(expr)?;
        if self.types.fits(&found.kind, kind) {
            return Some(found);
        }
        let (shown, kind) = (self.shown(&found.node), self.in_words(&found.kind));
        self.fault(expr.place, format!("{why}, and `{shown}` is {kind}"))
    }

    /// Whether a constant is of a kind that facts have.
    pub(super) fn may_stand(&mut self, expr: &Expr, literal: &Literal) -> bool {
        let (message, help) = match literal {
            Literal::Null => (
                "there is no `null` here",
                Some("a fact that is not known makes the answer unknown by itself"),
            ),
            Literal::Double(_) => {
                ("only whole numbers can be used", Some("money is whole đồng; areas are text"))
            }
            Literal::Uint(_) | Literal::Bytes(_) => {
                ("write a plain number or a text in quotes", None)
            }
            Literal::Bool(_) | Literal::Int(_) | Literal::String(_) => return true,
        };
        let _: Option<()> = self.fault_with_help(expr.place, message, help.map(str::to_owned));
        false
    }

    /// Whether an item may stand beside those before it.
    pub(super) fn same_kind(&mut self, so_far: Option<&Type>, next: &Type) -> bool {
        so_far.is_none_or(|so_far| self.types.fits(next, so_far))
    }

    pub(super) fn strict_call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &str,
        args: &[Expr],
        at: Place,
    ) -> Option<Typed> {
        match (function, args) {
            (operator::AND | operator::OR, [_, _]) => {
                return self.logic(function, args, "both sides must answer yes or no");
            }
            (operator::NOT, [_]) => {
                return self.logic(function, args, "`!` turns yes and no around");
            }
            (operator::NEGATE, [a]) => {
                let a = self.want(a, &Type::Int, "`-` goes with a number")?;
                return typed(Node::Negate(Box::new(a.node)), Type::Int);
            }
            (operator::CHOOSE, [when, yes, no]) => return self.choose(when, yes, no),
            (operator::IN, [item, list]) => return self.member(item, list),
            (operator::OPTIONAL_INDEX, _) => {
                return self.fault(expr.place, "`[?]` cannot be used here");
            }
            ("date", [only]) if target.is_none() => return self.date(only),
            _ => {}
        }
        if target.is_none()
            && let Some(telling) = TELLINGS.iter().find(|(what, ..)| what.name() == function)
        {
            return self.telling(telling, args, at);
        }
        let declarations = self.declarations;
        let Some(declared) = declarations.function(function) else {
            return self.no_function(target.is_some(), function, at);
        };
        let member = target.is_some();
        let args: Vec<&Expr> = target.into_iter().chain(args).collect();
        self.strict_function(function, declared, member, &args, at)
    }

    fn no_function(&mut self, member: bool, name: &str, at: Place) -> Option<Typed> {
        if member {
            return self.fault(at, format!("`.{name}(...)` cannot be used here"));
        }
        let help = self.near_function(name);
        self.fault_with_help(at, format!("there is no function `{name}`"), help)
    }

    /// `&&`, `||`, `!`. Both sides are looked at even when the first is wrong: all errors at once.
    fn logic(&mut self, function: &str, args: &[Expr], why: &str) -> Option<Typed> {
        let parts: Vec<_> = args.iter().map(|arg| self.want(arg, &Type::Bool, why)).collect();
        let parts: Option<Vec<_>> = parts.into_iter().map(|part| Some(part?.node)).collect();
        typed(node(function, false, &Declared::unbound(), parts?, true), Type::Bool)
    }

    /// `a ? b : c`
    fn choose(&mut self, when: &Expr, yes: &Expr, no: &Expr) -> Option<Typed> {
        let when = self.want(when, &Type::Bool, "`?` asks for yes or no");
        let (yes, other) = (self.expr(yes), self.expr(no));
        let (yes, other) = (yes?, other?);
        if !self.types.fits(&other.kind, &yes.kind) {
            return self.fault(no.place, "both answers of `? :` must be of one kind");
        }
        let kind = yes.kind;
        let logical = self.types.outer(&kind) == Type::Bool;
        let args = vec![when?.node, yes.node, other.node];
        typed(node(operator::CHOOSE, false, &Declared::unbound(), args, logical), kind)
    }

    /// `item in list`
    fn member(&mut self, item: &Expr, list: &Expr) -> Option<Typed> {
        let found = self.expr(item)?;
        if let Kind::List(items) = &list.kind {
            let why = format!("the list is searched for {}", self.in_words(&found.kind));
            let all: Vec<_> =
                items.iter().map(|one| self.want(&one.value, &found.kind, &why)).collect();
            let all: Option<Vec<_>> = all.into_iter().map(|one| Some((one?.node, false))).collect();
            let pair = vec![found.node, super::folded(all?)];
            return typed(node(operator::IN, false, &Declared::unbound(), pair, true), Type::Bool);
        }
        let anything = self.types.fresh();
        let list = self.want(list, &Type::list(anything.clone()), "`in` looks into a list")?;
        if !self.types.fits(&found.kind, &anything) {
            let holds = match self.types.resolve(&anything, true) {
                Type::String => "texts".to_owned(),
                Type::Date => "days".to_owned(),
                Type::Int => "numbers".to_owned(),
                other => other.in_words(),
            };
            let (list, shown) = (self.shown(&list.node), self.shown(&found.node));
            let kind = self.in_words(&found.kind);
            return self
                .fault(item.place, format!("`{list}` holds {holds}, and `{shown}` is {kind}"));
        }
        let pair = vec![found.node, list.node];
        typed(node(operator::IN, false, &Declared::unbound(), pair, true), Type::Bool)
    }

    /// `date("2026-09-01")` takes a constant only: a day that is computed from text could fail.
    fn date(&mut self, argument: &Expr) -> Option<Typed> {
        if let Kind::Literal(Literal::String(text)) = &argument.kind
            && let Ok(day) = text.parse::<Date>()
            && *text == day.to_string()
        {
            return typed(Node::Constant(Value::Date(day)), Type::Date);
        }
        let help = "a day is written `date(\"2026-09-01\")`".to_owned();
        self.fault_with_help(argument.place, "this is not a day", help)
    }

    fn today(&mut self, place: Place) -> Option<Slot> {
        self.slot(TODAY, place)
    }

    /// A question about when facts were told.
    fn telling(
        &mut self,
        (what, facts, counted, today, kind): &(Telling, usize, bool, bool, Type),
        args: &[Expr],
        at: Place,
    ) -> Option<Typed> {
        let name = what.name();
        let wanted = facts + usize::from(*counted);
        if args.len() != wanted {
            return self.fault(at, format!("`{name}` does not take {} values", args.len()));
        }
        let (paths, days) = args.split_at_checked(*facts)?;
        let mut slots = Vec::new();
        for path in paths {
            slots.push(self.told(path, name));
        }
        let why = format!("`{name}` counts in days");
        let days = days.first().map(|days| self.want(days, &Type::Int, &why));
        let slots: Vec<Slot> = slots.into_iter().collect::<Option<_>>()?;
        let days = days.map_or(Some(None), |days| days.map(|days| Some(days.node)))?;
        let today = if *today { Some(self.today(at)?) } else { None };
        let of = *slots.first()?;
        let pattern = Pattern { what: *what, of, then: slots.get(1).copied(), days, today };
        let kind = if *kind == Type::Dyn { Type::list(Type::Date) } else { kind.clone() };
        typed(Node::Pattern(Box::new(pattern)), kind)
    }

    /// The slot of a fact whose tellings are asked for.
    fn told(&mut self, expr: &Expr, name: &str) -> Option<Slot> {
        let path = expr.path().filter(|path| path.contains('.') && !self.begins_local(path));
        let Some(path) = path else {
            let help = format!("write `{name}(role.fact)`");
            let message =
                format!("`{name}` asks about the tellings of a fact, written `role.fact`");
            return self.fault_with_help(expr.place, message, help);
        };
        if self.declarations.is_fact(&path) {
            return self.slot(&path, expr.place);
        }
        let (message, help) = self.declarations.undeclared(&path);
        self.fault_with_help(expr.place, message, help)
    }

    fn strict_function(
        &mut self,
        name: &str,
        declared: &Declared,
        member: bool,
        args: &[&Expr],
        at: Place,
    ) -> Option<Typed> {
        let all: Vec<_> = args.iter().map(|arg| self.expr(arg)).collect();
        let all: Vec<Typed> = all.into_iter().collect::<Option<_>>()?;
        let kinds: Vec<Type> = all.iter().map(|arg| arg.kind.clone()).collect();
        let Some(kind) = self.resolve(declared, member, &kinds) else {
            return self.no_signature(name, declared, member, &all, args, at);
        };
        if let ("add_months" | "add_years", Some(Typed { node, .. })) = (name, all.get(2))
            && !matches!(node, Node::Constant(Value::String(how))
                if [LAST_DAY, NEXT_DAY].contains(&how.as_str()))
        {
            let place = args.get(2).map_or(at, |arg| arg.place);
            let message =
                format!("this does not say what `{name}` does where the month is too short");
            return self.fault_with_help(place, message, short_month(name));
        }
        let mut nodes: Vec<Node> = all.into_iter().map(|arg| arg.node).collect();
        let hidden = usize::from(name == "age");
        if hidden == 1 {
            nodes.push(Node::Variable(self.today(at)?));
        }
        let mut made = node(name, member, declared, nodes, kind == Type::Bool);
        if let Node::Call(call) = &mut made {
            call.hidden = hidden;
        }
        typed(made, kind)
    }

    /// No signature fits: which argument is wrong, in words.
    fn no_signature(
        &mut self,
        name: &str,
        declared: &Declared,
        member: bool,
        all: &[Typed],
        args: &[&Expr],
        at: Place,
    ) -> Option<Typed> {
        if let [a, b] = all
            && name.starts_with('_')
        {
            return self.no_operator(name, a, b, at);
        }
        let fitting = |count: usize| {
            declared.overloads.iter().find(|o| o.member == member && o.params.len() == count)
        };
        let Some(overload) = fitting(all.len()) else {
            if declared.overloads.iter().all(|overload| overload.member != member) {
                return self.no_function(member, name, at);
            }
            let count = all.len() - usize::from(member);
            let help = if matches!(name, "add_months" | "add_years") && all.len() == 2 {
                Some(short_month(name))
            } else {
                None
            };
            return self.fault_with_help(
                at,
                format!("`{name}` does not take {count} values"),
                help,
            );
        };
        let params: Vec<String> = overload.params.iter().map(Type::in_words).collect();
        let wrong = all.iter().zip(&overload.params).position(|(arg, param)| {
            let mut fresh = Vec::new();
            let param = self.types.instance(param, &mut fresh);
            !self.types.fits(&arg.kind, &param)
        });
        let wrong = wrong.unwrap_or_default();
        let (Some(arg), Some(expr)) = (all.get(wrong), args.get(wrong)) else {
            return self.fault(at, format!("`{name}` does not take these values"));
        };
        let (shown, kind) = (self.shown(&arg.node), self.in_words(&arg.kind));
        let message = format!("`{name}` takes {}, and `{shown}` is {kind}", params.join(" and "));
        self.fault(expr.place, message)
    }

    /// Two values that an operator does not take.
    fn no_operator(&mut self, name: &str, a: &Typed, b: &Typed, at: Place) -> Option<Typed> {
        let (left, right) = (self.in_words(&a.kind), self.in_words(&b.kind));
        let both =
            format!("`{}` is {left} and `{}` is {right}", self.shown(&a.node), self.shown(&b.node));
        let computes = matches!(
            name,
            operator::ADD
                | operator::SUBTRACT
                | operator::MULTIPLY
                | operator::DIVIDE
                | operator::REMAINDER
        );
        if computes {
            let help = "whole numbers are computed with; days are counted with `days_between`";
            return self.fault_with_help(at, both, help.to_owned());
        }
        if name == operator::INDEX {
            return self.fault(at, format!("{both}: an item of a list is asked for by its number"));
        }
        let day = [a, b].into_iter().any(|one| self.types.outer(&one.kind) == Type::Date);
        let help = day.then(|| "a day is written `date(\"2026-09-01\")`".to_owned());
        self.fault_with_help(at, format!("{both}: they cannot be compared so"), help)
    }
}

/// What a third argument of `add_months` and `add_years` is for.
fn short_month(name: &str) -> String {
    format!(
        "31 January plus one month is no day: write `{name}(day, number, \"last_day\")` for the \
         last day of February, `\"next_day\"` for 1 March"
    )
}
