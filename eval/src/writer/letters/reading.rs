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
    id: String,
    place: String,
    variants: Vec<VariantFile>,
}

/// The words of a further language, in the folder of its name.
#[derive(Debug, Deserialize)]
struct FurtherFile {
    sender: Option<String>,
    life_event: Option<String>,
    points: BTreeMap<String, Vec<Vec<String>>>,
}

/// Where something is told: the language, and the life event or what all have in common.
type Told = (Language, Option<String>);

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
    further: BTreeMap<Told, FurtherFile>,
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
        let mut further = BTreeMap::new();
        for (path, text) in texts {
            let folder = path.split('/').nth(1).and_then(|tag| tag.parse::<Language>().ok());
            if path.ends_with("/language.yaml") {
                // How a language writes, this reader knows by itself.
            } else if let Some(language) = folder {
                let file: FurtherFile = serde_saphyr::from_str(text).map_err(wrong)?;
                further.insert((language, file.life_event.clone()), file);
            } else if path.ends_with("/common.yaml") {
                common = Some(serde_saphyr::from_str::<CommonFile>(text).map_err(wrong)?);
            } else {
                let file: EventFile = serde_saphyr::from_str(text).map_err(wrong)?;
                events.insert(file.life_event.clone(), file);
            }
        }
        let missing = || EvalError::Data { file: FILE, said: "no common.yaml".to_owned() };
        let CommonFile { sender, points } = common.ok_or_else(missing)?;
        Ok(Self { sender, common: points, events, further })
    }

    /// The slots that `text` fills, each with the value that it must have; or the part of the
    /// text that cannot be read.
    pub(super) fn read<'b>(
        &'b self,
        input: &PlanInput,
        text: &str,
    ) -> Result<BTreeSet<&'b str>, String> {
        let Some(event) = self.events.get(&input.life_event) else { return Err(text.to_owned()) };
        let language = input.language;
        let further = |of: Option<String>| self.further.get(&(language, of));
        let (all, own) = (further(None), further(Some(input.life_event.clone())));
        let sender = all.and_then(|it| it.sender.as_deref());
        let sender = sender.unwrap_or_else(|| self.sender.get(language));
        let mut values: BTreeMap<&str, String> = people::expected(input, sender);
        for (name, slot) in &event.slots {
            let value = input.facts.get(&slot.fact);
            values.extend(value.map(|it| (name.as_str(), people::fact(it, language))));
        }
        let said = |points: &'b [PointFile], further: Option<&'b FurtherFile>| {
            points.iter().map(move |point| Said {
                place: &point.place,
                wordings: point.wordings(language, further),
            })
        };
        let points = said(&event.points, own).chain(said(&self.common, all)).collect();
        let mut reading = Reading { points, values, rest: text.len() };
        let said = reading.follow(text, 0, &mut BTreeSet::new());
        said.ok_or_else(|| {
            let rest = text.get(text.len() - reading.rest..).unwrap_or_default();
            rest.chars().take(80).collect()
        })
    }
}

impl PointFile {
    /// Every wording that people approved in `language`.
    fn wordings<'b>(
        &'b self,
        language: Language,
        further: Option<&'b FurtherFile>,
    ) -> Vec<&'b str> {
        let in_folder = further.and_then(|it| it.points.get(&self.id)).into_iter().flatten();
        let here = self.variants.iter().map(|variant| match language {
            Language::VI => &variant.vi,
            _ => &variant.en,
        });
        let of: Vec<&Vec<String>> =
            if further.is_some() { in_folder.collect() } else { here.collect() };
        of.into_iter().flatten().map(String::as_str).collect()
    }
}

/// A point as one language says it.
struct Said<'b> {
    place: &'b str,
    wordings: Vec<&'b str>,
}

struct Reading<'b, 'v> {
    points: Vec<Said<'b>>,
    values: BTreeMap<&'v str, String>,
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
                let Some(point) = self.points.get(number) else { continue };
                if Some(&point.place) != ORDER.get(at) || used.contains(&number) {
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
    fn begins(&self, point: &Said<'b>, text: &str) -> Vec<(Vec<&'b str>, usize)> {
        point.wordings.iter().flat_map(|phrase| self.fits(phrase, text)).collect()
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
