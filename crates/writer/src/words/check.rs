//! What a phrase must keep to before anybody may say it.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::Spanned;

use super::{Broken, FactSlot, SubjectLines, WordsFault};
use crate::hygiene::faults;
use crate::lint::{MOST_WORDS, count_words};
use crate::manners::Manners;
use crate::phrase::{Phrase, slots};
use crate::plan::COMMON_SLOTS;
use crate::slot::SlotKind;

/// What a day in a line for lists is counted as: the Vietnamese form.
const A_DAY: &str = "31/12/2026";
/// The longest line for lists, in characters.
const LONGEST_LINE: usize = 60;

/// Checks one file and collects what is wrong with it.
pub(super) struct Checker<'f> {
    file: &'f str,
    own: &'f BTreeMap<String, FactSlot>,
    pub faults: Vec<WordsFault>,
}

impl<'f> Checker<'f> {
    pub(super) fn new(file: &'f str, own: &'f BTreeMap<String, FactSlot>) -> Self {
        Self { file, own, faults: Vec::new() }
    }

    pub(super) fn fault(&mut self, at: &Spanned<String>, broken: impl Into<Broken>) {
        self.faults.push(WordsFault {
            file: self.file.to_owned(),
            line: at.referenced.line(),
            column: at.referenced.column(),
            broken: broken.into(),
        });
    }

    fn kind(&self, slot: &str) -> Option<SlotKind> {
        let own = self.own.get(slot).map(|slot| slot.kind);
        own.or_else(|| COMMON_SLOTS.iter().find(|(name, _)| *name == slot).map(|(_, kind)| *kind))
    }

    /// The slots that carry values. A form of address may stand or not: it says nothing new.
    fn values<'t>(&self, text: &'t str) -> BTreeMap<&'t str, usize> {
        let mut slots = slots(text);
        slots.retain(|name, _| self.kind(name) != Some(SlotKind::Address));
        slots
    }

    pub(super) fn phrases(
        &mut self,
        alternatives: &[Spanned<String>],
        first: Option<&str>,
        manners: &Manners,
    ) -> Vec<Phrase> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for text in alternatives {
            if !seen.insert(&text.value) {
                self.fault(text, Broken::Twice);
            }
            let (phrase, broken) = self.phrase(&text.value, first, manners);
            for broken in broken {
                self.fault(text, broken);
            }
            out.extend(phrase);
        }
        out
    }

    /// One alternative beside `first`, and all that is wrong with it.
    pub(super) fn phrase(
        &self,
        text: &str,
        first: Option<&str>,
        manners: &Manners,
    ) -> (Option<Phrase>, Vec<Broken>) {
        let (phrase, mut broken) = match Phrase::parse(text) {
            Ok(phrase) => {
                let broken = self.sentences(text, &phrase, manners);
                (Some(phrase), broken)
            }
            Err(error) => (None, vec![error.into()]),
        };
        let wanted = first.map(|first| self.values(first)).unwrap_or_default();
        if self.values(text) != wanted {
            let wanted = wanted.keys().copied().collect::<Vec<_>>().join(", ");
            broken.push(Broken::Slots { wanted });
        }
        (phrase, broken)
    }

    fn sentences(&self, text: &str, phrase: &Phrase, manners: &Manners) -> Vec<Broken> {
        let unknown = slots(text).into_keys().filter(|name| self.kind(name).is_none());
        let mut out: Vec<Broken> =
            unknown.map(|name| Broken::Slot(name.to_owned(), self.nearest(name))).collect();
        let mut found = Vec::new();
        let distinct: BTreeSet<&String> = phrase.readings().iter().flatten().collect();
        for sentence in distinct {
            found.extend(faults(sentence, manners).into_iter().map(Broken::from));
            let words = count_words(sentence, |slot| self.kind(slot));
            if words > MOST_WORDS {
                found.push(Broken::Long(words));
            }
        }
        found.dedup();
        out.append(&mut found);
        out
    }

    pub(super) fn subject_lines(
        &mut self,
        at: &Spanned<String>,
        lines: &BTreeMap<String, SubjectLines>,
        manners: &Manners,
    ) {
        if !lines.contains_key("") {
            self.fault(at, Broken::Taken("subject line for all other roles".to_owned()));
        }
        for line in lines.values() {
            for text in [&line.known, &line.passed, &line.unknown] {
                self.subject_line(at, text, manners);
            }
        }
    }

    fn subject_line(&mut self, at: &Spanned<String>, line: &str, manners: &Manners) {
        for name in slots(line).keys().filter(|name| **name != "deadline") {
            self.fault(at, Broken::Slot((*name).to_owned(), Some("deadline".to_owned())));
        }
        for broken in faults(line, manners) {
            self.fault(at, broken);
        }
        let length = line.replace("{deadline}", A_DAY).chars().count();
        if length > LONGEST_LINE {
            self.fault(at, Broken::Line(length));
        }
    }

    fn nearest(&self, wrong: &str) -> Option<String> {
        let names = COMMON_SLOTS.iter().map(|(name, _)| *name);
        let names = names.chain(self.own.keys().map(String::as_str));
        let near = names.map(|name| (distance(name, wrong), name)).min()?;
        (near.0 <= 1 + wrong.len() / 4).then(|| near.1.to_owned())
    }
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let changed = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
