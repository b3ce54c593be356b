//! The days on which time alone brings a life event to a subject.
//!
//! A birthday, the end of a card, an age that a table sets: each is a [`Strike`]. It begins a
//! while before its day and stops counting a while after it, so that nobody of thirty is told
//! that they have turned 25. When facts change the engine stores the next day on which anything
//! about this subject can change by itself ([`Case::next_look`]); a day's run then costs what is
//! due on it.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::known::Case;
use crate::pack::Pack;
use crate::pack::clock_rule::{AgeTable, ClockRule};
use crate::pack::deadline_rule::{Length, Unit};
use crate::pack::service::ParameterValue;

/// One day that time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    /// The day itself.
    pub day: Date,
    /// The first day on which it counts.
    pub from: Date,
    /// The first day on which it counts no more; never where `None`.
    pub until: Option<Date>,
}

impl Strike {
    /// Whether it counts on `today`.
    #[must_use]
    pub fn counts_on(&self, today: Date) -> bool {
        self.from <= today && self.until.is_none_or(|until| today < until)
    }
}

impl Case<'_> {
    /// All days that the clock brings to this subject, past and to come, in order. Empty where
    /// the life event has no clock, or the day that it counts from is not known.
    #[must_use]
    pub fn strikes(&self) -> Vec<Strike> {
        let Some(clock) = &self.life_event.begins.clock else { return Vec::new() };
        let Some(after) = self.at(&clock.after).and_then(|fact| fact.value.as_date()) else {
            return Vec::new();
        };
        let by = clock.ages.as_ref().and_then(|table| self.at(&table.by));
        strikes(self.pack, clock, after, by.and_then(|fact| fact.value.as_text()))
    }

    /// The strike that counts on the day that is asked about; of several the latest.
    #[must_use]
    pub fn strike_now(&self) -> Option<Strike> {
        self.strikes().into_iter().rfind(|strike| strike.counts_on(self.as_of.occurred))
    }

    /// The next day after the one asked about on which time alone may change something here: a
    /// strike begins or ends, or a waiting time is over.
    #[must_use]
    pub fn next_look(&self) -> Option<Date> {
        let strikes = self.strikes();
        let edges = strikes.iter().flat_map(|it| [Some(it.from), Some(it.day), it.until]);
        let waits = [self.wait_ends()];
        edges.chain(waits).flatten().filter(|day| self.as_of.occurred < *day).min()
    }
}

/// All days that `clock` brings to whoever it counts from `after` for, in order. `by` is what
/// chooses the age of a table.
pub(crate) fn strikes(
    pack: &Pack,
    clock: &ClockRule,
    after: Date,
    by: Option<&str>,
) -> Vec<Strike> {
    let mut days = shifted(clock, after);
    if let Some(table) = &clock.ages {
        days.extend(by.and_then(|by| age_reached(pack, table, after, by)));
    }
    days.sort_unstable();
    days.dedup();
    days.into_iter().filter_map(|day| strike(pack, clock, day)).collect()
}

fn strike(pack: &Pack, clock: &ClockRule, day: Date) -> Option<Strike> {
    let calendar = pack.calendar();
    let from = match clock.ahead {
        None => day,
        Some(Length { count, unit }) => calendar.back(day, count, unit)?,
    };
    let until = match clock.lasts {
        None => None,
        Some(Length { count, unit }) => Some(calendar.end_of(day, count, unit)?.tomorrow().ok()?),
    };
    Some(Strike { day, from, until })
}

/// The day on which somebody born on `after` reaches the age of the table: under the first of
/// its rows in whose time that day falls. Where the age rises faster than the person, the row
/// of the later year counts from its first day.
fn age_reached(pack: &Pack, table: &AgeTable, after: Date, by: &str) -> Option<Date> {
    let field = table.fields.get(by)?;
    let mut rows: Vec<_> = pack.parameter(&table.parameter).iter().collect();
    rows.retain(|row| row.place.is_none());
    rows.sort_by_key(|row| row.in_force.from);
    rows.into_iter().find_map(|row| {
        let ParameterValue::Int(months) = row.values.get(field.as_str())? else { return None };
        let day = reached(after, i32::try_from(*months).ok()?.months())?;
        row.in_force.contains(day).then_some(day)
    })
}

/// The days that a clock counts to: that many years, months or days later; the day itself where
/// nothing is counted.
fn shifted(clock: &ClockRule, after: Date) -> Vec<Date> {
    let years = clock.years.iter().map(|n| i32::from(*n).years());
    let months = clock.months.iter().map(|n| i32::from(*n).months());
    let days = clock.days.iter().map(|n| i32::from(*n).days());
    let mut spans: Vec<_> = years.chain(months).chain(days).collect();
    if spans.is_empty() && clock.ages.is_none() {
        spans.push(0.days());
    }
    let day = |span| {
        let day = reached(after, span)?;
        let Some(on) = &clock.on else { return Some(day) };
        let (month, date) = month_and_day(on)?;
        Date::new(day.year(), month, date).ok()
    };
    spans.into_iter().filter_map(day).collect()
}

/// The day on which a length of time since `after` is full. Somebody born on 29 February is a year
/// older on 1 March, as conditions count ages; a deadline would end on 28 February instead.
fn reached(after: Date, span: jiff::Span) -> Option<Date> {
    let day = after.checked_add(span).ok()?;
    let clipped = day.day() < after.day() && span.get_days() == 0;
    if clipped { day.tomorrow().ok() } else { Some(day) }
}

/// `01-31` as month and day.
pub(crate) fn month_and_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // Every year must have it, so 29 February is none.
    Date::new(2001, month, day).ok().map(|_| (month, day))
}

/// Whether a length of time can be counted to a day without the calendar leaving its range.
pub(crate) fn is_short(length: Length) -> bool {
    match length.unit {
        Unit::CalendarDays | Unit::WorkingDays => length.count <= 4000,
        Unit::Months => length.count <= 1200,
        Unit::Years => length.count <= 100,
    }
}
