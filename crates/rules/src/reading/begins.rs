//! What brings a life event about, and on which day it counts as having happened.

use super::Reader;
use super::words::Words;
use crate::decide::{CLOCK, ONCE};
use crate::pack::clock_rule::ClockRule;
use crate::pack::life_event::LifeEvent;

impl<'a> Reader<'a> {
    pub(super) fn begins(&mut self, event: &'a LifeEvent) {
        let words = self.words;
        self.heading("Bắt đầu khi", "It begins when");
        self.page.deeper(|page| {
            for kind in &event.begins.events {
                page.item(&words.event(kind));
            }
            if let Some(clock) = &event.begins.clock {
                page.item(&words.clock(clock));
            }
        });
        let day = words.occurred_on(event);
        let day =
            words.say(&format!("Ngày xảy ra: {day}."), &format!("The day it happens: {day}."));
        let often = words.how_often(event);
        self.page.line(&day);
        self.page.line(&often);
        self.page.gap();
    }
}

impl Words<'_> {
    /// An event, and the register that tells it.
    fn event(&self, kind: &str) -> String {
        let Some(event) = self.pack.event_types().find(|event| event.kind().0 == kind) else {
            return kind.to_owned();
        };
        let register = self.pack.register(event.register());
        let register = register.map(|register| self.text(&register.name)).unwrap_or_default();
        let title = self.text(event.title());
        self.say(&format!("{register} báo: {title}"), &format!("{register} tells: {title}"))
    }

    fn clock(&self, clock: &ClockRule) -> String {
        let after = self.fact(&clock.after);
        let numbers = |numbers: &[i16]| {
            let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            all.join(", ")
        };
        let mut days = Vec::new();
        for (list, vi, en) in [
            (&clock.years, "năm", "years"),
            (&clock.months, "tháng", "months"),
            (&clock.days, "ngày", "days"),
        ] {
            if !list.is_empty() {
                let list = numbers(list);
                days.push(self.say(
                    &format!("{list} {vi} sau {after}"),
                    &format!("{list} {en} after {after}"),
                ));
            }
        }
        if let Some(table) = &clock.ages {
            let (by, name) = (self.fact(&table.by), &table.parameter.value);
            days.push(self.say(
                &format!("tuổi theo bảng “{name}”, tính từ {after}, theo {by}"),
                &format!("the age in the table “{name}”, counted from {after}, by {by}"),
            ));
        }
        if days.is_empty() {
            days.push(after);
        }
        let mut line = self.say("đến ngày: ", "the day comes: ") + &days.join("; ");
        if let Some(on) = &clock.on {
            let (month, day) = on.split_once('-').unwrap_or((on, ""));
            line += &self.say(
                &format!(" (tính vào ngày {day}/{month} của năm đó)"),
                &format!(" (taken as day {day} of month {month} of that year)"),
            );
        }
        if let Some(ahead) = clock.ahead {
            let length = self.length(ahead.count, ahead.unit);
            line += &self.say(&format!("; báo trước {length}"), &format!("; told {length} ahead"));
        }
        if let Some(lasts) = clock.lasts {
            let length = self.length(lasts.count, lasts.unit);
            line += &self.say(
                &format!("; còn tính trong {length} sau đó"),
                &format!("; counts for {length} after it"),
            );
        }
        line
    }

    fn occurred_on(&self, event: &LifeEvent) -> String {
        match (&event.occurred_on, event.occurrence.as_str()) {
            (Some(path), _) => self.fact(path),
            (None, ONCE | CLOCK) => self.say("ngày nói trên", "that day"),
            (None, path) => self.fact(path),
        }
    }

    fn how_often(&self, event: &LifeEvent) -> String {
        match event.occurrence.as_str() {
            ONCE => self.say("Mỗi đối tượng chỉ một lần.", "Once only for each."),
            CLOCK => self.say("Mỗi ngày như vậy là một lần.", "Once for each such day."),
            path => {
                let fact = self.fact(path);
                self.say(
                    &format!("Phân biệt các lần bằng {fact}."),
                    &format!("Occurrences are told apart by {fact}."),
                )
            }
        }
    }
}
