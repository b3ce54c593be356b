//! Whether a life event happened, to whom, when, and which days are still to come.

use std::collections::BTreeSet;

use domain::{EventId, Milestone, Receipt, Value, Verdict};
use jiff::civil::Date;

use crate::cel::Answer;
use crate::hold::Hold;
use crate::known::{Case, Reader};
use crate::pack::life_event::Version;

/// What was decided about one life event of one subject.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// The version whose law was applied. `None`: none is in force on that day, or it is not
    /// known which of two applies.
    pub version: Option<&'a Version>,
    /// What tells this occurrence from others, where that is known.
    pub occurrence: Option<String>,
    /// The day it happened, where that is known.
    pub occurred_on: Option<Date>,
    /// The answer.
    pub verdict: Verdict,
    /// Why nothing may be told or prepared now, whatever the verdict.
    pub hold: Option<Hold>,
    /// Whether what brings it about is (still) known: an event that was not withdrawn, or a
    /// day that has come. A milestone that is not begun is withdrawn, whatever its verdict.
    pub begun: bool,
    /// Whether the time in which it counts has passed. Such a milestone is closed, not withdrawn.
    pub over: bool,
    /// What lets anyone replay it.
    pub receipt: Receipt,
}

/// The word for something that happens to a subject once in all time.
pub(crate) const ONCE: &str = "once";
/// The word for something that happens on each day that the clock brings.
pub(crate) const CLOCK: &str = "clock";

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
        let applied = self.applied(&reader);
        let begun = self.is_begun(began);
        let over = !begun && self.is_over();
        let Answer { verdict, trace } = match &applied {
            Ok(_) if self.is_early_or_over() => self.not_now(),
            Ok(Some(version)) => reader.answer(&version.condition),
            Ok(None) => self.no_version(),
            Err(unsettled) => unsettled.clone(),
        };
        let version = applied.ok().flatten();
        let missing = self.missing_occurrence(occurrence.as_deref(), occurred_on);
        let verdict = with_missing(verdict, missing);
        let hold = self.hold(&reader);
        let rule = version.map_or_else(
            || format!("{}@none", self.life_event.id.value),
            |version| format!("{}/when", version.name(self.life_event)),
        );
        let about = self.about(occurrence.as_deref());
        let receipt = self.receipt(&about, &rule, reader.read(), verdict.clone(), trace);
        Decision { version, occurrence, occurred_on, verdict, hold, begun, over, receipt }
    }

    /// What a version that is only tried out answers; nothing follows from it.
    #[must_use]
    pub fn try_out(&self, version: &Version) -> Receipt {
        let reader = Reader::new(*self);
        let occurrence = self.occurrence(&reader);
        let Answer { verdict, trace } = reader.answer(&version.condition);
        let rule = version.shadow_rule(self.life_event);
        self.receipt(&self.about(occurrence.as_deref()), &rule, reader.read(), verdict, trace)
    }

    /// The version that applies: the one in force on the day of law, unless a transition of it
    /// leaves this case to the law of an earlier day. An answer where that is not settled.
    pub(crate) fn applied(&self, reader: &Reader<'_>) -> Result<Option<&'a Version>, Answer> {
        let Some(version) = self.life_event.version_on(self.as_of.law) else { return Ok(None) };
        for transition in &version.transition {
            let answer = reader.answer(&transition.condition);
            match answer.verdict {
                Verdict::Met => return Ok(self.life_event.version_on(transition.law_of.value)),
                Verdict::Unmet => {}
                Verdict::Unknown { .. } => return Err(answer),
            }
        }
        Ok(Some(version))
    }

    /// The version that applies, where that is settled.
    #[must_use]
    pub fn version(&self) -> Option<&'a Version> {
        self.applied(&Reader::new(*self)).ok().flatten()
    }

    /// What tells this occurrence from others: the word `once`, the clock's day, or the value at
    /// the path.
    fn occurrence(&self, reader: &Reader<'_>) -> Option<String> {
        let path = self.life_event.occurrence.as_str();
        match path {
            ONCE => return Some(ONCE.to_owned()),
            CLOCK => return Some(self.clock_day(reader)?.to_string()),
            _ => {}
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
    pub(crate) fn occurred_on(&self, reader: &Reader<'_>) -> Option<Date> {
        match (&self.life_event.occurred_on, self.life_event.occurrence.as_str()) {
            (Some(path), _) => reader.at(path)?.as_date(),
            // What the clock begins occurs on the clock's day.
            (None, ONCE | CLOCK) => self.clock_day(reader),
            (None, path) => reader.at(path)?.as_date(),
        }
    }

    /// The day that the clock is about now: the one that counts, else the next, else the last.
    fn clock_day(&self, reader: &Reader<'_>) -> Option<Date> {
        let clock = self.life_event.begins.clock.as_ref()?;
        // Read for the receipt: the day rests on it.
        reader.at(&clock.after)?;
        if let Some(table) = &clock.ages {
            reader.at(&table.by)?;
        }
        let strikes = self.strikes();
        let next = || strikes.iter().find(|it| self.as_of.occurred < it.from);
        let now = strikes.iter().rfind(|it| it.counts_on(self.as_of.occurred));
        now.or_else(next).or_else(|| strikes.last()).map(|strike| strike.day)
    }

    /// Whether only the clock brings this about, and no day of it counts now.
    fn is_early_or_over(&self) -> bool {
        self.life_event.begins.events.is_empty()
            && !self.strikes().is_empty()
            && self.strike_now().is_none()
    }

    fn is_over(&self) -> bool {
        let strikes = self.strikes();
        let past = |it: &crate::Strike| it.until.is_some_and(|until| until <= self.as_of.occurred);
        !strikes.is_empty() && strikes.iter().any(past) && self.strike_now().is_none()
    }

    fn not_now(&self) -> Answer {
        let today = self.as_of.occurred;
        let trace = vec![format!("no day that time brings counts on {today}")];
        Answer { verdict: Verdict::Unmet, trace }
    }

    /// The facts without which a milestone has no identity or no day.
    fn missing_occurrence(
        &self,
        occurrence: Option<&str>,
        occurred_on: Option<Date>,
    ) -> BTreeSet<String> {
        let event = self.life_event;
        let by_clock = || {
            let clock = event.begins.clock.iter();
            let paths = clock.flat_map(|it| [Some(&it.after), it.ages.as_ref().map(|it| &it.by)]);
            let unknown = paths.flatten().filter(|path| self.at(path).is_none());
            unknown.map(|path| path.value.clone()).collect::<BTreeSet<_>>()
        };
        let mut missing = BTreeSet::new();
        if occurrence.is_none() {
            match event.occurrence.as_str() {
                CLOCK => missing.extend(by_clock()),
                path => missing.extend([path.to_owned()]),
            }
        }
        if occurred_on.is_none() {
            match (&event.occurred_on, event.occurrence.as_str()) {
                (Some(path), _) => missing.extend([path.value.clone()]),
                (None, ONCE | CLOCK) => missing.extend(by_clock()),
                (None, path) => missing.extend([path.to_owned()]),
            }
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
        believed.into_iter().any(|fact| began(fact.source.event)) || self.strike_now().is_some()
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
pub(crate) fn with_missing(verdict: Verdict, more: BTreeSet<String>) -> Verdict {
    match verdict {
        Verdict::Unmet => Verdict::Unmet,
        verdict if more.is_empty() => verdict,
        Verdict::Met => Verdict::Unknown { missing: more },
        Verdict::Unknown { missing } => {
            Verdict::Unknown { missing: missing.into_iter().chain(more).collect() }
        }
    }
}
