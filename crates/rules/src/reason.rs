//! Why a rule answers as it does for one case, and what would make it answer otherwise.
//!
//! A receipt says what was decided and holds no value, since it outlives the data. This says more,
//! to somebody who may see the data: each part of the condition with the facts behind it, the one
//! fact to ask for first, the fewest parts that would turn the answer, and from which day on it
//! will hold by itself. Everything is asked anew at the three dates of the case, so it also tells
//! what would have been decided on another day, with what was known then, under another law.

use domain::{Fact, LegalBasis, Verdict};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::cel::{Condition, Flip};
use crate::known::{Case, Reader};
use crate::pack::life_event::{Entry, Version};

/// How far ahead a day is searched from which a rule will hold.
const YEARS_AHEAD: i32 = 10;

/// One rule and why it answers so.
#[derive(Debug, Clone)]
pub struct Reason<'a> {
    /// As receipts name it: `LE-BIRTH@2026-09-01/when`, or with the service's key.
    pub rule: String,
    /// The version of the law that applied.
    pub version: &'a Version,
    /// The service, where it is about one.
    pub entry: Option<&'a Entry>,
    /// The law behind it.
    pub law: &'a [LegalBasis],
    /// The answer.
    pub verdict: Verdict,
    /// The parts of its condition, in the order in which they were written.
    pub parts: Vec<Part<'a>>,
    /// The fact that is most likely to settle what is unknown.
    pub ask_first: Option<String>,
    /// The fewest parts that would turn what is settled.
    pub nearest_miss: Option<Vec<Flip>>,
    /// The first day after the one asked about on which time alone will make it hold.
    pub holds_from: Option<Date>,
}

/// One part of a condition that answers yes or no.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// As its author could have written it.
    pub text: String,
    /// How it came out; `None` where that is not known.
    pub outcome: Option<bool>,
    /// The facts that it reads, by path, with what the first of their owners said.
    pub facts: Vec<(String, Option<&'a Fact>)>,
}

impl<'a> Case<'a> {
    /// Why the life event's own rule and those of its services answer as they do. Empty where no
    /// law is in force, or where it is not settled which applies.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason<'a>> {
        let Some(version) = self.version() else { return Vec::new() };
        let own = self.reason_of(version, None, &version.condition);
        let services = self.entries(version).into_iter();
        let services = services.map(|entry| self.reason_of(version, Some(entry), &entry.condition));
        std::iter::once(own).chain(services).collect()
    }

    fn reason_of(
        &self,
        version: &'a Version,
        entry: Option<&'a Entry>,
        condition: &'a Condition,
    ) -> Reason<'a> {
        let reader = Reader::new(*self);
        let verdict = reader.answer(condition).verdict;
        let about = entry.map_or("when", |entry| entry.service.as_str());
        Reason {
            rule: format!("{}/{about}", version.name(self.life_event)),
            version,
            entry,
            law: &version.legal_basis,
            parts: self.parts(condition, &reader),
            ask_first: reader.ask_first(condition),
            nearest_miss: reader.nearest_miss(condition),
            holds_from: self.holds_from(&verdict, version, condition),
            verdict,
        }
    }

    fn parts(&self, condition: &Condition, reader: &Reader<'a>) -> Vec<Part<'a>> {
        let outcomes = reader.outcomes(condition);
        let parts = condition.parts().into_iter().zip(condition.part_reads()).zip(outcomes);
        parts
            .map(|((text, paths), outcome)| {
                let facts = paths.into_iter().map(|path| {
                    let fact = self.at(&path);
                    (path, fact)
                });
                Part { text, outcome, facts: facts.collect() }
            })
            .collect()
    }

    /// The first day on which what does not hold now will, with the facts of now: as that day
    /// passes, under the law of that day as far as this version is in force.
    fn holds_from(
        &self,
        verdict: &Verdict,
        version: &Version,
        condition: &Condition,
    ) -> Option<Date> {
        if *verdict != Verdict::Unmet {
            return None;
        }
        let today = self.as_of.occurred;
        let end = today.checked_add(YEARS_AHEAD.years()).ok()?;
        let days = today.series(1.day()).skip(1).take_while(|day| *day <= end);
        let mut open = days.filter(|day| version.in_force.contains(*day));
        open.find(|day| {
            let mut later = *self;
            later.as_of.occurred = *day;
            Reader::new(later).answer(condition).verdict == Verdict::Met
        })
    }
}
