//! Further languages: how they write, and the same points in their words.
//!
//! A life event is told in a language only if everything that letters about it may say is there,
//! so that no letter is half in one language and half in another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::Language;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::check::Checker;
use super::file::parse;
use super::{
    Broken, EventWords, FactSlot, LetterLines, PointWords, SubjectLines, Tongue, WordsError,
    WordsFault,
};
use crate::manners::Manners;
use crate::phrase::Phrase;

/// Alternatives, by point: for each of its variants, in their order.
type Points = BTreeMap<String, Vec<Vec<Spanned<String>>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonFile {
    sender: Spanned<String>,
    subject_lines: LetterLines,
    points: Points,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventFile {
    life_event: Spanned<String>,
    subject_lines: BTreeMap<String, SubjectLines>,
    points: Points,
}

/// The folder that a file stands in, which is the name of a language, and its name there.
pub(super) fn folder(name: &str) -> Option<(&str, &str)> {
    name.split_once('/')
}

/// Whether it is one of the two languages that the files above the folders are in.
pub(super) fn is_above(tag: &str) -> bool {
    matches!(tag, "vi" | "en")
}

/// The further languages, by their folders.
pub(super) fn tags(files: &[(String, String)]) -> BTreeSet<&str> {
    let tags = files.iter().filter_map(|(name, _)| folder(name)).map(|(tag, _)| tag);
    tags.filter(|tag| !is_above(tag)).collect()
}

/// How the language of the folder `tag` writes, if it says so.
pub(super) fn manners(
    files: &[(String, String)],
    tag: &str,
    faults: &mut Vec<WordsFault>,
) -> Result<Option<Arc<Manners>>, WordsError> {
    let found = files.iter().find(|(name, _)| folder(name) == Some((tag, "language.yaml")));
    let Some((name, text)) = found else { return Ok(None) };
    let manners: Manners = parse(name, text)?;
    let other = (manners.language.tag() != tag).then_some("`language` is the name of the folder");
    let wrong = other.into_iter().chain(manners.wrong());
    faults.extend(wrong.map(|it| of_file(name, Broken::Manners(it))));
    Ok(Some(Arc::new(manners)))
}

/// What is wrong with a file as a whole.
pub(super) fn of_file(file: &str, broken: Broken) -> WordsFault {
    WordsFault { file: file.to_owned(), line: 1, column: 1, broken }
}

/// What the folder of one further language adds.
pub(super) fn add(
    files: &[(String, String)],
    manners: &Arc<Manners>,
    (common, events): (&mut [PointWords], &mut BTreeMap<String, EventWords>),
    faults: &mut Vec<WordsFault>,
) -> Result<Option<Tongue>, WordsError> {
    let tag = manners.language.tag();
    let own = files.iter().filter(|(name, _)| folder(name).is_some_and(|(of, _)| of == tag));
    let mut tongue = None;
    for (name, text) in own {
        match folder(name) {
            Some((_, "language.yaml")) => {}
            Some((_, "common.yaml")) => {
                let mut adder = Adder { checker: Checker::new(name, &NO_SLOTS), manners };
                let CommonFile { sender, subject_lines, points } = parse(name, text)?;
                adder.points(common, &points, &sender);
                faults.append(&mut adder.checker.faults);
                let (manners, sender) = (Arc::clone(manners), sender.value);
                tongue = Some(Tongue { manners, sender, subjects: subject_lines });
            }
            _ => event(name, text, manners, events, faults)?,
        }
    }
    if tongue.is_none() {
        let missing = Broken::Untold("common.yaml".to_owned());
        faults.push(of_file(&format!("{tag}/language.yaml"), missing));
    }
    Ok(tongue)
}

fn event(
    name: &str,
    text: &str,
    manners: &Arc<Manners>,
    events: &mut BTreeMap<String, EventWords>,
    faults: &mut Vec<WordsFault>,
) -> Result<(), WordsError> {
    let EventFile { life_event, subject_lines, points } = parse(name, text)?;
    let Some(event) = events.get_mut(&life_event.value) else {
        let mut checker = Checker::new(name, &NO_SLOTS);
        checker.fault(&life_event, Broken::Unknown(life_event.value.clone()));
        faults.append(&mut checker.faults);
        return Ok(());
    };
    let EventWords { slots, points: known, subject_lines: lines, .. } = event;
    let mut adder = Adder { checker: Checker::new(name, slots), manners };
    adder.points(known, &points, &life_event);
    let roles = lines.get(&Language::VI).into_iter().flat_map(BTreeMap::keys);
    for role in roles.filter(|role| !subject_lines.contains_key(*role)) {
        adder.checker.fault(&life_event, Broken::Untold(format!("subject_lines.{role}")));
    }
    if lines.contains_key(&manners.language) {
        adder.checker.fault(&life_event, Broken::Taken(life_event.value.clone()));
    }
    adder.checker.subject_lines(&life_event, &subject_lines, manners);
    faults.append(&mut adder.checker.faults);
    lines.insert(manners.language, subject_lines);
    Ok(())
}

pub(super) static NO_SLOTS: BTreeMap<String, FactSlot> = BTreeMap::new();

struct Adder<'f> {
    checker: Checker<'f>,
    manners: &'f Manners,
}

impl Adder<'_> {
    /// Adds `points` to those that are `known`, each of which must be among them.
    fn points(&mut self, known: &mut [PointWords], points: &Points, at: &Spanned<String>) {
        for name in points.keys().filter(|name| known.iter().all(|it| it.id != **name)) {
            self.checker.fault(at, Broken::Unknown(name.clone()));
        }
        for point in known {
            let given = points.get(&point.id).map(Vec::as_slice).unwrap_or_default();
            if given.len() != point.variants.len() {
                self.checker.fault(at, Broken::Variants(point.id.clone()));
            }
            for (variant, texts) in point.variants.iter_mut().zip(given) {
                if texts.is_empty() {
                    self.checker.fault(at, Broken::Few(1));
                }
                let first = variant.phrases(Language::VI).first().map(Phrase::source);
                let phrases = self.checker.phrases(texts, first, self.manners);
                variant.phrases.insert(self.manners.language, phrases);
            }
        }
    }
}
