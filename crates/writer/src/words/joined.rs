//! Phrases that a model wrote and that people approved: they join the pack's own.

use std::collections::BTreeMap;

use super::check::Checker;
use super::spoken::NO_SLOTS;
use super::{Broken, PointWords, Words};
use crate::fingerprint::Fingerprint;
use crate::phrase::Phrase;
use crate::support::Vocabulary;
use crate::write::{COMMON, Home, NotTaken};

/// A phrase that is to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub home: Home,
    /// What it says.
    pub text: String,
    /// The [hash](crate::Saying::hash) of what it was proved against.
    pub approved: String,
}

/// Why an approved phrase does not join.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotJoined {
    /// The pack has no such point or variant any more.
    #[error("the pack says this no more")]
    Gone,
    /// The approved wording is not what it was proved against.
    #[error("stale: the approved wording has changed since it was proved")]
    Stale,
    /// It is not proved any more, or never was.
    #[error("not proved: {0}")]
    Unproved(#[from] NotTaken),
}

impl Words {
    /// These words with `phrases` as further alternatives, behind the pack's own, in an order
    /// that does not depend on how they are given; and what does not join, with the reason.
    ///
    /// Each is proved again here, by words alone: whatever a database holds, nothing joins that
    /// the proof refuses.
    #[must_use]
    pub fn joined(
        mut self,
        phrases: &[Joining],
        vocabularies: &[Vocabulary],
    ) -> (Self, Vec<(String, NotJoined)>) {
        let sorted: BTreeMap<_, _> = phrases.iter().map(|it| ((&it.home, &it.text), it)).collect();
        let mut left = Vec::new();
        let mut fit = Vec::new();
        for phrase in sorted.into_values() {
            match self.fits(phrase, vocabularies) {
                Ok(parsed) => fit.push((phrase, parsed)),
                Err(why) => left.push((phrase.id.clone(), why)),
            }
        }
        if fit.is_empty() {
            return (self, left);
        }
        let mut hash = Fingerprint::default();
        hash.put(&self.hash);
        for (phrase, parsed) in fit {
            for part in [&phrase.home.to_string(), &phrase.text] {
                hash.put(part);
            }
            self.put(&phrase.home, parsed);
        }
        self.hash = hash.hex();
        (self, left)
    }

    fn fits(&self, it: &Joining, vocabularies: &[Vocabulary]) -> Result<Phrase, NotJoined> {
        let saying = self.saying(&it.home).ok_or(NotJoined::Gone)?;
        if saying.hash() != it.approved {
            return Err(NotJoined::Stale);
        }
        self.still_stands(&saying, &it.text, vocabularies)?;
        let parsed = Phrase::parse(&it.text);
        parsed.map_err(|error| NotTaken::Words(vec![error.into()]).into())
    }

    fn put(&mut self, home: &Home, phrase: Phrase) {
        let points = match home.of.as_str() {
            COMMON => Some(&mut self.common),
            id => self.events.get_mut(id).map(|event| &mut event.points),
        };
        let mut points = points.into_iter().flatten();
        let point: Option<&mut PointWords> = points.find(|point| point.id == home.point);
        if let Some(variant) = point.and_then(|it| it.variants.get_mut(home.variant)) {
            variant.phrases.entry(home.language).or_default().push(phrase);
        }
    }

    /// What the rules for the pack's own phrases say against `text` at `home`.
    pub(crate) fn broken(&self, home: &Home, text: &str) -> Vec<Broken> {
        let Some(saying) = self.saying(home) else { return Vec::new() };
        let own = self.events.get(&home.of).map_or(&NO_SLOTS, |event| &event.slots);
        let checker = Checker::new("", own);
        let first = saying.alternatives.first().map(Phrase::source);
        checker.phrase(text, first, self.manners(home.language)).1
    }
}
