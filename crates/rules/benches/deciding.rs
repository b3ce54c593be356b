//! How long the inner parts of a decision take. Measured on request, judges nothing:
//!
//! ```text
//! cargo bench -p cotmoc-rules
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark whose pack does not load says so and ends")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::LazyLock;

use domain::{
    AsOf, Event, EventKind, Fact, FactSet, FactSource, Interval, SubjectId, SubjectKind, Value,
};
use jiff::civil::{Date, date};
use rules::cel::{self, Activation, Slot, Variable};
use rules::population::{Population, Row, Scene};
use rules::{Calendar, Case, LifeEvent, Pack, PackFiles};

fn main() {
    divan::main();
}

const TODAY: Date = date(2026, 11, 20);

static PACK: LazyLock<Pack> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    Pack::load(&PackFiles::read(&folder).unwrap()).unwrap()
});

fn as_of() -> AsOf {
    AsOf { occurred: TODAY, known: "2026-11-20T00:00:00Z".parse().unwrap(), law: TODAY }
}

fn birth() -> &'static LifeEvent {
    PACK.life_event("LE-BIRTH").unwrap()
}

fn who(role: &str) -> SubjectId {
    SubjectId::of(&["bench", role])
}

/// A child born this month, and what is known of its mother.
fn facts(nationality: Option<&str>) -> Vec<Fact> {
    let told = Event::id_of("bench", "1");
    let fact = |role: &str, attribute: &str, value| Fact {
        id: Fact::id_of(told, who(role), attribute),
        subject: who(role),
        attribute: attribute.to_owned(),
        value,
        valid: Interval::since(date(2026, 1, 1)),
        personal: false,
        known_from: "2026-11-01T00:00:00Z".parse().unwrap(),
        known_until: None,
        source: FactSource {
            register: "NPD".to_owned(),
            event: told,
            record: None,
            legal_basis: String::new(),
        },
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let mut facts = vec![
        fact("child", "born_on", Value::Date(date(2026, 11, 2))),
        fact("child", "mother", Value::Subject(who("mother"))),
        fact("child", "father", Value::Subject(who("father"))),
        fact("father", "nationality", text("Lào")),
        fact("mother", "insurance.compulsory", Value::Bool(true)),
        fact("mother", "insurance.months_of_12", Value::Int(8)),
    ];
    facts.extend(nationality.map(|it| fact("mother", "nationality", text(it))));
    facts
}

/// The mother's nationality as told: the rule is met, unmet, or lacks it.
const TOLD: [(&str, Option<&str>); 3] =
    [("met", Some("Việt Nam")), ("unmet", Some("Lào")), ("unknown", None)];

/// The kind of event that told it all.
fn birth_told() -> EventKind {
    EventKind(birth().begins.events.first().unwrap().value.clone())
}

fn told(answer: &str) -> Vec<Fact> {
    facts(TOLD.iter().find(|(name, _)| *name == answer).and_then(|(_, told)| *told))
}

/// A case as a condition sees it.
struct Known<'a> {
    condition: &'a cel::Condition,
    facts: &'a BTreeMap<(String, String), Value>,
}

impl Activation for Known<'_> {
    fn variable(&self, slot: Slot) -> Option<cel::Value<'_>> {
        match self.condition.variable(slot)? {
            Variable::Today => Some(cel::Value::Date(TODAY)),
            Variable::Role(role) => Some(cel::Value::Subject(who(role))),
            Variable::Fact { role, attribute } => {
                self.facts.get(&(role.clone(), attribute.clone())).map(cel::Value::of_fact)
            }
            Variable::Parameter { .. } => None,
        }
    }

    fn calendar(&self) -> Option<&Calendar> {
        Some(PACK.calendar())
    }
}

/// One condition, facts looked up by name.
#[divan::bench(args = ["met", "unmet", "unknown"])]
fn one_condition(bencher: divan::Bencher<'_, '_>, answer: &str) {
    let condition = &birth().version_on(TODAY).unwrap().condition;
    let role = |id| ["child", "mother", "father"].into_iter().find(|role| who(role) == id);
    let facts = told(answer)
        .into_iter()
        .map(|fact| ((role(fact.subject).unwrap().to_owned(), fact.attribute), fact.value));
    let facts = facts.collect();
    let known = Known { condition, facts: &facts };
    bencher.bench_local(|| condition.verdict(&known));
}

/// One life event of one subject, bound, with its services.
#[divan::bench(args = ["met", "unmet", "unknown"])]
fn one_life_event(bencher: divan::Bencher<'_, '_>, answer: &str) {
    let population = Population::new(&PACK, as_of());
    let rows = rows(&population, &told(answer));
    let row = rows.get(&(who("child"), SubjectKind::Person)).unwrap();
    let rule = population.rules().iter().find(|it| it.life_event().id.value == "LE-BIRTH");
    let rule = rule.unwrap();
    bencher.bench_local(|| rule.decide(&Scene::new(rule, row, &rows)));
}

/// The same with its receipt, as the worker decides it.
#[divan::bench(args = ["met", "unmet", "unknown"])]
fn one_life_event_with_receipt(bencher: divan::Bencher<'_, '_>, answer: &str) {
    let facts: FactSet = told(answer).into_iter().collect();
    let as_of = as_of();
    bencher.bench_local(|| {
        let roles = PACK.resolve_roles(birth(), who("child"), &facts, &as_of);
        let case = Case { pack: &PACK, life_event: birth(), roles: &roles, facts: &facts, as_of };
        case.decide(&|_| true).verdict
    });
}

/// All life events of one person: those that have begun.
#[divan::bench(args = ["child", "mother"])]
fn all_life_events(bencher: divan::Bencher<'_, '_>, role: &str) {
    let population = Population::new(&PACK, as_of());
    let rows = rows(&population, &told("met"));
    let row = rows.get(&(who(role), SubjectKind::Person)).unwrap();
    bencher.bench_local(|| {
        let mut begun = 0;
        population.decide(row, &rows, &mut |_, _| begun += 1);
        begun
    });
}

/// Settling what is known of one person.
#[divan::bench]
fn settling_facts(bencher: divan::Bencher<'_, '_>) {
    let population = Population::new(&PACK, as_of());
    let (facts, kind) = (told("met"), birth_told());
    let mut row = Row::default();
    bencher.bench_local(|| {
        population.load(
            &mut row,
            who("child"),
            SubjectKind::Person,
            facts.iter().map(|fact| fact.told(&kind)),
        );
    });
}

fn rows(population: &Population<'_>, facts: &[Fact]) -> HashMap<(SubjectId, SubjectKind), Row> {
    let kind = birth_told();
    let load = |role| {
        let own = facts.iter().filter(|fact| fact.subject == who(role));
        let mut row = Row::default();
        population.load(&mut row, who(role), SubjectKind::Person, own.map(|fact| fact.told(&kind)));
        ((who(role), SubjectKind::Person), row)
    };
    ["child", "mother", "father"].map(load).into()
}
