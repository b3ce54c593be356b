//! A second evaluator, slow and obvious, written against the words of the README and not against
//! the first: conditions as small enums, days counted one by one, unknown parts tried one after
//! the other. Where the two differ, one of them is wrong.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::properties::cases;
use super::*;

type Who = &'static str;

#[derive(Debug, Clone)]
enum Day {
    Born(Who),
    Today,
    Constant(Date),
    AddDays(Box<Day>, i64),
    AddMonths(Box<Day>, i64, bool),
    EndOfMonth(Box<Day>),
}

#[derive(Debug, Clone)]
enum Number {
    Weight(Who),
    Constant(i64),
    Year(Day),
    Between(&'static str, Day, Day),
    Size(Who),
    Compute(char, Box<Number>, Box<Number>),
}

#[derive(Debug, Clone)]
enum Rule {
    Insured(Who),
    Registered(Who),
    Has(Who, &'static str),
    Numbers(&'static str, Number, Number),
    Days(&'static str, Day, Day),
    NameIn(Who, Vec<Result<&'static str, Who>>),
    School(&'static str, Who, &'static str),
    And(Box<Rule>, Box<Rule>),
    Or(Box<Rule>, Box<Rule>),
    Not(Box<Rule>),
    If(Box<Rule>, Box<Rule>, Box<Rule>),
}

/// A value, or the facts that it lacks; none lack where it went wrong.
type Known<T> = Result<T, BTreeSet<String>>;

fn lacks<T>(path: String) -> Known<T> {
    Err(BTreeSet::from([path]))
}

fn both<A, B>(a: Known<A>, b: Known<B>) -> Known<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Born(who) => write!(f, "{who}.born_on"),
            Self::Today => write!(f, "today"),
            Self::Constant(day) => write!(f, "date('{day}')"),
            Self::AddDays(day, n) => write!(f, "add_days({day}, {n})"),
            Self::AddMonths(day, n, last) => {
                let how = if *last { "last_day" } else { "next_day" };
                write!(f, "add_months({day}, {n}, '{how}')")
            }
            Self::EndOfMonth(day) => write!(f, "last_day_of_month({day})"),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Weight(who) => write!(f, "{who}.weight"),
            Self::Constant(n) => write!(f, "{n}"),
            Self::Year(day) => write!(f, "year({day})"),
            Self::Between(unit, a, b) => write!(f, "{unit}_between({a}, {b})"),
            Self::Size(who) => write!(f, "size({who}.name)"),
            Self::Compute(how, a, b) => write!(f, "({a} {how} {b})"),
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Insured(who) => write!(f, "{who}.insured"),
            Self::Registered(who) => write!(f, "{who}.registered"),
            Self::Has(who, what) => write!(f, "has({who}.{what})"),
            Self::Numbers(how, a, b) => write!(f, "{a} {how} {b}"),
            Self::Days(how, a, b) => write!(f, "{a} {how} {b}"),
            Self::NameIn(who, names) => {
                let names = names.iter().map(|name| match name {
                    Ok(text) => format!("'{text}'"),
                    Err(who) => format!("{who}.name"),
                });
                write!(f, "{who}.name in [{}]", names.collect::<Vec<_>>().join(", "))
            }
            Self::School(how, who, text) => write!(f, "{who}.schools.{how}(s, s == '{text}')"),
            Self::And(a, b) => write!(f, "({a} && {b})"),
            Self::Or(a, b) => write!(f, "({a} || {b})"),
            Self::Not(a) => write!(f, "!({a})"),
            Self::If(a, b, c) => write!(f, "({a} ? {b} : {c})"),
        }
    }
}

/// One day forward or back at a time.
fn step(day: Date, by: i64) -> Option<Date> {
    let mut day = day;
    for _ in 0..by.abs() {
        day = if by > 0 { day.tomorrow() } else { day.yesterday() }.ok()?;
    }
    Some(day)
}

/// The day `months` later, if there is one; else the last of that month or the day after it.
fn months_later(day: Date, months: i64, last: bool) -> Option<Date> {
    let count = i64::from(day.year()) * 12 + i64::from(day.month()) - 1 + months;
    let (year, month) = (i16::try_from(count.div_euclid(12)).ok()?, count.rem_euclid(12) + 1);
    let on = |number: i8| Date::new(year, i8::try_from(month).ok()?, number).ok();
    let latest = (1..=day.day()).rev().find_map(on)?;
    if latest.day() == day.day() || last { Some(latest) } else { latest.tomorrow().ok() }
}

/// How many times a month (or a year of twelve) is full between two days, going forward.
fn full(a: Date, b: Date, unit: i64) -> i64 {
    if b < a {
        return -full(b, a, unit);
    }
    let full = |n: &i64| months_later(a, n * unit, false).is_some_and(|day| day <= b);
    (1..1_000).take_while(full).last().unwrap_or(0)
}

fn days(a: Date, b: Date) -> i64 {
    if b < a {
        return -days(b, a);
    }
    let (mut day, mut count) = (a, 0);
    while day < b {
        (day, count) = (day.tomorrow().unwrap(), count + 1);
    }
    count
}

impl Facts {
    fn of(&self, who: Who, what: &str) -> Known<&Value> {
        let path = format!("{who}.{what}");
        self.0.get(&path).map_or_else(|| lacks(path), Ok)
    }

    fn day(&self, day: &Day) -> Known<Date> {
        let wrong = BTreeSet::new;
        match day {
            Day::Born(who) => self.of(who, "born_on").map(|day| day.as_date().unwrap()),
            Day::Today => Ok(date(2026, 11, 23)),
            Day::Constant(day) => Ok(*day),
            Day::AddDays(day, n) => step(self.day(day)?, *n).ok_or_else(wrong),
            Day::AddMonths(day, n, last) => {
                months_later(self.day(day)?, *n, *last).ok_or_else(wrong)
            }
            Day::EndOfMonth(day) => {
                let mut day = self.day(day)?;
                while day.tomorrow().is_ok_and(|next| next.month() == day.month()) {
                    day = day.tomorrow().unwrap();
                }
                Ok(day)
            }
        }
    }

    fn number(&self, number: &Number) -> Known<i128> {
        let result = match number {
            Number::Weight(who) => match self.of(who, "weight")? {
                Value::Int(n) => i128::from(*n),
                _ => unreachable!(),
            },
            Number::Constant(n) => i128::from(*n),
            Number::Year(day) => i128::from(self.day(day)?.year()),
            Number::Size(who) => {
                i128::try_from(self.of(who, "name")?.as_text().unwrap().chars().count()).unwrap()
            }
            Number::Between(unit, a, b) => {
                let (a, b) = both(self.day(a), self.day(b))?;
                i128::from(match *unit {
                    "days" => days(a, b),
                    "months" => full(a, b, 1),
                    _ => full(a, b, 12),
                })
            }
            Number::Compute(how, a, b) => {
                let (a, b) = both(self.number(a), self.number(b))?;
                match how {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ if b == 0 => return Err(BTreeSet::new()),
                    '/' => a / b,
                    _ => a % b,
                }
            }
        };
        if i64::try_from(result).is_ok() { Ok(result) } else { Err(BTreeSet::new()) }
    }

    /// The answer of a part that joins no answers.
    fn part(&self, rule: &Rule) -> Known<bool> {
        let sign = |how: &str, order: std::cmp::Ordering| match how {
            "<" => order.is_lt(),
            ">=" => order.is_ge(),
            "==" => order.is_eq(),
            _ => order.is_ne(),
        };
        match rule {
            Rule::Insured(who) => Ok(*self.of(who, "insured")? == Value::Bool(true)),
            Rule::Registered(who) => {
                Ok(self.of(who, "registered").is_ok_and(|value| *value == Value::Bool(true)))
            }
            Rule::Has(who, what) => self.of(who, what).map(|_| true),
            Rule::Numbers(how, a, b) => {
                let (a, b) = both(self.number(a), self.number(b))?;
                Ok(sign(how, a.cmp(&b)))
            }
            Rule::Days(how, a, b) => {
                let (a, b) = both(self.day(a), self.day(b))?;
                Ok(sign(how, a.cmp(&b)))
            }
            Rule::NameIn(who, names) => self.name_in(who, names),
            Rule::School(how, who, text) => {
                let Value::List(schools) = self.of(who, "schools")? else { unreachable!() };
                let is = |school: &Value| *school == Value::Text((*text).to_owned());
                let count = schools.iter().filter(|school| is(school)).count();
                Ok(match *how {
                    "all" => count == schools.len(),
                    "exists" => count > 0,
                    _ => count == 1,
                })
            }
            Rule::And(..) | Rule::Or(..) | Rule::Not(_) | Rule::If(..) => unreachable!(),
        }
    }

    fn name_in(&self, who: Who, names: &[Result<&'static str, Who>]) -> Known<bool> {
        let name = self.of(who, "name");
        if names.is_empty() {
            return Ok(false);
        }
        let mut missing = BTreeSet::new();
        for other in names {
            let other = match other {
                Ok(text) => Ok(Value::Text((*text).to_owned())),
                Err(who) => self.of(who, "name").cloned(),
            };
            match (&name, other) {
                (Ok(name), Ok(other)) if **name == other => return Ok(true),
                (_, Ok(_)) => {}
                (_, Err(more)) => missing.extend(more),
            }
        }
        missing.extend(name.err().into_iter().flatten());
        if missing.is_empty() { Ok(false) } else { Err(missing) }
    }
}

/// What a part is about, and whether it is written the other way round: `a >= b` is not `a < b`.
fn about(rule: &Rule) -> (String, bool) {
    let text = rule.to_string();
    match rule {
        Rule::Numbers(how @ (">=" | "!="), ..) | Rule::Days(how @ (">=" | "!="), ..) => {
            let positive = if *how == ">=" { " < " } else { " == " };
            (text.replacen(&format!(" {how} "), positive, 1), true)
        }
        _ => (text, false),
    }
}

/// Two ways to write an equality are one.
fn unordered(about: String) -> String {
    match about.split_once(" == ") {
        Some((a, b)) if !about.contains("(s, ") && b < a => format!("{b} == {a}"),
        _ => about,
    }
}

/// The parts, each once.
fn parts<'r>(rule: &'r Rule, all: &mut BTreeMap<String, &'r Rule>) {
    match rule {
        Rule::And(a, b) | Rule::Or(a, b) => {
            parts(a, all);
            parts(b, all);
        }
        Rule::Not(a) => parts(a, all),
        Rule::If(a, b, c) => [a, b, c].into_iter().for_each(|part| parts(part, all)),
        part => {
            all.entry(unordered(about(part).0)).or_insert(part);
        }
    }
}

/// The answer where each part's is given.
fn assigned(rule: &Rule, answers: &BTreeMap<String, bool>) -> bool {
    match rule {
        Rule::And(a, b) => assigned(a, answers) && assigned(b, answers),
        Rule::Or(a, b) => assigned(a, answers) || assigned(b, answers),
        Rule::Not(a) => !assigned(a, answers),
        Rule::If(a, b, c) => assigned(if assigned(a, answers) { b } else { c }, answers),
        part => {
            let (about, opposite) = about(part);
            answers[&unordered(about)] != opposite
        }
    }
}

/// The verdict, by trying every answer of every unknown part; `None` where those are too many.
fn verdict(rule: &Rule, facts: &Facts) -> Option<Verdict> {
    let mut all = BTreeMap::new();
    parts(rule, &mut all);
    let mut answers = BTreeMap::new();
    let mut open = Vec::new();
    for (key, part) in all {
        match facts.part(part) {
            Ok(yes) => {
                let yes = yes != about(part).1;
                answers.insert(key, yes);
            }
            Err(missing) => open.push((key, missing)),
        }
    }
    if open.len() > 8 {
        return None;
    }
    let under = |assignment: usize| {
        let mut answers = answers.clone();
        for (at, (key, _)) in open.iter().enumerate() {
            answers.insert(key.clone(), assignment >> at & 1 == 1);
        }
        assigned(rule, &answers)
    };
    let table: Vec<bool> = (0..1 << open.len()).map(under).collect();
    if table.iter().all(|yes| *yes) {
        return Some(Verdict::Met);
    }
    if table.iter().all(|yes| !yes) {
        return Some(Verdict::Unmet);
    }
    let turns = |at: usize| (0..table.len()).any(|n| table[n] != table[n ^ 1 << at]);
    let missing = open.iter().enumerate().filter(|(at, _)| turns(*at));
    let missing = missing.flat_map(|(_, (_, missing))| missing.clone()).collect();
    Some(Verdict::Unknown { missing })
}

fn who() -> impl Strategy<Value = Who> {
    prop::sample::select(vec!["child", "mother"])
}

fn civil() -> impl Strategy<Value = Date> {
    (2018i16..2030, 1i8..=12, prop_oneof![1i8..=28, 27i8..=31])
        .prop_filter_map("no such day", |(y, m, d)| Date::new(y, m, d).ok())
}

fn day() -> impl Strategy<Value = Day> {
    let leaf =
        prop_oneof![who().prop_map(Day::Born), Just(Day::Today), civil().prop_map(Day::Constant),];
    leaf.prop_recursive(2, 3, 1, |inner| {
        prop_oneof![
            (inner.clone(), -90i64..90).prop_map(|(d, n)| Day::AddDays(Box::new(d), n)),
            (inner.clone(), -30i64..30, any::<bool>()).prop_map(|(d, n, last)| Day::AddMonths(
                Box::new(d),
                n,
                last
            )),
            inner.prop_map(|d| Day::EndOfMonth(Box::new(d))),
        ]
    })
}

fn number() -> impl Strategy<Value = Number> {
    let unit = prop::sample::select(vec!["days", "months", "years"]);
    let leaf = prop_oneof![
        who().prop_map(Number::Weight),
        prop_oneof![-3i64..4, any::<i64>()].prop_map(Number::Constant),
        day().prop_map(Number::Year),
        (unit, day(), day()).prop_map(|(unit, a, b)| Number::Between(unit, a, b)),
        who().prop_map(Number::Size),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        let how = prop::sample::select(vec!['+', '-', '*', '/', '%']);
        (how, inner.clone(), inner)
            .prop_map(|(how, a, b)| Number::Compute(how, Box::new(a), Box::new(b)))
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let sign = || prop::sample::select(vec!["<", ">=", "==", "!="]);
    let text = || prop::sample::select(vec!["a", "b"]);
    let what = prop::sample::select(vec!["name", "weight", "insured", "born_on"]);
    let named = prop_oneof![text().prop_map(Ok), who().prop_map(Err)];
    let how = prop::sample::select(vec!["all", "exists", "exists_one"]);
    let leaf = prop_oneof![
        2 => who().prop_map(Rule::Insured),
        1 => who().prop_map(Rule::Registered),
        1 => (who(), what).prop_map(|(who, what)| Rule::Has(who, what)),
        3 => (sign(), number(), number()).prop_map(|(how, a, b)| Rule::Numbers(how, a, b)),
        2 => (sign(), day(), day()).prop_map(|(how, a, b)| Rule::Days(how, a, b)),
        1 => (who(), prop::collection::vec(named, 0..3)).prop_map(|(who, n)| Rule::NameIn(who, n)),
        1 => (how, who(), text()).prop_map(|(how, who, text)| Rule::School(how, who, text)),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let boxed = inner.prop_map(Box::new);
        prop_oneof![
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Rule::And(a, b)),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Rule::Or(a, b)),
            boxed.clone().prop_map(Rule::Not),
            (boxed.clone(), boxed.clone(), boxed).prop_map(|(a, b, c)| Rule::If(a, b, c)),
        ]
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let one = |who: Who| {
        let text = || prop::sample::select(vec!["a", "b"]).prop_map(|t| Value::Text(t.to_owned()));
        let values: Vec<(&str, BoxedStrategy<Value>)> = vec![
            ("born_on", civil().prop_map(Value::Date).boxed()),
            ("insured", any::<bool>().prop_map(Value::Bool).boxed()),
            ("registered", any::<bool>().prop_map(Value::Bool).boxed()),
            ("weight", prop_oneof![-3i64..4, any::<i64>()].prop_map(Value::Int).boxed()),
            ("name", text().boxed()),
            ("schools", prop::collection::vec(text(), 0..3).prop_map(Value::List).boxed()),
        ];
        let each = values.into_iter().map(move |(what, value)| {
            prop::option::of(value).prop_map(move |v| v.map(|v| (format!("{who}.{what}"), v)))
        });
        each.collect::<Vec<_>>()
    };
    let all: Vec<_> = one("child").into_iter().chain(one("mother")).collect();
    all.prop_map(|all| Facts(all.into_iter().flatten().collect(), BTreeMap::new()))
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn both_evaluators_agree(rule in rule(), facts in facts()) {
        let source = rule.to_string();
        prop_assume!(source.len() <= 2000);
        let condition = check(&source, world().scope());
        prop_assert!(condition.is_ok(), "{source}: {condition:?}");
        let condition = condition.unwrap();
        if let Some(expected) = verdict(&rule, &facts) {
            prop_assert_eq!(&answer(&condition, &facts).verdict, &expected, "{}", source);
            let fast = condition.verdict(&Asked(&facts, &condition));
            prop_assert_eq!(&fast, &expected, "without a trace: {}", source);
        }
    }
}
