//! What holds a life event back although its rule is met: a death, a thing that hurts.
//!
//! A rule says what somebody is entitled to; a hold says that no machine may tell them now. What
//! is not known counts as a reason to hold: a message too late is mended, one to the mother of a
//! dead child is not.

use domain::Verdict;
use jiff::civil::Date;

use crate::known::{Case, Reader};
use crate::pack::guard::{Sensitive, SensitiveKind};

/// Why nothing is told or prepared now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Somebody whom the life event guards is known to have died: a person looks first.
    Deceased {
        /// The role that they play.
        role: String,
    },
    /// It hurts, and a person releases it.
    Officer {
        /// What it is.
        kind: SensitiveKind,
    },
    /// It hurts, and it is too early.
    Wait {
        /// The first day on which it may be told; not known where its own day is not.
        until: Option<Date>,
    },
}

impl Case<'_> {
    /// What holds this back on the day that is asked about. A decision is taken all the same: the
    /// person who looks at it wants to see what would have been sent.
    pub(crate) fn hold(&self, reader: &Reader<'_>) -> Option<Hold> {
        let guards = &self.life_event.guards;
        let dead = guards.deceased.iter().find(|role| reader.is_deceased(role));
        if let Some(role) = dead {
            return Some(Hold::Deceased { role: role.value.clone() });
        }
        let sensitive = self.sensitive(reader)?;
        if sensitive.officer {
            return Some(Hold::Officer { kind: sensitive.kind });
        }
        sensitive.wait?;
        let until = self.wait_ends();
        until.is_none_or(|until| self.as_of.occurred < until).then_some(Hold::Wait { until })
    }

    /// The guard against telling what hurts, unless it is known not to apply here.
    pub(crate) fn sensitive(&self, reader: &Reader<'_>) -> Option<&Sensitive> {
        let sensitive = self.life_event.guards.sensitive.as_ref()?;
        let verdict = reader.answer(&sensitive.condition).verdict;
        (verdict != Verdict::Unmet).then_some(sensitive)
    }

    /// The first day on which a thing that hurts may be told.
    pub(crate) fn wait_ends(&self) -> Option<Date> {
        let wait = self.life_event.guards.sensitive.as_ref()?.wait?;
        let occurred_on = self.occurred_on(&Reader::new(*self))?;
        let end = self.pack.calendar().end_of(occurred_on, wait.count, wait.unit)?;
        end.tomorrow().ok()
    }
}
