//! What there is where there is no value: facts that are not known, or something that cannot be.

use std::fmt;

use super::node::Slot;

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undetermined {
    /// These variables are not known and could settle it.
    Unknown(Slots),
    /// It cannot have one.
    Error(Problem),
}

impl Undetermined {
    /// Both reasons. What may still be learnt weighs more than what went wrong.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown(a), Self::Unknown(b)) => Self::Unknown(a.union(b)),
            (Self::Unknown(a), Self::Error(_)) | (Self::Error(_), Self::Unknown(a)) => {
                Self::Unknown(a)
            }
            (Self::Error(a), Self::Error(_)) => Self::Error(a),
        }
    }
}

/// A set of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slots([u64; 4]);

impl Slots {
    /// The set of one slot.
    #[must_use]
    pub fn one(slot: Slot) -> Self {
        let mut words = [0; 4];
        if let Some(word) = words.get_mut(usize::from(slot.0) / 64) {
            *word = 1 << (slot.0 % 64);
        }
        Self(words)
    }

    /// All slots of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let mut words = self.0;
        for (word, more) in words.iter_mut().zip(other.0) {
            *word |= more;
        }
        Self(words)
    }

    /// Whether `slot` is in it.
    #[must_use]
    pub fn contains(self, slot: Slot) -> bool {
        let word = self.0.get(usize::from(slot.0) / 64).copied().unwrap_or_default();
        word >> (slot.0 % 64) & 1 == 1
    }

    /// The slots in order.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        (0_u8..4).zip(self.0).flat_map(|(at, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = u8::try_from(left.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                left &= left - 1;
                Some(Slot(at * 64 + bit))
            })
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// Why an expression cannot have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A function or an operator does not take values of these kinds.
    NoOverload,
    /// A number left its range or was divided by zero.
    OutOfRange,
    /// No item has this place in the list.
    NoSuchItem,
    /// The map has no such key.
    NoSuchKey,
    /// A value that no map may have as a key, or a key that is there twice.
    BadKey,
    /// The value cannot be turned into one of the other type.
    BadConversion,
    /// A function does not take such a value.
    BadArgument,
    /// Nothing is where a value was promised.
    Nothing,
    /// It takes too many steps.
    TooLong,
    /// The name stands for nothing.
    Undeclared,
    /// There is no such function.
    UnknownFunction,
    /// The days off are not known here.
    NoCalendar,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoOverload => "the stored fact is of another kind than the pack says",
            Self::OutOfRange => "the number is out of range or divided by zero",
            Self::NoSuchItem => "the list has no such item",
            Self::NoSuchKey => "there is no such key",
            Self::BadKey => "this cannot be a key, or is one twice",
            Self::BadConversion => "the value cannot be converted",
            Self::BadArgument => "the function does not take this value",
            Self::Nothing => "there is no value",
            Self::TooLong => "this takes too many steps",
            Self::Undeclared => "the name stands for nothing",
            Self::UnknownFunction => "there is no such function",
            Self::NoCalendar => "the days off are not known",
        })
    }
}
