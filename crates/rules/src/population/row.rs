//! What is known of one subject at the three dates, settled: one word on each attribute.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use domain::{AsOf, FactId, SubjectId, SubjectKind, Told, Value};
use jiff::Timestamp;
use jiff::civil::Date;

use super::columns::{Column, Mark, Of};
use crate::known::is_of;

/// What is known of one subject.
#[derive(Debug, Clone)]
pub struct Row {
    subject: SubjectId,
    kind: SubjectKind,
    /// By column: 1 and up is a place in `said`, 0 means that nobody spoke.
    places: Vec<u16>,
    said: Vec<Value>,
    /// When what conditions ask about was told, in order and each once.
    told: Vec<(Column, Date)>,
    /// What events told that may begin something, whatever day it is about.
    marks: Vec<Mark>,
}

/// A word that may count, sorted so that of each register the last stands and of all registers
/// the first that fits.
struct Word<'t> {
    column: Column,
    owner: usize,
    register: &'t str,
    rank: (Timestamp, Date, FactId),
    fits: bool,
    value: Value,
}

impl Word<'_> {
    fn order(&self) -> (Column, usize, &str, (Timestamp, Date, FactId)) {
        (self.column, self.owner, self.register, self.rank)
    }

    /// Whether both are words of one register on one attribute.
    fn is_superseded_by(&self, other: &Self) -> bool {
        (self.column, self.owner, self.register) == (other.column, other.owner, other.register)
    }
}

impl Default for Row {
    /// Nothing known of nobody, to be loaded.
    fn default() -> Self {
        let (subject, kind) = (SubjectId::of(&[]), SubjectKind::Person);
        let (places, said, told, marks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { subject, kind, places, said, told, marks }
    }
}

impl Row {
    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> SubjectId {
        self.subject
    }

    /// As what kind of subject it was loaded.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    pub(super) fn settle<'t>(
        &mut self,
        subject: SubjectId,
        kind: SubjectKind,
        columns: &Of<'_>,
        as_of: &AsOf,
        told: impl IntoIterator<Item = Told<'t>>,
    ) {
        (self.subject, self.kind) = (subject, kind);
        self.said.clear();
        self.told.clear();
        self.marks.clear();
        self.places.clear();
        self.places.resize(columns.len(), 0);
        let mut words: Vec<Word<'t>> = Vec::with_capacity(16);
        for fact in told {
            let Some((column, about)) = columns.named(fact.attribute) else { continue };
            if !fact.is_believed(as_of.known) {
                continue;
            }
            if about.marks
                && let Some(event) = columns.event(fact.by)
            {
                self.marks.push((column, event));
            }
            let definition = about.definition;
            let fits = is_of(&fact.value, definition.kind);
            if about.timed && fits && fact.valid.from <= as_of.occurred {
                self.told.push((column, fact.valid.from));
            }
            if !fact.valid.contains(as_of.occurred) {
                continue;
            }
            let owner = definition.owner.iter().position(|it| it.value == fact.register);
            words.push(Word {
                column,
                owner: owner.unwrap_or(usize::MAX),
                register: fact.register,
                rank: fact.rank(),
                fits,
                value: fact.value,
            });
        }
        self.told.sort_unstable();
        self.told.dedup();
        words.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        self.take(words);
    }

    /// Takes the word that counts on each attribute.
    fn take(&mut self, words: Vec<Word<'_>>) {
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            let superseded = words.peek().is_some_and(|next| word.is_superseded_by(next));
            if superseded || !word.fits {
                continue;
            }
            let Some(place) = self.places.get_mut(usize::from(word.column)) else { continue };
            if *place == 0 {
                self.said.push(word.value);
                *place = u16::try_from(self.said.len()).unwrap_or_default();
            }
        }
    }

    /// The word on an attribute.
    pub(super) fn value(&self, column: Column) -> Option<&Value> {
        let place = *self.places.get(usize::from(column))?;
        self.said.get(usize::from(place).checked_sub(1)?)
    }

    /// The days on which it was told.
    pub(super) fn times(&self, column: Column) -> Arc<[Date]> {
        self.told.iter().filter(|(own, _)| *own == column).map(|(_, day)| *day).collect()
    }

    /// What events told that may begin something.
    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

/// Where the rows of other subjects are found.
pub trait Rows {
    /// The row of `subject`, loaded as one of this kind. Somebody without a row is somebody of
    /// whom we have not heard yet: not even silence is known of them. Whoever nothing is told of
    /// has a row that was loaded with nothing.
    fn row(&self, subject: SubjectId, kind: SubjectKind) -> Option<&Row>;
}

impl<S: BuildHasher> Rows for HashMap<(SubjectId, SubjectKind), Row, S> {
    fn row(&self, subject: SubjectId, kind: SubjectKind) -> Option<&Row> {
        self.get(&(subject, kind))
    }
}
