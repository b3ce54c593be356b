//! How fast intake and the job table are. Measured on request, asserts nothing about time:
//!
//! ```text
//! cargo test --release -p cotmoc-storage --test it speed -- --ignored --nocapture --test-threads 1
//! ```

use std::time::Instant;

use domain::{Event, SubjectId, Value};
use jiff::SignedDuration;
use storage::jobs::{self, Claimer, Desk, NewJob};
use storage::{Store, Tx, facts, status, subjects};

use crate::both::{self, Schema};
use crate::fixtures::{enter, event, fact, later, noon, subject};

const EVENTS: i64 = 10_000;
const AT_ONCE: i64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and takes long"]
async fn sqlite() {
    let home = tempfile::tempdir().unwrap();
    measure(both::sqlite(home.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and takes long"]
async fn postgres() {
    let Some(place) = Schema::fresh().await else { return };
    measure(place.store().await).await;
    place.drop().await;
}

async fn measure(store: Store) {
    let start = Instant::now();
    for first in (0..EVENTS).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let mut tx = store.begin().await.unwrap();
        for number in first..first + AT_ONCE {
            take_in(&mut tx, number).await;
        }
        tx.commit().await.unwrap();
    }
    tell(&store, "events with 8 facts and a job", start);

    let start = Instant::now();
    let lease = SignedDuration::from_secs(60);
    loop {
        let mut tx = store.begin().await.unwrap();
        let by = Claimer { worker: "w", now: noon(), lease };
        jobs::make_ready(&mut tx, noon()).await.unwrap();
        let lanes = jobs::lanes(&mut tx, Desk::Work).await.unwrap();
        let claimed = jobs::claim(&mut tx, &by, &lanes, 50).await.unwrap();
        tx.commit().await.unwrap();
        if claimed.is_empty() {
            break;
        }
        let mut tx = store.begin().await.unwrap();
        for job in &claimed {
            jobs::complete(&mut tx, std::slice::from_ref(job), noon()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    tell(&store, "jobs claimed and completed by 50", start);

    let counts = status::counts(&mut store.read().await.unwrap()).await.unwrap();
    assert_eq!((counts.events, counts.facts, counts.jobs.done), (10_000, 80_000, 10_000));
}

async fn take_in(tx: &mut Tx, number: i64) {
    let told = Event { received_at: later(number), ..event(&number.to_string()) };
    let who = SubjectId::of(&[&number.to_string()]);
    subjects::put(tx, &[subject(who)]).await.unwrap();
    enter(tx, &told, &[who]).await;
    let known: Vec<_> =
        (0..8).map(|n| fact(&told, who, &format!("attribute.{n}"), Value::Int(n))).collect();
    facts::record(tx, &known).await.unwrap();
    let job = NewJob {
        id: NewJob::id_of("detect", &[&who.to_string()]),
        kind: "detect".to_owned(),
        payload: serde_json::Value::Null,
        lane: "work/a".to_owned(),
        priority: 0,
        due_by: noon(),
        run_at: noon(),
        trace: told.trace,
    };
    jobs::enqueue_again(tx, &[job], noon()).await.unwrap();
}

fn tell(store: &Store, what: &str, start: Instant) {
    let took = start.elapsed();
    let each = took / u32::try_from(EVENTS).unwrap();
    eprintln!("{:?}: {EVENTS} {what} in {took:.2?}, {each:.0?} each", store.dialect());
}
