//! A reader of letters: takes a text apart by the approved wording of the pack's files.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Language, Text};
use rules::PackFiles;
use serde::Deserialize;
use writer::PlanInput;

use super::people;
use crate::EvalError;

const FILE: &str = "the pack's words";
/// The order in which a letter says things.
const ORDER: [&str; 8] = ["sender", "event", "offer", "deadline", "how", "why", "stop", "closing"];

#[derive(Debug, Deserialize)]
struct CommonFile {
    sender: Text,
    points: Vec<PointFile>,
}

#[derive(Debug, Deserialize)]
struct EventFile {
    life_event: String,
    #[serde(default)]
    slots: BTreeMap<String, SlotFile>,
    points: Vec<PointFile>,
}

#[derive(Debug, Clone, Deserialize)]
struct SlotFile {
    fact: String,
}

#[derive(Debug, Deserialize)]
struct PointFile {
    place: String,
    variants: Vec<VariantFile>,
}

#[derive(Debug, Deserialize)]
struct VariantFile {
    vi: Vec<String>,
    en: Vec<String>,
}

/// All wordings that people approved.
#[derive(Debug)]
pub(super) struct Book {
    sender: Text,
    common: Vec<PointFile>,
    events: BTreeMap<String, EventFile>,
}

impl Book {
    /// Reads the words of a pack's files.
    pub(super) fn of(files: &PackFiles) -> Result<Self, EvalError> {
        let texts = files
            .iter()
            .filter(|(path, _)| path.starts_with("words/") && path.strip_suffix(".yaml").is_some());
        let wrong =
            |error: serde_saphyr::Error| EvalError::Data { file: FILE, said: error.to_string() };
        let mut common = None;
        let mut events = BTreeMap::new();
        for (path, text) in texts {
            if path.ends_with("/common.yaml") {
                common = Some(serde_saphyr::from_str::<CommonFile>(text).map_err(wrong)?);
            } else {
                let file: EventFile = serde_saphyr::from_str(text).map_err(wrong)?;
                events.insert(file.life_event.clone(), file);
            }
        }
        let missing = || EvalError::Data { file: FILE, said: "no common.yaml".to_owned() };
        let CommonFile { sender, points } = common.ok_or_else(missing)?;
        Ok(Self { sender, common: points, events })
    }

    /// The slots that `text` fills, each with the value that it must have; or the part of the
    /// text that cannot be read.
    pub(super) fn read<'b>(
        &'b self,
        input: &PlanInput,
        text: &str,
    ) -> Result<BTreeSet<&'b str>, String> {
        let Some(event) = self.events.get(&input.life_event) else { return Err(text.to_owned()) };
        let mut values: BTreeMap<&str, String> = people::expected(input, &self.sender);
        for (name, slot) in &event.slots {
            let value = input.facts.get(&slot.fact);
            values.extend(value.map(|it| (name.as_str(), people::fact(it, input.language))));
        }
        let points: Vec<&PointFile> = event.points.iter().chain(&self.common).collect();
        let mut reading = Reading { points, values, language: input.language, rest: text.len() };
        let said = reading.follow(text, 0, &mut BTreeSet::new());
        said.ok_or_else(|| {
            let rest = text.get(text.len() - reading.rest..).unwrap_or_default();
            rest.chars().take(80).collect()
        })
    }
}

struct Reading<'b, 'v> {
    points: Vec<&'b PointFile>,
    values: BTreeMap<&'v str, String>,
    language: Language,
    /// How much was left at best, in bytes.
    rest: usize,
}

impl<'b> Reading<'b, '_> {
    /// Reads `text` from the place with the number `place` on, where `used` points were said.
    fn follow(
        &mut self,
        text: &str,
        place: usize,
        used: &mut BTreeSet<usize>,
    ) -> Option<BTreeSet<&'b str>> {
        self.rest = self.rest.min(text.len());
        if text.is_empty() {
            return Some(BTreeSet::new());
        }
        for at in place..ORDER.len() {
            for number in 0..self.points.len() {
                let Some(point) = self.points.get(number).copied() else { continue };
                if Some(&point.place.as_str()) != ORDER.get(at) || used.contains(&number) {
                    continue;
                }
                for (slots, length) in self.begins(point, text) {
                    let after = text.get(length..).unwrap_or_default();
                    // A paragraph for each place, a space between sentences.
                    let next = if after.is_empty() {
                        Some(after)
                    } else if let Some(after) = after.strip_prefix("\n\n") {
                        Some(after)
                    } else {
                        after.strip_prefix(' ')
                    };
                    let Some(next) = next else { continue };
                    used.insert(number);
                    if let Some(mut said) = self.follow(next, at, used) {
                        said.extend(slots);
                        return Some(said);
                    }
                    used.remove(&number);
                }
            }
        }
        None
    }

    /// The wordings of `point` that `text` begins with: their slots and lengths.
    fn begins(&self, point: &'b PointFile, text: &str) -> Vec<(Vec<&'b str>, usize)> {
        let alternatives = point.variants.iter().flat_map(|variant| match self.language {
            Language::Vi => &variant.vi,
            Language::En => &variant.en,
        });
        alternatives.flat_map(|phrase| self.fits(phrase, text)).collect()
    }

    /// The ways in which `text` may begin with `phrase`, values filled in.
    fn fits(&self, phrase: &'b str, text: &str) -> Vec<(Vec<&'b str>, usize)> {
        let mut ways = vec![(Vec::new(), 0)];
        let mut rest = phrase;
        while !rest.is_empty() && !ways.is_empty() {
            let stop = rest.find(['{', '[']).unwrap_or(rest.len());
            let (words, behind) = rest.split_at(stop);
            ways.retain_mut(|(_, at)| advance(text, at, words));
            let Some(close) = behind.find(['}', ']']) else { break };
            let inside = behind.get(1..close).unwrap_or_default();
            rest = behind.get(close + 1..).unwrap_or_default();
            if behind.starts_with('{') {
                let Some(value) = self.values.get(inside) else { return Vec::new() };
                for (slots, _) in &mut ways {
                    slots.push(inside);
                }
                ways.retain_mut(|(_, at)| advance(text, at, value));
            } else {
                ways = ways
                    .iter()
                    .flat_map(|way| inside.split('|').map(move |option| (way.clone(), option)))
                    .filter_map(|((slots, mut at), option)| {
                        advance(text, &mut at, option).then_some((slots, at))
                    })
                    .collect();
            }
        }
        ways
    }
}

/// Whether `words` stand in `text` at `at`; if so, `at` moves behind them.
fn advance(text: &str, at: &mut usize, words: &str) -> bool {
    let there = text.get(*at..).is_some_and(|rest| rest.starts_with(words));
    *at += words.len();
    there
}
