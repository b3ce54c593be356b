//! Deciding for very many people answers what deciding for one answers, row by row and column by
//! column: random facts under all life events of the real pack.

#![expect(
    clippy::indexing_slicing,
    reason = "tests may index; only `#[test]` functions are exempt by themselves"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use domain::{
    AsOf, Cause, Event, EventId, EventKind, Fact, FactSet, FactSource, Interval, Milestone,
    MilestoneState, SubjectId, SubjectKind, Trace, Value, Verdict,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use rules::population::{DecidedAll, Finding, Population, Row, Scene, Table};
use rules::{Case, LifeEvent, Pack, PackFiles, ValueKind};

/// How many random situations are tried.
const TRIES: u64 = 600;
/// How many are put into one table, for each life event and date: several words of a mask, and a
/// part of one.
const MANY: u64 = 50;

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    /// A whole number below `end`.
    fn number(&mut self, end: usize) -> i64 {
        i64::try_from(self.below(end)).unwrap()
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What examples say of each attribute, so that random facts hit what conditions compare with.
type Words = BTreeMap<(SubjectKind, String), Vec<serde_json::Value>>;

fn words(pack: &Pack) -> Words {
    let mut words = Words::new();
    for event in pack.life_events() {
        for example in pack.examples(&event.id) {
            for (path, written) in &example.facts {
                let (role, attribute) = path.split_once('.').unwrap();
                let Some(role) = event.roles.get(role) else { continue };
                let all = words.entry((role.kind, attribute.to_owned())).or_default();
                all.extend(plain(written));
            }
        }
    }
    words
}

/// The values in what an example writes of one fact.
fn plain(written: &serde_json::Value) -> Vec<serde_json::Value> {
    match written {
        serde_json::Value::Object(fields) => fields.get("value").cloned().into_iter().collect(),
        serde_json::Value::Array(all) => all.iter().flat_map(plain).collect(),
        value => vec![value.clone()],
    }
}

struct Situation<'p> {
    pack: &'p Pack,
    words: &'p Words,
    chance: Chance,
    as_of: AsOf,
    people: BTreeMap<SubjectKind, Vec<SubjectId>>,
    facts: Vec<Fact>,
    /// Kinds of events: every second event is of the first, which begins what the example is of.
    events: Vec<EventKind>,
    /// How many of a hundred things go wrong beside what the example says.
    errors: usize,
}

const KINDS: [SubjectKind; 5] = [
    SubjectKind::Person,
    SubjectKind::Household,
    SubjectKind::Parcel,
    SubjectKind::Vehicle,
    SubjectKind::Business,
];

impl<'p> Situation<'p> {
    /// What may be known when an example of `event` is told again with errors.
    fn new(pack: &'p Pack, words: &'p Words, event: &LifeEvent, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let subjects = |kind: SubjectKind| {
            let id = |n: usize| SubjectId::of(&[&format!("{kind:?}"), &n.to_string()]);
            (kind, (0..4).map(id).collect())
        };
        let example = chance.of(pack.examples(&event.id));
        let today = example.today.unwrap_or(date(2026, 11, 20));
        let off = if chance.percent(50) { 0 } else { chance.number(9) - 4 };
        let today = today.checked_add(off.days()).unwrap();
        let law = if chance.percent(80) {
            today
        } else {
            *chance.of(&[date(2026, 7, 1), date(2027, 3, 1), date(2030, 1, 1)])
        };
        let known: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let as_of = AsOf { occurred: today, known, law };
        let people = KINDS.map(subjects).into();
        let errors = if chance.percent(50) { 0 } else { 25 };
        let begin = |event: &'p LifeEvent| event.begins.events.iter().map(|it| it.value.clone());
        let mut events: Vec<EventKind> =
            pack.life_event(&event.id.value).into_iter().flat_map(begin).map(EventKind).collect();
        events.push(EventKind("vn.test.something-else.v1".to_owned()));
        events.extend(pack.life_events().flat_map(begin).map(EventKind));
        let mut new =
            Self { pack, words, chance, as_of, people, facts: Vec::new(), events, errors };
        let players: BTreeMap<&str, SubjectId> = event
            .roles
            .iter()
            .map(|(name, role)| (name.as_str(), *new.chance.of(&new.people[&role.kind].clone())))
            .collect();
        for (name, role) in &event.roles {
            for path in role.from.iter() {
                let (of, attribute) = path.split_once('.').unwrap();
                if !new.wrong() {
                    new.tell(players[of], attribute, Value::Subject(players[name.as_str()]));
                }
            }
        }
        for (path, written) in &example.facts {
            let (role, attribute) = path.split_once('.').unwrap();
            let kind = event.roles[role].kind;
            for value in plain(written) {
                if !new.wrong() {
                    let value = new.read(kind, attribute, &value);
                    new.tell(players[role], attribute, value);
                }
            }
        }
        for _ in 0..new.chance.below(1 + new.errors / 2) {
            new.noise();
        }
        new
    }

    /// Whether something goes wrong now.
    fn wrong(&mut self) -> bool {
        self.chance.percent(self.errors)
    }

    /// Something about somebody.
    fn noise(&mut self) {
        let all: Vec<_> = self.words.keys().collect();
        let (kind, attribute) = (*self.chance.of(&all)).clone();
        let subject = *self.chance.of(&self.people[&kind].clone());
        let value = self.chance.of(&self.words[&(kind, attribute.clone())]).clone();
        let value = self.read(kind, &attribute, &value);
        self.tell(subject, &attribute, value);
    }

    fn read(&mut self, kind: SubjectKind, attribute: &str, json: &serde_json::Value) -> Value {
        let definition = self.pack.attribute(kind, attribute).unwrap();
        let text = json.as_str().unwrap_or_default().to_owned();
        if self.wrong() && self.chance.percent(15) {
            return Value::Text("of another kind".to_owned());
        }
        match definition.kind {
            ValueKind::Text => Value::Text(if json.is_string() { text } else { json.to_string() }),
            ValueKind::Int => {
                Value::Int(json.as_i64().unwrap_or_default() + i64::from(self.wrong()))
            }
            ValueKind::Bool => Value::Bool(json.as_bool().unwrap_or_default() != self.wrong()),
            ValueKind::Date => {
                let days = if self.wrong() { self.chance.number(5) - 2 } else { 0 };
                let day: Date = text.parse().unwrap();
                Value::Date(day.checked_add(days.days()).unwrap())
            }
            ValueKind::Time => Value::Time(self.as_of.known),
            ValueKind::Subject => {
                let kind = *self.chance.of(&[
                    SubjectKind::Person,
                    SubjectKind::Person,
                    kind,
                    SubjectKind::Business,
                ]);
                Value::Subject(*self.chance.of(&self.people[&kind].clone()))
            }
            ValueKind::List => Value::List(
                json.as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| Value::Text(it.as_str().unwrap_or_default().to_owned()))
                    .collect(),
            ),
        }
    }

    /// Of which kind an event is.
    fn kind(&self, event: EventId) -> &EventKind {
        let digits = event.hex();
        let number = u32::from_str_radix(&digits[digits.len() - 4..], 16).unwrap() as usize;
        if number.is_multiple_of(2) {
            &self.events[0]
        } else {
            &self.events[number % self.events.len()]
        }
    }

    /// A fact that counts most of the time.
    fn tell(&mut self, subject: SubjectId, attribute: &str, value: Value) {
        let kinds = self.people.iter().find(|(_, all)| all.contains(&subject));
        let kind = *kinds.unwrap().0;
        let owners =
            self.pack.attribute(kind, attribute).map(|it| it.owner.clone()).unwrap_or_default();
        let mut registers: Vec<String> = owners.into_iter().map(|it| it.value).collect();
        registers.extend(["AAA".to_owned(), "ZZZ".to_owned()]);
        let register = self.chance.of(&registers).clone();
        let event = Event::id_of(&register, &self.chance.below(1000).to_string());
        let since = |days: i64| date(2026, 1, 1).checked_sub(days.days()).unwrap();
        let from = if self.wrong() { self.as_of.occurred } else { since(self.chance.number(3000)) };
        let until = (self.wrong() && self.wrong()).then(|| since(self.chance.number(200)));
        let latest = if self.wrong() { 7 } else { 5 };
        let hours = |chance: &mut Chance| ((chance.number(latest) - 4) * 24).hours();
        let known_from = self.as_of.known + hours(&mut self.chance);
        let withdrawn = self.wrong() && self.wrong();
        let known_until = withdrawn.then(|| self.as_of.known + hours(&mut self.chance));
        self.facts.push(Fact {
            id: Fact::id_of(event, subject, attribute),
            subject,
            attribute: attribute.to_owned(),
            value,
            valid: Interval { from, until },
            personal: false,
            known_from,
            known_until,
            source: FactSource { register, event, record: None, legal_basis: String::new() },
        });
    }
}

fn finding(verdict: &Verdict) -> Finding {
    match verdict {
        Verdict::Met => Finding::Met,
        Verdict::Unmet => Finding::Unmet,
        Verdict::Unknown { .. } => Finding::Unknown,
    }
}

type Services = Vec<(String, String, SubjectId, Finding)>;

fn suggested(case: &Case<'_>, decision: &rules::Decision<'_>, subject: SubjectId) -> Services {
    let Some(version) = decision.version else { return Vec::new() };
    let told = Event::id_of("test", "test");
    let milestone = Milestone {
        id: Milestone::id_of(&case.life_event.id, subject, "once"),
        life_event: case.life_event.id.value.clone(),
        subject,
        occurrence: "once".to_owned(),
        occurred_on: decision.occurred_on.unwrap_or(case.as_of.occurred),
        state: MilestoneState::Reached,
        roles: case.roles.clone(),
        verdict: decision.verdict.clone(),
        as_of: case.as_of,
        pack: String::new(),
        cause: Cause::Event(told),
        trace: Trace::of(None, told),
    };
    let proposals = case.suggest(version, &milestone).into_iter().map(|it| it.suggestion);
    proposals.map(|it| (it.service, it.role, it.recipient, finding(&it.verdict))).collect()
}

#[derive(Debug, Default)]
struct Seen {
    decided: usize,
    met: usize,
    unknown: usize,
    begun: usize,
    held: usize,
    services: usize,
}

type People = HashMap<(SubjectId, SubjectKind), Row>;

/// What is known of everybody.
fn rows(population: &Population<'_>, situation: &Situation<'_>) -> People {
    let mut rows = People::new();
    for subject in situation.people.values().flatten() {
        for kind in KINDS {
            let own = situation.facts.iter().filter(|fact| fact.subject == *subject);
            let row = rows.entry((*subject, kind)).or_default();
            let told = own.map(|fact| fact.told(situation.kind(fact.source.event)));
            population.load(row, *subject, kind, told);
        }
    }
    rows
}

/// Compares all life events of all subjects of one situation.
fn compare(pack: &Pack, situation: &Situation<'_>, seen: &mut Seen) {
    let population = Population::new(pack, situation.as_of);
    let rows = rows(&population, situation);
    let facts: FactSet = situation.facts.iter().cloned().collect();
    for rule in population.rules() {
        for subject in &situation.people[&rule.kind()] {
            let event = rule.life_event();
            let roles = pack.resolve_roles(event, *subject, &facts, &situation.as_of);
            let case = Case {
                pack,
                life_event: event,
                roles: &roles,
                facts: &facts,
                as_of: situation.as_of,
            };
            let began = |id| event.begun_by(situation.kind(id));
            let slow = case.decide(&began);
            let row = &rows[&(*subject, rule.kind())];
            let scene = Scene::new(rule, row, &rows);
            let fast = rule.decide(&scene);
            let about = || {
                format!("{} of {subject}: {slow:?}\n{fast:?}\n{:#?}", event.id.value, case.roles)
            };
            assert_eq!(scene.missing(rule).count(), 0, "{}", about());
            assert_eq!(finding(&slow.verdict), fast.finding, "{}", about());
            assert_eq!(
                slow.version.map(|it| it.in_force.from),
                fast.version.map(|it| it.in_force.from)
            );
            assert_eq!(slow.begun, rule.has_begun(&scene), "{}", about());
            assert!(rule.may_begin(row) || !slow.begun, "{}", about());
            seen.decided += 1;
            seen.begun += usize::from(slow.begun);
            if fast.finding == Finding::Unmet {
                continue;
            }
            seen.met += usize::from(fast.finding == Finding::Met);
            seen.unknown += usize::from(fast.finding == Finding::Unknown);
            seen.held += usize::from(fast.held);
            assert_eq!(slow.hold.is_some(), fast.held, "{}", about());
            let services: Services = fast
                .opened
                .iter()
                .map(|it| {
                    (it.entry.service.value.clone(), it.role.to_owned(), it.recipient, it.finding)
                })
                .collect();
            seen.services += services.len();
            assert_eq!(suggested(&case, &slow, *subject), services, "{}", about());
        }
    }
}

#[test]
fn very_many_are_decided_as_one_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    let pack = Pack::load(&PackFiles::read(&folder).unwrap()).unwrap();
    let words = words(&pack);
    let events: Vec<&LifeEvent> = pack.life_events().collect();
    let mut seen = Seen::default();
    for seed in 0..TRIES {
        let event = events[usize::try_from(seed).unwrap() % events.len()];
        let situation = Situation::new(&pack, &words, event, seed);
        compare(&pack, &situation, &mut seen);
    }
    // The comparison is of something.
    assert!(seen.met > 100 && seen.unknown > 1000 && seen.held > 50, "{seen:?}");
    assert!(seen.begun > 500 && seen.services > 1000, "{seen:?}");
}

/// What is decided about one line of a table, as [`Rule::decide`](rules::population::Rule::decide)
/// tells it.
fn line(
    all: &DecidedAll<'_>,
    line: usize,
) -> (Option<Date>, Finding, bool, Vec<(String, Finding)>) {
    let version = all.versions.iter().find(|(_, whose)| whose.has(line));
    let opened = all.opened.iter().filter(|it| !it.findings.unmet.has(line));
    let opened = opened
        .map(|it| (format!("{} to {}", it.entry.service.value, it.role), it.findings.of(line)))
        .collect();
    let version = version.map(|(version, _)| version.in_force.from);
    (version, all.findings.of(line), all.held.has(line), opened)
}

#[test]
fn a_table_is_decided_as_each_of_its_lines_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    let pack = Pack::load(&PackFiles::read(&folder).unwrap()).unwrap();
    let words = words(&pack);
    let mut seen = Seen::default();
    let known: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    // Before and after changes of law, and a day in between that transitions look back from.
    for today in [date(2026, 8, 20), date(2026, 11, 20), date(2027, 3, 2)] {
        let population = Population::new(&pack, AsOf { occurred: today, known, law: today });
        for rule in population.rules() {
            let mut table = Table::new(rule);
            let mut expected = Vec::new();
            for seed in 0..MANY {
                let mut situation = Situation::new(&pack, &words, rule.life_event(), seed);
                situation.as_of = population.as_of();
                let rows = rows(&population, &situation);
                for subject in &situation.people[&rule.kind()] {
                    let row = &rows[&(*subject, rule.kind())];
                    let scene = Scene::new(rule, row, &rows);
                    table.push(&scene);
                    expected.push(rule.decide(&scene));
                }
            }
            let all = table.decide();
            assert_eq!(table.lines(), expected.len());
            for (place, one) in expected.iter().enumerate() {
                let opened = one
                    .opened
                    .iter()
                    .map(|it| (format!("{} to {}", it.entry.service.value, it.role), it.finding));
                let version = one.version.map(|it| it.in_force.from);
                let one = (version, one.finding, one.held, opened.collect::<Vec<_>>());
                let event = &rule.life_event().id.value;
                assert_eq!(line(&all, place), one, "{event} on {today}, line {place}");
                seen.decided += 1;
                seen.met += usize::from(one.1 == Finding::Met);
                seen.unknown += usize::from(one.1 == Finding::Unknown);
                seen.held += usize::from(one.2);
                seen.services += one.3.len();
            }
        }
    }
    assert!(seen.met > 1000 && seen.unknown > 1000 && seen.held > 100, "{seen:?}");
    assert!(seen.decided > 10_000 && seen.services > 5000, "{seen:?}");
}
