//! What conditions answer, and the small world that all tests of conditions share.

mod authors;
mod days;
mod monotone;
mod properties;
mod reference;
mod settling;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::{SubjectId, SubjectKind, Value, Verdict};
use jiff::civil::{Date, date};

use super::condition::{Answer, check, evaluate};
use super::*;
use crate::deadline::Calendar;
use crate::pack::at::At;
use crate::pack::country::{Attribute, Attributes};
use crate::pack::life_event::Role;
use crate::pack::scope::{FactSchema, Scope};
use crate::pack::service::Parameter;

const SCHEMA: &str = "
born_on: {type: date, label: {vi: a, en: b}, owner: [NPD]}
died_on: {type: date, label: {vi: a, en: b}, owner: [NPD]}
name: {type: text, label: {vi: a, en: b}, owner: [NPD]}
residence.province: {type: text, label: {vi: a, en: b}, owner: [RES]}
weight: {type: int, label: {vi: a, en: b}, owner: [HLT]}
insured: {type: bool, label: {vi: a, en: b}, owner: [INS]}
registered: {type: bool, label: {vi: a, en: b}, owner: [ECS], absent: false, because: x}
schools: {type: list, label: {vi: a, en: b}, owner: [EDU]}
mother: {type: subject, label: {vi: a, en: b}, owner: [ECS]}
";

const PARAMETERS: &str = "
- in_force: {from: 2026-01-01}
  values: {least_weight: 3000, ends: 2026-12-31, open: true, kind: a}
  unknown: {later: not decided}
  legal_basis: {act: {vi: a, en: b}, article: x, confidence: H, sources: []}
  confidence: H
  sources: []
";

struct World {
    roles: BTreeMap<At<String>, Role>,
    facts: FactSchema,
    parameters: BTreeMap<String, Vec<Parameter>>,
}

fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(small_world);
    &WORLD
}

fn small_world() -> World {
    let attributes: BTreeMap<At<String>, Attribute> = serde_saphyr::from_str(SCHEMA).unwrap();
    let role = || Role {
        kind: SubjectKind::Person,
        from: crate::pack::one_or_many::Names::default(),
        label: None,
    };
    World {
        roles: ["child", "mother"].map(|name| (At::nowhere(name.to_owned()), role())).into(),
        facts: [(SubjectKind::Person, Attributes::from(attributes))].into(),
        parameters: BTreeMap::from([(
            "benefit".to_owned(),
            serde_saphyr::from_str(PARAMETERS).unwrap(),
        )]),
    }
}

impl World {
    fn scope(&self) -> Scope<'_> {
        Scope { roles: &self.roles, facts: &self.facts, parameters: &self.parameters }
    }
}

/// Facts by path; the pack's word on silence comes from the schema above.
#[derive(Debug, Clone, Default)]
struct Facts(BTreeMap<String, Value>, BTreeMap<String, Vec<Date>>);

/// The facts as a condition asks for them.
struct Asked<'f>(&'f Facts, &'f Condition);

impl Activation for Asked<'_> {
    fn variable(&self, slot: Slot) -> Option<super::Value<'_>> {
        match self.1.variable(slot)? {
            Variable::Today => Some(super::Value::Date(date(2026, 11, 23))),
            Variable::Role(role) => {
                (role == "child").then(|| super::Value::Subject(SubjectId::of(&["child"])))
            }
            Variable::Fact { role, attribute } => {
                let silence = (attribute == "registered").then_some(super::Value::Bool(false));
                let told = self.0.0.get(&format!("{role}.{attribute}"));
                told.map(super::Value::of_fact).or(silence)
            }
            Variable::Parameter { field, .. } => match field.as_str() {
                "least_weight" => Some(super::Value::Int(3000)),
                _ => None,
            },
        }
    }

    fn spoken(&self, slot: Slot) -> Option<bool> {
        let Variable::Fact { role, attribute } = self.1.variable(slot)? else { return None };
        let silence = (attribute == "registered").then_some(false);
        self.0.0.contains_key(&format!("{role}.{attribute}")).then_some(true).or(silence)
    }

    fn calendar(&self) -> Option<&Calendar> {
        static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
            Calendar::new([2025, 2026, 2027].map(|year| {
                serde_saphyr::from_str(&format!(
                    "
year: {year}
complete: true
holidays:
  - {{on: {year}-09-02, name: {{vi: Quốc khánh, en: National Day}}, confidence: H, sources: []}}
"
                ))
                .unwrap()
            }))
        });
        Some(&CALENDAR)
    }

    fn times(&self, slot: Slot) -> Option<std::sync::Arc<[Date]>> {
        let Variable::Fact { role, attribute } = self.1.variable(slot)? else { return None };
        let told = self.0.1.get(&format!("{role}.{attribute}"));
        let silence = (attribute == "registered").then(Vec::new);
        told.cloned().or(silence).map(Into::into)
    }
}

fn answer(condition: &Condition, facts: &Facts) -> Answer {
    evaluate(condition, &Asked(facts, condition))
}

fn known<const N: usize>(facts: [(&str, Value); N]) -> Facts {
    Facts(facts.map(|(path, value)| (path.to_owned(), value)).into(), BTreeMap::new())
}

fn ask(source: &str, facts: &Facts) -> Verdict {
    let condition = check(source, world().scope()).unwrap_or_else(|f| panic!("{source}: {f:?}"));
    answer(&condition, facts).verdict
}

fn unknown(missing: &[&str]) -> Verdict {
    Verdict::Unknown { missing: missing.iter().map(|&path| path.to_owned()).collect() }
}

#[test]
fn every_operator_answers() {
    let facts = known([
        ("child.born_on", Value::Date(date(2020, 2, 29))),
        ("child.weight", Value::Int(3100)),
        ("child.name", Value::Text("Bé An".into())),
        ("child.insured", Value::Bool(true)),
        ("child.schools", Value::List(vec![Value::Text("A".into())])),
        ("mother.residence.province", Value::Text("79".into())),
        ("child.mother", Value::Subject(SubjectId::of(&["child"]))),
    ]);
    for holds in [
        "child.insured",
        "!child.registered",
        "child.born_on < today",
        "child.born_on <= date('2020-02-29') && child.born_on >= date(\"2020-02-29\")",
        "child.weight > 3000 || child.weight < 0",
        "child.weight - 100 == 3000 && child.weight % 1000 == 100 && child.weight / 2 == 1550",
        "-child.weight + 1 == 0 - 3099 && child.weight * 2 != 1",
        "mother.residence.province in ['01', '79']",
        "!(mother.residence.province in [])",
        "'A' in child.schools",
        "child.name == 'Bé' + ' An'",
        "year(child.born_on) == 2020",
        "years_between(child.born_on, today) == 6",
        "years_between(child.born_on, date('2021-02-28')) == 0",
        "years_between(child.born_on, date('2021-03-01')) == 1",
        "years_between(today, child.born_on) == -6",
        "days_between(date('2026-11-22'), today) == 1",
        "has(child.name)",
        "child.insured ? true : child.registered",
        "child.mother == child",
    ] {
        assert_eq!(ask(holds, &facts), Verdict::Met, "{holds}");
    }
    assert_eq!(ask("has(child.registered)", &facts), Verdict::Unmet);
}

#[test]
fn a_missing_fact_is_unknown_and_named() {
    let nothing = Facts::default();
    assert_eq!(ask("child.insured", &nothing), unknown(&["child.insured"]));
    assert_eq!(ask("!child.insured", &nothing), unknown(&["child.insured"]));
    assert_eq!(ask("has(child.name)", &nothing), unknown(&["child.name"]));
    assert_eq!(ask("mother == child", &nothing), unknown(&["mother"]));
    assert_eq!(
        ask("child.weight > 1 && mother.residence.province == '79'", &nothing),
        unknown(&["child.weight", "mother.residence.province"])
    );
}

#[test]
fn what_cannot_change_the_answer_is_not_asked_for() {
    let nothing = Facts::default();
    assert_eq!(ask("child.insured && child.registered", &nothing), Verdict::Unmet);
    assert_eq!(ask("child.insured || !child.registered", &nothing), Verdict::Met);
    assert_eq!(ask("child.insured ? true : true", &nothing), Verdict::Met);
    assert_eq!(ask("child.registered ? child.insured : true", &nothing), Verdict::Met);
    assert_eq!(ask("'x' in ['x', child.name]", &nothing), Verdict::Met);
    assert_eq!(ask("'x' in ['y', child.name]", &nothing), unknown(&["child.name"]));
}

#[test]
fn a_number_out_of_range_neither_grants_nor_denies() {
    let facts = known([("child.weight", Value::Int(i64::MAX))]);
    for source in ["child.weight + 1 > 0", "child.weight / 0 > 0", "child.weight * 2 < 0"] {
        let condition = check(source, world().scope()).unwrap();
        let answer = answer(&condition, &facts);
        assert_eq!(answer.verdict, unknown(&[]), "{source}");
        assert!(
            answer.trace.iter().any(|line| line.contains("out of range")),
            "{:?}",
            answer.trace
        );
    }
}

#[test]
fn the_trace_tells_each_part_and_no_value() {
    let facts = known([("mother.residence.province", Value::Text("secret".into()))]);
    let condition =
        check("mother.residence.province == '79' || child.insured", world().scope()).unwrap();
    assert_eq!(
        answer(&condition, &facts).trace,
        [
            "(mother.residence.province == \"79\"): false",
            "child.insured: unknown (child.insured)",
            "((mother.residence.province == \"79\") || child.insured): unknown (child.insured)",
        ]
    );
}
