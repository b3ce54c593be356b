//! Days, working days, tellings and dated values of the law in conditions.

use super::*;

fn holds(source: &str, facts: &Facts) {
    assert_eq!(ask(source, facts), Verdict::Met, "{source}");
}

/// When some facts were told.
fn told<const N: usize>(facts: [(&str, &[Date]); N]) -> Facts {
    let told = facts.map(|(path, days)| (path.to_owned(), days.to_vec()));
    Facts(BTreeMap::new(), told.into())
}

#[test]
fn days_are_moved_and_counted_as_the_function_says() {
    let facts = known([("child.born_on", Value::Date(date(2020, 2, 29)))]);
    for source in [
        "month(child.born_on) == 2 && day(child.born_on) == 29",
        "age(child.born_on) == 6 && age(child.born_on) == years_between(child.born_on, today)",
        "months_between(date('2026-01-31'), date('2026-02-28')) == 0",
        "months_between(date('2026-01-31'), date('2026-03-01')) == 1",
        "months_between(date('2026-03-15'), date('2026-01-15')) == -2",
        "add_days(date('2026-12-31'), 1) == date('2027-01-01')",
        "add_months(date('2026-01-31'), 1, 'last_day') == date('2026-02-28')",
        "add_months(date('2026-01-31'), 1, 'next_day') == date('2026-03-01')",
        "add_months(date('2026-01-28'), 1, 'next_day') == date('2026-02-28')",
        "add_months(date('2026-03-31'), -1, 'last_day') == date('2026-02-28')",
        "add_years(child.born_on, 1, 'last_day') == date('2021-02-28')",
        "add_years(child.born_on, 1, 'next_day') == date('2021-03-01')",
        "add_years(child.born_on, 4, 'next_day') == date('2024-02-29')",
        "first_day_of_month(child.born_on) == date('2020-02-01')",
        "last_day_of_month(date('2026-02-03')) == date('2026-02-28')",
        "is_working_day(date('2026-11-23')) && !is_working_day(date('2026-11-22'))",
        "!is_working_day(date('2026-09-02'))",
        "add_working_days(date('2026-09-01'), 1) == date('2026-09-03')",
        "add_working_days(date('2026-09-03'), -1) == date('2026-09-01')",
        "add_working_days(date('2026-11-20'), 0) == date('2026-11-20')",
        "working_days_between(date('2026-08-31'), date('2026-09-07')) == 4",
        "working_days_between(date('2026-09-07'), date('2026-08-31')) == -4",
        // A year that the calendar lacks still has weekends.
        "working_days_between(date('2040-01-01'), date('2040-01-08')) == 5",
    ] {
        holds(source, &facts);
    }
}

#[test]
fn what_leaves_the_calendar_is_unknown() {
    for source in [
        "add_days(date('9999-12-31'), 1) > today",
        "add_days(today, 10001) > today",
        "add_months(today, 10001, 'last_day') > today",
        "add_working_days(today, -10001) < today",
        "working_days_between(date('0001-01-01'), today) > 0",
        "[1][1] == 1",
    ] {
        assert_eq!(ask(source, &Facts::default()), unknown(&[]), "{source}");
    }
}

#[test]
fn tellings_are_counted_and_followed() {
    let (first, second) = (date(2026, 1, 10), date(2026, 11, 1));
    let facts = told([
        ("child.weight", &[first, second]),
        ("child.name", &[date(2026, 1, 15)]),
        ("child.died_on", &[date(2026, 11, 23)]),
    ]);
    for source in [
        "size(times(child.weight)) == 2 && date('2026-01-10') in times(child.weight)",
        "times(child.weight).exists(d, months_between(d, today) >= 10)",
        "first_told(child.weight) == date('2026-01-10')",
        "last_told(child.weight) == date('2026-11-01')",
        "told_within(child.weight, 30) == 1 && told_within(child.weight, 400) == 2",
        "followed_within(child.weight, child.name, 5) && !followed_within(child.weight, child.name, 4)",
        "unfollowed(child.weight, child.name, 20) && !unfollowed(child.weight, child.name, 400)",
        "size(times(child.registered)) == 0 && told_within(child.registered, 9) == 0",
        "!followed_within(child.registered, child.name, 9)",
    ] {
        holds(source, &facts);
    }
    assert_eq!(ask("first_told(child.registered) < today", &facts), unknown(&["child.registered"]));
    assert_eq!(
        ask("followed_within(child.born_on, child.insured, 3)", &facts),
        unknown(&["child.born_on", "child.insured"])
    );
}

#[test]
fn a_dated_value_of_the_law_is_read_by_its_name() {
    let facts = known([("child.weight", Value::Int(3100))]);
    holds("child.weight > param.benefit.least_weight", &facts);
    let condition = check("child.weight > 1 && param.benefit.open", world().scope()).unwrap();
    let answer = answer(&condition, &facts);
    // Nobody can be asked for what the law is.
    assert_eq!(answer.verdict, unknown(&[]));
    assert_eq!(
        answer.trace,
        [
            "(child.weight > 1): true",
            "param.benefit.open: unknown (param.benefit.open)",
            "((child.weight > 1) && param.benefit.open): unknown (param.benefit.open)",
        ]
    );
    assert_eq!(condition.reads().into_iter().collect::<Vec<_>>(), ["child.weight"]);
}

#[test]
fn texts_and_lists_answer() {
    let list = |texts: &[&str]| Value::List(texts.iter().map(|&t| Value::Text(t.into())).collect());
    let facts = known([
        ("child.name", Value::Text("Nguyễn An".into())),
        ("child.schools", list(&["A1", "B2"])),
        ("mother.schools", list(&[])),
    ]);
    for source in [
        "child.name.startsWith('Nguyễn') && child.name.endsWith('An') && child.name.contains('ễ')",
        "size(child.name) == 9 && child.schools.size() == 2",
        "child.schools.exists(s, s == 'A1') && !child.schools.all(s, s.startsWith('A'))",
        "child.schools.exists_one(s, s.endsWith('2'))",
        "mother.schools.all(s, s == 'x') && !mother.schools.exists(s, true)",
        "child.schools.map(s, size(s)) == [2, 2]",
        "size(child.schools.filter(s, s > 'A9')) == 1",
        "child.schools[1] == 'B2'",
        "['A1', 'Z'].exists(x, x in child.schools)",
    ] {
        holds(source, &facts);
    }
    assert_eq!(
        ask("child.schools.exists(s, s == 'A1' || s == mother.name)", &facts),
        Verdict::Met,
        "one that decides is enough"
    );
    assert_eq!(ask("child.schools.all(s, s == mother.name)", &facts), unknown(&["mother.name"]));
    let condition = check("child.schools.exists(s, s == 'B2')", world().scope()).unwrap();
    let trace = answer(&condition, &facts).trace;
    assert_eq!(trace, ["child.schools.exists(s, (s == \"B2\")): true"], "no line for each item");
}

#[test]
fn steps_are_limited() {
    let ones = "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]";
    let deep =
        (0..6).rev().fold("1 == 1".to_owned(), |body, n| format!("{ones}.all(x{n}, {body})"));
    assert_eq!(ask(&deep, &Facts::default()), unknown(&[]));
    let condition = check(&deep, world().scope()).unwrap();
    let trace = answer(&condition, &Facts::default()).trace;
    assert!(trace.iter().any(|line| line.ends_with("this takes too many steps")), "{trace:?}");
    // Few bytes that stand for a list without end.
    let doubled = format!("[1]{}", ".map(x, [x, x])".repeat(50));
    assert_eq!(ask(&format!("{doubled} == {doubled}"), &Facts::default()), unknown(&[]));
    let texts = format!("['a']{}", ".map(x, x + x)".repeat(50));
    assert_eq!(ask(&format!("size({texts}) == 1"), &Facts::default()), unknown(&[]));
}

#[test]
fn the_deepest_condition_fits_a_small_stack() {
    let deep = [
        format!("{}true{}", "!(".repeat(63), ")".repeat(63)),
        format!("{}1{} > 0", "(-".repeat(61), ")".repeat(61)),
        format!("{}true{}", "true ? (".repeat(60), ") : false".repeat(60)),
        format!("{}true{}", "[1].all(x, ".repeat(62), ")".repeat(62)),
        format!("{}1{} == [1]", "[1].map(x, ".repeat(61), ")[0]".repeat(61)),
        format!("{}1{}", "cel.bind(x, 1, ".repeat(62), ")".repeat(62)),
        format!("{}1{}", "{1: 1}.transformMap(k, v, ".repeat(62), ")".repeat(62)),
        format!("{}1{} == {{}}", "{1:".repeat(61), "}".repeat(61)),
        format!("{}true{}", "true && (false || ".repeat(31), ")".repeat(31)),
        format!("{}1{}", "optional.of(1).optMap(x, ".repeat(62), ")".repeat(62)),
        format!("[1]{}", ".map(x, x)".repeat(62)),
        format!("{}today{} == today", "add_days(".repeat(61), ", 0)".repeat(61)),
        format!("size({}1{}) == 1", "[".repeat(60), "]".repeat(60)),
        format!("{}{}", "(".repeat(950), ")".repeat(950)),
        "[".repeat(1999),
        "!".repeat(1999),
        "-".repeat(1999),
        "a.".repeat(999),
        "a(".repeat(999),
        "{1:".repeat(600),
        "true?".repeat(390),
    ];
    let stack = 2 << 20;
    std::thread::scope(|threads| {
        let run = || {
            for source in &deep {
                if let Ok(condition) = check(source, world().scope()) {
                    let _ = answer(&condition, &Facts::default());
                    let _ = condition.to_string();
                }
                let library = StandardLibrary::default();
                let programs =
                    [Program::compile(source, &library), Program::unchecked(source, &library)];
                for program in programs.into_iter().flatten() {
                    let (condition, facts) = (Condition::default(), Facts::default());
                    let _ = program.evaluate(&Asked(&facts, &condition)).is_ok();
                }
            }
        };
        std::thread::Builder::new().stack_size(stack).spawn_scoped(threads, run).unwrap();
    });
    assert_eq!(ask(&deep[0], &Facts::default()), Verdict::Unmet);
    for source in [&deep[2], &deep[3]] {
        assert_eq!(ask(source, &Facts::default()), Verdict::Met);
    }
}
