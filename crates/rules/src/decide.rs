//! Whether a life event happened, to whom, when, and which days are still to come.

use std::collections::BTreeSet;

use domain::{EventId, Milestone, Receipt, Value, Verdict};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::cel::Answer;
use crate::known::{Case, Reader};
use crate::pack::life_event::Version;

/// What was decided about one life event of one subject.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// The version whose law was applied. `None`: none is in force on that day.
    pub version: Option<&'a Version>,
    /// What tells this occurrence from others, where that is known.
    pub occurrence: Option<String>,
    /// The day it happened, where that is known.
    pub occurred_on: Option<Date>,
    /// The answer.
    pub verdict: Verdict,
    /// A role whose death stops everything until a person looked.
    pub guard: Option<String>,
    /// Whether what brings it about is (still) known: an event that was not withdrawn, or a
    /// day that has come. A milestone that is not begun is withdrawn, whatever its verdict.
    pub begun: bool,
    /// What lets anyone replay it.
    pub receipt: Receipt,
}

/// The word for something that happens to a subject once in all time.
pub(crate) const ONCE: &str = "once";

impl<'a> Case<'a> {
    /// Decides.
    ///
    /// `began` tells of an event whether its kind is one that begins this life event. It is
    /// asked about the events of those facts, believed at `as_of.known`, by which the subject is
    /// known as the one that such an event is about (see [`LifeEvent::begun_by`]).
    ///
    /// [`LifeEvent::begun_by`]: crate::LifeEvent::begun_by
    #[must_use]
    pub fn decide(&self, began: &dyn Fn(EventId) -> bool) -> Decision<'a> {
        let reader = Reader::new(*self);
        let occurrence = self.occurrence(&reader);
        let occurred_on = self.occurred_on(&reader);
        let version = self.life_event.version_on(self.as_of.law);
        let Answer { verdict, trace } = match version {
            Some(version) => reader.answer(&version.condition),
            None => self.no_version(),
        };
        let missing = self.missing_occurrence(occurrence.as_deref(), occurred_on);
        let verdict = with_missing(verdict, missing);
        let guard = self.guard(&reader);
        let rule = version.map_or_else(
            || format!("{}@none", self.life_event.id.value),
            |version| format!("{}/when", version.name(self.life_event)),
        );
        let about = self.about(occurrence.as_deref());
        let receipt = self.receipt(&about, &rule, reader.read(), verdict.clone(), trace);
        let begun = self.is_begun(began);
        Decision { version, occurrence, occurred_on, verdict, guard, begun, receipt }
    }

    /// The day on which the clock begins this life event for this subject, past or to come.
    /// `None` where it has no clock, or the day that it counts from is not known.
    #[must_use]
    pub fn clock_due(&self) -> Option<Date> {
        let clock = self.life_event.begins.clock.as_ref()?;
        let after = self.at(&clock.after)?.value.as_date()?;
        let anniversary = after.checked_add(clock.years.years()).ok()?;
        match &clock.on {
            None => Some(anniversary),
            Some(on) => {
                let (month, day) = month_and_day(on)?;
                Date::new(anniversary.year(), month, day).ok()
            }
        }
    }

    /// What tells this occurrence from others: the word `once`, or the value at the path.
    fn occurrence(&self, reader: &Reader<'a>) -> Option<String> {
        let path = self.life_event.occurrence.as_str();
        if path == ONCE {
            return Some(ONCE.to_owned());
        }
        Some(match reader.at(path)? {
            // The form of the design's ids, which is not the form for readers.
            Value::Date(day) => day.to_string(),
            Value::Int(number) => number.to_string(),
            other => other.to_string(),
        })
    }

    /// The day it happened, by the first of three rules that applies: the path given for it, the
    /// clock's day, the occurrence itself.
    fn occurred_on(&self, reader: &Reader<'a>) -> Option<Date> {
        match (&self.life_event.occurred_on, self.life_event.occurrence.as_str()) {
            (Some(path), _) => reader.at(path)?.as_date(),
            // What the clock begins occurs on the clock's day.
            (None, ONCE) => self.clock_due(),
            (None, path) => reader.at(path)?.as_date(),
        }
    }

    /// The facts without which a milestone has no identity or no day.
    fn missing_occurrence(
        &self,
        occurrence: Option<&str>,
        occurred_on: Option<Date>,
    ) -> BTreeSet<String> {
        let event = self.life_event;
        let mut missing = BTreeSet::new();
        if occurrence.is_none() {
            missing.insert(event.occurrence.value.clone());
        }
        if occurred_on.is_none() {
            let clock = event.begins.clock.as_ref().map(|clock| &clock.after);
            let path = match (&event.occurred_on, clock) {
                (Some(path), _) => path,
                (None, Some(after)) if event.occurrence.value == ONCE => after,
                (None, _) => &event.occurrence,
            };
            missing.insert(path.value.clone());
        }
        missing
    }

    /// No law, no answer but *unmet*; the trace says whether that is meant so.
    fn no_version(&self) -> Answer {
        let law = self.as_of.law;
        let why = match self.life_event.gap_on(law) {
            Some(gap) => format!("no version is in force on {law}: {}", gap.because),
            None => format!("no version is in force on {law}"),
        };
        Answer { verdict: Verdict::Unmet, trace: vec![why] }
    }

    /// The first guarded role who is known to have died. A decision is taken all the same: the
    /// person who looks at it wants to see what would have been sent.
    fn guard(&self, reader: &Reader<'a>) -> Option<String> {
        let guarded = &self.life_event.guards.deceased;
        guarded.iter().find(|role| reader.is_deceased(role)).map(|role| role.value.clone())
    }

    /// Whether something that begins it is believed now, or its day has come.
    ///
    /// Believed at `as_of.known`, whatever day the fact is about: a birth in November began in
    /// November also when December is asked about.
    fn is_begun(&self, began: &dyn Fn(EventId) -> bool) -> bool {
        let Some(subject) = self.roles.get(self.life_event.subject.as_str()) else {
            return false;
        };
        let known = self.as_of.known;
        let believed = self.facts.iter().filter(|fact| {
            fact.subject == *subject
                && self.life_event.marks.contains(&fact.attribute)
                && fact.known_from <= known
                && fact.known_until.is_none_or(|until| known < until)
        });
        believed.into_iter().any(|fact| began(fact.source.event))
            || self.clock_due().is_some_and(|due| due <= self.as_of.occurred)
    }

    /// The milestone's id, or the life event alone where it has no identity yet.
    fn about(&self, occurrence: Option<&str>) -> String {
        let id = self.life_event.id.as_str();
        match (self.roles.get(self.life_event.subject.as_str()), occurrence) {
            (Some(subject), Some(occurrence)) => {
                Milestone::id_of(id, *subject, occurrence).to_string()
            }
            (Some(subject), None) => format!("{id}/{subject}"),
            (None, _) => id.to_owned(),
        }
    }

    /// The record of one answer. Its id is made from what it is about, so deciding again with the
    /// same dates writes the same row.
    pub(crate) fn receipt(
        &self,
        about: &str,
        rule: &str,
        facts: Vec<domain::FactId>,
        verdict: Verdict,
        trace: Vec<String>,
    ) -> Receipt {
        Receipt {
            id: Receipt::id_of(about, rule, &self.as_of),
            about: about.to_owned(),
            rule: rule.to_owned(),
            pack: self.pack.version().to_owned(),
            as_of: self.as_of,
            facts,
            verdict,
            trace,
        }
    }
}

/// A verdict that also needs `missing`. What is unmet stays unmet: no fact can help it.
fn with_missing(verdict: Verdict, more: BTreeSet<String>) -> Verdict {
    match verdict {
        Verdict::Unmet => Verdict::Unmet,
        verdict if more.is_empty() => verdict,
        Verdict::Met => Verdict::Unknown { missing: more },
        Verdict::Unknown { missing } => {
            Verdict::Unknown { missing: missing.into_iter().chain(more).collect() }
        }
    }
}

/// `01-31` as month and day.
pub(crate) fn month_and_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // Every year must have it, so 29 February is none.
    Date::new(2001, month, day).ok().map(|_| (month, day))
}
