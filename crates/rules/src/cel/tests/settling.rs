//! Which facts can still change an answer: none too many and none too few.

use proptest::prelude::*;

use super::properties::cases;
use super::*;

fn first(source: &str, facts: &Facts) -> Option<String> {
    let condition = check(source, world().scope()).unwrap();
    condition.ask_first(&Asked(facts, &condition))
}

fn miss(source: &str, facts: &Facts) -> Option<Vec<String>> {
    let condition = check(source, world().scope()).unwrap();
    let flips = condition.nearest_miss(&Asked(facts, &condition))?;
    Some(flips.into_iter().map(|flip| format!("{}: {}", flip.part, flip.was)).collect())
}

#[test]
fn parts_that_are_alike_are_one_part() {
    let nothing = Facts::default();
    for (source, verdict) in [
        ("child.insured || !child.insured", Verdict::Met),
        ("child.insured && !child.insured", Verdict::Unmet),
        ("child.weight < 3 || child.weight >= 3", Verdict::Met),
        ("child.weight < 3 && 3 <= child.weight", Verdict::Unmet),
        ("child.name == 'a' || 'a' != child.name", Verdict::Met),
        ("child.insured ? mother.insured : mother.insured", unknown(&["mother.insured"])),
        (
            "(child.insured && mother.insured) || (!child.insured && mother.insured)",
            unknown(&["mother.insured"]),
        ),
        ("child.insured || (mother.insured && child.insured)", unknown(&["child.insured"])),
    ] {
        assert_eq!(ask(source, &nothing), verdict, "{source}");
    }
}

#[test]
fn the_fact_with_the_greatest_influence_is_asked_for_first() {
    let nothing = Facts::default();
    let source = "(child.insured || mother.insured) && child.name == 'a'";
    assert_eq!(first(source, &nothing).as_deref(), Some("child.name"));
    assert_eq!(
        first("child.insured || mother.insured", &nothing).as_deref(),
        Some("child.insured")
    );
    assert_eq!(
        first("mother.insured || child.insured", &nothing).as_deref(),
        Some("mother.insured")
    );
    assert_eq!(first("child.registered || true", &nothing), None);
}

#[test]
fn a_settled_answer_says_what_it_hangs_on() {
    let facts = known([
        ("child.insured", Value::Bool(false)),
        ("mother.insured", Value::Bool(true)),
        ("child.weight", Value::Int(3)),
    ]);
    assert_eq!(
        miss("child.insured && mother.insured", &facts),
        Some(vec!["child.insured: false".to_owned()])
    );
    assert_eq!(
        miss("child.insured && child.weight > 5", &facts),
        Some(vec!["child.insured: false".to_owned(), "(child.weight > 5): false".to_owned()])
    );
    assert_eq!(miss("child.name == 'a'", &facts), None);
    assert_eq!(miss("true", &facts), None);
}

#[test]
fn above_a_dozen_unknown_parts_three_values_decide() {
    let many: Vec<String> = (0..13).map(|n| format!("child.weight == {n}")).collect();
    let source = format!("({}) || !child.insured || child.insured", many.join(" || "));
    assert_eq!(ask(&source, &Facts::default()), unknown(&["child.insured", "child.weight"]));
    let one = known([("child.weight", Value::Int(99))]);
    assert_eq!(ask(&source, &one), Verdict::Met);
}

/// Logic over facts that have nothing to do with each other.
fn logic() -> impl Strategy<Value = String> {
    let facts = [
        "child.insured",
        "mother.insured",
        "child.name == 'a'",
        "mother.name != 'a'",
        "child.weight < 1",
        "mother.weight >= 1",
    ];
    prop::sample::select(facts.to_vec()).prop_map(str::to_owned).prop_recursive(5, 32, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

type Make = fn(bool) -> Value;

/// Two values of each fact, one for each answer that it can give.
const DOMAIN: [(&str, Make); 6] = [
    ("child.insured", Value::Bool),
    ("mother.insured", Value::Bool),
    ("child.name", name),
    ("mother.name", name),
    ("child.weight", weight),
    ("mother.weight", weight),
];

fn name(yes: bool) -> Value {
    Value::Text(if yes { "a" } else { "b" }.to_owned())
}

fn weight(yes: bool) -> Value {
    Value::Int(i64::from(yes))
}

/// The facts whose bit in `told` is set, with the value that `values` says.
fn world_of(told: u32, values: u32) -> Facts {
    let facts = DOMAIN.iter().enumerate().filter(|(at, _)| told >> at & 1 == 1);
    let facts = facts.map(|(at, (path, make))| ((*path).to_owned(), make(values >> at & 1 == 1)));
    Facts(facts.collect(), BTreeMap::new())
}

proptest! {
    #![proptest_config(cases(500))]

    /// By trying everything: the answer is unknown where and only where two completions differ,
    /// and a fact is missing where and only where it alone can make the difference.
    #[test]
    fn the_missing_facts_are_those_that_matter(source in logic(), told in 0u32..64, values in 0u32..64) {
        prop_assume!(source.len() <= 2000);
        let condition = check(&source, world().scope()).unwrap();
        let met = |told, values| {
            let facts = world_of(told, values);
            condition.verdict(&Asked(&facts, &condition)) == Verdict::Met
        };
        let all: Vec<bool> =
            (0..64u32).map(|other| met(63, (values & told) | (other & !told & 63))).collect();
        let facts = world_of(told, values);
        let verdict = answer(&condition, &facts).verdict;
        prop_assert_eq!(&condition.verdict(&Asked(&facts, &condition)), &verdict);
        if all.iter().all(|yes| *yes) {
            prop_assert_eq!(verdict, Verdict::Met);
        } else if all.iter().all(|yes| !yes) {
            prop_assert_eq!(verdict, Verdict::Unmet);
        } else {
            let matters = |at: u32| {
                told >> at & 1 == 0
                    && (0..64usize).any(|other| {
                        all.get(other) != all.get(other ^ 1 << at)
                    })
            };
            let missing = (0..6u32).filter(|at| matters(*at)).map(|at| DOMAIN[at as usize].0);
            let missing: Vec<&str> = missing.collect();
            prop_assert_eq!(&verdict, &unknown(&missing));
            let first = condition.ask_first(&Asked(&facts, &condition));
            prop_assert!(first.is_some_and(|first| missing.contains(&first.as_str())));
        }
    }
}
