//! Which sections of a procedure answer a question: the one that it asks for by its words (`bao
//! lâu` asks how long), then those that share the rarest words with it.

use std::collections::HashSet;

use super::{Procedures, Question, count};
use crate::chunk::Span;
use crate::corpus::{Document, Section, sha256_hex};
use crate::text::terms;

/// What people say when they ask for a section, without marks.
const ASKED_BY: [(&str, &[&str]); 6] = [
    ("fee", &["bao nhieu tien", "le phi", "mat tien", "ton tien", "ton bao nhieu", "mien phi"]),
    ("how-long", &["bao lau", "may ngay", "khi nao co", "khi nao nhan", "thoi gian giai quyet"]),
    ("deadline", &["han cuoi", "qua han", "tre han", "trong bao nhieu ngay", "thoi han"]),
    ("where", &["o dau", "cho nao", "noi nao", "den dau", "co quan nao", "nop dau"]),
    ("what-to-bring", &["giay to", "ho so", "can nhung gi", "can gi", "chuan bi", "mang theo"]),
    ("who", &["ai duoc", "dieu kien", "doi tuong", "co duoc khong", "co phai"]),
];
/// What being asked for is worth, against the rarity of words.
const ASKED: f32 = 20.0;
/// So many characters of a text are as good as none: long sections hold every word.
const HELD_AGAINST: f32 = 400.0;

/// A section that answers, with all that citing it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSection {
    /// Stable within the document: `fee`.
    pub id: String,
    /// As people read it.
    pub heading: String,
    /// The words.
    pub text: String,
    /// Where they stand in the document, in bytes.
    pub span: Span,
    /// SHA-256 of the words, in hex: once it differs, what was cited is no more.
    pub hash: String,
    /// What it is ranked by: comparable within one document only.
    pub score: f32,
}

impl Procedures {
    /// The sections of `document` that answer `question` best, `most` at most and one at least.
    #[must_use]
    pub fn sections(
        &self,
        document: &Document,
        question: &Question,
        most: usize,
    ) -> Vec<FoundSection> {
        let score = |section: &Section| {
            let own = format!("{}\n{}", section.heading, section.text);
            let length = count(own.chars().count());
            let own: HashSet<u32> =
                terms(&own).iter().filter_map(|term| self.bm25.term(term)).collect();
            let shared = question.telling.iter().filter(|(term, _)| own.contains(term));
            let shared: f32 = shared.map(|(term, by)| by * self.bm25.rarity(*term)).sum();
            let asked = if is_asked(&section.id, &question.spoken) { ASKED } else { 0.0 };
            shared / (1.0 + length / HELD_AGAINST) + asked
        };
        let mut scored: Vec<(f32, &Section)> =
            document.sections.iter().map(|section| (score(section), section)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let telling = scored.iter().filter(|(score, _)| *score > 0.0).count();
        let found = scored.into_iter().take(most.min(telling).max(1));
        found.map(|(score, section)| told(section, score)).collect()
    }
}

fn told(section: &Section, score: f32) -> FoundSection {
    FoundSection {
        id: section.id.clone(),
        heading: section.heading.clone(),
        text: section.text.clone(),
        span: Span { start: section.start, end: section.end },
        hash: sha256_hex(section.text.as_bytes()),
        score,
    }
}

fn is_asked(id: &str, spoken: &str) -> bool {
    // `fee-2` is the second piece of `fee`.
    let piece = |name: &str| {
        id.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok())
        })
    };
    let asked = |phrases: &[&str]| phrases.iter().any(|it| spoken.contains(&format!(" {it} ")));
    ASKED_BY.iter().any(|(name, phrases)| piece(name) && asked(phrases))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn a_question_asks_for_a_section_by_its_words() {
        assert!(is_asked("fee", " lam the can cuoc mat bao nhieu tien "));
        assert!(is_asked("how-long-2", " bao lau thi xong "));
        assert!(!is_asked("how", " bao lau thi xong ") && !is_asked("fee", " bao lau "));
        for phrase in ASKED_BY.iter().flat_map(|(_, phrases)| *phrases) {
            assert_eq!(fold(phrase), *phrase);
        }
    }
}
