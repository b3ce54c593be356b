//! The atoms of a condition one by one, for whoever works its logic out over many subjects.

use std::cmp::Ordering;

use super::activation::Activation;
use super::condition::Condition;
use super::evaluate::{Evaluator, Silent};
use super::monotone::is_passing;
use super::node::{Comparison, Node, Slot};
use super::settle::{atoms, slots_of};
use super::skeleton::{Answers, Leaf};
use super::undetermined::Slots;
use super::value::Value;

/// A part of a condition that no logic takes apart. What is written alike, or as its opposite, is
/// one atom.
#[derive(Debug, Clone)]
pub(crate) struct Atom<'c> {
    node: &'c Node,
    /// Whether it stands where it is found as its opposite.
    opposite: bool,
    /// What it reads.
    pub(crate) slots: Slots,
    /// As an author could have written it, with a mark where that is the opposite: equal texts in
    /// the conditions of one life event are equal atoms.
    pub(crate) text: String,
}

impl Atom<'_> {
    /// The two slots whose equality it asks about, where it asks about nothing else.
    pub(crate) fn equality(&self) -> Option<(Slot, Slot)> {
        let Node::Compare(Comparison::Equal | Comparison::NotEqual, pair) = self.node else {
            return None;
        };
        match &**pair {
            [Node::Variable(a), Node::Variable(b)] => Some((*a, *b)),
            _ => None,
        }
    }

    /// Whether it compares two sides that pass one another once while the day in `slot` moves
    /// forward.
    pub(crate) fn is_passing(&self, slot: Slot) -> bool {
        is_passing(self.node, slot)
    }

    /// Whether it asks when something was told.
    pub(crate) fn is_timed(&self) -> bool {
        let mut timed = false;
        self.node.visit(&mut |node| timed |= matches!(node, Node::Pattern(_)));
        timed
    }
}

impl Condition {
    /// Its distinct atoms, as its logic numbers them.
    pub(crate) fn atoms(&self) -> Vec<Atom<'_>> {
        let mut places = Vec::new();
        atoms(&self.node, &mut places);
        let atom = |(place, opposite): &(usize, bool)| {
            let node = *places.get(*place)?;
            let mark = if *opposite { "!" } else { "" };
            let text = format!("{mark}{}", self.shown(node));
            Some(Atom { node, opposite: *opposite, slots: slots_of(node), text })
        };
        self.logic.atoms.iter().filter_map(atom).collect()
    }

    /// How one of its atoms comes out; `None` where that is not known.
    pub(crate) fn outcome<A: Activation + ?Sized>(
        &self,
        atom: &Atom<'_>,
        known: &A,
    ) -> Option<bool> {
        let outcome = Evaluator::of_parts(known, self.names(), Silent).value(atom.node);
        let yes = matches!(outcome.ok()?, Value::Bool(true));
        Some(yes != atom.opposite)
    }

    /// How the two sides of an atom that is a comparison stand to one another; `None` where that is
    /// not known.
    pub(crate) fn order<A: Activation + ?Sized>(
        &self,
        atom: &Atom<'_>,
        known: &A,
    ) -> Option<Ordering> {
        let Node::Compare(_, pair) = atom.node else { return None };
        let [a, b] = &**pair;
        let value = |node| Evaluator::of_parts(known, self.names(), Silent).value(node).ok();
        value(a)?.order(&value(b)?)
    }

    /// Its logic, worked out over what `leaf` tells of its atoms.
    pub(crate) fn over<T: Answers>(&self, leaf: &mut impl FnMut(Leaf) -> T) -> T {
        self.logic.skeleton.over(leaf)
    }

    /// Whether no atom stands twice: then three-valued logic says all that can be said, and no
    /// unknown answer is settled by trying all assignments.
    pub(crate) fn is_read_once(&self) -> bool {
        self.logic.places == self.logic.atoms.len()
    }
}
