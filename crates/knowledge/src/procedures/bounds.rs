//! What is left out before anything is ranked, and what is counted of the rest.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Entry;
use crate::corpus::{InForce, Kind, Place};
use crate::source::Level;

/// What an answer may hold; nothing named admits everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// Only what holds at this place: its own, and what holds in all that contain it.
    pub place: Option<Place>,
    /// Only what is in force on this day.
    pub in_force_on: Option<Date>,
    /// Only procedures that this level handles. Where nobody told who does, one stays in.
    pub level: Option<Level>,
    /// Only what serves one of these procedures or life events.
    pub codes: Option<Vec<String>>,
}

/// How many documents each bound left out, counted at the first that did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Of another kind.
    pub kind: usize,
    /// Holding elsewhere.
    pub place: usize,
    /// Not in force on the day.
    pub in_force: usize,
    /// Handled by others.
    pub level: usize,
    /// Serving none of the codes.
    pub code: usize,
}

/// What a document is filtered by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits<'a> {
    pub(crate) kind: Kind,
    pub(crate) codes: &'a [String],
    pub(crate) place: &'a Place,
    pub(crate) in_force: InForce,
    pub(crate) levels: &'a [Level],
}

/// The bound that leaves a document out.
enum Out {
    Kind,
    Place,
    InForce,
    Level,
    Code,
}

impl Bounds {
    /// Whether what has these traits may be found.
    pub(crate) fn admit(&self, it: Traits<'_>) -> bool {
        self.out(it).is_none()
    }

    /// Whether `entry` may be found; counts it where not.
    pub(super) fn admits(&self, entry: &Entry, left_out: &mut LeftOut) -> bool {
        let Some(out) = self.out(entry.traits()) else { return true };
        *match out {
            Out::Kind => &mut left_out.kind,
            Out::Place => &mut left_out.place,
            Out::InForce => &mut left_out.in_force,
            Out::Level => &mut left_out.level,
            Out::Code => &mut left_out.code,
        } += 1;
        false
    }

    fn out(&self, it: Traits<'_>) -> Option<Out> {
        let is_handled = |level| {
            let known = !it.levels.is_empty();
            it.kind == Kind::Procedure && (!known || it.levels.contains(&level))
        };
        let serves = |any: &Vec<String>| any.iter().any(|code| it.codes.contains(code));
        if !self.kinds.is_empty() && !self.kinds.contains(&it.kind) {
            Some(Out::Kind)
        } else if !self.place.as_ref().is_none_or(|at| it.place.covers(at)) {
            Some(Out::Place)
        } else if !self.in_force_on.is_none_or(|day| it.in_force.contains(day)) {
            Some(Out::InForce)
        } else if !self.level.is_none_or(is_handled) {
            Some(Out::Level)
        } else if !self.codes.as_ref().is_none_or(serves) {
            Some(Out::Code)
        } else {
            None
        }
    }
}

/// How many of the best a facet counts over: everything shares a word with most questions.
pub(super) const COUNTED: usize = 100;

/// How many of the hundred best there are of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facets {
    /// By who handles them; one that several handle counts for each.
    pub level: BTreeMap<&'static str, usize>,
    /// By what they are about, in the source's words.
    pub sector: BTreeMap<String, usize>,
    /// By where they hold.
    pub place: BTreeMap<String, usize>,
}

impl Facets {
    pub(super) fn add(&mut self, entry: &Entry) {
        for level in &entry.levels {
            *self.level.entry(level.as_str()).or_default() += 1;
        }
        if !entry.sector.is_empty() {
            *self.sector.entry(entry.sector.clone()).or_default() += 1;
        }
        *self.place.entry(entry.place.to_string()).or_default() += 1;
    }
}
