//! The order in which events arrive, and how often, changes nothing about what stands in the end
//! (invariant 6).

use std::collections::BTreeSet;

use domain::{DraftField, FieldState, SuggestionState};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use storage::{drafts, due};

use crate::support::{IN_MEMORY, Office, daily, postgres, timeline};

/// When it is looked at: after all that the samples tell, before anything is due.
const AFTERWARDS: &str = "2026-11-23T02:00:00Z";

/// What must not depend on the order: of all that is derived, what stands. What came and went again
/// on the way may differ, and so do the moments at which something was learnt.
#[derive(Debug, Default, PartialEq, Eq)]
struct Standing {
    milestones: BTreeSet<String>,
    suggestions: BTreeSet<String>,
    drafts: BTreeSet<String>,
    due: BTreeSet<String>,
}

impl Standing {
    async fn of(office: &Office) -> Self {
        let mut stands = Self::default();
        for it in office.standing().await {
            let said = format!(
                "{} {:?} {:?} {} {:?} {}",
                it.id, it.state, it.verdict, it.occurred_on, it.roles, it.pack
            );
            stands.milestones.insert(said);
        }
        let mut open = office.suggestions().await;
        open.retain(|it| it.state == SuggestionState::Open);
        let mut conn = office.app.store.read().await.unwrap();
        for it in open {
            if let Some(draft) = drafts::of_suggestion(&mut conn, it.id).await.unwrap() {
                let fields: Vec<String> = draft.fields.iter().map(filled).collect();
                stands.drafts.insert(format!("{} {} {fields:?}", draft.id, draft.form));
            }
            stands.suggestions.insert(format!("{it:?}"));
        }
        let days = due::due_until(&mut conn, "2100-01-01".parse().unwrap(), 10_000).await.unwrap();
        stands.due = days.iter().map(|it| format!("{it:?}")).collect();
        stands
    }
}

/// What stands in a field and from which facts, without when they were learnt.
fn filled(field: &DraftField) -> String {
    let said = match &field.state {
        FieldState::Filled { value, provenance } => {
            let facts: BTreeSet<String> = provenance.iter().map(|it| it.fact.to_string()).collect();
            format!("{value:?} {facts:?}")
        }
        FieldState::Missing => "missing".to_owned(),
        FieldState::Conflict { candidates } => {
            let said = candidates.iter().map(|(value, it)| format!("{value:?} {}", it.fact));
            format!("{:?}", said.collect::<BTreeSet<_>>())
        }
    };
    format!("{}: {said}", field.key)
}

/// What stands after `events` were told, a few at a time, each part worked off before the next
/// comes where `parts` is more than one.
async fn after(address: &str, events: &[Value], part: usize) -> Standing {
    let office = Office::in_database(AFTERWARDS, address).await;
    let mut now: Timestamp = AFTERWARDS.parse().unwrap();
    for some in events.chunks(part) {
        for event in some {
            // Learnt later, and so of a later moment: this must not matter either.
            now += SignedDuration::from_secs(20);
            office.clock.set(now);
            office.takes(std::slice::from_ref(event)).await;
        }
        office.works().await;
    }
    let stands = Standing::of(&office).await;
    office.app.store.close().await;
    stands
}

/// The timeline in another order, with some of its events told again.
fn told_otherwise() -> impl Strategy<Value = Vec<usize>> {
    let count = timeline().len();
    let again = prop::collection::vec(0..count, 0..20);
    again.prop_flat_map(move |again| {
        let all: Vec<usize> = (0..count).chain(again).collect();
        Just(all).prop_shuffle()
    })
}

/// Tries many orders against the one of the samples.
fn any_order_leads_to_the_same(cases: u32, database: impl AsyncFn() -> Option<String>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(first) = runtime.block_on(database()) else { return };
    let timeline = timeline();
    let expected = runtime.block_on(after(&first, &timeline, usize::MAX));
    assert!(!expected.milestones.is_empty() && !expected.suggestions.is_empty());
    assert!(!expected.drafts.is_empty() && !expected.due.is_empty());
    let cases = if std::env::var("COTMOC_NIGHTLY").is_ok() { cases * 20 } else { cases };
    let config = ProptestConfig { cases, max_shrink_iters: 50, ..ProptestConfig::default() };
    let strategy = (told_otherwise(), prop::sample::select(vec![1, 7, usize::MAX]));
    proptest!(config, |((order, part) in strategy)| {
        let events: Vec<Value> = order.iter().map(|at| timeline[*at].clone()).collect();
        let another = runtime.block_on(database()).unwrap();
        let stands = runtime.block_on(after(&another, &events, part));
        prop_assert_eq!(&stands, &expected);
    });
}

#[test]
fn any_order_and_repetition_leads_to_the_same_on_sqlite() {
    any_order_leads_to_the_same(12, async || Some(IN_MEMORY.to_owned()));
}

#[test]
fn any_order_and_repetition_leads_to_the_same_on_postgresql() {
    any_order_leads_to_the_same(4, postgres);
}

#[test]
fn the_timeline_backwards_one_by_one_leads_to_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let expected = runtime.block_on(after(IN_MEMORY, &timeline(), usize::MAX));
    let backwards: Vec<Value> = timeline().into_iter().rev().collect();
    assert_eq!(runtime.block_on(after(IN_MEMORY, &backwards, 1)), expected);
}

#[tokio::test]
async fn the_samples_played_again_change_nothing() {
    let office = Office::at(AFTERWARDS).await;
    let timetable = daily();
    let play = || engine::sandbox::play(&office.app, &office.clock, &timetable, |_| {});
    let first = play().await.unwrap();
    let (stands, letters) = (Standing::of(&office).await, office.letters().await);
    assert!(first.new > 50 && !letters.is_empty());
    let again = play().await.unwrap();
    assert_eq!((again.new, again.repeats), (0, first.new + first.repeats));
    assert_eq!((Standing::of(&office).await, office.letters().await), (stands, letters));
}
