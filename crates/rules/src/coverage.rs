//! Which branches of a pack its examples reach, and which none of them does.
//!
//! An example that nobody wrote is a rule that nobody looked at. So every fork at which a decision
//! can go two ways is a branch: a version's three answers, a service proposed or not, a guard that
//! holds, a service that somebody has already, a transition that is taken, a deadline with and
//! without a day. What cannot happen is no branch: a service for everybody is never refused.

mod branches;
mod walk;

use serde::Serialize;

use crate::examples::Situation;
use crate::pack::Pack;
use crate::pack::life_event::LifeEvent;
use branches::Sheet;

/// How much of a pack its examples reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many branches there are.
    pub branches: usize,
    /// How many of them some example reaches.
    pub reached: usize,
    /// How many in a hundred, rounded down: 100 is all.
    pub percent: usize,
    /// Life event by life event.
    pub life_events: Vec<LifeEventCoverage>,
}

/// How much of one life event its examples reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LifeEventCoverage {
    /// Its id.
    pub life_event: String,
    /// How many branches there are.
    pub branches: usize,
    /// How many of them some example reaches.
    pub reached: usize,
    /// How many in a hundred, rounded down: 100 is all.
    pub percent: usize,
    /// What no example reaches, in order of writing.
    pub unreached: Vec<Unreached>,
}

/// A branch that no example reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// The file that it stands in.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What it is, and how it never came out.
    pub what: String,
}

/// What the examples of a pack reach; of one life event where `only` names one.
#[must_use]
pub fn coverage(pack: &Pack, only: Option<&str>) -> Coverage {
    let wanted = pack.life_events().filter(|it| only.is_none_or(|only| *it.id == *only));
    let life_events: Vec<_> = wanted.map(|life_event| of(pack, life_event)).collect();
    let branches = life_events.iter().map(|it| it.branches).sum();
    let reached = life_events.iter().map(|it| it.reached).sum();
    Coverage { branches, reached, percent: percent(reached, branches), life_events }
}

fn of(pack: &Pack, life_event: &LifeEvent) -> LifeEventCoverage {
    let mut sheet = Sheet::new(life_event);
    for example in pack.examples(&life_event.id) {
        walk::walk(&mut sheet, &Situation::new(pack, life_event, example).case());
    }
    let (branches, unreached) = sheet.into_unreached();
    let reached = branches - unreached.len();
    LifeEventCoverage {
        life_event: life_event.id.value.clone(),
        branches,
        reached,
        percent: percent(reached, branches),
        unreached,
    }
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}
