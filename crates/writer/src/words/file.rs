//! The form of the files, and the way from it to checked words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Language, Text};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::check::Checker;
use super::{
    Broken, EventWords, FactSlot, LetterKind, LetterLines, Place, PointWords, SubjectLines, Tongue,
    Variant, When, Words, WordsError, WordsFault, spoken,
};
use crate::manners::Manners;
use crate::proved::Proofs;

/// The file of what every message says.
const COMMON: &str = "common.yaml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonFile {
    sender: Text,
    subject_lines: LetterLines<Text>,
    points: Vec<PointFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventFile {
    life_event: Spanned<String>,
    /// Optional points of every message that letters about this do not have.
    #[serde(default)]
    without: Vec<Spanned<String>>,
    #[serde(default)]
    slots: BTreeMap<String, FactSlot>,
    subject_lines: BTreeMap<String, SubjectLines<Text>>,
    points: Vec<PointFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointFile {
    pub id: Spanned<String>,
    pub place: Place,
    #[serde(default)]
    pub roles: Vec<String>,
    /// In which letters it stands: the first and reminders where left out.
    #[serde(default = "first_and_reminders")]
    pub letters: Vec<LetterKind>,
    #[serde(default)]
    pub optional: bool,
    /// In `common.yaml`: it stands only where the life event has no point of its own for the role.
    #[serde(default)]
    pub unless_own: bool,
    /// One approved wording only, which nobody may vary.
    #[serde(default)]
    pub fixed: bool,
    pub variants: Vec<VariantFile>,
}

fn first_and_reminders() -> Vec<LetterKind> {
    vec![LetterKind::First, LetterKind::Reminder]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantFile {
    #[serde(default)]
    pub when: When,
    pub vi: Vec<Spanned<String>>,
    pub en: Vec<Spanned<String>>,
}

pub(super) fn parse<'de, T: Deserialize<'de>>(file: &str, text: &'de str) -> Result<T, WordsError> {
    serde_saphyr::from_str(text)
        .map_err(|source| WordsError::Form { file: file.to_owned(), source: Box::new(source) })
}

/// How the two languages write that all words are in.
struct Both {
    vi: Arc<Manners>,
    en: Arc<Manners>,
}

impl Both {
    fn each(&self) -> [&Arc<Manners>; 2] {
        [&self.vi, &self.en]
    }
}

pub(super) fn read(files: &[(String, String)], hash: String) -> Result<Words, WordsError> {
    let mut faults = Vec::new();
    let mut manners = |tag: &str| {
        let found = spoken::manners(files, tag, &mut faults)?;
        found.ok_or_else(|| WordsError::NoLanguage(tag.to_owned()))
    };
    let both = Both { vi: manners("vi")?, en: manners("en")? };
    let further: Vec<_> = spoken::tags(files).into_iter().map(manners).collect::<Result<_, _>>()?;

    let (name, text) = files.iter().find(|(name, _)| name == COMMON).ok_or(WordsError::NoCommon)?;
    let common: CommonFile = parse(name, text)?;
    let mut checker = Checker::new(name, &spoken::NO_SLOTS);
    let mut points = checker.points(common.points, &both);
    faults.append(&mut checker.faults);

    let mut events = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| name != COMMON) {
        match spoken::folder(name) {
            None => event(name, text, (&both, &points), &mut events, &mut faults)?,
            Some((tag, file)) if spoken::is_above(tag) && file != "language.yaml" => {
                let why = "Vietnamese and English stand in the files above this folder";
                faults.push(spoken::of_file(name, Broken::Manners(why)));
            }
            Some(_) => {}
        }
    }
    let tongue = |manners: &Arc<Manners>| Tongue {
        manners: Arc::clone(manners),
        sender: common.sender.get(manners.language).to_owned(),
        subjects: common.subject_lines.in_language(manners.language),
    };
    let mut others = BTreeMap::from([(Language::EN, tongue(&both.en))]);
    for manners in &further {
        let added = spoken::add(files, manners, (&mut points, &mut events), &mut faults)?;
        others.extend(added.map(|tongue| (manners.language, tongue)));
    }
    if faults.is_empty() {
        Ok(Words {
            vietnamese: tongue(&both.vi),
            others,
            common: points,
            events,
            proofs: Proofs::default(),
            hash,
        })
    } else {
        Err(WordsError::Faults(faults))
    }
}

/// Adds the words of one life event's file.
fn event(
    name: &str,
    text: &str,
    (both, common): (&Both, &[PointWords]),
    events: &mut BTreeMap<String, EventWords>,
    faults: &mut Vec<WordsFault>,
) -> Result<(), WordsError> {
    let file: EventFile = parse(name, text)?;
    let mut checker = Checker::new(name, &file.slots);
    let own = checker.points(file.points, both);
    let mut subject_lines = BTreeMap::new();
    for manners in both.each() {
        let lines = file.subject_lines.iter();
        let lines = lines.map(|(role, it)| (role.clone(), it.in_language(manners.language)));
        let lines = lines.collect();
        checker.subject_lines(&file.life_event, &lines, manners);
        subject_lines.insert(manners.language, lines);
    }
    checker.without(&file.without, common);
    for place in Place::ALL {
        let first = |point: &&PointWords| point.letters.contains(&LetterKind::First);
        let mut told = common.iter().chain(&own).filter(first);
        let said = told.any(|point| point.place == place);
        if !said {
            checker.fault(&file.life_event, Broken::Place(place));
        }
    }
    if events.contains_key(&file.life_event.value) {
        checker.fault(&file.life_event, Broken::Taken(file.life_event.value.clone()));
    }
    faults.append(&mut checker.faults);
    let words = EventWords {
        slots: file.slots,
        without: file.without.into_iter().map(|name| name.value).collect(),
        subject_lines,
        points: own,
    };
    events.insert(file.life_event.value, words);
    Ok(())
}

impl SubjectLines<Text> {
    fn in_language(&self, language: Language) -> SubjectLines {
        let get = |text: &Text| text.get(language).to_owned();
        SubjectLines {
            known: get(&self.known),
            passed: get(&self.passed),
            unknown: get(&self.unknown),
        }
    }
}

impl LetterLines<Text> {
    fn in_language(&self, language: Language) -> LetterLines {
        let get = |text: &Text| text.get(language).to_owned();
        LetterLines { reminder: get(&self.reminder), correction: get(&self.correction) }
    }
}

impl Checker<'_> {
    /// Only what is optional may be left out: the rest is what every message owes.
    fn without(&mut self, names: &[Spanned<String>], points: &[PointWords]) {
        let optional = |name: &str| points.iter().any(|point| point.id == name && point.optional);
        for name in names.iter().filter(|name| !optional(&name.value)) {
            self.fault(name, Broken::Without(name.value.clone()));
        }
    }

    fn points(&mut self, files: Vec<PointFile>, both: &Both) -> Vec<PointWords> {
        let mut ids = BTreeSet::new();
        let mut out = Vec::new();
        for file in files {
            if !ids.insert(file.id.value.clone()) {
                self.fault(&file.id, Broken::Taken(file.id.value.clone()));
            }
            let variants = file.variants.iter();
            let variants = variants.map(|variant| self.variant(variant, &file, both)).collect();
            out.push(PointWords {
                id: file.id.value,
                place: file.place,
                roles: file.roles,
                letters: file.letters,
                optional: file.optional,
                unless_own: file.unless_own,
                fixed: file.fixed,
                variants,
            });
        }
        out
    }

    fn variant(&mut self, file: &VariantFile, point: &PointFile, both: &Both) -> Variant {
        let (least_vi, least_en) = if point.fixed { (1, 1) } else { (2, 1) };
        for (list, least) in [(&file.vi, least_vi), (&file.en, least_en)] {
            if list.len() < least {
                self.fault(&point.id, Broken::Few(least));
            }
        }
        let first = file.vi.first().map(|first| first.value.as_str());
        let vi = self.phrases(&file.vi, first, &both.vi);
        let en = self.phrases(&file.en, first, &both.en);
        let phrases = BTreeMap::from([(Language::VI, vi), (Language::EN, en)]);
        Variant { when: file.when.clone(), phrases }
    }
}
