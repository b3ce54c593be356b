//! How people may be disturbed: in which hours, how often, with which words, and how much these say.
//!
//! No law names these; the defaults are what public services elsewhere found people to want, and
//! an operator may change them. The inbox disturbs nobody and knows none of it.

use std::collections::BTreeMap;

use domain::{Channel, Detail, Letter, Text};
use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use knowledge::unmarked;
use storage::contacts::Chosen;
use storage::deliveries::Budget;
use writer::Manners;

mod parts;

pub use parts::parts;

/// A notice by text message takes no more of them.
pub const MOST_PARTS: usize = 2;

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
    /// What follows it where there is a last day: `{deadline}` stands in it.
    pub due: Text,
    /// How much a notice says, by channel: where none is named, that something waits.
    pub details: BTreeMap<Channel, Detail>,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// How it goes out.
    pub channel: Channel,
    /// How the person chose it to be.
    pub chosen: Chosen,
    /// How its language writes.
    pub manners: &'a Manners,
    /// Who writes.
    pub sender: &'a str,
    /// The message's line for lists, which names no person.
    pub line: &'a str,
    /// The last day to do what it tells of.
    pub by: Option<Date>,
    /// Nothing but that something waits may be said: others may see the screen.
    pub sensitive: bool,
}

/// What goes out on a channel that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub title: String,
    /// What is read.
    pub text: String,
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
            due: Text { vi: "Hạn {deadline}.".to_owned(), en: "Due {deadline}.".to_owned() },
            details: BTreeMap::from([(Channel::Email, Detail::L1)]),
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

    /// How much a notice on `channel` says to who chose nothing.
    #[must_use]
    pub fn detail(&self, channel: Channel) -> Detail {
        self.details.get(&channel).copied().unwrap_or(Detail::L0)
    }

    /// The notice of a message: as much as the person chose or else its channel may say and, by
    /// text message, no more than fits in two. Its marks are left out only where the person chose so.
    #[must_use]
    pub fn notice_of(&self, told: Told<'_>) -> Notice {
        let letters = |text: String| if told.chosen.plain { unmarked(&text) } else { text };
        let waits = Notice {
            title: letters(told.sender.to_owned()),
            text: letters(self.notice.get(told.manners.language).to_owned()),
        };
        if told.sensitive {
            return waits;
        }
        let fits = |it: &Notice| told.channel != Channel::Sms || parts(&it.text) <= MOST_PARTS;
        let ways = self.ways(told).into_iter();
        let mut ways = ways.map(|it| Notice { title: letters(it.title), text: letters(it.text) });
        ways.find(fits).unwrap_or(waits)
    }

    /// What may be said, the most first.
    fn ways(&self, told: Told<'_>) -> Vec<Notice> {
        let Told { channel, chosen, manners, sender, line, by, .. } = told;
        let detail = chosen.detail.unwrap_or_else(|| self.detail(channel));
        let notice = self.notice.get(manners.language);
        let mut ways = Vec::new();
        if detail > Detail::L0 && !line.is_empty() {
            ways.push(Notice { title: line.to_owned(), text: format!("{line}. {notice}") });
        }
        if let Some(by) = by {
            let due = self.due.get(manners.language);
            let due = due.replace("{deadline}", &manners.short_date(by));
            ways.push(Notice { title: sender.to_owned(), text: format!("{notice} {due}") });
        }
        ways
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Language;

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
    fn a_notice_says_no_more_than_its_channel_may_and_fits() {
        let words = concat!(env!("CARGO_MANIFEST_DIR"), "/../../life-events/vn/words");
        let words = writer::Words::load(std::path::Path::new(words)).unwrap();
        let line = "Đăng ký khai sinh cho con trước khi hết ngày 04/01/2027";
        let told = Told {
            channel: Channel::Sms,
            chosen: Chosen::default(),
            manners: words.manners(Language::VI),
            sender: "Cột Mốc",
            line,
            by: "2027-01-04".parse().ok(),
            sensitive: false,
        };
        let contact = Contact::default();
        let of = |detail| Chosen { detail: Some(detail), plain: false };
        let sms = contact.notice_of(told);
        assert_eq!(sms.title, "Cột Mốc");
        assert_eq!(sms.text, format!("{} Hạn 04/01/2027.", contact.notice.vi));
        assert_eq!(contact.notice_of(Told { by: None, ..told }).text, contact.notice.vi);
        let mail = contact.notice_of(Told { channel: Channel::Email, ..told });
        assert_eq!(mail.title, line);
        assert!(mail.text.starts_with(line) && mail.text.ends_with(&contact.notice.vi));
        // The person's own choice goes before the operator's, to less and to more.
        let less = Told { channel: Channel::Email, chosen: of(Detail::L0), ..told };
        assert_eq!(contact.notice_of(less), sms);
        let more = Told { chosen: of(Detail::L1), ..told };
        assert!(contact.notice_of(more).text.starts_with(line));
        // Of a death, nothing stands on a screen, whatever was chosen.
        let email = Told { channel: Channel::Email, chosen: of(Detail::L1), ..told };
        let quiet = contact.notice_of(Told { sensitive: true, ..email });
        assert_eq!((quiet.title.as_str(), &quiet.text), ("Cột Mốc", &contact.notice.vi));
        // A text message that may say more says it where it fits, and else less.
        let mut open = Contact::default();
        open.details.insert(Channel::Sms, Detail::L1);
        assert!(open.notice_of(told).text.starts_with(line));
        let long = line.repeat(2);
        assert_eq!(open.notice_of(Told { line: &long, ..told }), sms);
        open.notice.vi = "ộ".repeat(130);
        assert_eq!(open.notice_of(told).text, open.notice.vi);
        // Without marks more fits in two: only for who asked for it.
        let plain = Told { chosen: Chosen { detail: None, plain: true }, line: &long, ..told };
        let bare = open.notice_of(plain);
        assert!(bare.title.starts_with("Dang ky khai sinh") && bare.text.is_ascii(), "{bare:?}");
        assert_eq!(contact.notice_of(Told { sensitive: true, ..plain }).title, "Cot Moc");
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
