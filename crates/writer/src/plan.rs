//! The plan of a message: which points it must carry, and what fills its slots.
//!
//! The same input gives the same plan; nothing here is chosen by a model or by chance. What
//! differs between persons stands in [`Plan::slots`] alone. Everything else makes the
//! [shape](Plan::shape): persons of one shape share one template, so a text is written and
//! proved once for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Channel, Deadline, Detail, Language, LegalBasis, Level, Sex, Text, Value};
use jiff::civil::Date;
use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::manners::Manners;
use crate::phrase::Phrase;
use crate::slot::{Slot, SlotKind};
use crate::words::{
    DeadlineKind, DraftKind, EventWords, LetterKind, Place, PointWords, Tongue, Variant, When,
    Words,
};

/// The slots that every life event's words may use.
pub const COMMON_SLOTS: &[(&str, SlotKind)] = &[
    ("sender", SlotKind::Institution),
    ("address", SlotKind::Address),
    ("pronoun", SlotKind::Address),
    ("recipient", SlotKind::Person),
    ("life_event", SlotKind::Title),
    ("service", SlotKind::Title),
    ("service_code", SlotKind::Identifier),
    ("authority", SlotKind::Institution),
    ("deadline", SlotKind::Date),
    ("deadline_safe", SlotKind::Date),
    ("deadline_reason", SlotKind::Note),
    ("filled", SlotKind::Count),
    ("total", SlotKind::Count),
    ("missing_count", SlotKind::Count),
    ("missing", SlotKind::List),
    ("law", SlotKind::Law),
    ("cite", SlotKind::Citation),
];

/// By when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Law or a plan says so.
    Known(Deadline),
    /// Nobody could say, and why.
    Unknown(Text),
}

/// How far the application is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftState {
    /// Fields filled from data.
    pub filled: usize,
    /// Fields of the form.
    pub total: usize,
    /// Labels of the fields that the person must still fill or decide.
    pub missing: Vec<Text>,
}

/// What the engine knows when a person is to be told about a milestone.
#[derive(Clone, PartialEq, Eq)]
pub struct PlanInput {
    /// The life event's id.
    pub life_event: String,
    /// Its name.
    pub life_event_name: Text,
    /// Which letter about it this is.
    pub letter: LetterKind,
    /// The role that the recipient plays in it.
    pub role: String,
    /// The recipient's full name, as the register has it.
    pub recipient_name: String,
    /// The recipient's sex, where a register says.
    pub recipient_sex: Option<Sex>,
    /// The day on which the recipient was born, where it is known: people of another age may be
    /// addressed otherwise.
    pub recipient_born_on: Option<Date>,
    /// The place whose rules hold for the case, `vn-14`: only passages that hold there are cited.
    pub place: knowledge::Place,
    /// The language that the recipient reads. What is not told in it is told in the one that its
    /// readers are given.
    pub language: Language,
    /// The day of writing.
    pub written_on: Date,
    /// The key of the service that the message is about.
    pub service: String,
    /// Its name.
    pub service_name: Text,
    /// Its national code, where it has one.
    pub service_code: Option<String>,
    /// How far the engine goes.
    pub level: Level,
    /// Where to go, where that is known.
    pub authority: Option<Text>,
    /// By when.
    pub deadline: By,
    /// The draft, where one was prepared.
    pub draft: Option<DraftState>,
    /// The law behind the service. A known deadline brings its own, which is preferred.
    pub legal_basis: Option<LegalBasis>,
    /// Facts that may be shown, by path: `child.born_on`. What is not there is not said.
    pub facts: BTreeMap<String, Value>,
}

/// Something that the message must say, and the ways in which it may be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Its name among the words: `birth.event`.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// The approved wording first.
    pub alternatives: Vec<Phrase>,
}

/// An act and the article of it that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Law {
    /// As in `Luật Hộ tịch 60/2014/QH13`.
    pub act: String,
    /// As in `Điều 15 khoản 1`; empty where none is named.
    pub article: String,
}

/// What one message must carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The life event's id.
    pub life_event: String,
    /// Which letter about it this is.
    pub letter: LetterKind,
    /// The recipient's role.
    pub role: String,
    /// The key of the service.
    pub service: String,
    /// How far the engine goes.
    pub level: Level,
    /// The language.
    pub language: Language,
    /// The day of writing: law is cited as in force on it.
    pub written_on: Date,
    /// The place whose rules hold. It is no part of the shape: what it changes is which
    /// passages may be cited, and those are part of a template's key.
    pub place: knowledge::Place,
    /// The channel.
    pub channel: Channel,
    /// How much it may show.
    pub detail: Detail,
    /// What is known about the deadline.
    pub deadline: DeadlineKind,
    /// What is known about the draft.
    pub draft: DraftKind,
    /// The law that the message rests on: what a cited passage must be about.
    pub law: Option<Law>,
    /// What texts of this language may not hold.
    #[serde(skip)]
    pub manners: Arc<Manners>,
    /// What must be said, in order.
    pub points: Vec<Point>,
    /// What fills the slots: the only part that is about the person.
    pub slots: BTreeMap<String, Slot>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The pack has no words for the life event.
    #[error("no words for the life event `{0}`")]
    NoWords(String),
    /// The recipient has no name: nobody is written to as nobody.
    #[error("the recipient has no name")]
    NoName,
    /// A fact that is shown is not of the kind that its slot shows.
    #[error("the fact `{fact}` does not fill a slot of the kind `{kind:?}`")]
    Kind {
        /// The fact's path.
        fact: String,
        /// What its slot shows.
        kind: SlotKind,
    },
    /// Nothing fits what is known, and the message may not do without.
    #[error("no words of the point `{0}` fit what is known")]
    NoVariant(String),
}

impl Words {
    /// Plans a message: which points, in which of their variants, filled with what.
    pub fn plan(&self, input: &PlanInput) -> Result<Plan, PlanError> {
        let event = self
            .events
            .get(&input.life_event)
            .ok_or_else(|| PlanError::NoWords(input.life_event.clone()))?;
        let deadline = deadline_kind(input);
        let draft = match &input.draft {
            None => DraftKind::None,
            Some(draft) if draft.missing.is_empty() => DraftKind::Complete,
            Some(_) => DraftKind::Missing,
        };
        let basis = legal_basis(input);
        let language = self.told_in(input.language, &input.life_event);
        let mut plan = Plan {
            life_event: input.life_event.clone(),
            letter: input.letter,
            role: input.role.clone(),
            service: input.service.clone(),
            level: input.level,
            language,
            written_on: input.written_on,
            place: input.place.clone(),
            channel: Channel::Inbox,
            detail: Detail::L2,
            deadline,
            draft,
            law: basis
                .map(|basis| Law { act: basis.act.vi.clone(), article: basis.article.clone() }),
            manners: Arc::clone(self.manners(language)),
            points: Vec::new(),
            slots: slot_values(input, self.tongue(language), event)?,
        };
        for place in Place::ALL {
            for point in self.points_at(event, place, &input.role, input.letter) {
                plan.add(point)?;
            }
        }
        Ok(plan)
    }
}

impl Plan {
    fn add(&mut self, point: &PointWords) -> Result<(), PlanError> {
        let Some(variant) = point.variants.iter().find(|variant| self.fits(variant)) else {
            let left_out = point.optional;
            return if left_out { Ok(()) } else { Err(PlanError::NoVariant(point.id.clone())) };
        };
        self.points.push(Point {
            id: point.id.clone(),
            place: point.place,
            alternatives: variant.phrases(self.language).to_vec(),
        });
        Ok(())
    }

    fn fits(&self, variant: &Variant) -> bool {
        let When { deadline, draft, level, service } = &variant.when;
        let known = |name: &String| name == "cite" || self.slots.contains_key(name);
        (deadline.is_empty() || deadline.contains(&self.deadline))
            && (draft.is_empty() || draft.contains(&self.draft))
            && (level.is_empty() || level.contains(&self.level))
            && (service.is_empty() || service.contains(&self.service))
            && variant.phrases(self.language).iter().all(|phrase| phrase.slots().iter().all(known))
    }

    /// A place that such a letter must have words for and that no point of this one stands at.
    #[must_use]
    pub fn unsaid(&self) -> Option<Place> {
        let said = |place: &Place| self.points.iter().any(|point| point.place == *place);
        self.letter.places().iter().copied().find(|place| !said(place))
    }

    /// The kind of the slot called `name`.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<SlotKind> {
        if name == "cite" {
            return Some(SlotKind::Citation);
        }
        self.slots.get(name).map(|slot| slot.kind)
    }

    /// A hash over everything that is not a value. Persons of one shape share one template.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut hash = Fingerprint::default();
        let mut put = |part: &str| hash.put(part);
        put("shape/2");
        for part in [&self.life_event, &self.role, &self.service] {
            put(part);
        }
        for part in self.law.iter().flat_map(|law| [&law.act, &law.article]) {
            put(part);
        }
        put(&format!(
            "{:?} {} {} {:?} {:?} {:?} {:?}",
            self.letter,
            u8::from(self.level),
            self.language.tag(),
            self.channel,
            self.detail,
            self.deadline,
            self.draft
        ));
        for point in &self.points {
            put(&point.id);
            for phrase in &point.alternatives {
                put(phrase.source());
                for name in phrase.slots() {
                    put(&format!("{name}:{:?}", self.kind(name)));
                }
            }
        }
        hash.hex()
    }
}

fn deadline_kind(input: &PlanInput) -> DeadlineKind {
    match &input.deadline {
        By::Unknown(_) => DeadlineKind::Unknown,
        By::Known(deadline) if deadline.on < input.written_on => DeadlineKind::Passed,
        // A safe day that has gone by is no advice any more.
        By::Known(deadline) if deadline.safe == deadline.on || deadline.safe < input.written_on => {
            DeadlineKind::Known
        }
        By::Known(_) => DeadlineKind::Moved,
    }
}

fn slot_values(
    input: &PlanInput,
    tongue: &Tongue,
    event: &EventWords,
) -> Result<BTreeMap<String, Slot>, PlanError> {
    let manners = &tongue.manners;
    let language = manners.reads;
    let address = manners.address(input.recipient_sex, input.recipient_born_on, input.written_on);
    let text = |text: &str| Value::Text(text.to_owned());
    let count = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut values = vec![
        ("sender", text(&tongue.sender)),
        ("address", text(address.map_or("", |it| it.title.as_str()))),
        ("pronoun", text(address.map_or("", |it| it.pronoun.as_str()))),
        ("recipient", text(&input.recipient_name)),
        ("life_event", text(input.life_event_name.get(language))),
        ("service", text(input.service_name.get(language))),
    ];
    if let Some(code) = &input.service_code {
        values.push(("service_code", text(code)));
    }
    if let Some(authority) = &input.authority {
        values.push(("authority", text(authority.get(language))));
    }
    if let Some(basis) = legal_basis(input) {
        values.push(("law", Value::Text(manners.cite(basis))));
    }
    match &input.deadline {
        By::Known(deadline) => {
            values.push(("deadline", Value::Date(deadline.on)));
            values.push(("deadline_safe", Value::Date(deadline.safe)));
        }
        By::Unknown(because) => values.push(("deadline_reason", text(because.get(language)))),
    }
    if let Some(draft) = &input.draft {
        let missing = draft.missing.iter().map(|label| text(label.get(language))).collect();
        values.push(("filled", count(draft.filled)));
        values.push(("total", count(draft.total)));
        values.push(("missing_count", count(draft.missing.len())));
        values.push(("missing", Value::List(missing)));
    }
    let mut slots = BTreeMap::new();
    for (name, value) in values {
        let kind = COMMON_SLOTS.iter().find(|(slot, _)| *slot == name).map(|(_, kind)| *kind);
        // An empty text (a service without an English name) is a value that is not there.
        if let Some(slot) = kind.and_then(|kind| Slot::new(kind, value)) {
            slots.insert(name.to_owned(), slot);
        }
    }
    if !slots.contains_key("recipient") {
        return Err(PlanError::NoName);
    }
    for (name, of) in &event.slots {
        if let Some(value) = input.facts.get(&of.fact) {
            let slot = Slot::new(of.kind, value.clone());
            let slot =
                slot.ok_or_else(|| PlanError::Kind { fact: of.fact.clone(), kind: of.kind })?;
            slots.insert(name.clone(), slot);
        }
    }
    Ok(slots)
}

/// The law behind the deadline, where there is one: it is what a reader asks for first.
fn legal_basis(input: &PlanInput) -> Option<&LegalBasis> {
    match &input.deadline {
        By::Known(deadline) => Some(&deadline.legal_basis),
        By::Unknown(_) => input.legal_basis.as_ref(),
    }
}
