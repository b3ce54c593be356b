//! Moments and lengths of time as CEL has them: from year 1 to year 9999, in nanoseconds.
//!
//! jiff's own timestamp ends a day before CEL's, so a moment is seconds and nanoseconds here,
//! and jiff reads, writes and takes it apart.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

const NANOS: i64 = 1_000_000_000;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since 1970.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// A moment in time, from year 1 to year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    seconds: i64,
    nanos: i32,
}

impl Moment {
    /// `seconds` since 1970 and `nanos` more. `None` outside the years 1 to 9999.
    #[must_use]
    pub fn new(seconds: i64, nanos: i64) -> Option<Self> {
        let seconds = seconds.checked_add(nanos.div_euclid(NANOS))?;
        let nanos = i32::try_from(nanos.rem_euclid(NANOS)).ok()?;
        (FIRST..=LAST).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// A timestamp of jiff's.
    #[must_use]
    pub fn of(timestamp: Timestamp) -> Self {
        let (seconds, nanos) = (timestamp.as_second(), timestamp.subsec_nanosecond());
        Self::new(seconds, i64::from(nanos)).unwrap_or_default()
    }

    /// As RFC 3339 writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let zone = upper.rfind(['Z', '+']).or_else(|| upper.rfind('-').filter(|at| *at > 10))?;
        let (civil, zone) = (upper.get(..zone)?, upper.get(zone..)?);
        let offset = if zone == "Z" { 0 } else { offset_seconds(zone)? };
        if civil.len() < 19 || civil.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let at: DateTime = civil.parse().ok()?;
        let days = i64::from(Date::new(1970, 1, 1).ok()?.until(at.date()).ok()?.get_days());
        let clock = i64::from(at.hour()) * 3600 + i64::from(at.minute()) * 60;
        let seconds = days * 86_400 + clock + i64::from(at.second()) - offset;
        Self::new(seconds, i64::from(at.subsec_nanosecond()))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, nanos: i64) -> Option<Self> {
        Self::new(self.seconds, nanos.checked_add(i64::from(self.nanos))?)
    }

    /// The nanoseconds from `other` to this.
    #[must_use]
    pub fn since(self, other: Self) -> Option<i64> {
        let seconds = self.seconds.checked_sub(other.seconds)?.checked_mul(NANOS)?;
        seconds.checked_add(i64::from(self.nanos) - i64::from(other.nanos))
    }

    /// Date and time of day in `zone`: an IANA name or `±hh:mm`; UTC where none is given.
    #[must_use]
    pub fn civil(self, zone: Option<&str>) -> Option<DateTime> {
        let offset = match zone {
            None => 0,
            Some(zone) => offset_seconds(zone).map_or_else(|| named_offset(zone, self), Some)?,
        };
        let seconds = self.seconds.checked_add(offset)?;
        let days = i32::try_from(seconds.div_euclid(86_400)).ok()?;
        let date = Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().days(days)).ok()?;
        let clock = SignedDuration::new(seconds.rem_euclid(86_400), self.nanos);
        date.to_datetime(jiff::civil::Time::midnight()).checked_add(clock).ok()
    }
}

/// `2009-02-13T23:31:30Z`, with as many digits of a second as it has.
impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.civil(None) {
            Some(civil) => write!(f, "{civil}Z"),
            None => write!(f, "{}s", self.seconds),
        }
    }
}

/// `+hh:mm`, `-hh:mm` or `hh:mm`, in seconds.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !two(hours) || !two(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn named_offset(zone: &str, moment: Moment) -> Option<i64> {
    let zone = if zone == "UTC" { TimeZone::UTC } else { TimeZone::get(zone).ok()? };
    let nearest = moment.seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let offset: Offset = zone.to_offset(Timestamp::from_second(nearest).ok()?);
    Some(i64::from(offset.seconds()))
}

/// A length of time as Go writes it: `1h30m`, `-1.5s`, `3ns`. In nanoseconds.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit: i128 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "µs" | "μs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || whole.len() > 18 || fraction.len() > 18 {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total += whole * unit;
        if !fraction.is_empty() {
            let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
            total += fraction.parse::<i128>().ok()? * unit / scale;
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// `1000000s`, `1.5s`.
pub(crate) fn duration_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = nanos.unsigned_abs();
    let (seconds, rest) = (all / 1_000_000_000, all % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}
