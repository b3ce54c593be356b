//! The days on which time alone brings a life event to a subject.
//!
//! A birthday, the end of a card, an age that a table sets: each is a [`Strike`]. It begins a
//! while before its day and stops counting a while after it, so that nobody of thirty is told
//! that they have turned 25. When facts change the engine stores the next day on which anything
//! about this subject can change by itself ([`Case::next_look`]); a day's run then costs what is
//! due on it.

use std::ops::Range;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

use crate::known::Case;
use crate::pack::Pack;
use crate::pack::clock_rule::{AgeTable, ClockRule};
use crate::pack::deadline_rule::{Length, Unit};
use crate::pack::service::ParameterValue;

/// What is counted from days of these years can be counted beforehand; what is not, day by day.
const FIRST_DAY: Date = date(1000, 1, 1);
const LAST_DAY: Date = date(9000, 1, 1);

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
    let mut days: Vec<Date> =
        spans(clock).into_iter().filter_map(|span| shifted_by(clock, after, span)).collect();
    if let Some(table) = &clock.ages {
        days.extend(by.and_then(|by| age_reached(pack, table, after, by)));
    }
    days.sort_unstable();
    days.dedup();
    days.into_iter().filter_map(|day| strike(pack, clock, day)).collect()
}

/// The days from which a clock counts to a day that counts today: a range for each length of time
/// that it counts.
#[derive(Debug)]
pub(crate) struct CountedFrom(Vec<Range<Date>>);

impl CountedFrom {
    /// Works them out. `None` where only counting tells: a table sets an age, or working days are
    /// counted, which end where the calendar does.
    ///
    /// Who is born later turns eighteen no earlier, so both ends of a range are found by halving.
    pub(crate) fn new(pack: &Pack, clock: &ClockRule, today: Date) -> Option<Self> {
        let lengths = [clock.ahead, clock.lasts];
        let works = lengths.iter().flatten().any(|length| length.unit == Unit::WorkingDays);
        if works || clock.ages.is_some() {
            return None;
        }
        let range = |span: Span| {
            let strike = |after| strike(pack, clock, shifted_by(clock, after, span)?);
            let is_over = |it: &Strike| it.until.is_some_and(|until| until <= today);
            let first = first_day_not(&|after| strike(after).map(|it| is_over(&it)))?;
            let end = first_day_not(&|after| strike(after).map(|it| it.from <= today))?;
            Some(first..end)
        };
        spans(clock).into_iter().map(range).collect::<Option<_>>().map(Self)
    }

    /// Whether what is counted from `after` counts today; `None` where that was not worked out.
    pub(crate) fn counts(&self, after: Date) -> Option<bool> {
        let known = (FIRST_DAY..LAST_DAY).contains(&after);
        known.then(|| self.0.iter().any(|range| range.contains(&after)))
    }
}

/// The first day of which `is` says no, where it says yes of all days before and of none after.
fn first_day_not(is: &dyn Fn(Date) -> Option<bool>) -> Option<Date> {
    let (mut low, mut high) = (FIRST_DAY, LAST_DAY);
    while low < high {
        let half = low.until(high).ok()?.get_days() / 2;
        let middle = low.checked_add(half.days()).ok()?;
        if is(middle)? {
            low = middle.tomorrow().ok()?;
        } else {
            high = middle;
        }
    }
    Some(low)
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

/// The lengths of time that a clock counts: none at all where it is about the day itself.
fn spans(clock: &ClockRule) -> Vec<Span> {
    let years = clock.years.iter().map(|n| i32::from(*n).years());
    let months = clock.months.iter().map(|n| i32::from(*n).months());
    let days = clock.days.iter().map(|n| i32::from(*n).days());
    let mut spans: Vec<_> = years.chain(months).chain(days).collect();
    if spans.is_empty() && clock.ages.is_none() {
        spans.push(0.days());
    }
    spans
}

/// The day that a clock counts to over one length of time.
fn shifted_by(clock: &ClockRule, after: Date, span: Span) -> Option<Date> {
    let day = reached(after, span)?;
    let Some(on) = &clock.on else { return Some(day) };
    let (month, date) = month_and_day(on)?;
    Date::new(day.year(), month, date).ok()
}

/// The day on which a length of time since `after` is full. Somebody born on 29 February is a year
/// older on 1 March, as conditions count ages; a deadline would end on 28 February instead.
fn reached(after: Date, span: Span) -> Option<Date> {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::PackFiles;

    #[test]
    fn what_is_worked_out_beforehand_is_what_counting_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
        let pack = Pack::load(&PackFiles::read(&folder).unwrap()).unwrap();
        let mut counted = 0;
        for event in pack.life_events() {
            let Some(clock) = &event.begins.clock else { continue };
            for today in [date(2024, 2, 29), date(2026, 3, 1), date(2026, 11, 28)] {
                let Some(from) = CountedFrom::new(&pack, clock, today) else { continue };
                for after in date(1926, 1, 1).series(1.day()).take(365 * 105) {
                    let days = strikes(&pack, clock, after, None);
                    let counts = days.iter().any(|strike| strike.counts_on(today));
                    let about = || format!("{} from {after} on {today}", event.id.value);
                    assert_eq!(from.counts(after), Some(counts), "{}", about());
                }
                counted += 1;
            }
            assert_eq!(CountedFrom(Vec::new()).counts(date(9999, 12, 31)), None);
        }
        assert!(counted > 30, "{counted}");
    }
}
