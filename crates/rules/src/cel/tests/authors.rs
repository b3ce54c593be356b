//! What authors are told when a condition is not right, and where.

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
