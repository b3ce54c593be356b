//! A service of a life event: what, how far the engine goes, for whom, by when, and what nobody
//! knows yet.

use domain::{Level, Text};

use super::page::Page;
use super::words::Words;
use crate::pack::life_event::Entry;
use crate::pack::service::{LawValue, Service};
use crate::reference::{Piece, pieces};

impl Words<'_> {
    pub(super) fn service(&self, page: &mut Page, number: usize, entry: &Entry) {
        let main = if entry.main {
            self.say(" — việc chính", " — the main thing")
        } else {
            String::new()
        };
        page.line(&format!("{number}. {}{main}", self.service_name(&entry.service)));
        page.deeper(|page| {
            page.line(&self.level(entry.level));
            page.line(&self.told(entry));
            if entry.when.is_some() {
                page.line(&self.say("Dành cho trường hợp", "For the case that"));
                page.deeper(|page| self.condition(&entry.condition).write(page));
            }
            self.already(page, entry);
            if let Some(words) = &entry.authority {
                let office = self.with_facts(&words.value);
                page.line(
                    &self.say(&format!("Nơi giải quyết: {office}."), &format!("Office: {office}.")),
                );
            }
            self.by_when(page, entry);
            self.results(page, entry);
            if let Some(executes) = &entry.executes {
                let (law, restore) =
                    (self.law(&executes.legal_basis), self.text(&executes.restore));
                page.line(&self.say(
                    &format!("Được tự thực hiện theo {law}; từ chối thì: {restore}."),
                    &format!("Carried out under {law}; on refusal: {restore}."),
                ));
            }
            self.unknown(page, entry);
        });
        page.gap();
    }

    /// Words in which facts stand: each by its name.
    fn with_facts(&self, words: &Text) -> String {
        let pieces = pieces(words.get(self.language)).into_iter().map(|piece| match piece {
            Piece::Plain(text) | Piece::Open(text) => text.to_owned(),
            Piece::Path(path) => format!("[{}]", self.fact(path)),
        });
        pieces.collect()
    }

    fn level(&self, level: Level) -> String {
        match level {
            Level::Remind => {
                self.say("Mức 1: nhắc và hướng dẫn.", "Level 1: reminds and says what to do.")
            }
            Level::Prepare => self.say(
                "Mức 2: chuẩn bị sẵn hồ sơ; người dân kiểm tra và quyết định.",
                "Level 2: prepares the file; the person checks and decides.",
            ),
            Level::Compare => self.say(
                "Mức 3: so sánh các lựa chọn; người dân chọn.",
                "Level 3: compares the options; the person chooses.",
            ),
            Level::Execute => self.say(
                "Mức 4: thực hiện mà không cần hồ sơ; người dân có thể từ chối.",
                "Level 4: carries it out with no file; the person may refuse.",
            ),
        }
    }

    fn told(&self, entry: &Entry) -> String {
        let roles: Vec<String> = entry.told.iter().map(|role| self.role(role)).collect();
        let roles = roles
            .join(&self.say("; nếu chưa biết hoặc đã mất thì ", "; where not known or dead, "));
        self.say(&format!("Báo cho: {roles}."), &format!("Told: {roles}."))
    }

    /// What says that the person has it already.
    fn already(&self, page: &mut Page, entry: &Entry) {
        let facts: Vec<String> = entry.already.paths().map(|path| self.statement(path)).collect();
        if facts.is_empty() {
            return;
        }
        let facts = facts.join(&self.say(" hoặc ", " or "));
        page.line(&self.say(
            &format!("Không đề xuất nữa nếu {facts}."),
            &format!("Not proposed any more if {facts}."),
        ));
    }

    fn by_when(&self, page: &mut Page, entry: &Entry) {
        if let Some(rule) = &entry.deadline {
            page.line(&self.deadline(rule));
            page.deeper(|page| {
                for line in self.counting(rule).into_iter().chain(self.reminders(rule)) {
                    page.line(&line);
                }
            });
        }
        if let Some(why) = &entry.deadline_unknown {
            let why = self.text(why);
            page.line(&if entry.deadline.is_some() {
                self.say(
                    &format!("Nếu chưa tính được ngày thì nói: {why}."),
                    &format!("Where no day can be counted, this is said: {why}."),
                )
            } else {
                self.say(
                    &format!("Không nêu được hạn: {why}."),
                    &format!("No deadline can be named: {why}."),
                )
            });
        }
    }

    /// When the authority answers, as the law puts it and as we count it.
    fn results(&self, page: &mut Page, entry: &Entry) {
        let Some(service) = self.pack.service(&entry.service) else { return };
        let lines = service.processing.iter().filter_map(|value| {
            let text = self.text(value.text.as_ref()?);
            let counted = value.period.as_ref().map(|period| self.processing(&text, period));
            let counted = counted.filter(|counted| !counted.is_empty());
            Some(counted.map_or_else(|| text.clone(), |counted| format!("{text} ({counted})")))
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return;
        }
        page.line(&self.say("Thời gian giải quyết", "How long it takes"));
        page.deeper(|page| lines.iter().for_each(|line| page.item(line)));
    }

    /// What nobody found out yet.
    fn unknown(&self, page: &mut Page, entry: &Entry) {
        let Some(service) = self.pack.service(&entry.service) else { return };
        let unknown = self.unknown_values(service);
        if unknown.is_empty() {
            return;
        }
        page.line(&self.say("Chưa biết", "Not known yet"));
        page.deeper(|page| unknown.iter().for_each(|line| page.item(line)));
    }

    fn unknown_values(&self, service: &Service) -> Vec<String> {
        let lists = [
            (self.say("lệ phí", "the fee"), &service.fee),
            (self.say("thời gian giải quyết", "the time it takes"), &service.processing),
            (self.say("cách nộp", "how to file"), &service.channel),
        ];
        let line = |what: &str, value: &LawValue| {
            let because = value.because.as_ref().map(|why| self.text(why)).unwrap_or_default();
            format!("{what}: {because}")
        };
        let unknown = lists.iter().flat_map(|(what, values)| {
            values.iter().filter(|value| value.unknown).map(move |value| line(what, value))
        });
        unknown.collect()
    }
}
