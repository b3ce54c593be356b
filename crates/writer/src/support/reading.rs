//! A sentence as the support reads it: words and values in their order, and what turns them.

use std::collections::BTreeMap;

use super::terms::{Role, Term};
use super::vocabulary::{ADDRESSED, Vocabulary};
use super::{Measures, NotCarried};

/// One word or value that the sentence is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    meaning: String,
    is_slot: bool,
}

/// What turns the meaning, and the word before or after which it stands; a link has both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    words: String,
    before: String,
    after: Option<String>,
}

/// A sentence that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    anchors: Vec<Anchor>,
    turns: Vec<Turn>,
}

/// Turns that were met and wait for the word that they stand before.
#[derive(Default)]
struct Waiting {
    words: Vec<String>,
    after: Option<String>,
}

impl Reading {
    pub(super) fn of(sentence: &str, vocabulary: &Vocabulary) -> Self {
        let mut reading = Self::default();
        let mut waiting = Waiting::default();
        for term in vocabulary.read(sentence) {
            reading.term(term, &mut waiting);
        }
        reading.settle("", &mut waiting);
        reading.turns.sort();
        reading
    }

    fn term(&mut self, Term { meaning, role }: Term, waiting: &mut Waiting) {
        match role {
            Role::Nothing => {}
            Role::Word => self.anchor(Anchor { meaning, is_slot: false }, waiting),
            Role::Slot | Role::Reader => self.anchor(Anchor { meaning, is_slot: true }, waiting),
            Role::Turn => waiting.words.push(meaning),
            Role::Behind => {
                let turn = Turn { words: meaning, before: String::new(), after: Some(self.last()) };
                self.turns.push(turn);
            }
            Role::Link => {
                waiting.after = Some(self.last());
                waiting.words.push(meaning);
            }
        }
    }

    fn last(&self) -> String {
        self.anchors.last().map(|anchor| anchor.meaning.clone()).unwrap_or_default()
    }

    fn anchor(&mut self, anchor: Anchor, waiting: &mut Waiting) {
        // "If you did not sign" and "if not signed by you" turn the same word: the reader, who is
        // named or not as style has it, is passed over, except by what links two words.
        if anchor.meaning != ADDRESSED || waiting.after.is_some() {
            self.settle(&anchor.meaning, waiting);
        }
        self.anchors.push(anchor);
    }

    fn settle(&mut self, before: &str, waiting: &mut Waiting) {
        let Waiting { words, after } = std::mem::take(waiting);
        if !words.is_empty() {
            self.turns.push(Turn { words: words.join(" "), before: before.to_owned(), after });
        }
    }

    fn slots(&self) -> BTreeMap<&str, usize> {
        let mut out = BTreeMap::new();
        for anchor in self.anchors.iter().filter(|anchor| anchor.is_slot) {
            *out.entry(anchor.meaning.as_str()).or_default() += 1;
        }
        out
    }

    /// Whether this says what `there` says, leaving out no more of it than `cover` allows.
    pub(super) fn within(&self, there: &Self, cover: f64) -> Result<Measures, NotCarried> {
        if self.anchors.is_empty() {
            return Err(NotCarried::Nothing);
        }
        if self.slots() != there.slots() {
            return Err(NotCarried::Slots);
        }
        let foreign = self.anchors.iter().find(|anchor| !there.anchors.contains(anchor));
        if let Some(foreign) = foreign {
            return Err(NotCarried::Word(foreign.meaning.clone()));
        }
        if let Some(turn) = difference(&self.turns, &there.turns) {
            return Err(NotCarried::Turn(turn.words.clone()));
        }
        let moved = (0..there.anchors.len()).find(|start| self.follows(there, *start));
        let moved = moved.ok_or(NotCarried::Order)? > 0;
        let (said, all) = (self.anchors.len(), there.anchors.len());
        let share = as_f64(said) / as_f64(all);
        if share < cover {
            return Err(NotCarried::LeftOut { said, all });
        }
        Ok(Measures { cover: share, moved, likeness: None })
    }

    /// Whether the words follow those of `there` in their order, read from `start` to the end
    /// and then from the beginning.
    fn follows(&self, there: &Self, start: usize) -> bool {
        let (front, back) = there.anchors.split_at(start.min(there.anchors.len()));
        let mut rest = back.iter().chain(front);
        self.anchors.iter().all(|anchor| rest.any(|other| other == anchor))
    }
}

/// The first turn that only one of two sorted lists has.
fn difference<'t>(a: &'t [Turn], b: &'t [Turn]) -> Option<&'t Turn> {
    let differ = a.iter().zip(b).find(|(a, b)| a != b);
    let longer = || a.get(b.len()).or_else(|| b.get(a.len()));
    differ.map(|(a, _)| a).or_else(longer)
}

#[expect(clippy::cast_precision_loss, reason = "words of a sentence are few")]
fn as_f64(n: usize) -> f64 {
    n as f64
}
