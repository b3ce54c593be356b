//! One person, everything in memory, one core.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use domain::{AsOf, EventId, EventKind, Fact, FactSet, SubjectId, SubjectKind};
use rules::population::{Population, Row, Rule, Scene, Table};
use rules::{Case, Pack};

use super::people::{Maker, Person};

/// Deciding with receipts is asked of so many people only: the middle needs no more.
const WITH_RECEIPTS: usize = 500;

/// The middle and what 95 of 100 stay within, in microseconds.
type Spread = (f64, f64);

/// What was measured.
pub(super) struct One {
    pub(super) person: Spread,
    pub(super) load: Spread,
    pub(super) with_receipts: Spread,
    pub(super) begun: f64,
    pub(super) in_columns: f64,
}

/// Decides everything about each of `people` people.
pub(super) fn one(pack: &Pack, as_of: AsOf, people: usize) -> One {
    let maker = Maker::new(pack, as_of.occurred, people);
    let people: Vec<Person> = (0..people).map(|n| maker.person(n, |_| true)).collect();
    let population = Population::new(pack, as_of);
    let mut kinds: HashMap<EventId, EventKind> = HashMap::new();
    let mut facts: HashMap<SubjectId, Vec<&Fact>> = HashMap::new();
    for person in &people {
        kinds.extend(person.events.iter().map(|event| (event.id, event.kind.clone())));
        for fact in &person.facts {
            facts.entry(fact.subject).or_default().push(fact);
        }
    }
    let things = people.iter().flat_map(|person| person.things.iter().copied());
    let subjects = people.iter().map(|person| (person.id, SubjectKind::Person)).chain(things);
    let mut rows: HashMap<(SubjectId, SubjectKind), Row> = HashMap::new();
    let mut load = Vec::new();
    for (subject, kind) in subjects {
        let told = facts.get(&subject).map_or(&[][..], Vec::as_slice);
        let told = told.iter().filter_map(|fact| Some(fact.told(kinds.get(&fact.source.event)?)));
        let told: Vec<_> = told.collect();
        let mut row = Row::default();
        let started = Instant::now();
        population.load(&mut row, subject, kind, told);
        load.push(micros(started));
        rows.insert((subject, kind), row);
    }
    let began = |rule: &Rule<'_>, event| {
        kinds.get(&event).is_some_and(|kind| rule.life_event().begun_by(kind))
    };
    let (mut person, mut begun) = (Vec::new(), 0_usize);
    for one in &people {
        let Some(row) = rows.get(&(one.id, SubjectKind::Person)) else { continue };
        let started = Instant::now();
        population.decide(row, &rows, &mut |_, decided| {
            begun += 1;
            std::hint::black_box(&decided);
        });
        person.push(micros(started));
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let begun = begun as f64 / people.len().max(1) as f64;
    let some = people.get(..WITH_RECEIPTS.min(people.len())).unwrap_or_default();
    let with_receipts = some.iter().map(|one| slow(&population, one, &facts, &began)).collect();
    One {
        person: spread(person),
        load: spread(load),
        with_receipts: spread(with_receipts),
        begun,
        in_columns: in_columns(&population, &rows),
    }
}

/// All life events of persons about everybody, begun or not, column by column: the time for each
/// person, in microseconds. Filling the tables is not counted.
fn in_columns(population: &Population<'_>, rows: &HashMap<(SubjectId, SubjectKind), Row>) -> f64 {
    let people: Vec<&Row> = rows.values().filter(|it| it.kind() == SubjectKind::Person).collect();
    let mut took = 0.0;
    for rule in population.rules_of(SubjectKind::Person) {
        let mut table = Table::new(rule);
        for row in &people {
            table.push(&Scene::new(rule, row, rows));
        }
        let started = Instant::now();
        std::hint::black_box(table.decide());
        took += micros(started);
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let people = people.len().max(1) as f64;
    took / people
}

/// The same with receipts, as the worker decides: facts of everyone who plays a role are loaded.
fn slow(
    population: &Population<'_>,
    person: &Person,
    facts: &HashMap<SubjectId, Vec<&Fact>>,
    began: &dyn Fn(&Rule<'_>, EventId) -> bool,
) -> f64 {
    let mut all = BTreeSet::from([person.id]);
    for _ in 0..2 {
        let told = all.iter().filter_map(|id| facts.get(id)).flatten();
        let named: Vec<SubjectId> = told.filter_map(|fact| fact.value.as_subject()).collect();
        all.extend(named);
    }
    let told = all.iter().filter_map(|id| facts.get(id)).flatten();
    let facts: FactSet = told.map(|fact| Fact::clone(fact)).collect();
    let as_of = population.as_of();
    let pack = population.pack();
    let started = Instant::now();
    for rule in population.rules_of(SubjectKind::Person) {
        let life_event = rule.life_event();
        let roles = pack.resolve_roles(life_event, person.id, &facts, &as_of);
        let case = Case { pack, life_event, roles: &roles, facts: &facts, as_of };
        std::hint::black_box(case.decide(&|event| began(rule, event)));
    }
    micros(started)
}

fn micros(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6
}

fn spread(mut all: Vec<f64>) -> Spread {
    all.sort_by(f64::total_cmp);
    let at = |hundredth: usize| all.get(all.len() * hundredth / 100).copied().unwrap_or_default();
    (at(50), at(95))
}
