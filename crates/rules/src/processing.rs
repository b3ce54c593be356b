//! When the result of an application is due: the authority's time, counted from the filing.
//!
//! - Days, months and years count as the Civil Code counts them: the day of filing is not counted
//!   (art. 147), an end on a day off moves to the next working day (art. 148).
//! - Hours count at once (art. 147); one that ends on a day off ends with the next working day.
//! - Working hours count while offices are open, where the pack knows when that is.
//! - Where the law names an hour of the day, what is filed after it counts as filed on the next
//!   working day. So does what is filed on a day off then: it comes after the hour of the working
//!   day before, and cannot count earlier than what was filed on that evening.
//!
//! What is not known makes no date: without office hours nobody can say when eight of them are
//! over, and a year whose days off are not all known is named beside the answer.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};

use crate::deadline::Calendar;
use crate::pack::Pack;
use crate::pack::country::OfficeSpan;
use crate::pack::service::{LawValue, Period, PeriodUnit, Service};

/// When a result is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultDue {
    /// The day that counts as that of filing.
    pub filed_on: Date,
    /// The last day.
    pub on: Date,
    /// The moment on it, where hours are counted; the end of the day where `None`.
    pub at: Option<Time>,
    /// Years up to that day whose days off are not all known: it may still move.
    pub incomplete_years: Vec<i16>,
}

impl Pack {
    /// When the results of `service` are due if it is filed at `filed`, a moment in the country's
    /// own time: one for each length of time that the law names and that can be counted.
    pub fn results_due<'a>(
        &'a self,
        service: &'a Service,
        filed: DateTime,
    ) -> impl Iterator<Item = (&'a LawValue, ResultDue)> {
        let hours = self.head().office_hours.as_ref().map_or(&[][..], |hours| &hours.spans);
        let values = service.processing.iter().filter(move |value| value.holds_on(filed.date()));
        values.filter_map(move |value| {
            let due = self.calendar().result_due(filed, value.period.as_ref()?, hours)?;
            Some((value, due))
        })
    }
}

impl Calendar {
    /// When a result is due that takes `period` and is filed at `filed`. `None` where the time
    /// leaves the range of dates, or office hours are needed and not known.
    #[must_use]
    pub fn result_due(
        &self,
        filed: DateTime,
        period: &Period,
        office_hours: &[OfficeSpan],
    ) -> Option<ResultDue> {
        let (day, time) = self.counts_as_filed(filed, period.cut_off)?;
        let (on, at) = match period.unit {
            PeriodUnit::Hours => self.hours_after(day, time, period.count)?,
            PeriodUnit::WorkingHours => {
                self.working_hours_after(day, time, period.count, office_hours)?
            }
            unit => (self.count(day, period.count, unit.days()?)?.on, None),
        };
        let incomplete_years = self.incomplete(filed.date(), on);
        Some(ResultDue { filed_on: day, on, at, incomplete_years })
    }

    /// The day that counts as that of filing, and the moment where it is the one of filing.
    fn counts_as_filed(
        &self,
        filed: DateTime,
        cut_off: Option<Time>,
    ) -> Option<(Date, Option<Time>)> {
        let (day, time) = (filed.date(), filed.time());
        match cut_off {
            None => Some((day, Some(time))),
            Some(cut_off) if self.is_working_day(day) && time <= cut_off => Some((day, Some(time))),
            Some(_) => Some((self.working_day(day.tomorrow().ok()?, Date::tomorrow)?, None)),
        }
    }

    /// So many hours later. Of a day without its moment the hours are over at the latest when the
    /// days are that they fill.
    fn hours_after(
        &self,
        day: Date,
        time: Option<Time>,
        count: u16,
    ) -> Option<(Date, Option<Time>)> {
        let hours = i32::from(count).hours();
        let end = if let Some(time) = time {
            day.to_datetime(time).checked_add(hours).ok()?
        } else {
            let days = i32::from(count.div_ceil(24)).days();
            day.checked_add(days).ok()?.to_datetime(Time::midnight())
        };
        let on = self.working_day(end.date(), Date::tomorrow)?;
        Some((on, time.filter(|_| on == end.date()).map(|_| end.time())))
    }

    /// The moment at which offices will have been open for so many hours.
    fn working_hours_after(
        &self,
        day: Date,
        time: Option<Time>,
        count: u16,
        office_hours: &[OfficeSpan],
    ) -> Option<(Date, Option<Time>)> {
        if office_hours.is_empty() {
            return None;
        }
        let mut left = i64::from(count) * 60;
        let (mut day, mut from) = (day, time.unwrap_or(Time::midnight()));
        loop {
            if self.is_working_day(day) {
                for span in office_hours.iter().filter(|span| from < span.to) {
                    let open = span.from.max(from);
                    let minutes = minutes(span.to) - minutes(open);
                    if left <= minutes {
                        return Some((day, Some(open.checked_add(left.minutes()).ok()?)));
                    }
                    left -= minutes;
                }
            }
            (day, from) = (day.tomorrow().ok()?, Time::midnight());
        }
    }
}

/// Whole minutes since midnight.
fn minutes(time: Time) -> i64 {
    i64::from(time.hour()) * 60 + i64::from(time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tết 2026, Hùng Kings Day, and a Saturday that is worked for a Monday off; 2027 is not
    /// complete.
    fn calendar() -> Calendar {
        let holiday = |on: &str| {
            format!("  - {{on: {on}, name: {{vi: a, en: b}}, confidence: M, sources: []}}\n")
        };
        let tet: String = (16..=20).map(|day| holiday(&format!("2026-02-{day}"))).collect();
        let years = [
            format!(
                "year: 2026\ncomplete: true\nholidays:\n{tet}{}swaps:\n  - {{off: 2026-05-04, \
                 works: 2026-05-09, name: {{vi: a, en: b}}, confidence: M, sources: []}}\n",
                holiday("2026-04-27")
            ),
            "{year: 2027, complete: false}".to_owned(),
        ];
        Calendar::new(years.map(|text| serde_saphyr::from_str(&text).unwrap()))
    }

    fn office_hours() -> Vec<OfficeSpan> {
        let span = |from: &str, to: &str| OfficeSpan {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        vec![span("07:30", "11:30"), span("13:00", "17:00")]
    }

    /// Filed, count, unit, hour; the day that counts, the result; why. Of 2026.
    const RESULTS: &str = "
11-23T14:59   3 working_days  15:00  11-23 11-26        before the hour
11-23T15:00   3 working_days  15:00  11-23 11-26        on the hour is not after it
11-23T15:01   3 working_days  15:00  11-24 11-27        after it
11-23T15:01   3 working_days  -      11-23 11-26        no hour is named
11-23T14:59   0 working_days  15:00  11-23 11-23        the same day
11-23T15:01   0 working_days  15:00  11-24 11-24        the next working day
11-27T15:01   1 working_days  15:00  11-30 12-01        Friday afternoon
11-28T09:00   1 working_days  15:00  11-30 12-01        Saturday comes after Friday's hour
11-28T09:00   1 working_days  -      11-28 11-30        the Civil Code alone: Saturday is not counted
02-13T15:01   0 working_days  15:00  02-23 02-23        the last afternoon before Tết
02-13T14:59   1 working_days  15:00  02-13 02-23        its morning
05-08T15:01   0 working_days  15:00  05-09 05-09        a Saturday that is worked for a swap
05-09T10:00   1 working_days  15:00  05-09 05-11        filed on it
05-09T15:01   1 working_days  15:00  05-11 05-12        and after its hour
05-01T15:01   0 working_days  15:00  05-05 05-05        the Monday that is off for it
03-05T10:00  10 calendar_days -      03-05 03-16        an end on a Sunday
03-05T15:01   1 months        15:00  03-06 04-06        months count from the next day too
11-24T10:00  24 hours         15:00  11-24 11-25T10:00  hours count at once
11-24T15:01  24 hours         15:00  11-25 11-26        from some moment of the next day
11-27T10:00  24 hours         15:00  11-27 11-30        an end on a Saturday
11-24T23:30  36 hours         -      11-24 11-26T11:30  past midnight
11-24T09:00   8 working_hours -      11-24 11-25T09:00  one day of eight hours
11-24T12:10   4 working_hours -      11-24 11-24T17:00  the break does not count
11-24T17:30   4 working_hours -      11-24 11-25T11:30  after closing
11-27T16:00   8 working_hours -      11-27 11-30T16:00  over a weekend
02-13T16:00   2 working_hours -      02-13 02-23T08:30  over Tết
11-24T16:00   8 working_hours 15:00  11-25 11-25T17:00  after the hour, from the next opening
";

    #[test]
    fn results_are_due_as_the_law_counts() {
        for line in RESULTS.lines().filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let moment = |word: &str| -> DateTime { format!("2026-{word}").parse().unwrap() };
            let day = |word: &str| -> Date { format!("2026-{}", &word[..5]).parse().unwrap() };
            let period = Period {
                count: words[1].parse().unwrap(),
                unit: serde_json::from_value(words[2].into()).unwrap(),
                cut_off: words[3].parse().ok(),
            };
            let due = calendar().result_due(moment(words[0]), &period, &office_hours()).unwrap();
            let at = words[5].get(6..).map(|time| time.parse::<Time>().unwrap());
            assert_eq!(
                (due.filed_on, due.on, due.at),
                (day(words[4]), day(words[5]), at),
                "{line}"
            );
        }
    }

    #[test]
    fn without_office_hours_their_hours_have_no_end() {
        let period = Period { count: 8, unit: PeriodUnit::WorkingHours, cut_off: None };
        let filed = "2026-11-24T09:00".parse().unwrap();
        assert_eq!(calendar().result_due(filed, &period, &[]), None);
    }

    #[test]
    fn a_year_that_is_not_complete_is_named_and_the_end_of_time_has_no_result() {
        let period =
            |count| Period { count, unit: PeriodUnit::WorkingDays, cut_off: "15:00".parse().ok() };
        let due =
            |filed: &str, count| calendar().result_due(filed.parse().unwrap(), &period(count), &[]);
        assert_eq!(due("2026-12-30T09:00", 1).unwrap().incomplete_years, [0i16; 0]);
        assert_eq!(due("2026-12-31T16:00", 0).unwrap().incomplete_years, [2027]);
        assert_eq!(due("9999-12-31T16:00", 1), None);
    }

    proptest! {
        /// Filing later never brings an earlier result. Hours of the clock from the next working day
        /// on are a bound, since nobody says at which moment of it they begin: what is filed at
        /// night may then come first.
        #[test]
        fn later_is_never_earlier(
            start in 0i32..400_000,
            later in 0i32..5_000,
            count in 0u16..100,
            unit in 0usize..6,
            cut_off in proptest::option::of(8i8..18),
        ) {
            let units = [
                PeriodUnit::Hours, PeriodUnit::WorkingHours, PeriodUnit::CalendarDays,
                PeriodUnit::WorkingDays, PeriodUnit::Months, PeriodUnit::Years,
            ];
            let cut_off = cut_off.and_then(|hour| Time::new(hour, 0, 0, 0).ok());
            prop_assume!(cut_off.is_none() || units[unit] != PeriodUnit::Hours);
            let period = Period { count, unit: units[unit], cut_off };
            let base = jiff::civil::date(2026, 1, 1).to_datetime(Time::midnight());
            let first = base.checked_add(start.minutes()).unwrap();
            let second = first.checked_add(later.minutes()).unwrap();
            let (calendar, hours) = (calendar(), office_hours());
            let due = |filed| calendar.result_due(filed, &period, &hours).unwrap();
            let (one, two) = (due(first), due(second));
            prop_assert!(one.on <= two.on, "{first} {one:?}, {second} {two:?}");
            prop_assert!(one.filed_on <= two.filed_on);
            prop_assert!(calendar.is_working_day(two.on));
        }
    }
}
