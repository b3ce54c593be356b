//! The pack's words for facts, roles, days, acts of law.

use domain::{Confidence, Interval, Language, LegalBasis, SubjectKind, Text};
use jiff::civil::{Date, Time};

use crate::pack::Pack;
use crate::pack::deadline_rule::Unit;
use crate::pack::life_event::LifeEvent;
use crate::pack::service::{ParameterValue, Period, PeriodUnit};

/// The words of one life event in one language.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) pack: &'a Pack,
    pub(super) life_event: &'a LifeEvent,
    pub(super) language: Language,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Words<'_> {
    pub(super) fn say(&self, vi: &str, en: &str) -> String {
        match self.language {
            Language::VI => vi.to_owned(),
            _ => en.to_owned(),
        }
    }

    pub(super) fn text(&self, text: &Text) -> String {
        text.get(self.language).to_owned()
    }

    /// What a role is called: its label, else its name.
    pub(super) fn role(&self, name: &str) -> String {
        let label = self.life_event.roles.get(name).and_then(|role| role.label.as_ref());
        label.map_or_else(|| name.to_owned(), |label| self.text(label))
    }

    /// What people call a fact, without whose it is.
    pub(super) fn label(&self, path: &str) -> String {
        let label = self.pack.label(self.life_event, path);
        label.map_or_else(|| path.to_owned(), |label| self.text(label))
    }

    /// A fact and whose it is.
    pub(super) fn fact(&self, path: &str) -> String {
        let Some((role, _)) = path.split_once('.') else { return self.role(path) };
        let (label, role) = (self.label(path), self.role(role));
        self.say(&format!("{label} của {role}"), &format!("{label} of {role}"))
    }

    pub(super) fn kind(&self, kind: SubjectKind) -> String {
        match kind {
            SubjectKind::Person => self.say("một người", "a person"),
            SubjectKind::Household => self.say("một hộ gia đình", "a household"),
            SubjectKind::Parcel => self.say("một thửa đất", "a parcel of land"),
            SubjectKind::Vehicle => self.say("một xe", "a vehicle"),
            SubjectKind::Business => self.say("một cơ sở kinh doanh", "a business"),
        }
    }

    pub(super) fn day(&self, day: Date) -> String {
        let (year, number) = (day.year(), day.day());
        let month = usize::try_from(day.month()).unwrap_or_default();
        let name = MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default();
        self.say(&format!("{number:02}/{month:02}/{year}"), &format!("{number} {name} {year}"))
    }

    /// From a day on, or from a day to the last one before another.
    pub(super) fn period(&self, period: &Interval) -> String {
        let from = self.day(period.from);
        let last = period.until.and_then(|until| until.yesterday().ok()).map(|day| self.day(day));
        match last {
            None => self.say(&format!("từ {from}"), &format!("from {from} on")),
            Some(last) => self.say(
                &format!("từ {from} đến hết {last}"),
                &format!("from {from} to {last}, both included"),
            ),
        }
    }

    /// A value of a parameter.
    pub(super) fn dated(&self, value: &ParameterValue) -> String {
        match value {
            ParameterValue::Date(day) => self.day(*day),
            ParameterValue::Int(number) => number.to_string(),
            ParameterValue::Bool(true) => self.say("có", "yes"),
            ParameterValue::Bool(false) => self.say("không", "no"),
            ParameterValue::Text(text) => format!("“{text}”"),
            ParameterValue::Words(words) => self.text(words),
        }
    }

    pub(super) fn length(&self, count: u16, unit: Unit) -> String {
        let many = if count == 1 { "" } else { "s" };
        match unit {
            Unit::CalendarDays => {
                self.say(&format!("{count} ngày"), &format!("{count} calendar day{many}"))
            }
            Unit::WorkingDays => {
                self.say(&format!("{count} ngày làm việc"), &format!("{count} working day{many}"))
            }
            Unit::Months => self.say(&format!("{count} tháng"), &format!("{count} month{many}")),
            Unit::Years => self.say(&format!("{count} năm"), &format!("{count} year{many}")),
        }
    }

    /// How long an authority may take and from when it counts, as far as `text`, the law's own
    /// words, does not say so. Empty where it does.
    pub(super) fn processing(&self, text: &str, period: &Period) -> String {
        let mut parts = Vec::new();
        let length = self.period_length(period);
        if period.count == 0 {
            parts.push(self.say("kết quả trong ngày", "result on the same day"));
        } else if !text.contains(&length) {
            let within = format!("result within {length}");
            parts.push(self.say(&format!("kết quả trong {length}"), &within));
        }
        if let Some(hour) = period.cut_off {
            let (vi, en) = (hour_vi(hour), hour.strftime("%H:%M"));
            parts.push(self.say(
                &format!("nộp sau {vi} tính từ ngày làm việc sau"),
                &format!("filed after {en} counts from the next working day"),
            ));
        }
        if period.unit == PeriodUnit::WorkingHours && self.pack.head().office_hours.is_none() {
            parts.push(self.say(
                "chưa xác định giờ làm việc của cơ quan nên không tính ra ngày",
                "office hours are not known, so no day is counted",
            ));
        }
        parts.join("; ")
    }

    fn period_length(&self, period: &Period) -> String {
        let count = period.count;
        let many = if count == 1 { "" } else { "s" };
        match period.unit.days() {
            Some(unit) => self.length(count, unit),
            None if period.unit == PeriodUnit::Hours => {
                self.say(&format!("{count} giờ"), &format!("{count} hour{many}"))
            }
            None => {
                let working = format!("{count} working hour{many}");
                self.say(&format!("{count} giờ làm việc"), &working)
            }
        }
    }

    /// Article and act, and how well they are sourced where that is less than well.
    pub(super) fn law(&self, law: &LegalBasis) -> String {
        let act = self.text(&law.act);
        let cited = if law.article.is_empty() { act } else { format!("{}, {act}", law.article) };
        let doubt = match law.confidence {
            Confidence::H | Confidence::M => return cited,
            Confidence::L => self.say("nguồn yếu", "weak source"),
            Confidence::U => self.say("chưa có nguồn", "no source yet"),
        };
        format!("{cited} [{doubt}]")
    }

    /// A province by its name today.
    pub(super) fn place(&self, code: &str) -> String {
        let province = self.pack.provinces().iter().find(|province| province.code == code);
        let name = province.and_then(|province| province.names.last());
        name.map_or_else(|| code.to_owned(), |name| self.text(&name.name))
    }

    pub(super) fn service_name(&self, key: &str) -> String {
        let service = self.pack.service(key);
        let name = service.map(|service| self.text(&service.name)).unwrap_or_default();
        format!("{name} ({key})")
    }
}

/// `15 giờ`, `15 giờ 30`.
fn hour_vi(time: Time) -> String {
    match time.minute() {
        0 => format!("{} giờ", time.hour()),
        minute => format!("{} giờ {minute:02}", time.hour()),
    }
}
