//! Reading many subjects at once says the same as reading each.

use std::collections::BTreeSet;

use domain::{EventKind, Fact, FactSet, SubjectId, SubjectKind, Told, Value};
use jiff::civil::date;
use storage::subjects::Subject;
use storage::sweep::{self, Known, Part, Wanted};
use storage::{Store, facts, subjects};

use crate::both::on_both;
use crate::fixtures::{enter, event, fact, noon, subject};

on_both!(every_subject_is_read_once_with_all_that_is_asked_for);

async fn every_subject_is_read_once_with_all_that_is_asked_for(store: Store) {
    let told = event("1");
    let people: Vec<SubjectId> =
        (0..50).map(|n: i32| SubjectId::of(&["person", &n.to_string()])).collect();
    let mut tx = store.begin().await.unwrap();
    enter(&mut tx, &told, &people).await;
    for who in &people {
        subjects::put(&mut tx, &[subject(*who)]).await.unwrap();
    }
    let parcel = SubjectId::of(&["parcel"]);
    let parcel =
        Subject { id: parcel, kind: SubjectKind::Parcel, identifier: None, ..subject(parcel) };
    subjects::put(&mut tx, std::slice::from_ref(&parcel)).await.unwrap();
    let mut stored = Vec::new();
    for who in people.iter().skip(1) {
        stored.extend(facts_of(&told, *who));
    }
    facts::record(&mut tx, &stored).await.unwrap();
    tx.commit().await.unwrap();

    let mut conn = store.read().await.unwrap();
    assert_eq!(sweep::count(&mut conn).await.unwrap(), 51);
    let wanted = Wanted::new(["name", "mother", "weight"]);
    let mut read: Vec<Known> = Vec::new();
    for part in Part::all(3) {
        let mut after = None;
        loop {
            let page = sweep::page(&mut conn, &wanted, &part, after, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.subject);
            read.extend(page);
        }
    }
    let order: Vec<SubjectId> = read.iter().map(|it| it.subject).collect();
    assert!(order.is_sorted(), "{order:?}");
    let all: BTreeSet<SubjectId> = people.iter().copied().chain([parcel.id]).collect();
    assert_eq!((order.len(), order.into_iter().collect::<BTreeSet<_>>()), (51, all));
    assert_eq!(read.iter().filter(|it| it.kind == SubjectKind::Parcel).count(), 1);
    let some = sweep::of(&mut conn, &wanted, &people).await.unwrap();
    for known in read.iter().chain(&some) {
        let own = facts::facts_of(&mut conn, &[known.subject]).await.unwrap();
        assert_eq!(sorted(known), asked(&own, &told.kind), "{known:?}");
    }
}

/// What a value may hold, and one attribute that nobody asks for.
fn facts_of(told: &domain::Event, who: SubjectId) -> Vec<Fact> {
    let name = Value::Text("Đặng \"Mẫu\"\u{1e}\u{1f}, \\ \n".to_owned());
    let mut weight =
        fact(told, who, "weight", Value::List(vec![Value::Int(-1), Value::Bool(true)]));
    weight.valid.until = Some(date(2027, 1, 1));
    weight.known_until = Some(noon());
    vec![
        fact(told, who, "name", name),
        fact(told, who, "mother", Value::Subject(who)),
        weight,
        fact(told, who, "secret", Value::Bool(true)),
    ]
}

fn sorted(known: &Known) -> Vec<Told<'_>> {
    let mut told: Vec<Told<'_>> = known.told().map(Result::unwrap).collect();
    told.sort_by_key(|it| it.id);
    told
}

fn asked<'a>(facts: &'a FactSet, kind: &'a EventKind) -> Vec<Told<'a>> {
    let asked = facts.iter().filter(|fact| fact.attribute != "secret");
    let mut told: Vec<Told<'_>> = asked.map(|fact| fact.told(kind)).collect();
    told.sort_by_key(|it| it.id);
    told
}
