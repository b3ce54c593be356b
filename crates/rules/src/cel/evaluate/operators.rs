//! Operators between two values: comparing, computing, looking into lists and maps.

use std::cmp::Ordering;

use super::{Evaluator, Outcome, Watch, both_known};
use crate::cel::activation::Activation;
use crate::cel::functions::number;
use crate::cel::node::{Comparison, Node, Operation};
use crate::cel::undetermined::{Problem, Undetermined};
use crate::cel::value::{List, Value};

impl<'a, A: Activation + ?Sized, W: Watch> Evaluator<'a, A, W> {
    pub(super) fn compare(
        &mut self,
        node: &'a Node,
        how: Comparison,
        pair: &'a [Node; 2],
    ) -> Outcome<'a> {
        let (a, b) = self.pair(pair)?;
        match compare(how, &a, &b, &mut self.steps) {
            Ok(yes) => Ok(Value::Bool(yes)),
            Err(problem) => Err(self.fail(node, problem)),
        }
    }

    fn pair(&mut self, pair: &'a [Node; 2]) -> Result<(Value<'a>, Value<'a>), Undetermined> {
        let [a, b] = pair;
        let a = self.value(a);
        both_known(a, self.value(b))
    }

    pub(super) fn compute(
        &mut self,
        node: &'a Node,
        how: Operation,
        pair: &'a [Node; 2],
    ) -> Outcome<'a> {
        let (a, b) = self.pair(pair)?;
        let made = number::made(&a) + number::made(&b);
        if made > 0 {
            self.step(made)?;
        }
        let result = number::compute(how, &a, &b);
        self.or_fail(node, result)
    }

    pub(super) fn negate(&mut self, node: &'a Node, a: &'a Node) -> Outcome<'a> {
        let value = self.value(a)?;
        let result = number::negate(&value);
        self.or_fail(node, result)
    }

    /// Found is found, whatever is unknown about the other items.
    pub(super) fn member(&mut self, node: &'a Node, pair: &'a [Node; 2]) -> Outcome<'a> {
        let [a, b] = pair;
        let item = self.value(a);
        let Node::List(terms) = b else {
            let list = self.value(b);
            // Nothing is in an empty list, not even what we do not know or what went wrong.
            if let (Err(_), Ok(Value::List(list))) = (&item, &list)
                && list.is_empty()
            {
                return Ok(Value::Bool(false));
            }
            let (item, list) = both_known(item, list)?;
            self.step(searched(&list))?;
            let result = contains(&list, &item, &mut self.steps);
            return self.or_fail(node, result);
        };
        let mut missing: Option<Undetermined> = None;
        let mut found = false;
        for (term, _) in terms {
            match (&item, self.value(term)) {
                (Ok(item), Ok(one)) => match item.same(&one, &mut self.steps) {
                    Some(same) => found |= same,
                    None => return Err(self.fail(node, Problem::TooLong)),
                },
                (_, Err(more)) => missing = Some(missing.map_or(more, |m| m.and(more))),
                (Err(_), Ok(_)) => {}
            }
        }
        match (item, missing) {
            _ if found => Ok(Value::Bool(true)),
            (Err(item), Some(missing)) => Err(item.and(missing)),
            (Err(missing), None) | (Ok(_), Some(missing)) => Err(missing),
            (Ok(_), None) => Ok(Value::Bool(false)),
        }
    }

    pub(super) fn index(
        &mut self,
        node: &'a Node,
        pair: &'a [Node; 2],
        optional: bool,
    ) -> Outcome<'a> {
        let (of, index) = self.pair(pair)?;
        self.step(searched(&of))?;
        let result = match of {
            Value::Optional(None) => Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => perhaps(at(&inner, &index)),
            of if optional => perhaps(at(&of, &index)),
            of => at(&of, &index),
        };
        self.or_fail(node, result)
    }
}

/// How many steps it costs to find a key in a map.
fn searched(of: &Value<'_>) -> u32 {
    match of {
        Value::Map(map) => u32::try_from(map.0.len() / 8).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// What may not be there, as something or nothing.
fn perhaps(found: Result<Value<'_>, Problem>) -> Result<Value<'_>, Problem> {
    match found {
        Ok(value) => Ok(Value::some(value)),
        Err(Problem::NoSuchItem | Problem::NoSuchKey) => Ok(Value::Optional(None)),
        Err(problem) => Err(problem),
    }
}

/// `of[index]`
fn at<'a>(of: &Value<'a>, index: &Value<'_>) -> Result<Value<'a>, Problem> {
    match of {
        Value::List(list) => {
            let place = whole(index).ok_or(Problem::BadArgument)?;
            let place = usize::try_from(place).map_err(|_| Problem::NoSuchItem)?;
            list.get(place).ok_or(Problem::NoSuchItem)
        }
        Value::Map(map) => map.get(index).cloned().ok_or(Problem::NoSuchKey),
        _ => Err(Problem::NoOverload),
    }
}

/// A number that is whole, whatever its kind.
fn whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Uint(number) => i64::try_from(*number).ok(),
        Value::Double(number) => number::truncated(*number).filter(|_| number.fract() == 0.0),
        _ => None,
    }
}

/// `item in list`
fn contains<'a>(list: &Value<'a>, item: &Value<'a>, steps: &mut u32) -> Result<Value<'a>, Problem> {
    let mut is = |one: &Value<'a>| {
        *steps = steps.checked_sub(1).ok_or(Problem::TooLong)?;
        one.same(item, steps).ok_or(Problem::TooLong)
    };
    let items = match list {
        Value::List(List::Borrowed(items)) => *items,
        Value::List(List::Made(items)) => items.as_slice(),
        Value::List(list) => {
            for one in list.iter() {
                if is(&one)? {
                    return Ok(Value::Bool(true));
                }
            }
            return Ok(Value::Bool(false));
        }
        Value::Map(map) => return Ok(Value::Bool(map.get(item).is_some())),
        _ => return Err(Problem::NoOverload),
    };
    for one in items {
        if is(one)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn compare(
    how: Comparison,
    a: &Value<'_>,
    b: &Value<'_>,
    steps: &mut u32,
) -> Result<bool, Problem> {
    if let Comparison::Equal | Comparison::NotEqual = how {
        let same = a.same(b, steps).ok_or(Problem::TooLong)?;
        return Ok(same == (how == Comparison::Equal));
    }
    match a.order(b) {
        Some(order) => Ok(holds(how, order)),
        // Not a number: no order, and no error.
        None if a.is_number() && b.is_number() => Ok(false),
        None => Err(Problem::NoOverload),
    }
}

fn holds(how: Comparison, order: Ordering) -> bool {
    match how {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
