//! The form of the files, and the way from it to checked words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::Text;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::check::Checker;
use super::{
    Broken, EventWords, FactSlot, LetterKind, LetterLines, Place, PointWords, SubjectLines,
    Variant, When, Words, WordsError,
};
use crate::hygiene::Manners;
use crate::proved::Proofs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonFile {
    sender: Text,
    capitals: Lists,
    banned: Lists,
    subject_lines: LetterLines,
    points: Vec<PointFile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Lists {
    vi: BTreeSet<String>,
    en: BTreeSet<String>,
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
    subject_lines: BTreeMap<String, SubjectLines>,
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

fn parse<'de, T: Deserialize<'de>>(file: &str, text: &'de str) -> Result<T, WordsError> {
    serde_saphyr::from_str(text)
        .map_err(|source| WordsError::Form { file: file.to_owned(), source: Box::new(source) })
}

pub(super) fn read(files: &[(String, String)], hash: String) -> Result<Words, WordsError> {
    let (name, text) =
        files.iter().find(|(name, _)| name == "common.yaml").ok_or(WordsError::NoCommon)?;
    let common: CommonFile = parse(name, text)?;
    let vi = Arc::new(Manners { capitals: common.capitals.vi, banned: common.banned.vi });
    let en = Arc::new(Manners { capitals: common.capitals.en, banned: common.banned.en });
    let mut faults = Vec::new();
    let no_slots = BTreeMap::new();
    let mut checker = Checker::new(name, &vi, &en, &no_slots);
    let points = checker.points(common.points);
    faults.append(&mut checker.faults);

    let mut events = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| name != "common.yaml") {
        let file: EventFile = parse(name, text)?;
        let mut checker = Checker::new(name, &vi, &en, &file.slots);
        let own = checker.points(file.points);
        checker.subject_lines(&file.life_event, &file.subject_lines);
        checker.without(&file.without, &points);
        for place in Place::ALL {
            let first = |point: &&PointWords| point.letters.contains(&LetterKind::First);
            let mut told = points.iter().chain(&own).filter(first);
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
            subject_lines: file.subject_lines,
            points: own,
        };
        events.insert(file.life_event.value, words);
    }
    if faults.is_empty() {
        Ok(Words {
            sender: common.sender,
            subjects: common.subject_lines,
            vi,
            en,
            common: points,
            events,
            proofs: Proofs::default(),
            hash,
        })
    } else {
        Err(WordsError::Faults(faults))
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

    fn points(&mut self, files: Vec<PointFile>) -> Vec<PointWords> {
        let mut ids = BTreeSet::new();
        let mut out = Vec::new();
        for file in files {
            if !ids.insert(file.id.value.clone()) {
                self.fault(&file.id, Broken::Taken(file.id.value.clone()));
            }
            let variants = file.variants.iter();
            let variants = variants.map(|variant| self.variant(variant, &file)).collect();
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

    fn variant(&mut self, file: &VariantFile, point: &PointFile) -> Variant {
        let (least_vi, least_en) = if point.fixed { (1, 1) } else { (2, 1) };
        for (list, least) in [(&file.vi, least_vi), (&file.en, least_en)] {
            if list.len() < least {
                self.fault(&point.id, Broken::Few(least));
            }
        }
        let (vi, en) = (self.vi, self.en);
        let first = file.vi.first();
        Variant {
            when: file.when.clone(),
            vi: self.phrases(&file.vi, first, vi),
            en: self.phrases(&file.en, first, en),
        }
    }
}
