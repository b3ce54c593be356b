//! A condition as sentences: all of these, one of these, none of these.

use super::page::Page;
use super::words::Words;
use crate::cel::{Choose, Comparison, Condition, Junction, Node};

mod value;

/// A sentence, or several under what joins them.
pub(super) enum Sentence {
    Line(String),
    Several(String, Vec<Sentence>),
}

impl Sentence {
    pub(super) fn write(&self, page: &mut Page) {
        match self {
            Self::Line(line) => page.item(line),
            Self::Several(heading, parts) => {
                page.item(&format!("{heading}:"));
                page.deeper(|page| parts.iter().for_each(|part| part.write(page)));
            }
        }
    }

    /// In one line, for a choice inside a sentence.
    fn inline(&self) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Several(heading, parts) => {
                let parts: Vec<String> = parts.iter().map(Self::inline).collect();
                format!("{heading} ({})", parts.join("; "))
            }
        }
    }
}

impl Words<'_> {
    pub(super) fn condition(&self, condition: &Condition) -> Sentence {
        match &condition.node {
            Node::Constant(_) => Sentence::Line(self.say("luôn luôn", "always")),
            node => Teller { words: *self, condition }.sentence(node, true),
        }
    }

    /// A fact that answers yes or no, as something that is so.
    pub(super) fn statement(&self, path: &str) -> String {
        let role = path.split_once('.').map_or(path, |(role, _)| role);
        format!("{}: {}", self.role(role), self.label(path))
    }
}

/// Tells one condition.
struct Teller<'a> {
    words: Words<'a>,
    condition: &'a Condition,
}

impl<'a> Teller<'a> {
    fn say(&self, vi: &str, en: &str) -> String {
        self.words.say(vi, en)
    }

    /// `node` where `yes`, else its opposite.
    fn sentence(&self, node: &'a Node, yes: bool) -> Sentence {
        match node {
            Node::Not(inner) => self.sentence(inner, !yes),
            Node::Both(how, _) => {
                let mut parts = Vec::new();
                joined(node, *how, &mut parts);
                let parts = parts.into_iter().map(|part| self.sentence(part, true)).collect();
                Sentence::Several(self.joining(*how, yes), parts)
            }
            Node::Choose(choose) if choose.logical => self.choice(choose, yes),
            Node::Compare(how, pair) => {
                let how = if yes { *how } else { opposite(*how) };
                let [a, b] = &**pair;
                Sentence::Line(self.comparison(how, a, b))
            }
            atom => Sentence::Line(self.atom(atom, yes)),
        }
    }

    fn joining(&self, how: Junction, yes: bool) -> String {
        match (how, yes) {
            (Junction::And, true) => self.say("tất cả các điều sau", "all of the following"),
            (Junction::Or, true) => self.say("một trong các điều sau", "one of the following"),
            (Junction::And, false) => {
                self.say("không đồng thời tất cả các điều sau", "not all of the following together")
            }
            (Junction::Or, false) => {
                self.say("không điều nào trong các điều sau", "none of the following")
            }
        }
    }

    fn choice(&self, choose: &'a Choose, yes: bool) -> Sentence {
        let part =
            |vi, en, node, yes| Sentence::Several(self.say(vi, en), vec![self.sentence(node, yes)]);
        let heading = self.say("tùy trường hợp", "depending on the case");
        let parts = vec![
            part("nếu", "if", &choose.when, true),
            part("thì", "then", &choose.yes, yes),
            part("nếu không thì", "otherwise", &choose.no, yes),
        ];
        Sentence::Several(heading, parts)
    }

    fn comparison(&self, how: Comparison, a: &'a Node, b: &'a Node) -> String {
        let days = self.is_day(a) || self.is_day(b);
        let (a, b) = (self.beside(a, b), self.beside(b, a));
        let sign = match (how, days) {
            (Comparison::Equal, _) => self.say("là", "is"),
            (Comparison::NotEqual, _) => self.say("không phải là", "is not"),
            (Comparison::Less, true) => self.say("trước", "is before"),
            (Comparison::LessOrEqual, true) => self.say("không sau", "is not after"),
            (Comparison::Greater, true) => self.say("sau", "is after"),
            (Comparison::GreaterOrEqual, true) => self.say("không trước", "is not before"),
            (Comparison::Less, false) => self.say("dưới", "is below"),
            (Comparison::LessOrEqual, false) => self.say("không quá", "is at most"),
            (Comparison::Greater, false) => self.say("trên", "is above"),
            (Comparison::GreaterOrEqual, false) => self.say("từ", "is at least"),
        };
        let at_least = how == Comparison::GreaterOrEqual && !days;
        let more = if at_least { self.say(" trở lên", "") } else { String::new() };
        format!("{a} {sign} {b}{more}")
    }
}

/// The parts that one kind of operator joins, however they are grouped.
fn joined<'a>(node: &'a Node, wanted: Junction, parts: &mut Vec<&'a Node>) {
    match node {
        Node::Both(how, pair) if *how == wanted => {
            pair.iter().for_each(|part| joined(part, wanted, parts));
        }
        other => parts.push(other),
    }
}

fn opposite(how: Comparison) -> Comparison {
    match how {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
