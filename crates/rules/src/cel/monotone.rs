//! Comparisons whose two sides pass one another once while a day moves forward, so that whoever asks
//! about very many days need not ask about each.

use super::node::{Call, Node, Operation, Slot};
use super::settle::slots_of;

/// How a value moves when a day moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Never back.
    Up,
    /// Never forward.
    Down,
    /// Not at all.
    Still,
}

impl Way {
    fn back(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            Self::Still => Self::Still,
        }
    }

    /// Of what grows with two values.
    fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (way, Self::Still) | (Self::Still, way) => Some(way),
            (a, b) => (a == b).then_some(a),
        }
    }
}

/// Whether `node` compares two sides of which the left one, measured by the right one, never moves back, or
/// never forward, while the day in `slot` moves forward and all else stays.
///
/// Where a side cannot be told before the first day or after the last of those that are asked about,
/// it may be unknown; between two days of which it is known it is known.
pub(super) fn is_passing(node: &Node, slot: Slot) -> bool {
    let Node::Compare(_, pair) = node else { return false };
    let [a, b] = &**pair;
    let ways = || way(a, slot)?.with(way(b, slot)?.back());
    ways().is_some()
}

fn way(node: &Node, slot: Slot) -> Option<Way> {
    match node {
        Node::Variable(own) if *own == slot => Some(Way::Up),
        node if !slots_of(node).iter().any(|own| own == slot) => Some(Way::Still),
        Node::Compute(how @ (Operation::Add | Operation::Subtract), pair) => {
            let [a, b] = &**pair;
            let b = way(b, slot)?;
            way(a, slot)?.with(if *how == Operation::Add { b } else { b.back() })
        }
        Node::Call(call) => way_of_call(call, slot),
        _ => None,
    }
}

/// Of the functions that count between days or move a day.
fn way_of_call(call: &Call, slot: Slot) -> Option<Way> {
    let ways: Vec<Way> = call.args.iter().map(|arg| way(arg, slot)).collect::<Option<_>>()?;
    match (&*call.name, ways.as_slice()) {
        ("age" | "years_between" | "months_between" | "days_between", [a, b]) => a.back().with(*b),
        ("add_days" | "add_months" | "add_years", [day, rest @ ..]) => {
            rest.iter().all(|way| *way == Way::Still).then_some(*day)
        }
        ("year", [day]) => Some(*day),
        _ => None,
    }
}
