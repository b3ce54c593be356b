//! The worker and its clock: several at once, a clock that was wrong, a queue that is full.

use std::collections::BTreeSet;

use engine::{EngineError, Operation, Queue, Worker};

use crate::support::{Office, daily, registers, timeline};

#[tokio::test]
async fn three_workers_on_one_database_do_what_one_does_and_nothing_twice() {
    let alone = Office::at("2026-11-23T02:00:00Z").await;
    alone.told(&timeline()).await;
    let ids = |sent: Vec<domain::Message>| sent.into_iter().map(|it| it.id).collect::<Vec<_>>();
    let expected = ids(alone.sent().await);
    assert!(!expected.is_empty());

    let office = Office::at("2026-11-23T02:00:00Z").await;
    office.takes(&timeline()).await;
    let worker = |name: &str| Worker::new(office.app.clone(), name.to_owned());
    let (a, b, c) = (worker("a"), worker("b"), worker("c"));
    let (a, b, c) = tokio::try_join!(a.work_off(), b.work_off(), c.work_off()).unwrap();
    // One may have seen nothing due while another was about to enqueue more.
    office.works().await;
    for worked in [a, b, c] {
        assert_eq!((worked.retried, worked.dead), (0, 0));
        assert!(worked.done > 0, "a worker had nothing to do");
    }
    let sent = ids(office.sent().await);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), sent.len());
    assert_eq!(sent.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
}

/// A clock that stood a year ahead for an hour must not leave a year without a daily run.
#[tokio::test]
async fn a_clock_that_was_set_right_does_not_stop_the_daily_run() {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    let tick = async |moment: &str| {
        office.moves_to(moment);
        office.app.tick(&daily()).await.unwrap()
    };
    assert!(tick("2026-11-23T18:00:00Z").await);
    assert!(!tick("2026-11-23T17:00:00Z").await, "an hour back is nothing to catch up");
    assert!(tick("2027-11-23T18:00:00Z").await);
    assert!(tick("2026-11-24T02:00:00Z").await, "set right: a run at once");
    assert!(!tick("2026-11-24T03:00:00Z").await);
    assert!(tick("2026-11-24T18:00:00Z").await, "and from then on each day's");
    assert!(tick("2026-12-09T18:00:00Z").await, "fifteen days missed");
    assert!(!tick("2026-12-09T18:00:01Z").await, "are caught up once");
}

#[tokio::test]
async fn a_full_queue_is_measured_and_empties_by_work() {
    let operation = Operation { queue: Queue::up_to(5), ..Operation::default() };
    let office = Office::run_as("2026-11-23T02:00:00Z", operation).await;
    office.takes(&registers()[..5]).await;
    assert_eq!(office.app.measure_queue().await.unwrap(), 5);
    let full = office.app.operation.queue.admit(1).unwrap_err();
    assert!(matches!(full, EngineError::Overloaded { length: 5, most: 5 }), "{full}");
    office.works().await;
    assert_eq!(office.app.measure_queue().await.unwrap(), 0);
    office.app.wait_for_room(5).await.unwrap();
}
