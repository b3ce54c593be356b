//! Civil days: the interval in which something holds, full years, and the three dates of a decision.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The days from `from` up to, not including, `until`. No `until` means: still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The first day on which it holds.
    pub from: Date,
    /// The first day on which it holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Interval {
    /// From `from` on, with no end known.
    #[must_use]
    pub fn since(from: Date) -> Self {
        Self { from, until: None }
    }

    /// Whether it holds on `day`.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// Whether some day belongs to both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: &Self, b: &Self| b.until.is_none_or(|until| a.from < until);
        starts_before_end(self, other) && starts_before_end(other, self)
    }
}

/// The three dates that every decision names (design, "Three dates").
///
/// *What would we have decided about day `occurred`, knowing what we knew at `known`,
/// under the law of day `law`?*
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsOf {
    /// The day whose state of the world is asked about.
    pub occurred: Date,
    /// The moment whose knowledge is used.
    pub known: Timestamp,
    /// The day whose law is applied.
    pub law: Date,
}

/// Full years from `a` to `b`, as a person's age is counted: a year is full on the same day of the
/// same month. Somebody born on 29 February is a year older on 1 March. Negative where `b` is a year
/// or more before `a`.
#[must_use]
pub fn full_years(a: Date, b: Date) -> i64 {
    let years = i64::from(b.year()) - i64::from(a.year());
    let (start, end) = ((a.month(), a.day()), (b.month(), b.day()));
    match years {
        1.. if end < start => years - 1,
        ..=-1 if end > start => years + 1,
        _ => years,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_year_is_full_on_its_day() {
        let born = date(2008, 2, 29);
        for (on, age) in [
            (date(2008, 2, 29), 0),
            (date(2009, 2, 28), 0),
            (date(2009, 3, 1), 1),
            (date(2026, 2, 28), 17),
            (date(2026, 3, 1), 18),
            (date(2028, 2, 28), 19),
            (date(2028, 2, 29), 20),
        ] {
            assert_eq!(full_years(born, on), age, "{on}");
            assert_eq!(full_years(on, born), -age, "{on}");
        }
    }

    #[test]
    fn an_interval_holds_on_its_first_day_and_not_on_its_end() {
        let interval = Interval { from: date(2026, 9, 1), until: Some(date(2027, 3, 1)) };
        assert!(interval.contains(date(2026, 9, 1)));
        assert!(interval.contains(date(2027, 2, 28)));
        assert!(!interval.contains(date(2027, 3, 1)));
        assert!(!interval.contains(date(2026, 8, 31)));
    }

    #[test]
    fn intervals_that_touch_do_not_overlap() {
        let before = Interval { from: date(2025, 7, 1), until: Some(date(2026, 9, 1)) };
        let after = Interval::since(date(2026, 9, 1));
        assert!(!before.overlaps(&after) && !after.overlaps(&before));
        assert!(after.overlaps(&Interval::since(date(2030, 1, 1))));
    }
}
