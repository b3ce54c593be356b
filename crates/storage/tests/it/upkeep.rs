//! Counts, and the end of retention.

use domain::{MilestoneId, SuggestionState, Value};
use jiff::{SignedDuration, Timestamp};
use storage::Store;
use storage::cleanup::cleanup;
use storage::grounds::Ground;
use storage::jobs::{self, Claimer, NewJob};
use storage::portal_keys::{self, PortalKey};
use storage::quarantine::{self, Rejected};
use storage::status::counts;
use storage::{
    access_log, drafts, facts, grounds, journal, messages, sessions, suggestions, tallies,
    templates,
};

use crate::both::on_both;
use crate::fixtures::{
    a_message, child, draft, enter, event, fact, later, message, mother, noon, prepared,
    suggestion, template, today,
};

on_both! {
    what_is_reached_is_counted_by_life_event_and_day,
    the_counts_say_what_there_is,
    each_table_is_cleaned_when_its_retention_ends_and_not_before,
    a_thousand_events_go_in_one_transaction,
}

fn days_later(days: i64) -> Timestamp {
    noon() + SignedDuration::from_hours(24 * days)
}

async fn the_counts_say_what_there_is(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(counts(&mut tx).await.unwrap(), storage::status::Counts::default());
    a_message(&mut tx).await;
    let found = counts(&mut tx).await.unwrap();
    assert_eq!((found.events, found.facts, found.drafts), (1, 2, 0));
    assert_eq!(found.subjects["person"], 3);
    assert_eq!(found.milestones["reached"], 1);
    assert_eq!(found.suggestions["open"], 1);
    assert_eq!(found.messages["template"], 1);
    assert_eq!(found.deliveries["queued"], 1);
    assert!(found.suppressed.is_empty() && found.quarantined.is_empty());
}

async fn each_table_is_cleaned_when_its_retention_ends_and_not_before(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    drafts::put(&mut tx, &[prepared(draft())], noon()).await.unwrap();
    let unused = domain::Template { id: domain::TemplateId::of(&["unused"]), ..template() };
    templates::put(&mut tx, &unused, noon()).await.unwrap();
    let ground = Ground { passage: "birth#fee".to_owned(), hash: "1".to_owned() };
    for rested in [&unused, &template()] {
        grounds::put(&mut tx, rested.id, std::slice::from_ref(&ground)).await.unwrap();
    }
    let rejected = Rejected {
        source: "",
        place: "line 1",
        code: "json",
        reason: "broken",
        raw: "{",
        received_at: noon(),
    };
    quarantine::set_aside(&mut tx, &rejected).await.unwrap();
    sessions::open(&mut tx, &[1; 32], mother(), noon(), days_later(1)).await.unwrap();
    let key = PortalKey {
        id: "key_1".to_owned(),
        name: "Cổng".to_owned(),
        scopes: Vec::new(),
        created_at: noon(),
        revoked_at: Some(noon()),
    };
    portal_keys::add(&mut tx, &key, &[1; 32]).await.unwrap();
    let access = access_log::Access {
        at: noon(),
        subject: mother(),
        reader: "key_1".to_owned(),
        what: "draft".to_owned(),
        purpose: "LE-BIRTH".to_owned(),
        legal_basis: "Điều 16".to_owned(),
    };
    access_log::record(&mut tx, &[access]).await.unwrap();
    access_log::merge(&mut tx, noon(), None, 9).await.unwrap().unwrap();
    let job = NewJob {
        id: NewJob::id_of("a", &[]),
        kind: "a".to_owned(),
        payload: serde_json::Value::Null,
        lane: "work/a".to_owned(),
        priority: 0,
        due_by: noon(),
        run_at: noon(),
        trace: event("1").trace,
    };
    jobs::enqueue(&mut tx, &job, noon()).await.unwrap();
    let lease = SignedDuration::from_secs(60);
    let by = Claimer { worker: "w1", now: noon(), lease };
    let held = jobs::claim(&mut tx, &by, std::slice::from_ref(&job.lane), 1).await.unwrap();
    jobs::complete(&mut tx, &held[..1], noon()).await.unwrap();

    let gone = cleanup(&mut tx, noon()).await.unwrap();
    assert!(gone.values().all(|&rows| rows == 0), "{gone:?}");
    // An open suggestion keeps its draft however old it is.
    let gone = cleanup(&mut tx, days_later(800)).await.unwrap();
    for (table, rows) in [
        ("quarantine", 1),
        ("drafts", 0),
        ("grounds", 1),
        ("templates", 1),
        ("jobs", 1),
        ("sessions", 1),
        ("portal_keys", 1),
        ("access_log", 1),
    ] {
        assert_eq!(gone[table], rows, "{table}");
    }
    let (open, done) = (SuggestionState::Open, SuggestionState::Done);
    let id = suggestion("2.000635").id;
    suggestions::move_state(&mut tx, id, open, done, days_later(800)).await.unwrap();
    assert_eq!(cleanup(&mut tx, days_later(979)).await.unwrap()["drafts"], 0);
    assert_eq!(cleanup(&mut tx, days_later(981)).await.unwrap()["drafts"], 1);
    // The journal, and the words that a person was sent, stay.
    assert!(journal::get(&mut tx, event("1").id).await.unwrap().is_some());
    assert!(messages::get(&mut tx, message().id).await.unwrap().is_some());
    assert!(templates::get(&mut tx, template().id).await.unwrap().is_some());
}

/// Intake writes many small rows; this holds the shape of one event's transaction.
async fn a_thousand_events_go_in_one_transaction(store: Store) {
    let mut tx = store.begin().await.unwrap();
    storage::subjects::put(&mut tx, &[crate::fixtures::subject(child())]).await.unwrap();
    for number in 0..1000 {
        let told = domain::Event { received_at: later(number), ..event(&number.to_string()) };
        enter(&mut tx, &told, &[child()]).await;
        let known = [fact(&told, child(), "weight", Value::Int(number))];
        facts::record(&mut tx, &known).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    assert_eq!(counts(&mut conn).await.unwrap().facts, 1000);
}

async fn what_is_reached_is_counted_by_life_event_and_day(store: Store) {
    let (first, second) = (today(), today().tomorrow().unwrap());
    let mut tx = store.begin().await.unwrap();
    for (name, life_event, day) in [
        ("a", "LE-BIRTH", first),
        ("b", "LE-BIRTH", first),
        ("a", "LE-BIRTH", first),
        ("c", "LE-DEATH", second),
    ] {
        tallies::note(&mut tx, &[(MilestoneId::of(&[name]), life_event.to_owned())], day)
            .await
            .unwrap();
    }
    tallies::gather(&mut tx).await.unwrap();
    tallies::gather(&mut tx).await.unwrap();
    tallies::foretell(&mut tx, "LE-BIRTH", first, 7).await.unwrap();
    tallies::note(&mut tx, &[(MilestoneId::of(&["d"]), "LE-BIRTH".to_owned())], first)
        .await
        .unwrap();
    tallies::gather(&mut tx).await.unwrap();
    let all = tallies::since(&mut tx, first).await.unwrap();
    let tally = |day, reached, foretold| tallies::Tally { day, reached, foretold };
    assert_eq!(all["LE-BIRTH"], [tally(first, 3, 7)]);
    assert_eq!(all["LE-DEATH"], [tally(second, 1, 0)]);
    assert_eq!(tallies::since(&mut tx, second).await.unwrap().len(), 1);
}
