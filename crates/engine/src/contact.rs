//! How people may be disturbed: in which hours, how often, with which words.
//!
//! No law names these; the defaults are what public services elsewhere found people to want, and
//! an operator may change them. The inbox disturbs nobody and knows none of it.

use domain::{Language, Letter, Text};
use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use storage::deliveries::Budget;

/// The rules of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// From when in the day, where people live.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// How many text messages and notifications a person may get.
    pub budget: Budget,
    /// So many days before a deadline a notice goes out whatever the budget says.
    pub pressing_days: u32,
    /// What a notice says, with nothing about anybody.
    pub notice: Text,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            from: time(9, 0, 0, 0),
            until: time(17, 0, 0, 0),
            budget: Budget { week: 2, month: 6 },
            pressing_days: 7,
            notice: Text {
                vi: "Ông/bà có 1 thông báo mới trong hộp thư dịch vụ công.".to_owned(),
                en: "A new message waits in your public-service inbox.".to_owned(),
            },
        }
    }
}

impl Contact {
    /// When one may next disturb somebody in `zone`; `None` where that is now.
    #[must_use]
    pub fn opens(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = now.to_zoned(zone.clone());
        if (self.from..self.until).contains(&here.time()) {
            return None;
        }
        let day =
            if here.time() < self.from { here.date() } else { here.date().tomorrow().ok()? };
        let opens = day.to_datetime(self.from).to_zoned(zone.clone()).ok()?;
        Some(opens.timestamp())
    }

    /// How often the person may be disturbed before this one; `None` where it is urgent: what it
    /// tells of ends soon, or it takes back what an earlier one said.
    #[must_use]
    pub(crate) fn budget_for(
        &self,
        letter: Letter,
        by: Option<Date>,
        today: Date,
    ) -> Option<Budget> {
        let soon = today.checked_add(i64::from(self.pressing_days).days()).unwrap_or(Date::MAX);
        let presses = letter == Letter::Correction || by.is_some_and(|by| by <= soon);
        (!presses).then_some(self.budget)
    }

    /// The notice in `language`.
    #[must_use]
    pub(crate) fn notice_in(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.notice.vi,
            Language::En => &self.notice.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_disturbed_at_night() {
        let zone = TimeZone::get(domain::VN).unwrap();
        let opens = |moment: &str| {
            let opens = Contact::default().opens(moment.parse().unwrap(), &zone)?;
            Some(opens.to_zoned(zone.clone()).to_string())
        };
        assert_eq!(opens("2026-11-03T09:00:00+07:00"), None);
        assert_eq!(opens("2026-11-03T16:59:59+07:00"), None);
        let today = "2026-11-03T09:00:00+07:00[Asia/Ho_Chi_Minh]";
        assert_eq!(opens("2026-11-03T08:59:59+07:00").as_deref(), Some(today));
        let tomorrow = "2026-11-04T09:00:00+07:00[Asia/Ho_Chi_Minh]";
        assert_eq!(opens("2026-11-03T17:00:00+07:00").as_deref(), Some(tomorrow));
        assert_eq!(opens("2026-11-03T23:30:00+07:00").as_deref(), Some(tomorrow));
    }

    #[test]
    fn what_presses_is_told_whatever_was_told_before() {
        let contact = Contact::default();
        let today: Date = "2026-11-03".parse().unwrap();
        let in_days = |days: i64| today.checked_add(days.days()).ok();
        assert_eq!(contact.budget_for(Letter::First, None, today), Some(contact.budget));
        assert_eq!(contact.budget_for(Letter::First, in_days(8), today), Some(contact.budget));
        assert_eq!(contact.budget_for(Letter::First, in_days(7), today), None);
        assert_eq!(contact.budget_for(Letter::Correction, in_days(30), today), None);
    }
}
