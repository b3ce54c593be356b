//! Counts periods as the Civil Code 2015 counts them, art. 144 to 148.
//!
//! - The starting day is not counted (art. 147).
//! - A period of months or years ends on the same day of the last month; where that month has
//!   no such day, on its last day (art. 148).
//! - An end on a weekend or a public holiday moves to the end of the next working day
//!   (art. 148).
//! - Where the law says working days, days off are not counted at all.
//!
//! Two days come out. [`Counted::on`] is the last day by law. [`Counted::safe`] is the last
//! working day on or before the unmoved end: offices that do not know the moving rule still
//! take the application on it, so that is the day to tell people.
//!
//! # What is not known
//!
//! Holidays are proclaimed year by year. For a year that the pack does not hold completely the
//! weekends still count, and the answer carries a note: a day that may yet move is never shown
//! as if it could not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::pack::country::CalendarYear;
use crate::pack::deadline_rule::Unit;

/// A period's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The last day by law, moved past days off.
    pub on: Date,
    /// The last working day on or before the period's own end.
    pub safe: Date,
    /// Years between start and end whose days off are not all known.
    pub incomplete_years: Vec<i16>,
}

/// The days off of a country.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    off: BTreeMap<Date, String>,
    worked: BTreeSet<Date>,
    complete: BTreeSet<i16>,
}

impl Calendar {
    pub(crate) fn new(years: impl IntoIterator<Item = CalendarYear>) -> Self {
        let mut calendar = Self::default();
        for year in years {
            if year.complete {
                calendar.complete.insert(year.year.value);
            }
            for holiday in year.holidays {
                calendar.off.insert(holiday.on.value, holiday.name.vi);
            }
            for swap in year.swaps {
                calendar.off.insert(swap.off.value, swap.name.vi);
                calendar.worked.extend(swap.works.map(|day| day.value));
            }
        }
        calendar
    }

    /// Whether every day off of `year` is known.
    #[must_use]
    pub fn calendar_complete(&self, year: i16) -> bool {
        self.complete.contains(&year)
    }

    /// What makes `day` a day off besides the weekend, in Vietnamese.
    #[must_use]
    pub fn holiday(&self, day: Date) -> Option<&str> {
        self.off.get(&day).map(String::as_str)
    }

    /// Whether offices work on `day`.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        if self.worked.contains(&day) {
            return true;
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.off.contains_key(&day)
    }

    /// The end of a period of `count` units that starts on `from`. `None` where it leaves the
    /// range of dates.
    #[must_use]
    pub fn count(&self, from: Date, count: u16, unit: Unit) -> Option<Counted> {
        self.around(from, self.end_of(from, count, unit)?)
    }

    /// The same, to the last day of the month in which the period ends.
    #[must_use]
    pub fn count_to_month_end(&self, from: Date, count: u16, unit: Unit) -> Option<Counted> {
        self.around(from, self.end_of(from, count, unit)?.last_of_month())
    }

    /// The last day on which something is done in time that must be done at the latest `count`
    /// units before `to`. It does not move past days off: that would come after it.
    #[must_use]
    pub fn count_back(&self, to: Date, count: u16, unit: Unit) -> Option<Counted> {
        let on = self.back(to, count, unit)?;
        let safe = self.working_day(on, Date::yesterday)?;
        Some(Counted { on, safe, incomplete_years: self.incomplete(safe, to) })
    }

    /// The period's own last day, before it moves past days off.
    pub(crate) fn end_of(&self, from: Date, count: u16, unit: Unit) -> Option<Date> {
        match unit {
            // jiff keeps the day and falls back to the month's last: art. 148 exactly.
            Unit::CalendarDays | Unit::Months | Unit::Years => {
                from.checked_add(span(count, unit)).ok()
            }
            Unit::WorkingDays => self.step(from, count, Date::tomorrow),
        }
    }

    /// The day `count` units before `to`.
    pub(crate) fn back(&self, to: Date, count: u16, unit: Unit) -> Option<Date> {
        match unit {
            Unit::CalendarDays | Unit::Months | Unit::Years => {
                to.checked_sub(span(count, unit)).ok()
            }
            Unit::WorkingDays => self.step(to, count, Date::yesterday),
        }
    }

    /// What is due on a day that a card or a plan names: the day itself is the law, nothing
    /// moves it.
    #[must_use]
    pub fn named(&self, day: Date) -> Option<Counted> {
        let safe = self.working_day(day, Date::yesterday)?;
        Some(Counted { on: day, safe, incomplete_years: self.incomplete(safe, day) })
    }

    /// `count` days on which offices work, counted one by one.
    fn step(
        &self,
        mut day: Date,
        count: u16,
        step: fn(Date) -> Result<Date, jiff::Error>,
    ) -> Option<Date> {
        for _ in 0..count {
            day = self.working_day(step(day).ok()?, step)?;
        }
        Some(day)
    }

    /// The day that is `count` working days after `from`, or before it where `count` is negative.
    /// `from` itself is never counted. `None` where it leaves the range of dates.
    pub(crate) fn add_working_days(&self, from: Date, count: i32) -> Option<Date> {
        let step = if count < 0 { Date::yesterday } else { Date::tomorrow };
        let mut day = from;
        for _ in 0..count.unsigned_abs() {
            day = self.working_day(step(day).ok()?, step)?;
        }
        Some(day)
    }

    /// How many working days lie after `from` up to and with `to`; negative where `to` comes
    /// first, and then counted from `to`, which is the same number of days on the way back.
    pub(crate) fn working_days_between(&self, from: Date, to: Date) -> i64 {
        if to < from {
            return -self.working_days_between(to, from);
        }
        let (mut day, mut count) = (from, 0);
        while let Ok(next) = day.tomorrow()
            && next <= to
        {
            count += i64::from(self.is_working_day(next));
            day = next;
        }
        count
    }

    /// Both days that matter, from the period's own end.
    fn around(&self, from: Date, end: Date) -> Option<Counted> {
        let on = self.working_day(end, Date::tomorrow)?;
        let safe = self.working_day(end, Date::yesterday)?;
        Some(Counted { on, safe, incomplete_years: self.incomplete(from, on) })
    }

    /// The nearest working day from `day` on, stepping with `step`.
    pub(crate) fn working_day(
        &self,
        mut day: Date,
        step: fn(Date) -> Result<Date, jiff::Error>,
    ) -> Option<Date> {
        while !self.is_working_day(day) {
            day = step(day).ok()?;
        }
        Some(day)
    }

    /// The years from one day to the other for which the pack may lack days off.
    pub(crate) fn incomplete(&self, from: Date, to: Date) -> Vec<i16> {
        (from.year()..=to.year()).filter(|&year| !self.calendar_complete(year)).collect()
    }
}

/// A length of time in the units that no day off changes.
fn span(count: u16, unit: Unit) -> jiff::Span {
    let count = i32::from(count);
    match unit {
        Unit::CalendarDays | Unit::WorkingDays => count.days(),
        Unit::Months => count.months(),
        Unit::Years => count.years(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// Holidays of the kind that Viet Nam has; 2027 is not complete.
    fn calendar() -> Calendar {
        let years = [
            "{year: 2024, complete: true}",
            "{year: 2025, complete: true}",
            "
year: 2026
complete: true
holidays:
  - {on: 2026-01-01, name: {vi: Tết Dương lịch, en: New Year}, confidence: H, sources: []}
  - {on: 2026-02-16, name: {vi: Tết, en: Tết}, confidence: M, sources: []}
  - {on: 2026-02-17, name: {vi: Tết, en: Tết}, confidence: M, sources: []}
  - {on: 2026-02-18, name: {vi: Tết, en: Tết}, confidence: M, sources: []}
  - {on: 2026-02-19, name: {vi: Tết, en: Tết}, confidence: M, sources: []}
  - {on: 2026-02-20, name: {vi: Tết, en: Tết}, confidence: M, sources: []}
  - {on: 2026-09-02, name: {vi: Quốc khánh, en: National Day}, confidence: H, sources: []}
swaps:
  - {off: 2026-04-27, works: 2026-05-09, name: {vi: nghỉ bù, en: in lieu}, confidence: M, sources: []}
",
            "
year: 2027
complete: false
holidays:
  - {on: 2027-01-01, name: {vi: Tết Dương lịch, en: New Year}, confidence: H, sources: []}
",
        ];
        Calendar::new(years.map(|text| serde_saphyr::from_str(text).unwrap()))
    }

    /// From, count, unit; the day of the law, the safe day; why.
    const PERIODS: &str = "
2026-03-02  10 calendar_days  2026-03-12 2026-03-12  the first day is not counted
2026-03-02   1 calendar_days  2026-03-03 2026-03-03  one day is tomorrow
2026-11-02  60 calendar_days  2027-01-04 2026-12-31  a holiday, then a weekend
2026-09-16  60 calendar_days  2026-11-16 2026-11-13  a Sunday
2026-01-18  30 calendar_days  2026-02-23 2026-02-13  an end in the Tết week
2026-03-28  30 calendar_days  2026-04-28 2026-04-24  a Monday that is off for a swap
2026-04-09  30 calendar_days  2026-05-09 2026-05-09  a Saturday that is worked for a swap
2025-01-31   1 months         2025-02-28 2025-02-28  the month has no day 31
2024-01-31   1 months         2024-02-29 2024-02-29  nor has a leap February
2024-02-29   1 years          2025-02-28 2025-02-28  a leap day in a common year
2024-02-29   4 years          2028-02-29 2028-02-29  and in the next leap year
2025-05-31  12 months         2026-06-01 2026-05-29  twelve months, then a Sunday
2026-03-06   1 working_days   2026-03-09 2026-03-09  from Friday to Monday
2026-02-13   2 working_days   2026-02-24 2026-02-24  Tết is not worked
2026-05-07   2 working_days   2026-05-09 2026-05-09  a worked Saturday counts
2026-03-07   0 working_days   2026-03-09 2026-03-06  nothing counted still ends on a working day
";

    #[test]
    fn periods_end_as_the_civil_code_says() {
        let day = |word: &str| word.parse::<Date>().unwrap();
        for line in PERIODS.lines().filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let unit: Unit = serde_json::from_value(words[2].into()).unwrap();
            let counted = calendar().count(day(words[0]), words[1].parse().unwrap(), unit).unwrap();
            assert_eq!((counted.on, counted.safe), (day(words[3]), day(words[4])), "{line}");
        }
    }

    #[test]
    fn a_year_that_is_not_complete_is_named() {
        let calendar = calendar();
        let within = calendar.count(date(2026, 3, 2), 10, Unit::CalendarDays).unwrap();
        assert!(within.incomplete_years.is_empty());
        let across = calendar.count(date(2026, 11, 2), 60, Unit::CalendarDays).unwrap();
        assert_eq!(across.incomplete_years, [2027]);
        let beyond = calendar.count(date(2030, 1, 1), 10, Unit::CalendarDays).unwrap();
        assert_eq!(beyond.incomplete_years, [2030]);
        assert!(!calendar.calendar_complete(2027) && calendar.calendar_complete(2026));
    }

    #[test]
    fn a_named_day_does_not_move() {
        let counted = calendar().named(date(2026, 9, 6)).unwrap();
        assert_eq!((counted.on, counted.safe), (date(2026, 9, 6), date(2026, 9, 4)));
    }

    /// To, count, unit; the day itself, the safe day; why.
    const BEFORE: &str = "
2026-03-16  10 calendar_days  2026-03-06 2026-03-06  ten days before
2026-03-17  10 calendar_days  2026-03-07 2026-03-06  a Saturday does not move later
2026-02-24   3 working_days   2026-02-12 2026-02-12  Tết is not worked
2026-08-31   6 months         2026-02-28 2026-02-27  February has no day 31
2028-02-29   1 years          2027-02-28 2027-02-26  a leap day
";

    #[test]
    fn periods_before_a_day_never_end_later_for_a_day_off() {
        let day = |word: &str| word.parse::<Date>().unwrap();
        for line in BEFORE.lines().filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let unit: Unit = serde_json::from_value(words[2].into()).unwrap();
            let (to, count) = (day(words[0]), words[1].parse().unwrap());
            let counted = calendar().count_back(to, count, unit).unwrap();
            assert_eq!((counted.on, counted.safe), (day(words[3]), day(words[4])), "{line}");
        }
    }

    #[test]
    fn a_period_may_reach_to_the_end_of_its_month() {
        let counted = calendar().count_to_month_end(date(2026, 3, 5), 1, Unit::Months).unwrap();
        assert_eq!((counted.on, counted.safe), (date(2026, 4, 30), date(2026, 4, 30)));
        let counted = calendar().count_to_month_end(date(2026, 1, 31), 0, Unit::Months).unwrap();
        assert_eq!((counted.on, counted.safe), (date(2026, 2, 2), date(2026, 1, 30)));
    }

    #[test]
    fn the_end_of_time_is_no_deadline() {
        assert_eq!(calendar().count(date(9999, 12, 31), 1, Unit::CalendarDays), None);
        assert_eq!(calendar().count(date(9999, 12, 31), 1, Unit::WorkingDays), None);
    }

    proptest! {
        /// The day to tell people is never after the day of the law, and both are worked.
        #[test]
        fn the_safe_day_comes_first(start in 0i32..20_000, count in 0u16..400, unit in 0usize..4) {
            let from = date(2000, 1, 1).checked_add(start.days()).unwrap();
            let unit = [Unit::CalendarDays, Unit::WorkingDays, Unit::Months, Unit::Years][unit];
            let calendar = calendar();
            if let Some(counted) = calendar.count(from, count, unit) {
                prop_assert!(counted.safe <= counted.on);
                prop_assert!(calendar.is_working_day(counted.on));
                prop_assert!(calendar.is_working_day(counted.safe));
            }
        }
    }
}
