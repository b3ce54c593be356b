//! Comparisons whose sides pass one another once while a day moves forward.

use std::cmp::Ordering;

use super::*;

/// How the sides of the first part of `source` stand for each day of some twenty years in which
/// all ages and ends of months occur; `None` where it is not said that they pass once.
fn stands(source: &str) -> Option<Vec<Option<Ordering>>> {
    let condition = check(source, world().scope()).unwrap_or_else(|f| panic!("{source}: {f:?}"));
    let atoms = condition.atoms();
    let atom = atoms.first().unwrap();
    let born = |slot: &Slot| matches!(condition.variable(*slot), Some(Variable::Fact { attribute, .. }) if attribute == "born_on");
    let slot = atom.slots.iter().find(born).unwrap();
    let stand = |born_on: Date| {
        let facts = known([
            ("child.born_on", Value::Date(born_on)),
            ("child.died_on", Value::Date(date(2016, 2, 29))),
        ]);
        condition.order(atom, &Asked(&facts, &condition))
    };
    let days = date(2007, 1, 1).series(jiff::ToSpan::days(1)).take(365 * 20);
    atom.is_passing(slot).then(|| days.map(stand).collect())
}

#[test]
fn what_is_said_to_pass_once_does() {
    for source in [
        "child.born_on < today",
        "today == child.born_on",
        "child.died_on >= child.born_on",
        "years_between(child.born_on, today) < 6",
        "age(child.born_on) >= 6",
        "months_between(today, child.born_on) != -3",
        "days_between(child.born_on, child.died_on) <= 60",
        "year(today) == year(child.born_on) + 6",
        "4030 - year(child.born_on) > year(child.died_on)",
        "add_years(child.born_on, 6, 'next_day') <= today",
        "add_months(child.born_on, 1, 'next_day') == child.died_on",
        "add_months(child.born_on, -1, 'last_day') > child.died_on",
        "add_days(child.born_on, 60) < today",
        "years_between(child.born_on, today) < years_between(child.died_on, child.born_on)",
    ] {
        let stands = stands(source).unwrap_or_else(|| panic!("{source} is not seen"));
        let known: Vec<Ordering> = stands.into_iter().map(Option::unwrap).collect();
        let up = known.is_sorted();
        assert!(up || known.iter().rev().is_sorted(), "{source} goes to and fro");
        assert_ne!(known.first(), known.last(), "{source} shows nothing");
    }
}

#[test]
fn what_may_go_to_and_fro_is_asked_about_each_day() {
    for source in [
        "month(child.born_on) == 9",
        "day(child.born_on) < 15",
        "years_between(child.born_on, today) < 2010 - year(child.born_on)",
        "year(child.born_on) * 2 == 4030",
        "first_day_of_month(child.born_on) == child.died_on",
        "add_days(today, day(child.born_on)) < child.died_on",
        "has(child.born_on)",
    ] {
        assert!(stands(source).is_none(), "{source}");
    }
}
