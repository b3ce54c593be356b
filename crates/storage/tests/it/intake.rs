//! Journal, quarantine, subjects, facts.

use std::collections::BTreeMap;

use domain::{Event, Language, SubjectKind, Value};
use jiff::civil::date;
use storage::Store;
use storage::facts::{facts_of, withdraw_facts_of};
use storage::journal::{self, Entry, Recorded};
use storage::quarantine::{self, Rejected};
use storage::subjects::{self, Subject};
use storage::{Stored, facts};

use crate::both::on_both;
use crate::fixtures::{
    a_birth, at, child, enter, event, fact, father, later, mother, noon, subject,
};

on_both! {
    a_repeated_delivery_names_the_first_event,
    many_events_are_told_apart_in_the_order_in_which_they_came,
    the_journal_is_read_in_the_order_of_receipt,
    what_was_not_committed_was_not_stored,
    a_bad_line_sent_again_is_counted_and_not_stored_again,
    a_subject_learns_its_identifier_and_keeps_its_language,
    facts_read_back_as_they_were_told,
    more_subjects_than_one_statement_takes_are_asked_for_in_turns,
    more_facts_than_one_statement_takes_are_stored_in_turns,
    whose_mother_she_is_can_be_asked_also_through_a_list,
    a_withdrawn_event_is_believed_only_until_then,
    a_withdrawal_that_comes_before_its_event_still_counts,
}

async fn a_repeated_delivery_names_the_first_event(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let first = event("1");
    // Another moment of receipt, the keys in another order: the same event all the same.
    let again = Event {
        received_at: later(60),
        data: serde_json::json!({ "tên": "cột mốc", "weight": 3100 }),
        ..event("1")
    };
    let other = Event { data: serde_json::json!({ "weight": 1 }), ..event("1") };
    assert_eq!(enter(&mut tx, &first, &[child()]).await, Recorded::New(first.id));
    assert_eq!(enter(&mut tx, &again, &[child()]).await, Recorded::Repeat(first.id));
    assert_eq!(enter(&mut tx, &other, &[child()]).await, Recorded::Differs(first.id));
    assert_eq!(journal::get(&mut tx, first.id).await.unwrap(), Some(first));
    assert_eq!(journal::get(&mut tx, event("2").id).await.unwrap(), None);
}

async fn many_events_are_told_apart_in_the_order_in_which_they_came(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let known = event("5");
    enter(&mut tx, &known, &[child()]).await;
    let mut events: Vec<Event> = (0..90).rev().map(|n| event(&n.to_string())).collect();
    events.push(event("7"));
    events.push(Event { data: serde_json::json!({ "weight": 1 }), ..event("8") });
    let family = [mother(), child()];
    let entries: Vec<Entry<'_>> =
        events.iter().map(|event| Entry { event, about: &family }).collect();
    let found = journal::record(&mut tx, &entries).await.unwrap();
    let expected = events.iter().enumerate().map(|(place, event)| match place {
        90 => Recorded::Repeat(event.id),
        91 => Recorded::Differs(event.id),
        _ if event.id == known.id => Recorded::Repeat(event.id),
        _ => Recorded::New(event.id),
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(journal::get(&mut tx, events[89].id).await.unwrap(), Some(events[89].clone()));
}

async fn the_journal_is_read_in_the_order_of_receipt(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for (number, second) in [("c", 2), ("a", 3), ("b", 1), ("d", 3)] {
        let event = Event { received_at: later(second), ..event(number) };
        enter(&mut tx, &event, &[child()]).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = journal::page(&mut tx, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.received_at, last.id));
        seen.extend(page.into_iter().map(|event| event.source_event_id));
    }
    assert_eq!(seen[..2], ["b", "c"]);
    assert_eq!(seen.len(), 4);
}

async fn what_was_not_committed_was_not_stored(store: Store) {
    let mut tx = store.begin().await.unwrap();
    enter(&mut tx, &event("1"), &[child()]).await;
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(journal::get(&mut tx, event("1").id).await.unwrap(), None);
    enter(&mut tx, &event("1"), &[child()]).await;
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    assert!(journal::get(&mut conn, event("1").id).await.unwrap().is_some());
}

async fn a_bad_line_sent_again_is_counted_and_not_stored_again(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let rejected = Rejected {
        source: "births.jsonl",
        place: "line 3",
        code: "json",
        reason: "expected `:`",
        raw: "{\"a\" 1\0}",
        received_at: noon(),
    };
    let first = quarantine::set_aside(&mut tx, &rejected).await.unwrap();
    let moved = Rejected { place: "line 9", received_at: later(5), ..rejected };
    let second = quarantine::set_aside(&mut tx, &moved).await.unwrap();
    assert_eq!((first.seen, second.seen, &second.id), (1, 2, &first.id));
    assert_eq!((second.place.as_str(), second.first_seen_at), ("line 9", noon()));

    let elsewhere = Rejected { source: "other.jsonl", ..rejected };
    quarantine::set_aside(&mut tx, &elsewhere).await.unwrap();
    let open = quarantine::open(&mut tx, 10).await.unwrap();
    assert_eq!(open.len(), 2);
    // Sealed, so even a zero byte comes back as it came.
    assert_eq!(open[0].raw, "{\"a\" 1\0}");

    assert!(quarantine::resolve(&mut tx, &first.id, later(9)).await.unwrap());
    assert!(!quarantine::resolve(&mut tx, &first.id, later(9)).await.unwrap());
    assert_eq!(quarantine::open(&mut tx, 10).await.unwrap().len(), 1);
    let resolved = quarantine::get(&mut tx, &first.id).await.unwrap().unwrap();
    assert_eq!(resolved.resolved_at, Some(later(9)));
}

async fn a_subject_learns_its_identifier_and_keeps_its_language(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let unnamed = Subject { identifier: None, ..subject(child()) };
    assert_eq!(subjects::put(&mut tx, &[unnamed]).await.unwrap(), [Stored::New]);
    assert!(subjects::set_language(&mut tx, child(), Language::EN).await.unwrap());
    assert_eq!(subjects::put(&mut tx, &[subject(child())]).await.unwrap(), [Stored::Changed]);
    assert_eq!(subjects::put(&mut tx, &[subject(child())]).await.unwrap(), [Stored::Same]);
    let held = subjects::get(&mut tx, child()).await.unwrap().unwrap();
    assert_eq!(held, Subject { language: Language::EN, ..subject(child()) });
    assert!(!format!("{held:?}").contains("999195001234"));
    assert!(!subjects::set_language(&mut tx, mother(), Language::EN).await.unwrap());

    subjects::put(&mut tx, &[subject(mother())]).await.unwrap();
    let first = subjects::page(&mut tx, SubjectKind::Person, None, 1).await.unwrap();
    let second = subjects::page(&mut tx, SubjectKind::Person, Some(first[0].id), 5).await.unwrap();
    assert_eq!(second.len(), 1);
    assert!(first[0].id < second[0].id);
    assert_eq!(subjects::page(&mut tx, SubjectKind::Parcel, None, 5).await.unwrap(), []);
}

async fn facts_read_back_as_they_were_told(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let told = event("2");
    enter(&mut tx, &told, &[child()]).await;
    let mut known = vec![
        fact(&told, child(), "name", Value::Text("Nguyễn \"Ổi\" Thị Bưởi".into())),
        fact(&told, child(), "born", Value::Date(date(2026, 11, 2))),
        fact(&told, child(), "single", Value::Bool(true)),
        fact(&told, child(), "at", Value::Time(noon())),
    ];
    known[1].valid.until = Some(date(2030, 1, 1));
    known[2].source.record = None;
    assert_eq!(facts::record(&mut tx, &known).await.unwrap(), 4);
    assert_eq!(facts::record(&mut tx, &known).await.unwrap(), 0);

    let held = facts_of(&mut tx, &[child(), mother()]).await.unwrap();
    assert_eq!(held.iter().count(), 6);
    for fact in &known {
        assert!(held.iter().any(|held| held == fact), "{fact:?}");
    }
    assert_eq!(facts_of(&mut tx, &[]).await.unwrap().iter().count(), 0);
}

async fn more_subjects_than_one_statement_takes_are_asked_for_in_turns(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let mut many: Vec<_> =
        (0..250).map(|n: i32| domain::SubjectId::of(&[&n.to_string()])).collect();
    many.push(child());
    assert_eq!(facts_of(&mut tx, &many).await.unwrap().iter().count(), 2);
}

async fn more_facts_than_one_statement_takes_are_stored_in_turns(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let told = event("2");
    enter(&mut tx, &told, &[child()]).await;
    let many: Vec<_> =
        (0..45).map(|n| fact(&told, child(), &format!("a{n}"), Value::Int(n))).collect();
    // Some are there already, in the middle of a turn.
    facts::record(&mut tx, &many[18..22]).await.unwrap();
    assert_eq!(facts::record(&mut tx, &many).await.unwrap(), 41);
    let held = facts_of(&mut tx, &[child()]).await.unwrap();
    assert!(many.iter().all(|fact| held.iter().any(|held| held == fact)));
    assert_eq!(facts::record(&mut tx, &[]).await.unwrap(), 0);
}

async fn whose_mother_she_is_can_be_asked_also_through_a_list(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let told = event("2");
    enter(&mut tx, &told, &[child()]).await;
    let owners = Value::List(vec![Value::Subject(mother()), Value::Subject(father())]);
    facts::record(&mut tx, &[fact(&told, child(), "guardians", owners)]).await.unwrap();

    let (guardians, mothers) = (("guardians".to_owned(), child()), ("mother".to_owned(), child()));
    let links = facts::pointing_to(&mut tx, &[mother(), father(), child()]).await.unwrap();
    let expected = [(mother(), vec![guardians.clone(), mothers]), (father(), vec![guardians])];
    assert_eq!(links, BTreeMap::from(expected));
}

async fn a_withdrawn_event_is_believed_only_until_then(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let id = event("1").id;
    assert_eq!(withdraw_facts_of(&mut tx, id, later(60)).await.unwrap(), [child()]);
    assert_eq!(withdraw_facts_of(&mut tx, id, later(90)).await.unwrap(), []);
    let held = facts_of(&mut tx, &[child()]).await.unwrap();
    assert!(held.iter().all(|fact| fact.known_until == Some(later(60))));
    assert_eq!(held.iter().count(), 2);
}

/// Late and out of order leads to the same state (invariant 6).
async fn a_withdrawal_that_comes_before_its_event_still_counts(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let withdrawn = at("2026-11-03T04:00:00Z");
    assert_eq!(withdraw_facts_of(&mut tx, event("1").id, withdrawn).await.unwrap(), []);
    a_birth(&mut tx).await;
    let held = facts_of(&mut tx, &[child()]).await.unwrap();
    assert!(held.iter().all(|fact| fact.known_until == Some(withdrawn)));
}
