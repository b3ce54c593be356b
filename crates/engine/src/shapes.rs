//! Every letter that a pack can call for, as plans with values that are nobody's.
//!
//! Persons of one shape share one template, so what is enumerated here and worded ahead costs
//! nothing when somebody comes along. It is a function of the pack and its words alone. There is
//! rather a shape too many than one too few: whether two facts can both be missing is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Deadline, Language, LegalBasis, Level, Text, Value};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use knowledge::Place;
use rules::{DeadlineRule, Entry, LifeEvent, Pack, Service, Version};
use writer::{By, DraftState, LetterKind, PlanError, PlanInput, SlotKind, Words};

use crate::compose::deadline_not_known;

/// Who stands for everybody.
const NOBODY: &str = "Nguyễn Thị Mẫu";
/// A day that stands for all days that a register may tell.
const SOME_DAY: Date = date(2026, 1, 5);

/// Under which law letters are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LawOf {
    /// That of one day, which is also the day of writing.
    Day(Date),
    /// Every version that the pack holds, each on its first day.
    EveryVersion,
}

/// One shape of letter.
#[derive(Clone)]
pub struct Shape {
    /// A plan's input of this shape.
    pub input: PlanInput,
    /// The plan's shape.
    pub shape: String,
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shape").field(&self.shape).finish()
    }
}

/// A letter that the pack calls for and that its words cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no letter about {life_event}, service {service}, can be written to `{role}`: {because}")]
pub struct Unsayable {
    /// The life event.
    pub life_event: String,
    /// The key of the service.
    pub service: String,
    /// The role of who would be written to.
    pub role: String,
    /// Why.
    pub because: String,
}

/// The distinct shapes of letters about `life_event`, or those letters that cannot be planned.
pub fn shapes(
    (pack, words): (&Pack, &Words),
    life_event: &LifeEvent,
    law: LawOf,
) -> Result<Vec<Shape>, Vec<Unsayable>> {
    let mut found = BTreeMap::new();
    let mut unsayable = Vec::new();
    for (version, on) in versions(life_event, law) {
        for letter in letters(pack, life_event, version, on) {
            let told = words.speaks(letter.language, &letter.life_event);
            if !told && letter.language != Language::VI {
                continue; // It is told in another that stands here too.
            }
            match of_letter(words, &letter) {
                Ok(shapes) => found.extend(shapes.into_iter().map(|it| (it.shape.clone(), it))),
                Err(because) => unsayable.push(because),
            }
        }
    }
    unsayable.dedup();
    if unsayable.is_empty() { Ok(found.into_values().collect()) } else { Err(unsayable) }
}

fn versions(life_event: &LifeEvent, law: LawOf) -> Vec<(&Version, Date)> {
    let live = life_event.versions.iter().filter(|version| !version.shadow);
    let day = |version: &Version| match law {
        LawOf::Day(day) => version.in_force.contains(day).then_some(day),
        LawOf::EveryVersion => Some(version.in_force.from),
    };
    live.filter_map(|version| Some((version, day(version)?))).collect()
}

/// The letters of one version, each with all that its words may show known.
fn letters(pack: &Pack, life_event: &LifeEvent, version: &Version, on: Date) -> Vec<PlanInput> {
    let overlays = life_event.overlays.iter().filter(|it| it.in_force.contains(on));
    let entries = version.services.iter().chain(overlays.flat_map(|it| &it.services));
    let mut out = Vec::new();
    for entry in entries {
        let Some(service) = pack.service(&entry.service) else { continue };
        for role in recipients(life_event, entry) {
            for language in &pack.head().languages {
                let about = About { pack, life_event, entry, service, role, on };
                out.extend(about.letters(*language));
            }
        }
    }
    out
}

/// Who may be told of `entry`.
fn recipients<'a>(life_event: &'a LifeEvent, entry: &'a Entry) -> Vec<&'a str> {
    // What is sensitive only sometimes is told to the others at other times.
    let always = life_event.guards.sensitive.as_ref().filter(|it| it.when.is_none());
    let may = |role: &str| always.is_none_or(|it| it.told.iter().any(|told| told.value == role));
    entry.told.iter().map(|role| role.value.as_str()).filter(|role| may(role)).collect()
}

/// What one letter is about.
struct About<'a> {
    pack: &'a Pack,
    life_event: &'a LifeEvent,
    entry: &'a Entry,
    service: &'a Service,
    role: &'a str,
    on: Date,
}

impl About<'_> {
    fn letters(&self, language: Language) -> Vec<PlanInput> {
        let mut out = Vec::new();
        let rule = self.entry.deadline.as_ref();
        for (deadline, reminds) in rule.map(|rule| self.known(rule)).unwrap_or_default() {
            out.extend(self.first(&deadline, language, LetterKind::First));
            if reminds {
                out.extend(self.first(&deadline, language, LetterKind::Reminder));
            }
        }
        let unknown =
            By::Unknown(self.entry.deadline_unknown.clone().unwrap_or_else(deadline_not_known));
        out.extend(self.first(&unknown, language, LetterKind::First));
        if !self.life_event.silent {
            out.extend(self.input(language, LetterKind::Correction));
        }
        out
    }

    /// The deadlines that `rule` may give, and whether one reminds of them.
    fn known(&self, rule: &DeadlineRule) -> Vec<(By, bool)> {
        let mut laws: Vec<&LegalBasis> = match &rule.parameter {
            None => vec![&rule.legal_basis],
            Some(name) => self.pack.parameter(name).iter().map(|it| &it.legal_basis).collect(),
        };
        laws.dedup();
        let reminds = !rule.remind.is_empty() || !rule.remind_before.is_empty();
        let (soon, safe, gone) = (self.on + 30.days(), self.on + 28.days(), self.on - 1.day());
        // The last day, the safe day before it, and whether it is still to come.
        let days = [(soon, soon, true), (soon, safe, true), (gone, gone, false)];
        let of = |law: &&LegalBasis| {
            let law = LegalBasis::clone(law);
            days.map(|(on, safe, ahead)| {
                let deadline = Deadline {
                    from: self.on,
                    on,
                    safe,
                    may_move: false,
                    remind_on: Vec::new(),
                    duty: rule.duty.clone(),
                    legal_basis: law.clone(),
                };
                (By::Known(deadline), reminds && ahead)
            })
        };
        laws.iter().flat_map(of).collect()
    }

    /// A letter about what is to be done, for each state of the draft.
    fn first(&self, deadline: &By, language: Language, letter: LetterKind) -> Vec<PlanInput> {
        let level = self.entry.level;
        let prepared = level >= Level::Prepare && self.entry.form.is_some();
        let drafts = if prepared { vec![Some(draft(1)), Some(draft(0))] } else { vec![None] };
        let with = |draft| {
            let input = self.input(language, letter)?;
            let authority =
                self.entry.authority.as_ref().map_or(&self.service.authority, |it| &it.value);
            Some(PlanInput {
                authority: Some(authority.clone()),
                deadline: deadline.clone(),
                legal_basis: self.service.legal_basis.first().cloned(),
                draft,
                ..input
            })
        };
        drafts.into_iter().filter_map(with).collect()
    }

    /// What every letter says; nothing yet of a deadline.
    fn input(&self, language: Language, letter: LetterKind) -> Option<PlanInput> {
        let place: Place = self.pack.head().id.parse().ok()?;
        Some(PlanInput {
            life_event: self.life_event.id.value.clone(),
            life_event_name: self.life_event.name.clone(),
            letter,
            role: self.role.to_owned(),
            recipient_name: NOBODY.to_owned(),
            recipient_sex: None,
            recipient_born_on: None,
            place,
            language,
            written_on: self.on,
            service: self.service.key.clone(),
            service_name: self.service.name.clone(),
            service_code: self.service.code.clone(),
            level: self.entry.level,
            authority: None,
            deadline: By::Unknown(deadline_not_known()),
            draft: None,
            legal_basis: None,
            facts: BTreeMap::new(),
        })
    }
}

fn draft(missing: usize) -> DraftState {
    let label = Text { vi: "mục còn thiếu".to_owned(), en: "a missing field".to_owned() };
    DraftState { filled: 1, total: 1 + missing, missing: vec![label; missing] }
}

/// The shapes of one letter: with everything known that its words may show, and with less.
fn of_letter(words: &Words, letter: &PlanInput) -> Result<Vec<Shape>, Unsayable> {
    let shown: Vec<(&str, SlotKind)> = words.facts_shown(&letter.life_event).collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    // Every set of facts, all of them first.
    for missing in 0..(1_u32 << shown.len().min(8)) {
        let known = shown.iter().enumerate().filter(|(place, _)| missing & (1 << place) == 0);
        let facts = known.map(|(_, (path, kind))| ((*path).to_owned(), some(*kind))).collect();
        let input = PlanInput { facts, ..letter.clone() };
        match words.plan(&input) {
            Ok(plan) => {
                if let Some(place) = plan.unsaid() {
                    return Err(unsayable(letter, &format!("no point says `{place:?}`")));
                }
                let shape = plan.shape();
                if seen.insert(shape.clone()) {
                    out.push(Shape { input, shape });
                }
            }
            // Nothing is written before the facts are there that a letter cannot do without.
            Err(PlanError::NoVariant(_)) if missing > 0 => {}
            Err(error) => {
                return Err(unsayable(letter, &error.to_string()));
            }
        }
    }
    Ok(out)
}

fn unsayable(letter: &PlanInput, because: &str) -> Unsayable {
    Unsayable {
        life_event: letter.life_event.clone(),
        service: letter.service.clone(),
        role: letter.role.clone(),
        because: because.to_owned(),
    }
}

/// A value of `kind` that is nobody's.
fn some(kind: SlotKind) -> Value {
    match kind {
        SlotKind::Date => Value::Date(SOME_DAY),
        SlotKind::Count | SlotKind::Money => Value::Int(1),
        SlotKind::List => Value::List(vec![Value::Text("mẫu".to_owned())]),
        _ => Value::Text("mẫu".to_owned()),
    }
}
