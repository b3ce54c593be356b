//! The job table and the schedules, with workers that compete and die.

use std::collections::BTreeSet;

use domain::JobId;
use jiff::SignedDuration;
use storage::jobs::{self, Enqueued, Fate, Job, JobCounts, NewJob};
use storage::{Conn, StorageError, Store, schedules};
use tokio::task::JoinSet;

use crate::both::on_both;
use crate::fixtures::{event, later, noon};

on_both! {
    asking_twice_makes_one_job,
    the_more_urgent_goes_first_and_nothing_before_its_time,
    two_claimers_never_get_one_job,
    what_a_killed_worker_held_is_taken_up_again_and_it_can_complete_nothing,
    a_longer_lease_keeps_a_long_job,
    a_failing_job_waits_longer_each_time_and_then_is_dead,
    a_job_that_kills_its_workers_is_dead_in_the_end,
    work_asked_for_while_it_runs_is_done_once_more,
    a_worker_that_stops_gives_its_jobs_back_untouched,
    a_scheduled_run_is_taken_once,
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

fn job(name: &str) -> NewJob {
    NewJob {
        id: NewJob::id_of("detect", &[name]),
        kind: "detect".to_owned(),
        payload: serde_json::json!({ "subject": name }),
        priority: 0,
        run_at: noon(),
        trace: event("1").trace,
    }
}

async fn claim_one(conn: &mut Conn, worker: &str, seconds: i64) -> Job {
    let mut jobs = jobs::claim(conn, worker, later(seconds), LEASE, 1).await.unwrap();
    jobs.pop().unwrap()
}

async fn asking_twice_makes_one_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(jobs::enqueue(&mut tx, &job("a")).await.unwrap(), Enqueued::New);
    assert_eq!(jobs::enqueue(&mut tx, &job("a")).await.unwrap(), Enqueued::Known);
    let claimed = claim_one(&mut tx, "w1", 0).await;
    assert_eq!((claimed.id, &claimed.payload), (job("a").id, &job("a").payload));
    assert_eq!((claimed.attempt, claimed.lease_until), (1, later(60)));
    jobs::complete(&mut tx, &claimed, later(1)).await.unwrap();
    assert_eq!(jobs::enqueue(&mut tx, &job("a")).await.unwrap(), Enqueued::Known);
    assert_eq!(jobs::counts(&mut tx).await.unwrap(), JobCounts { done: 1, ..JobCounts::default() });
}

async fn the_more_urgent_goes_first_and_nothing_before_its_time(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for (name, priority, seconds) in
        [("late", 9, 100), ("old", 0, -5), ("new", 0, -1), ("urgent", 5, 0)]
    {
        let job = NewJob { priority, run_at: later(seconds), ..job(name) };
        jobs::enqueue(&mut tx, &job).await.unwrap();
    }
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(-5)));
    let claimed = jobs::claim(&mut tx, "w1", noon(), LEASE, 9).await.unwrap();
    let ids: Vec<JobId> = claimed.iter().map(|job| job.id).collect();
    assert_eq!(ids, ["urgent", "old", "new"].map(|name| job(name).id));
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(60)));
}

/// Claims until nothing is left, and completes what it claimed.
async fn work(store: Store, worker: String) -> Vec<JobId> {
    let mut mine = Vec::new();
    loop {
        let mut tx = store.begin().await.unwrap();
        let claimed = jobs::claim(&mut tx, &worker, noon(), LEASE, 3).await.unwrap();
        tx.commit().await.unwrap();
        if claimed.is_empty() {
            return mine;
        }
        assert!(claimed.len() <= 3, "claimed more than asked for");
        for job in claimed {
            let mut tx = store.begin().await.unwrap();
            jobs::complete(&mut tx, &job, later(1)).await.unwrap();
            tx.commit().await.unwrap();
            mine.push(job.id);
        }
    }
}

async fn two_claimers_never_get_one_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..60 {
        jobs::enqueue(&mut tx, &job(&n.to_string())).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut workers = JoinSet::new();
    for n in 0..4 {
        workers.spawn(work(store.clone(), format!("w{n}")));
    }
    let shares = workers.join_all().await;
    let all: Vec<JobId> = shares.iter().flatten().copied().collect();
    assert_eq!(all.len(), 60);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 60);
    let mut conn = store.read().await.unwrap();
    assert_eq!(jobs::counts(&mut conn).await.unwrap().done, 60);
}

async fn what_a_killed_worker_held_is_taken_up_again_and_it_can_complete_nothing(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue(&mut tx, &job("a")).await.unwrap();
    let first = claim_one(&mut tx, "w1", 0).await;
    assert_eq!(jobs::claim(&mut tx, "w2", later(59), LEASE, 9).await.unwrap(), []);
    let second = claim_one(&mut tx, "w2", 60).await;
    assert_eq!((second.id, second.attempt), (first.id, 2));

    for late in [
        jobs::complete(&mut tx, &first, later(61)).await,
        jobs::fail(&mut tx, &first, later(61), "late").await.map(|_| ()),
        jobs::give_up(&mut tx, &first, later(61), "late").await,
        jobs::extend(&mut tx, &first, later(61), LEASE).await,
        jobs::release(&mut tx, &first).await,
    ] {
        assert!(matches!(late.unwrap_err(), StorageError::Conflict { what: "job", .. }));
    }
    jobs::complete(&mut tx, &second, later(62)).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().done, 1);
}

async fn a_longer_lease_keeps_a_long_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue(&mut tx, &job("a")).await.unwrap();
    let held = claim_one(&mut tx, "w1", 0).await;
    jobs::extend(&mut tx, &held, later(50), LEASE).await.unwrap();
    assert_eq!(jobs::claim(&mut tx, "w2", later(100), LEASE, 9).await.unwrap(), []);
    jobs::complete(&mut tx, &held, later(105)).await.unwrap();
}

async fn a_failing_job_waits_longer_each_time_and_then_is_dead(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue(&mut tx, &job("a")).await.unwrap();
    let mut now = 0;
    for delay in [10, 60, 300, 1800] {
        let held = claim_one(&mut tx, "w1", now).await;
        let fate = jobs::fail(&mut tx, &held, later(now), "no answer").await.unwrap();
        assert_eq!(fate, Fate::Retry(later(now + delay)));
        let early = jobs::claim(&mut tx, "w1", later(now + delay - 1), LEASE, 9).await.unwrap();
        assert_eq!(early, []);
        now += delay;
    }
    let held = claim_one(&mut tx, "w1", now).await;
    let fate = jobs::fail(&mut tx, &held, later(now), "no answer\0").await.unwrap();
    assert_eq!(fate, Fate::Dead);
    let dead = jobs::dead(&mut tx, 9).await.unwrap();
    assert_eq!((dead[0].id, dead[0].error.as_str()), (job("a").id, "no answer"));
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), None);
}

async fn a_job_that_kills_its_workers_is_dead_in_the_end(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue(&mut tx, &job("a")).await.unwrap();
    let mut now = 0;
    for attempt in 1..=jobs::MAX_ATTEMPTS {
        assert_eq!(claim_one(&mut tx, "w1", now).await.attempt, attempt);
        now += 60;
    }
    assert_eq!(jobs::claim(&mut tx, "w1", later(now), LEASE, 9).await.unwrap(), []);
    assert_eq!(jobs::dead(&mut tx, 9).await.unwrap().len(), 1);
}

async fn work_asked_for_while_it_runs_is_done_once_more(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue_again(&mut tx, &job("a")).await.unwrap();
    jobs::enqueue_again(&mut tx, &job("a")).await.unwrap();
    let held = claim_one(&mut tx, "w1", 0).await;
    jobs::enqueue_again(&mut tx, &NewJob { run_at: later(5), ..job("a") }).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().running, 1);
    jobs::complete(&mut tx, &held, later(6)).await.unwrap();

    let again = claim_one(&mut tx, "w1", 6).await;
    assert_eq!((again.id, again.attempt), (held.id, 1));
    jobs::complete(&mut tx, &again, later(7)).await.unwrap();
    assert_eq!(jobs::claim(&mut tx, "w1", later(99), LEASE, 9).await.unwrap(), []);

    // Done long ago: queued anew. Waiting: the earlier time counts.
    jobs::enqueue_again(&mut tx, &NewJob { run_at: later(500), ..job("a") }).await.unwrap();
    jobs::enqueue_again(&mut tx, &NewJob { run_at: later(200), ..job("a") }).await.unwrap();
    jobs::enqueue_again(&mut tx, &NewJob { run_at: later(900), ..job("a") }).await.unwrap();
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(200)));
    let held = claim_one(&mut tx, "w1", 200).await;
    jobs::give_up(&mut tx, &held, later(201), "no").await.unwrap();
    jobs::enqueue_again(&mut tx, &job("a")).await.unwrap();
    assert_eq!(claim_one(&mut tx, "w1", 202).await.attempt, 1);
}

async fn a_worker_that_stops_gives_its_jobs_back_untouched(store: Store) {
    let mut tx = store.begin().await.unwrap();
    jobs::enqueue(&mut tx, &job("a")).await.unwrap();
    let held = claim_one(&mut tx, "w1", 0).await;
    jobs::release(&mut tx, &held).await.unwrap();
    assert_eq!(claim_one(&mut tx, "w2", 0).await.attempt, 1);
}

async fn a_scheduled_run_is_taken_once(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(schedules::last_run(&mut tx, "daily").await.unwrap(), None);
    assert!(schedules::take_run(&mut tx, "daily", None, noon()).await.unwrap());
    assert!(!schedules::take_run(&mut tx, "daily", None, noon()).await.unwrap());
    assert!(schedules::take_run(&mut tx, "daily", Some(noon()), later(60)).await.unwrap());
    assert!(!schedules::take_run(&mut tx, "daily", Some(noon()), later(60)).await.unwrap());
    assert_eq!(schedules::last_run(&mut tx, "daily").await.unwrap(), Some(later(60)));
}
