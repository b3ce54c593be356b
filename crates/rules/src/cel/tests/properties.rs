//! No text and no facts make a condition panic or change its mind.

use proptest::prelude::*;

use super::*;

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

/// How many cases: what `PROPTEST_CASES` says, else `usual`, at night 50,000.
pub(super) fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        let nightly = std::env::var_os("COTMOC_NIGHTLY").is_some();
        config.cases = if nightly { 50_000 } else { usual };
    }
    config
}

proptest! {
    #![proptest_config(cases(500))]

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

    /// General CEL, checked or not: whatever is typed gives a value, a reason or a message, and
    /// every message has its place in the text.
    #[test]
    fn no_expression_makes_us_panic(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24)) {
        let source = pieces.concat();
        let mut library = StandardLibrary::default();
        library.variables.insert("x".to_owned(), Type::Dyn);
        library.variables.insert("a.b".to_owned(), Type::list(Type::Int));
        let nothing = Facts::default();
        let condition = Condition::default();
        for program in [Program::compile(&source, &library), Program::unchecked(&source, &library)] {
            match program {
                Ok(program) => { let _ = program.evaluate(&Asked(&nothing, &condition)).is_ok(); }
                Err(faults) => {
                    prop_assert!(!faults.is_empty());
                    prop_assert!(faults.iter().all(|fault| fault.start <= source.len()));
                }
            }
        }
        let _ = check(&source, world().scope());
    }

    /// A condition with a letter changed, left out or put in is a condition or gets a message.
    #[test]
    fn no_slip_of_the_pen_makes_us_panic(source in condition(), at in any::<prop::sample::Index>(), letter in any::<Option<char>>(), keep in any::<bool>()) {
        let mut letters: Vec<char> = source.chars().collect();
        let at = at.index(letters.len());
        if !keep {
            letters.remove(at);
        }
        if let Some(letter) = letter {
            letters.insert(at, letter);
        }
        let source: String = letters.into_iter().collect();
        if let Ok(condition) = check(&source, world().scope()) {
            let _ = answer(&condition, &Facts::default());
        }
    }
}

/// Reading a text twice at every word would show here as minutes.
#[test]
fn a_long_expression_is_read_once() {
    let (condition, facts) = (Condition::default(), Facts::default());
    let entries: Vec<String> = (0..6_000).map(|n| format!("{n}: {n}")).collect();
    for source in [
        vec!["1 == 1"; 4_900].join(" && "),
        format!("size([{}]) > 0", vec!["[]"; 15_000].join(", ")),
        format!("size({{{}}}) == 1", entries.join(", ")),
        format!("'{}' == ''", "é".repeat(40_000)),
    ] {
        let program = Program::compile(&source, &StandardLibrary::default()).unwrap();
        let _ = program.evaluate(&Asked(&facts, &condition)).is_ok();
    }
    let many = vec!["1 == 1"; 9_000].join(" && ");
    let faults = Program::compile(&many, &StandardLibrary::default()).unwrap_err();
    assert_eq!(faults[0].message, "an expression may have 20000 parts");
}

/// Words that expressions are made of, sense or no sense.
const PIECES: [&str; 64] = [
    "x",
    "a.b",
    "1",
    "-1",
    "0",
    "2u",
    "1.5",
    "9223372036854775807",
    "1e308",
    "'a'",
    "\"é\"",
    "b'\\xff'",
    "r'\\'",
    "true",
    "false",
    "null",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ", ",
    ": ",
    " ? ",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " == ",
    " != ",
    " < ",
    " >= ",
    " in ",
    " && ",
    " || ",
    "!",
    ".",
    ".?",
    "[?",
    "size(",
    "has(",
    ".all(y, ",
    ".exists(y, ",
    ".map(y, ",
    ".filter(y, ",
    ".transformMap(k, v, ",
    "cel.bind(y, ",
    "y",
    "optional.of(",
    ".orValue(",
    "dyn(",
    "int(",
    "string(",
    "timestamp(",
    "duration(",
    ".format([",
    "type(",
    "'%s %.3f'",
    ".split('')",
    "math.greatest(",
    "google.protobuf.Value{",
    "date('2026-01-31')",
];
