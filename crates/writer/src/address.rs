//! Forms of address, decided by code alone.
//!
//! Official notices say *Ông* or *Bà* by the sex that the population register holds, and
//! *Ông/Bà* where it holds none. A small model gets this right no more often than a coin
//! (7 of 15), so no model is asked. Nothing here guesses age, marriage or rank.

use domain::{Language, Sex};
use serde::{Deserialize, Serialize};

/// How a person is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// Ông.
    Mr,
    /// Bà.
    Mrs,
    /// Ông/Bà: the register does not say.
    Open,
}

impl Address {
    /// The form of address of a person of `sex`.
    #[must_use]
    pub fn of(sex: Option<Sex>) -> Self {
        match sex {
            Some(Sex::Male) => Self::Mr,
            Some(Sex::Female) => Self::Mrs,
            None => Self::Open,
        }
    }

    /// As it stands before a name or at the head of a sentence. English letters use the full
    /// name without a title, so there it is *you*.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Vi, Self::Mr) => "Ông",
            (Language::Vi, Self::Mrs) => "Bà",
            (Language::Vi, Self::Open) => "Ông/Bà",
            (Language::En, _) => "You",
        }
    }

    /// As it stands inside a sentence.
    #[must_use]
    pub fn pronoun(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Vi, Self::Mr) => "ông",
            (Language::Vi, Self::Mrs) => "bà",
            (Language::Vi, Self::Open) => "ông/bà",
            (Language::En, _) => "you",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_decides_and_its_silence_is_not_a_guess() {
        let said =
            |sex| (Address::of(sex).title(Language::Vi), Address::of(sex).pronoun(Language::Vi));
        assert_eq!(said(Some(Sex::Male)), ("Ông", "ông"));
        assert_eq!(said(Some(Sex::Female)), ("Bà", "bà"));
        assert_eq!(said(None), ("Ông/Bà", "ông/bà"));
        assert_eq!(Address::of(Some(Sex::Male)).pronoun(Language::En), "you");
    }
}
