//! What authors may write, what they are told when they may not, and that no text and no
//! facts make a condition panic or change its mind.

use std::collections::BTreeMap;

use domain::{SubjectId, SubjectKind, Value, Verdict};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::condition::{Answer, check, evaluate};
use super::*;
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

fn world() -> World {
    let attributes: BTreeMap<At<String>, Attribute> = serde_saphyr::from_str(SCHEMA).unwrap();
    let role =
        || Role { kind: SubjectKind::Person, from: crate::pack::one_or_many::Names::default() };
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

#[test]
fn an_author_is_told_what_is_wrong_and_where() {
    let world = world();
    for (source, marked, message, help) in [
        (
            "child.bron_on < today",
            "child.bron_on",
            "`child` has no fact `bron_on`",
            "did you mean `child.born_on`?",
        ),
        (
            "!chidl.insured",
            "chidl.insured",
            "there is no role `chidl` in this life event",
            "did you mean `child.insured`?",
        ),
        (
            "child.weight == '3'",
            "==",
            "`child.weight` is a number and `\"3\"` is a text: they cannot be compared so",
            "",
        ),
        (
            "child.born_on > '2026-01-01'",
            ">",
            "`child.born_on` is a day and `\"2026-01-01\"` is a text: they cannot be compared so",
            "a day is written `date(\"2026-09-01\")`",
        ),
        (
            "child.insured < child.insured",
            "<",
            "`child.insured` is yes or no and `child.insured` is yes or no: they cannot be compared so",
            "",
        ),
        (
            "child.weight",
            "child.weight",
            "a condition must answer yes or no, and `child.weight` is a number",
            "",
        ),
        (
            "child.weight > 1.5",
            "1.5",
            "only whole numbers can be used",
            "money is whole đồng; areas are text",
        ),
        (
            "child.name == null",
            "null",
            "there is no `null` here",
            "a fact that is not known makes the answer unknown by itself",
        ),
        (
            "date('2026-02-30') < today",
            "'2026-02-30'",
            "this is not a day",
            "a day is written `date(\"2026-09-01\")`",
        ),
        ("yeer(today) == 1", "yeer", "there is no function `yeer`", "did you mean `year`?"),
        ("year(today, today) == 1", "year", "`year` does not take 2 values", ""),
        (
            "child.weight.exists(x, x == 1)",
            "child.weight",
            "`exists` goes through a list, and `child.weight` is a number",
            "",
        ),
        (
            "child.schools.all(x, size(x))",
            "size(x)",
            "`all` asks yes or no of each item, and `size(x)` is a number",
            "",
        ),
        (
            "child.schools.exists(x, x.y)",
            "x.y",
            "a fact is written `role.fact`, and nothing else has parts",
            "",
        ),
        ("child.name.matches('A')", "matches", "`.matches(...)` cannot be used here", ""),
        (
            "child.name.startsWith(1)",
            "1",
            "`startsWith` takes a text and a text, and `1` is a number",
            "",
        ),
        (
            "child.insured && child.weight",
            "child.weight",
            "both sides must answer yes or no, and `child.weight` is a number",
            "",
        ),
        (
            "{'a': 1}.a == 1",
            "{'a': 1}.a",
            "a fact is written `role.fact`, and nothing else has parts",
            "",
        ),
        ("['a', 1] == ['b']", "1", "all items of a list must be of one kind", ""),
        (
            "add_months(child.born_on, 1) < today",
            "add_months",
            "`add_months` does not take 2 values",
            "31 January plus one month is no day: write `add_months(day, number, \"last_day\")` for the last day of February, `\"next_day\"` for 1 March",
        ),
        (
            "add_years(child.born_on, 1, 'x') < today",
            "'x'",
            "this does not say what `add_years` does where the month is too short",
            "31 January plus one month is no day: write `add_years(day, number, \"last_day\")` for the last day of February, `\"next_day\"` for 1 March",
        ),
        (
            "add_days(today, 'x') < today",
            "'x'",
            "`add_days` takes a day and a number, and `\"x\"` is a text",
            "",
        ),
        (
            "size(times(today)) == 1",
            "today",
            "`times` asks about the tellings of a fact, written `role.fact`",
            "write `times(role.fact)`",
        ),
        (
            "told_within(child.nam, 3) > 1",
            "child.nam",
            "`child` has no fact `nam`",
            "did you mean `child.name`?",
        ),
        (
            "param.benefits.open",
            "param.benefits.open",
            "there is no parameter `benefits`",
            "did you mean `benefit`?",
        ),
        (
            "param.benefit.opem",
            "param.benefit.opem",
            "`param.benefit.opem` has no value for the whole country in any period",
            "did you mean `open`?",
        ),
        (
            "has(param.benefit.open)",
            "param.benefit.open",
            "`has` asks for one fact",
            "write `has(role.fact)`",
        ),
        (
            "child.name + 1 == 'x'",
            "+",
            "`child.name` is a text and `1` is a number",
            "whole numbers are computed with; days are counted with `days_between`",
        ),
        ("optional.of(1) == 1", "of", "`.of(...)` cannot be used here", ""),
        ("child.insured # x", "#", "`#` cannot stand here", ""),
        ("child.name == 'x", "'", "this text has no closing quote", ""),
        (
            "child.weight in ['a']",
            "'a'",
            "the list is searched for a number, and `\"a\"` is a text",
            "",
        ),
        ("child.insured &&", "", "the condition ends in the middle", ""),
    ] {
        let faults = check(source, world.scope()).unwrap_err();
        let first = &faults[0];
        let found = source.get(first.start..first.start + first.length).unwrap_or_default();
        assert_eq!((first.message.as_str(), found), (message, marked), "{source}");
        assert_eq!(first.help.as_deref().unwrap_or_default(), help, "{source}");
    }
}

#[test]
fn all_errors_of_a_condition_come_at_once() {
    let faults = check("child.a && mother.b && child.weight > 'x'", world().scope()).unwrap_err();
    assert_eq!(faults.len(), 3);
}

#[test]
fn a_condition_has_a_length() {
    let long = vec!["child.insured"; 200].join(" && ");
    assert!(check(&long, world().scope()).unwrap_err()[0].message.contains("2000"));
    let deep = format!("{}child.insured{}", "(".repeat(900), ")".repeat(900));
    assert!(check(&deep, world().scope()).is_err());
    let chain = format!("{}1 > 0", "1+".repeat(990));
    assert!(check(&chain, world().scope()).unwrap_err()[0].message.contains("too deeply"));
    let brackets = format!("{}1 > 0{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(ask(&brackets, &Facts::default()), Verdict::Met);
    let many = vec!["true"; 200].join(" && ");
    assert_eq!(ask(&many, &Facts::default()), Verdict::Met);
}

/// Conditions that check, made of every construct.
fn condition() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("child.weight".to_owned()),
        Just("mother.weight".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("year(child.born_on)".to_owned()),
        Just("days_between(child.born_on, today)".to_owned()),
        Just("years_between(mother.born_on, child.born_on)".to_owned()),
    ]
    .prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]), inner)
            .prop_map(|(a, op, b)| format!("({a} {op} {b})"))
    });
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "child.insured",
            "mother.insured",
            "has(child.name)",
            "child.name == 'a'",
            "child.name in ['a', mother.name]",
            "'a' in child.schools",
            "mother == child",
            "child.mother == mother",
            "true",
        ])
        .prop_map(str::to_owned),
        (number.clone(), prop::sample::select(vec!["<", "==", ">=", "!="]), number)
            .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let day = (1i16..9999, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Value::Date(date(y, m, d)));
    let flag = any::<bool>().prop_map(Value::Bool);
    let number = prop_oneof![any::<i64>(), -2i64..3].prop_map(Value::Int);
    let text = prop::sample::select(vec!["a", "b"]).prop_map(|t| Value::Text(t.to_owned()));
    let list = text.clone().prop_map(|t| Value::List(vec![t]));
    let subject = Just(Value::Subject(SubjectId::of(&["child"])));
    let about = |attribute: &'static str, value: BoxedStrategy<Value>| {
        let role = prop::sample::select(vec!["child", "mother"]);
        (role, value).prop_map(move |(role, value)| (format!("{role}.{attribute}"), value))
    };
    prop::collection::btree_map(Just(()), Just(()), 0..1).prop_flat_map(move |_| {
        prop::collection::vec(
            prop_oneof![
                about("born_on", day.clone().boxed()),
                about("insured", flag.clone().boxed()),
                about("weight", number.clone().boxed()),
                about("name", text.clone().boxed()),
                about("schools", list.clone().boxed()),
                about("mother", subject.clone().boxed()),
            ],
            0..8,
        )
        .prop_map(|facts| Facts(facts.into_iter().collect(), BTreeMap::new()))
    })
}

proptest! {
    /// Learning more may settle a question; it never unsettles one.
    ///
    /// This is what lets us act on a verdict before every fact has arrived.
    #[test]
    fn learning_a_fact_never_reverses_a_verdict(
        source in condition(),
        known in facts(),
        learned in facts(),
    ) {
        prop_assume!(source.len() <= 2000);
        let world = world();
        let rule = check(&source, world.scope()).unwrap();
        let before = answer(&rule, &known).verdict;
        // What is known stays; what is learned is new.
        let more = Facts(learned.0.into_iter().chain(known.0).collect(), BTreeMap::new());
        let after = answer(&rule, &more).verdict;
        prop_assert!(!before.is_settled() || before == after, "{before:?} became {after:?}");
    }

    /// An unknown answer asks only for what is not known, and learning everything it can be
    /// asked for settles it, unless a number left its range.
    #[test]
    fn an_unknown_answer_asks_only_for_what_is_not_known(source in condition(), known in facts()) {
        prop_assume!(source.len() <= 2000);
        let rule = check(&source, world().scope()).unwrap();
        if let Verdict::Unknown { missing } = answer(&rule, &known).verdict {
            for path in missing {
                prop_assert!(!known.0.contains_key(&path), "{path} is known");
                prop_assert!(path == "mother" || rule.reads().contains(&path), "{path} is not read");
            }
        }
    }

    /// A condition reads back from its own text as the same condition.
    #[test]
    fn a_condition_reads_back(source in condition()) {
        prop_assume!(source.len() <= 900);
        let world = world();
        let rule = check(&source, world.scope()).unwrap();
        if rule.to_string().len() <= 2000 {
            let again = check(&rule.to_string(), world.scope()).unwrap();
            prop_assert_eq!(again.to_string(), rule.to_string());
        }
    }

    /// Whatever an author types, we answer with a condition or with a message.
    #[test]
    fn no_text_makes_us_panic(source in r"([a-z.'\\\[\](){}<>=!&|?:+*/%-]|child\.|today|[0-9]{1,20}|\PC){0,60}") {
        let _ = check(&source, world().scope());
    }
}
