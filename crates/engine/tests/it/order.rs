//! The order in which events arrive changes nothing about what stands in the end (invariant 6).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Office, daily, timeline};

/// What must not depend on the order: the milestones that stand and what is open for whom. What
/// came and went again on the way may differ.
async fn what_stands(office: &Office) -> (BTreeSet<String>, BTreeSet<String>) {
    let milestones = office.standing().await;
    let milestones =
        milestones.iter().map(|it| format!("{} {:?} {:?}", it.id, it.state, it.verdict));
    let open = office.open().await;
    let open = open.iter().map(|(service, recipient)| format!("{service} {recipient}"));
    (milestones.collect(), open.collect())
}

async fn after(events: &[Value], one_by_one: bool) -> (BTreeSet<String>, BTreeSet<String>) {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    for event in events {
        office.takes(std::slice::from_ref(event)).await;
        if one_by_one {
            office.works().await;
        }
    }
    office.works().await;
    what_stands(&office).await
}

/// A fixed shuffle: the same for the same seed.
fn shuffled(mut events: Vec<Value>, seed: u64) -> Vec<Value> {
    let mut state = seed;
    for last in (1..events.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (last + 1);
        events.swap(last, other);
    }
    events
}

#[tokio::test]
async fn any_order_of_arrival_leads_to_the_same_state() {
    let expected = after(&timeline(), false).await;
    assert!(!expected.0.is_empty() && !expected.1.is_empty());
    let mut backwards = timeline();
    backwards.reverse();
    assert_eq!(after(&backwards, true).await, expected);
    let seeds = if std::env::var("COTMOC_NIGHTLY").is_ok() { 1..60 } else { 1..5 };
    for seed in seeds {
        let order = shuffled(timeline(), seed);
        assert_eq!(after(&order, seed % 2 == 0).await, expected, "seed {seed}");
    }
}

#[tokio::test]
async fn the_samples_played_again_change_nothing() {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    let timetable = daily();
    let play = || engine::sandbox::play(&office.app, &office.clock, &timetable, |_| {});
    let first = play().await.unwrap();
    let (stands, letters) = (what_stands(&office).await, office.letters().await);
    assert!(first.new > 50 && !letters.is_empty());
    let again = play().await.unwrap();
    assert_eq!((again.new, again.repeats), (0, first.new + first.repeats));
    assert_eq!((what_stands(&office).await, office.letters().await), (stands, letters));
}
