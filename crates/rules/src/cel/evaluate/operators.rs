//! Operators between two values: comparing, computing, looking into lists and maps.

use std::cmp::Ordering;
use std::sync::Arc;

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
        match compare(how, &a, &b) {
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
            let (item, list) = both_known(item, self.value(b))?;
            let result = contains(&list, &item);
            return self.or_fail(node, result);
        };
        let mut missing: Option<Undetermined> = None;
        let mut found = false;
        for (term, _) in terms {
            match (&item, self.value(term)) {
                (Ok(item), Ok(one)) => found |= item.equals(&one),
                (_, Err(more)) => missing = Some(missing.map_or(more, |m| m.and(more))),
                (Err(_), Ok(_)) => {}
            }
        }
        match (item, missing) {
            _ if found => Ok(Value::Bool(true)),
            // Nothing is in an empty list, not even what we do not know.
            (Err(Undetermined::Unknown(_)), _) if terms.is_empty() => Ok(Value::Bool(false)),
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
        let result = match of {
            Value::Optional(None) => Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => perhaps(at(&inner, &index)),
            of if optional => perhaps(at(&of, &index)),
            of => at(&of, &index),
        };
        self.or_fail(node, result)
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
fn contains<'a>(list: &Value<'a>, item: &Value<'a>) -> Result<Value<'a>, Problem> {
    Ok(Value::Bool(match list {
        Value::List(List::Borrowed(items)) => items.iter().any(|one| one.equals(item)),
        Value::List(List::Made(items)) => Arc::as_ref(items).iter().any(|one| one.equals(item)),
        Value::List(list) => list.iter().any(|one| one.equals(item)),
        Value::Map(map) => map.get(item).is_some(),
        _ => return Err(Problem::NoOverload),
    }))
}

fn compare(how: Comparison, a: &Value<'_>, b: &Value<'_>) -> Result<bool, Problem> {
    match how {
        Comparison::Equal => return Ok(a.equals(b)),
        Comparison::NotEqual => return Ok(!a.equals(b)),
        _ => {}
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
