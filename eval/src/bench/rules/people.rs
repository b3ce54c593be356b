//! People who do not exist, the same at every run.
//!
//! Everybody has what registers hold of most people, ten to fifteen facts from four registers.
//! One in twelve also lives through a situation of the pack's examples, moved to the day that is
//! asked about: that is how every life event comes about for somebody, with the facts that its
//! authors thought of.

use std::collections::BTreeMap;

use domain::{
    Event, EventId, EventKind, Fact, FactId, FactSource, Interval, Language, SubjectId,
    SubjectKind, Trace, Value,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use rules::{Example, LifeEvent, Pack, ValueKind};
use storage::journal::Entry;
use storage::subjects::Subject;
use storage::{Store, bulk};

use crate::{EvalError, chance};

/// Changing it changes all figures a little.
const SEED: u64 = 20_261_120;
/// One in so many lives through a situation of the examples.
const SITUATIONS: u64 = 12;
/// Registers tell one after the other, so what is known of one person lies in several places.
const WAVES: u8 = 5;
/// How many people are stored at once.
const AT_ONCE: usize = 4000;

/// What happens to be so of one person.
#[derive(Debug, Clone)]
pub(super) struct Chance(chance::Chance);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(chance::Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ SEED))
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.next() % end.max(1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.below(all.len() as u64);
        all.get(usize::try_from(place).unwrap_or_default())
    }

    /// A day up to `days` after `first`.
    fn day(&mut self, first: Date, days: u64) -> Date {
        first.checked_add(self.below(days).cast_signed().days()).unwrap_or(first)
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct People {
    /// People.
    pub(super) people: usize,
    /// Facts about them and about what is theirs.
    pub(super) facts: usize,
}

/// One telling: who, what, in which wave.
#[derive(Debug, Clone)]
struct Telling {
    wave: u8,
    subject: SubjectId,
    kind: SubjectKind,
    attribute: String,
    value: Value,
}

/// Makes people.
pub(super) struct Maker<'p> {
    pack: &'p Pack,
    today: Date,
    people: usize,
    examples: Vec<(&'p LifeEvent, &'p Example)>,
}

/// All that is known of one person and of what is theirs, with the events that told it.
pub(super) struct Person {
    pub(super) id: SubjectId,
    /// Others that the facts are about: parcels, vehicles, businesses.
    pub(super) things: Vec<(SubjectId, SubjectKind)>,
    pub(super) facts: Vec<Fact>,
    pub(super) events: Vec<Event>,
}

impl<'p> Maker<'p> {
    /// Makes `people` people as they are on `today`.
    pub(super) fn new(pack: &'p Pack, today: Date, people: usize) -> Self {
        let events = pack.life_events();
        let examples = events
            .flat_map(|event| pack.examples(&event.id).iter().map(move |example| (event, example)));
        Self { pack, today, people, examples: examples.collect() }
    }

    fn id(n: usize) -> SubjectId {
        SubjectId::of(&["bench", &n.to_string()])
    }

    fn anybody(&self, chance: &mut Chance) -> SubjectId {
        Self::id(usize::try_from(chance.below(self.people as u64)).unwrap_or_default())
    }

    /// The `n`th person, as told in the waves that `wanted` wants.
    pub(super) fn person(&self, n: usize, wanted: impl Fn(u8) -> bool) -> Person {
        let mut chance = Chance::new(n as u64);
        let id = Self::id(n);
        let mut told = self.usual(id, &mut chance);
        let mut kinds = BTreeMap::new();
        if chance.below(SITUATIONS) == 0
            && let Some((event, example)) = chance.of(&self.examples).copied()
        {
            kinds = self.situation(id, n, event, example, &mut told, &mut chance);
        }
        told.retain(|it| wanted(it.wave));
        let things = kinds.into_iter().filter(|_| wanted(WAVES - 1)).collect();
        let begins = |wave: u8, event: Option<&EventKind>| match event {
            Some(kind) if wave == WAVES - 1 => kind.clone(),
            _ => EventKind(format!("vn.bench.wave-{wave}.v1")),
        };
        let begun = self.begun_by(n);
        let mut person = Person { id, things, facts: Vec::new(), events: Vec::new() };
        for (place, telling) in told.into_iter().enumerate() {
            let wave = telling.wave;
            let event = event_of(n, wave);
            if person.events.last().is_none_or(|last| last.id != event) {
                person.events.push(told_by(event, n, begins(wave, begun.as_ref())));
            }
            person.facts.push(self.fact(n, place, event, telling));
        }
        person
    }

    /// The kind of the event that begins the situation of the `n`th person, where one does.
    fn begun_by(&self, n: usize) -> Option<EventKind> {
        let mut chance = Chance::new(n as u64);
        self.usual(Self::id(n), &mut chance);
        if chance.below(SITUATIONS) != 0 {
            return None;
        }
        let (event, _) = chance.of(&self.examples)?;
        event.begins.events.first().map(|kind| EventKind(kind.value.clone()))
    }

    /// What registers hold of most people.
    fn usual(&self, id: SubjectId, chance: &mut Chance) -> Vec<Telling> {
        let mut told = Vec::with_capacity(16);
        let mut tell = |wave: u8, attribute: &str, value: Value| {
            if self.pack.attribute(SubjectKind::Person, attribute).is_some() {
                let (kind, attribute) = (SubjectKind::Person, attribute.to_owned());
                told.push(Telling { wave, subject: id, kind, attribute, value });
            }
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let age = chance.below(85);
        let born_on = chance.day(date(1942, 1, 1), 30_900);
        let is_adult = born_on < date(2008, 11, 20);
        let provinces = self.pack.provinces();
        tell(0, "born_on", Value::Date(born_on));
        tell(0, "sex", text(if chance.percent(50) { "Nam" } else { "Nữ" }));
        tell(0, "nationality", text(if chance.percent(99) { "Việt Nam" } else { "Lào" }));
        if let Some(province) = chance.of(provinces) {
            tell(0, "residence.province", Value::Text(province.code.clone()));
        }
        tell(2, "insurance.has_card", Value::Bool(chance.percent(93)));
        tell(2, "insurance.card_ends_on", Value::Date(chance.day(self.today, 1500)));
        if !is_adult {
            tell(3, "mother", Value::Subject(self.anybody(chance)));
            tell(3, "father", Value::Subject(self.anybody(chance)));
            tell(3, "birth.registered", Value::Bool(true));
            tell(4, "school.level", text("tiểu học"));
            return told;
        }
        tell(1, "card.held", Value::Bool(true));
        tell(1, "card.expires_on", Value::Date(chance.day(date(2025, 1, 1), 7300)));
        if chance.percent(30) {
            tell(1, "passport.expires_on", Value::Date(chance.day(date(2020, 1, 1), 5500)));
        }
        if chance.percent(50) {
            tell(1, "driving_licence.expires_on", Value::Date(chance.day(date(2024, 1, 1), 4000)));
        }
        tell(2, "insurance.compulsory", Value::Bool(chance.percent(40)));
        tell(2, "insurance.months_paid", Value::Int(chance.below(12 * (age + 1)).cast_signed()));
        if chance.percent(60) {
            tell(3, "marriage.recorded", Value::Bool(true));
            tell(3, "spouse", Value::Subject(self.anybody(chance)));
        }
        tell(3, "tax.income_payer", Value::Bool(chance.percent(35)));
        told
    }

    /// Tells an example of `event` again, of this person, as if its day were today.
    fn situation(
        &self,
        id: SubjectId,
        n: usize,
        event: &LifeEvent,
        example: &Example,
        told: &mut Vec<Telling>,
        chance: &mut Chance,
    ) -> BTreeMap<SubjectId, SubjectKind> {
        let mut things = BTreeMap::new();
        let mut players: BTreeMap<&str, SubjectId> = BTreeMap::new();
        let mut is_first = true;
        for (name, role) in &event.roles {
            let own =
                role.kind == SubjectKind::Person && (name.value == event.subject.value || is_first);
            let player = if own {
                is_first = false;
                id
            } else if role.kind == SubjectKind::Person {
                self.anybody(chance)
            } else {
                let thing = SubjectId::of(&["bench thing", &n.to_string(), name.as_str()]);
                things.insert(thing, role.kind);
                thing
            };
            players.insert(name.as_str(), player);
        }
        let ago = example.today.and_then(|then| then.until(self.today).ok());
        let mut tell = |role: &str, attribute: &str, value: Value| {
            let (Some(subject), Some(role)) = (players.get(role), event.roles.get(role)) else {
                return;
            };
            let (subject, kind, wave) = (*subject, role.kind, WAVES - 1);
            told.push(Telling { wave, subject, kind, attribute: attribute.to_owned(), value });
        };
        for (name, role) in &event.roles {
            let linked = role.from.first().and_then(|path| path.split_once('.'));
            if let (Some((of, attribute)), Some(player)) = (linked, players.get(name.as_str())) {
                tell(of, attribute, Value::Subject(*player));
            }
        }
        for (path, written) in &example.facts {
            let Some((role, attribute)) = path.split_once('.') else { continue };
            let Some(kind) = event.roles.get(role).map(|role| role.kind) else { continue };
            let Some(known) = self.pack.attribute(kind, attribute) else { continue };
            let Some(value) = read(written, known.kind) else { continue };
            let value = match (value, ago) {
                (Value::Date(day), Some(ago)) => Value::Date(day.checked_add(ago).unwrap_or(day)),
                (value, _) => value,
            };
            tell(role, attribute, value);
        }
        things
    }

    fn fact(&self, n: usize, place: usize, event: EventId, telling: Telling) -> Fact {
        let known = self.pack.attribute(telling.kind, &telling.attribute);
        let owner = known.and_then(|known| known.owner.first());
        let number = ((n as u128) << 12) | ((place as u128) << 4) | u128::from(telling.wave);
        Fact {
            id: sequential::<FactId>(FactId::PREFIX, number)
                .unwrap_or_else(|| Fact::id_of(event, telling.subject, &telling.attribute)),
            subject: telling.subject,
            attribute: telling.attribute,
            value: telling.value,
            valid: Interval::since(date(2025, 1, 1)),
            personal: known.is_some_and(|known| known.personal),
            known_from: received(telling.wave),
            known_until: None,
            source: FactSource {
                register: owner.map(|owner| owner.value.clone()).unwrap_or_default(),
                event,
                record: Some(format!("{n:09}")),
                legal_basis: "Điều 16, Nghị định 224/2026/NĐ-CP".to_owned(),
            },
        }
    }
}

/// A value of an example, which names people by their roles: those are linked already.
fn read(written: &serde_json::Value, kind: ValueKind) -> Option<Value> {
    let written = match written {
        serde_json::Value::Object(fields) => fields.get("value")?,
        serde_json::Value::Array(all) => return read(all.first()?, kind),
        plain => plain,
    };
    match kind {
        ValueKind::Text => written.as_str().map(|text| Value::Text(text.to_owned())),
        ValueKind::Int => written.as_i64().map(Value::Int),
        ValueKind::Bool => written.as_bool().map(Value::Bool),
        ValueKind::Date => written.as_str()?.parse().ok().map(Value::Date),
        ValueKind::Time | ValueKind::Subject | ValueKind::List => None,
    }
}

/// An id whose order is that of its number, so that storing by the million only appends.
fn sequential<T: std::str::FromStr>(prefix: &str, number: u128) -> Option<T> {
    let digits = "0123456789abcdefghjkmnpqrstvwxyz".as_bytes();
    let digit = |place: u32| {
        let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or_default();
        digits.get(digit).copied().map_or('0', char::from)
    };
    let body: String = (0..26).rev().map(digit).collect();
    format!("{prefix}_{body}").parse().ok()
}

fn event_of(n: usize, wave: u8) -> EventId {
    let number = (u128::from(wave) << 64) | n as u128;
    sequential::<EventId>(EventId::PREFIX, number)
        .unwrap_or_else(|| Event::id_of("bench", &format!("{n}-{wave}")))
}

/// Each wave is received on a day of its own.
fn received(wave: u8) -> Timestamp {
    let first = date(2026, 1, 1).to_zoned(jiff::tz::TimeZone::UTC);
    let day = first.and_then(|first| first.checked_add(i64::from(wave).days()));
    day.map_or(Timestamp::UNIX_EPOCH, |day| day.timestamp())
}

fn told_by(id: EventId, n: usize, kind: EventKind) -> Event {
    Event {
        id,
        source: "urn:vn:bench".to_owned(),
        source_event_id: id.to_string(),
        kind,
        occurred_at: Timestamp::UNIX_EPOCH,
        received_at: Timestamp::UNIX_EPOCH,
        trace: Trace::of(None, id),
        data: serde_json::json!({ "record": format!("{n:09}"), "note": "nobody".repeat(30) }),
    }
}

/// Fills an empty database. `progress` hears how many people are through all waves.
pub(super) async fn fill(
    store: &Store,
    pack: &Pack,
    today: Date,
    people: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<People, EvalError> {
    let maker = Maker::new(pack, today, people);
    let mut facts = 0;
    let mut conn = store.read().await?;
    bulk::begin(&mut conn).await?;
    for wave in 0..WAVES {
        for first in (0..people).step_by(AT_ONCE) {
            let (mut told, mut events, mut subjects) = (Vec::new(), Vec::new(), Vec::new());
            for n in first..people.min(first + AT_ONCE) {
                let person = maker.person(n, |it| it == wave);
                told.extend(person.facts);
                events.extend(person.events);
                let things = person.things.into_iter();
                let own = [(person.id, SubjectKind::Person)].into_iter().filter(|_| wave == 0);
                subjects.extend(own.chain(things).map(|(id, kind)| Subject {
                    id,
                    kind,
                    identifier: None,
                    language: Language::VI,
                }));
            }
            facts += told.len();
            let entries: Vec<Entry<'_>> =
                events.iter().map(|event| Entry { event, about: &[] }).collect();
            bulk::told(&mut conn, &subjects, &entries, &told).await?;
            let through = (first + AT_ONCE).min(people) + usize::from(wave) * people;
            progress((through / usize::from(WAVES)) as u64);
        }
    }
    bulk::end(&mut conn).await?;
    Ok(People { people, facts })
}
