//! Whether a sentence that nobody approved says what an approved sentence, or a span of a
//! cited passage, says.
//!
//! A sentence is carried if, after words that say nothing of their own are left out and words
//! that say the same are made one, it is the evidence again: no word more, none less, in its
//! order or with one part moved to the front. What turns a meaning (negation, duty, option,
//! quantity, time, condition, roles, promise, threat, praise, advice) must stand before the same
//! word as in the evidence. Values stand in slots, each as often as in the evidence.
//!
//! # Why so strict?
//!
//! A measure of overlap or of nearness cannot tell "the buyer pays the seller" from its
//! reverse: both have the same words, and nearly the same vector. So both are conditions here and
//! neither is ever a reason to accept. What cannot be followed is refused, however right it is.
//!
//! # Invariants
//!
//! - An evidence carries itself, and no sentence is carried by nothing.
//! - The same sentence, evidence and vocabulary give the same answer.
//! - What was carried by a passage is carried no more once the passage changes.

use domain::Language;
use knowledge::{Embed, EmbedError};
use serde::Serialize;

use crate::hygiene::{Fault, faults};
use crate::manners::Manners;

mod evidence;
mod places;
mod reading;
mod terms;
mod tokens;
mod vocabulary;

pub use evidence::{Carrier, Ground};
pub(crate) use places::Place;
use reading::Reading;
pub(crate) use vocabulary::READER;
pub use vocabulary::{Limits, Vocabulary, VocabularyError};

/// Why a sentence is not carried by one evidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotCarried {
    /// It holds something that no text may hold.
    #[error(transparent)]
    Text(#[from] Fault),
    /// Its values are not those of the evidence.
    #[error("its slots are not those of the evidence")]
    Slots,
    /// A slot holds what the passage does not say, or what is no value.
    #[error("the slot `{0}` holds no value of the passage")]
    Value(String),
    /// A word that turns the meaning stands here and not there, there and not here, or before
    /// another word.
    #[error("`{0}` does not stand as in the evidence")]
    Turn(String),
    /// A word that the evidence has not.
    #[error("the evidence does not say `{0}`")]
    Word(String),
    /// The words stand in another order.
    #[error("its words stand in another order than in the evidence")]
    Order,
    /// Too much of the evidence is left out.
    #[error("it says only {said} of {all} words of the evidence")]
    LeftOut {
        /// How many it says.
        said: usize,
        /// Of how many.
        all: usize,
    },
    /// Its meaning is too far away.
    #[error("its meaning is too far from the evidence ({0:.3})")]
    Far(f32),
    /// Nothing to be carried by.
    #[error("there is no evidence")]
    Nothing,
}

/// Why nothing could be decided; the sentence is then not carried.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// It is not carried by any evidence: why not by the nearest.
    #[error("`{sentence}`: {reason}")]
    NotCarried {
        /// The sentence.
        sentence: String,
        /// Why not.
        reason: NotCarried,
    },
    /// The model failed.
    #[error("the meaning could not be compared")]
    Embed(#[from] EmbedError),
}

/// What was measured of a sentence that is carried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measures {
    /// Which part of the evidence's words it says.
    pub cover: f64,
    /// Whether a part was moved to the front.
    pub moved: bool,
    /// The cosine of sentence and evidence, where a model was at hand.
    pub likeness: Option<f32>,
}

/// A sentence with what carries it: enough to decide it again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Carried {
    /// The sentence.
    pub sentence: String,
    /// What carries it.
    pub by: Carrier,
    /// What was measured.
    pub measures: Measures,
    /// SHA-256 of the vocabulary and its limits.
    pub vocabulary: String,
}

/// Decides for texts of one language.
#[derive(Clone, Copy)]
pub struct Support<'s> {
    /// The words of the language.
    pub vocabulary: &'s Vocabulary,
    /// What no text of the language may hold.
    pub manners: &'s Manners,
    /// Compares meanings; without it only words decide.
    pub model: Option<&'s dyn Embed>,
}

impl std::fmt::Debug for Support<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Support").field("language", &self.language()).finish_non_exhaustive()
    }
}

impl Support<'_> {
    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.vocabulary.language()
    }

    /// What carries `sentence`, of `grounds`; or why not the ground that comes nearest.
    pub fn carried(&self, sentence: &str, grounds: &[Ground]) -> Result<Carried, SupportError> {
        let refused = |reason| SupportError::NotCarried { sentence: sentence.to_owned(), reason };
        if let Some(fault) = faults(sentence, self.manners).into_iter().next() {
            return Err(refused(fault.into()));
        }
        let mut nearest = (0, NotCarried::Nothing);
        for ground in grounds {
            match self.by(sentence, ground)? {
                Ok(measures) => {
                    return Ok(Carried {
                        sentence: sentence.to_owned(),
                        by: ground.carrier().clone(),
                        measures,
                        vocabulary: self.vocabulary.hash().to_owned(),
                    });
                }
                Err(reason) if reason.how_far() >= nearest.0 => {
                    nearest = (reason.how_far(), reason);
                }
                Err(_) => {}
            }
        }
        Err(refused(nearest.1))
    }

    fn by(
        &self,
        sentence: &str,
        ground: &Ground,
    ) -> Result<Result<Measures, NotCarried>, EmbedError> {
        let evidence = match ground.with_slots_of(sentence) {
            Ok(evidence) => evidence,
            Err(reason) => return Ok(Err(reason)),
        };
        let said = Reading::of(sentence, self.vocabulary);
        let there = Reading::of(&evidence, self.vocabulary);
        let by_words = match said.within(&there, self.vocabulary.limits().cover) {
            Ok(by_words) => by_words,
            Err(reason) => return Ok(Err(reason)),
        };
        let likeness = self.likeness(sentence, &evidence)?;
        if let Some(near) = likeness
            && near < self.vocabulary.limits().likeness
        {
            return Ok(Err(NotCarried::Far(near)));
        }
        Ok(Ok(Measures { likeness, ..by_words }))
    }

    fn likeness(&self, sentence: &str, evidence: &str) -> Result<Option<f32>, EmbedError> {
        let Some(model) = self.model else { return Ok(None) };
        let vectors = model.embed_queries(&[sentence, evidence])?;
        let [a, b] = vectors.as_slice() else { return Ok(Some(0.0)) };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let near = dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt());
        // A vector without a direction is near to nothing.
        Ok(Some(if near.is_finite() { near } else { 0.0 }))
    }
}

impl NotCarried {
    /// How many conditions a sentence met before it was refused.
    pub(crate) fn how_far(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Text(_) | Self::Value(_) => 1,
            Self::Slots => 2,
            Self::Word(_) => 3,
            Self::Turn(_) => 4,
            Self::LeftOut { .. } | Self::Order => 5,
            Self::Far(_) => 6,
        }
    }
}

#[cfg(test)]
mod tests;
