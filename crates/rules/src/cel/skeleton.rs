//! The logic of a condition with its atoms taken out, to be worked out over whatever has `&&`,
//! `||`, `!` and `? :`: one answer, 64 assignments in a word, the answers about many subjects.

use super::node::Junction;

/// What joins and turns the atoms of a condition.
#[derive(Debug, Clone)]
pub(crate) enum Skeleton {
    Constant(bool),
    /// An atom by its number, and whether its opposite stands here.
    Atom(usize, bool),
    Not(Box<Skeleton>),
    Both(Junction, Box<[Skeleton; 2]>),
    Choose(Box<[Skeleton; 3]>),
}

/// What stands at the ends of a skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Constant(bool),
    Atom(usize),
}

/// Answers that logic joins.
pub(crate) trait Answers: Sized {
    fn opposite(self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn choose(when: Self, yes: Self, no: Self) -> Self;
}

impl Skeleton {
    /// Works it out, where `leaf` tells what stands at its ends.
    pub(crate) fn over<A: Answers>(&self, leaf: &mut impl FnMut(Leaf) -> A) -> A {
        match self {
            Self::Constant(yes) => leaf(Leaf::Constant(*yes)),
            Self::Atom(atom, false) => leaf(Leaf::Atom(*atom)),
            Self::Atom(atom, true) => leaf(Leaf::Atom(*atom)).opposite(),
            Self::Not(a) => a.over(leaf).opposite(),
            Self::Both(how, pair) => {
                let [a, b] = &**pair;
                let (a, b) = (a.over(leaf), b.over(leaf));
                match how {
                    Junction::And => a.and(b),
                    Junction::Or => a.or(b),
                }
            }
            Self::Choose(parts) => {
                let [when, yes, no] = &**parts;
                let (when, yes) = (when.over(leaf), yes.over(leaf));
                A::choose(when, yes, no.over(leaf))
            }
        }
    }
}

/// One answer in Kleene's logic: yes, no, or not known.
impl Answers for Option<bool> {
    fn opposite(self) -> Self {
        self.map(|yes| !yes)
    }

    fn and(self, other: Self) -> Self {
        if self == Some(false) || other == Some(false) { Some(false) } else { self.and(other) }
    }

    fn or(self, other: Self) -> Self {
        if self == Some(true) || other == Some(true) { Some(true) } else { self.and(other) }
    }

    fn choose(when: Self, yes: Self, no: Self) -> Self {
        match when {
            Some(true) => yes,
            Some(false) => no,
            None => yes.filter(|yes| no == Some(*yes)),
        }
    }
}

/// 64 answers at once, a bit for each.
impl Answers for u64 {
    fn opposite(self) -> Self {
        !self
    }

    fn and(self, other: Self) -> Self {
        self & other
    }

    fn or(self, other: Self) -> Self {
        self | other
    }

    fn choose(when: Self, yes: Self, no: Self) -> Self {
        when & yes | !when & no
    }
}
