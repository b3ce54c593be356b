//! A deadline in a sentence: how it is counted, and where it stands.

use super::words::Words;
use crate::pack::deadline_rule::{DeadlineRule, PeriodEnd, Unit};

impl Words<'_> {
    /// By when, counted how.
    pub(super) fn deadline(&self, rule: &DeadlineRule) -> String {
        let duty = self.text(&rule.duty);
        let when = self.when(rule);
        let law = self.law(&rule.legal_basis);
        self.say(
            &format!("Hạn để {duty}: {when} ({law})."),
            &format!("Deadline to {duty}: {when} ({law})."),
        )
    }

    fn when(&self, rule: &DeadlineRule) -> String {
        let length = rule.count.zip(rule.unit).map(|(count, unit)| self.length(count, unit));
        let length = length.unwrap_or_default();
        if let Some(after) = &rule.after {
            let after = self.fact(after);
            let mut text = self.say(
                &format!("trong {length} kể từ {after}"),
                &format!("within {length} after {after}"),
            );
            if rule.end == Some(PeriodEnd::Month) {
                text += &self.say(", đến hết tháng đó", ", to the end of that month");
            }
            return text;
        }
        if let Some(before) = &rule.before {
            let before = self.fact(before);
            return self.say(
                &format!("chậm nhất {length} trước {before}"),
                &format!("at the latest {length} before {before}"),
            );
        }
        if let Some(on) = &rule.on {
            let on = self.fact(on);
            return self.say(&format!("đúng {on}"), &format!("on {on}"));
        }
        let name = rule.parameter.as_ref().map(|name| name.as_str()).unwrap_or_default();
        let field = rule.field.as_ref().map(|field| field.as_str()).unwrap_or_default();
        let place = rule.place.as_ref().map(|place| self.fact(place));
        let place = place.map(|place| self.say(", theo ", ", by ") + &place).unwrap_or_default();
        self.say(
            &format!("ngày “{field}” trong kế hoạch “{name}”{place}"),
            &format!("the day “{field}” of the plan “{name}”{place}"),
        )
    }

    /// How a period of this rule is counted; nothing where a day is named.
    pub(super) fn counting(&self, rule: &DeadlineRule) -> Option<String> {
        let unit = rule.unit?;
        let mut text = self.say(
            "Cách tính: ngày bắt đầu không tính (Bộ luật Dân sự 2015, Điều 147)",
            "Counting: the first day is not counted (Civil Code 2015, art. 147)",
        );
        if unit == Unit::WorkingDays {
            text += &self.say("; ngày nghỉ không tính", "; days off are not counted");
        }
        text += &if rule.before.is_some() {
            self.say(
                "; ngày cuối rơi vào ngày nghỉ thì không lùi lại sau",
                "; a last day that is a day off does not move later",
            )
        } else {
            self.say(
                "; ngày cuối rơi vào ngày nghỉ thì kết thúc vào ngày làm việc tiếp theo (Điều 148)",
                "; a last day that is a day off moves to the next working day (art. 148)",
            )
        };
        Some(text + ".")
    }

    /// When people are reminded of it.
    pub(super) fn reminders(&self, rule: &DeadlineRule) -> Option<String> {
        let list = |days: &[u16]| {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            days.join(", ")
        };
        let mut parts = Vec::new();
        if !rule.remind.is_empty() {
            let days = list(&rule.remind);
            parts.push(
                self.say(&format!("sau {days} ngày"), &format!("{days} days after the start")),
            );
        }
        if !rule.remind_before.is_empty() {
            let days = list(&rule.remind_before);
            parts.push(
                self.say(&format!("trước hạn {days} ngày"), &format!("{days} days before the end")),
            );
        }
        let parts = parts.join("; ");
        let line = self.say(&format!("Nhắc lại {parts}."), &format!("Reminders {parts}."));
        (!parts.is_empty()).then_some(line)
    }
}
