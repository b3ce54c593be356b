//! A life event in sentences, for those who know the law and do not program.
//!
//! What is written here is read from the same checked definition by which the engine decides,
//! conditions included, so a lawyer who agrees with the sentences agrees with the rule. Facts
//! have the names that the pack gives them, people the names of their roles.

mod begins;
mod condition;
mod deadline;
mod page;
mod service;
mod words;

use domain::{Language, LegalBasis};

use crate::pack::Pack;
use crate::pack::guard::Sensitive;
use crate::pack::life_event::{LifeEvent, Overlay, Version};
use page::Page;
use words::Words;

impl Pack {
    /// The life event called `id` in sentences, version by version.
    #[must_use]
    pub fn read_out(&self, id: &str, language: Language) -> Option<String> {
        let life_event = self.life_event(id)?;
        let words = Words { pack: self, life_event, language };
        let mut reader = Reader { words, page: Page::default() };
        reader.life_event();
        Some(reader.page.into_text())
    }
}

/// Writes one life event.
struct Reader<'a> {
    words: Words<'a>,
    page: Page,
}

impl<'a> Reader<'a> {
    fn life_event(&mut self) {
        let (words, event) = (self.words, self.words.life_event);
        self.page.line(&format!("{} ({})", words.text(&event.name), event.id.value));
        self.page.gap();
        self.roles(event);
        self.begins(event);
        self.guards(event);
        for version in &event.versions {
            self.version(version);
        }
        for overlay in &event.overlays {
            self.overlay(overlay);
        }
        self.gaps(event);
    }

    fn heading(&mut self, vi: &str, en: &str) {
        let heading = self.words.say(vi, en);
        self.page.line(&heading);
    }

    fn roles(&mut self, event: &'a LifeEvent) {
        let words = self.words;
        self.heading("Ai có mặt trong đó", "Who takes part");
        self.page.deeper(|page| {
            for (name, role) in &event.roles {
                let kind = words.kind(role.kind);
                let who = if *name == event.subject {
                    words.say("người hoặc vật mà sự kiện xảy ra với", "to whom or which it happens")
                } else {
                    let from: Vec<String> = role.from.iter().map(|path| words.fact(path)).collect();
                    from.join(&words.say("; nếu chưa biết thì ", "; where that is not known, "))
                };
                let who = if who.is_empty() { who } else { format!(": {who}") };
                page.item(&format!("{} ({kind}){who}", words.role(name)));
            }
        });
        self.page.gap();
    }

    /// What stops everything, and what is told with care.
    fn guards(&mut self, event: &'a LifeEvent) {
        let words = self.words;
        let guards = &event.guards;
        if guards.deceased.is_empty() && guards.sensitive.is_none() {
            return;
        }
        self.heading("Khi nào phải dừng lại", "When it is held back");
        if !guards.deceased.is_empty() {
            let roles: Vec<String> = guards.deceased.iter().map(|role| words.role(role)).collect();
            let who = roles.join(&words.say(" hoặc ", " or "));
            let line = words.say(
                &format!("nếu {who} đã mất: không gửi gì cho đến khi cán bộ xem xét"),
                &format!("if {who} has died: nothing is sent until an officer has looked"),
            );
            self.page.deeper(|page| page.item(&line));
        }
        if let Some(sensitive) = &guards.sensitive {
            self.sensitive(sensitive);
        }
        self.page.gap();
    }

    fn sensitive(&mut self, sensitive: &'a Sensitive) {
        let words = self.words;
        let told: Vec<String> = sensitive.told.iter().map(|role| words.role(role)).collect();
        let told = told.join(&words.say(" và ", " and "));
        let mut line = words.say(
            &format!("chuyện đau buồn: chỉ báo cho {told}"),
            &format!("it hurts: nobody but {told} is told"),
        );
        if let Some(wait) = sensitive.wait {
            let length = words.length(wait.count, wait.unit);
            line += &words
                .say(&format!(", sau khi chờ {length}"), &format!(", after a wait of {length}"));
        }
        if sensitive.officer {
            line +=
                &words.say(", và khi cán bộ đã cho phép", ", and once an officer has released it");
        }
        let line = format!("{line} ({})", words.text(&sensitive.because));
        self.page.deeper(|page| {
            page.item(&line);
            if sensitive.when.is_some() {
                page.deeper(|page| {
                    page.line(&words.say(
                        "khi (điều chưa biết thì coi như đúng):",
                        "when (what is not known counts as so):",
                    ));
                    page.deeper(|page| words.condition(&sensitive.condition).write(page));
                });
            }
        });
    }

    fn version(&mut self, version: &'a Version) {
        let words = self.words;
        let period = words.period(&version.in_force);
        self.page.line(
            &words.say(
                &format!("QUY ĐỊNH CÓ HIỆU LỰC {period}"),
                &format!("THE LAW IN FORCE {period}"),
            ),
        );
        let shadow = words.say(
            "Chỉ chạy thử bên cạnh: không có gì phát sinh từ quy định này.",
            "Only tried out beside the other: nothing follows from it.",
        );
        self.page.deeper(|page| {
            if version.shadow {
                page.line(&shadow);
            }
            words.laws(page, &version.legal_basis);
            page.line(&words.say("Xảy ra khi", "It has happened when"));
            page.deeper(|page| words.condition(&version.condition).write(page));
            for transition in &version.transition {
                let day = words.day(transition.law_of.value);
                page.line(&words.say(
                    &format!("Vẫn theo luật của ngày {day} khi"),
                    &format!("Still under the law of {day} when"),
                ));
                page.deeper(|page| {
                    words.condition(&transition.condition).write(page);
                    let why = words.text(&transition.because);
                    page.line(&format!("{why} ({})", words.law(&transition.legal_basis)));
                });
            }
        });
        self.page.gap();
        self.page.deeper(|page| {
            for (place, entry) in version.services.iter().enumerate() {
                words.service(page, place + 1, entry);
            }
        });
    }

    /// What one province changes.
    fn overlay(&mut self, overlay: &'a Overlay) {
        let words = self.words;
        let (place, period) = (words.place(&overlay.place), words.period(&overlay.in_force));
        self.page.line(
            &words.say(
                &format!("RIÊNG TẠI {place}, {period}"),
                &format!("IN {place} ALONE, {period}"),
            ),
        );
        self.page.deeper(|page| {
            words.laws(page, std::slice::from_ref(&overlay.legal_basis));
            for key in &overlay.drop {
                let name = words.service_name(key);
                page.item(&words.say(
                    &format!("không áp dụng: {name}"),
                    &format!("does not count there: {name}"),
                ));
            }
            for (number, entry) in overlay.services.iter().enumerate() {
                words.service(page, number + 1, entry);
            }
        });
        self.page.gap();
    }

    /// Days on which nothing follows, and why.
    fn gaps(&mut self, event: &'a LifeEvent) {
        if event.gaps.is_empty() {
            return;
        }
        let words = self.words;
        self.heading("Những ngày không có quy định nào ở đây", "Days without a rule here");
        self.page.deeper(|page| {
            for gap in &event.gaps {
                let from = gap.from.map(|day| words.say("từ ", "from ") + &words.day(day));
                let until = gap.until.map(|day| words.say("trước ", "before ") + &words.day(day));
                let when: Vec<String> = from.into_iter().chain(until).collect();
                page.item(&format!("{}: {}", when.join(" "), gap.because));
            }
        });
    }
}

impl Words<'_> {
    fn laws(&self, page: &mut Page, laws: &[LegalBasis]) {
        page.line(&self.say("Căn cứ", "By"));
        page.deeper(|page| {
            for law in laws {
                page.item(&self.law(law));
            }
        });
    }
}
