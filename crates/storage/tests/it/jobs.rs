//! The job table and the schedules, with workers that compete and die.

use std::collections::BTreeSet;

use domain::JobId;
use jiff::{SignedDuration, Timestamp};
use storage::jobs::{
    self, Claimer, Desk, Enqueued, Fate, Job, JobCounts, MOST_ATTEMPTS, NewJob, Which,
};
use storage::{Conn, StorageError, Store, schedules};
use tokio::task::JoinSet;

use crate::both::on_both;
use crate::fixtures::{event, later, noon};

on_both! {
    asking_twice_makes_one_job,
    the_more_urgent_goes_first_and_nothing_before_its_time,
    two_claimers_never_get_one_job,
    what_a_killed_worker_held_is_taken_up_again_and_it_can_complete_nothing,
    a_worker_that_is_back_under_its_name_takes_up_what_it_left_at_its_desk,
    a_longer_lease_keeps_a_long_job,
    within_a_lane_the_nearer_deadline_goes_first,
    no_lane_waits_for_another_to_be_empty,
    the_desks_do_not_see_each_other,
    what_waits_for_its_time_costs_no_claim,
    a_failing_job_comes_back_at_its_time_and_is_dead_without_one,
    a_job_that_kills_its_workers_is_dead_in_the_end,
    a_job_that_was_asked_for_again_while_it_failed_is_tried_once_more,
    a_job_that_is_put_off_has_not_been_tried,
    dead_jobs_are_seen_tried_again_and_dropped,
    the_queue_is_measured_up_to_a_bound,
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
        lane: "work/a".to_owned(),
        priority: 0,
        due_by: later(900),
        run_at: noon(),
        trace: event("1").trace,
    }
}

/// Claims as a worker does, from all lanes in the order of their names.
async fn claim(conn: &mut Conn, worker: &str, now: Timestamp, limit: u32) -> Vec<Job> {
    jobs::make_ready(conn, now).await.unwrap();
    let lanes = jobs::lanes(conn, Desk::Work).await.unwrap();
    jobs::claim(conn, &Claimer { worker, now, lease: LEASE }, &lanes, limit).await.unwrap()
}

async fn claim_one(conn: &mut Conn, worker: &str, seconds: i64) -> Job {
    claim(conn, worker, later(seconds), 1).await.pop().unwrap()
}

async fn put(conn: &mut Conn, job: &NewJob) -> Enqueued {
    jobs::enqueue(conn, job, noon()).await.unwrap()
}

async fn again(conn: &mut Conn, job: &NewJob) {
    jobs::enqueue_again(conn, std::slice::from_ref(job), noon()).await.unwrap();
}

async fn asking_twice_makes_one_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(put(&mut tx, &job("a")).await, Enqueued::New);
    assert_eq!(put(&mut tx, &job("a")).await, Enqueued::Known);
    let claimed = claim_one(&mut tx, "w1", 0).await;
    assert_eq!((claimed.id, &claimed.payload), (job("a").id, &job("a").payload));
    assert_eq!((claimed.attempt, claimed.lease_until), (1, later(60)));
    jobs::complete(&mut tx, std::slice::from_ref(&claimed), later(1)).await.unwrap();
    assert_eq!(put(&mut tx, &job("a")).await, Enqueued::Known);
    assert_eq!(jobs::counts(&mut tx).await.unwrap(), JobCounts { done: 1, ..JobCounts::default() });
}

async fn the_more_urgent_goes_first_and_nothing_before_its_time(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for (name, priority, seconds) in
        [("late", 9, 100), ("old", 0, -5), ("new", 0, -1), ("urgent", 5, 0)]
    {
        let job = NewJob { priority, run_at: later(seconds), ..job(name) };
        put(&mut tx, &job).await;
    }
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(-5)));
    let claimed = claim(&mut tx, "w1", noon(), 9).await;
    let ids: Vec<JobId> = claimed.iter().map(|job| job.id).collect();
    assert_eq!(ids, ["urgent", "old", "new"].map(|name| job(name).id));
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(60)));
}

/// Claims until nothing is left, and completes what it claimed.
async fn work(store: Store, worker: String) -> Vec<JobId> {
    let mut mine = Vec::new();
    loop {
        let mut tx = store.begin().await.unwrap();
        let claimed = claim(&mut tx, &worker, noon(), 3).await;
        tx.commit().await.unwrap();
        if claimed.is_empty() {
            return mine;
        }
        assert!(claimed.len() <= 3, "claimed more than asked for");
        for job in claimed {
            let mut tx = store.begin().await.unwrap();
            jobs::complete(&mut tx, std::slice::from_ref(&job), later(1)).await.unwrap();
            tx.commit().await.unwrap();
            mine.push(job.id);
        }
    }
}

async fn two_claimers_never_get_one_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..60 {
        put(&mut tx, &job(&n.to_string())).await;
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
    put(&mut tx, &job("a")).await;
    let first = claim_one(&mut tx, "w1", 0).await;
    assert_eq!(claim(&mut tx, "w2", later(59), 9).await, []);
    let second = claim_one(&mut tx, "w2", 60).await;
    assert_eq!((second.id, second.attempt), (first.id, 2));

    for late in [
        jobs::complete(&mut tx, std::slice::from_ref(&first), later(61)).await,
        jobs::fail(&mut tx, &first, later(61), "late", Some(LEASE)).await.map(|_| ()),
        jobs::give_up(&mut tx, &first, later(61), "late").await,
        jobs::extend(&mut tx, &first, later(61), LEASE).await,
        jobs::release(&mut tx, &first).await,
        jobs::postpone(&mut tx, &first, later(99)).await,
    ] {
        assert!(matches!(late.unwrap_err(), StorageError::Conflict { what: "job", .. }));
    }
    // Of several together too, whichever of them was lost.
    put(&mut tx, &job("other")).await;
    let other = claim_one(&mut tx, "two", 61).await;
    let late = jobs::complete(&mut tx, &[other, first], later(62)).await;
    assert!(matches!(late.unwrap_err(), StorageError::Conflict { what: "job", .. }));
    jobs::complete(&mut tx, &[second], later(62)).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().running, 0);
}

async fn a_worker_that_is_back_under_its_name_takes_up_what_it_left_at_its_desk(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for name in ["1", "2"] {
        put(&mut tx, &job(name)).await;
    }
    put(&mut tx, &NewJob { lane: "post/a".to_owned(), ..job("3") }).await;
    let left = claim_one(&mut tx, "one", 0).await;
    claim_one(&mut tx, "two", 0).await;
    let by = Claimer { worker: "one", now: noon(), lease: LEASE };
    jobs::claim(&mut tx, &by, &["post/a".to_owned()], 1).await.unwrap();
    assert_eq!(jobs::take_back(&mut tx, "nobody", Desk::Work, later(1)).await.unwrap(), 0);
    assert_eq!(jobs::take_back(&mut tx, "one", Desk::Work, later(1)).await.unwrap(), 1);
    let counts = jobs::counts(&mut tx).await.unwrap();
    assert_eq!((counts.queued, counts.running), (1, 2), "another's, and another desk's, stay");
    // Its earlier life, should it still be there, completes nothing.
    let late = jobs::complete(&mut tx, std::slice::from_ref(&left), later(1)).await;
    assert!(matches!(late, Err(StorageError::Conflict { .. })), "{late:?}");
    let mut again = claim_one(&mut tx, "one", 1).await;
    assert_eq!((again.id, again.attempt), (left.id, 2));
    for attempt in 3..=MOST_ATTEMPTS {
        jobs::take_back(&mut tx, "one", Desk::Work, later(1)).await.unwrap();
        again = claim_one(&mut tx, "one", 1).await;
        assert_eq!(again.attempt, attempt);
    }
    jobs::take_back(&mut tx, "one", Desk::Work, later(1)).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().dead, 1, "it may be what kills its worker");
}

async fn a_longer_lease_keeps_a_long_job(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &job("a")).await;
    let held = claim_one(&mut tx, "w1", 0).await;
    jobs::extend(&mut tx, &held, later(50), LEASE).await.unwrap();
    assert_eq!(claim(&mut tx, "w2", later(100), 9).await, []);
    jobs::complete(&mut tx, std::slice::from_ref(&held), later(105)).await.unwrap();
}

async fn a_failing_job_comes_back_at_its_time_and_is_dead_without_one(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &job("a")).await;
    let held = claim_one(&mut tx, "w1", 0).await;
    let delay = Some(SignedDuration::from_secs(70));
    let fate = jobs::fail(&mut tx, &held, later(1), "no answer", delay).await.unwrap();
    assert_eq!(fate, Fate::Retry(later(71)));
    assert_eq!(jobs::counts(&mut tx).await.unwrap().waiting, 1);
    assert_eq!(jobs::open_counts(&mut tx).await.unwrap(), jobs::counts(&mut tx).await.unwrap());
    assert_eq!(claim(&mut tx, "w1", later(70), 9).await, []);
    let held = claim_one(&mut tx, "w1", 71).await;
    assert_eq!(held.attempt, 2);
    let fate = jobs::fail(&mut tx, &held, later(72), "no answer\0", None).await.unwrap();
    assert_eq!(fate, Fate::Dead);
    let dead = jobs::list(&mut tx, "dead", 9).await.unwrap();
    assert_eq!((dead[0].id, dead[0].error.as_deref()), (job("a").id, Some("no answer")));
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), None);
}

async fn within_a_lane_the_nearer_deadline_goes_first(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for (name, priority, due, since) in
        [("far", 0, 900, -9), ("near", 0, 60, 0), ("nearer", 0, 30, 0), ("above", 1, 900, 0)]
    {
        let job = NewJob { priority, due_by: later(due), run_at: later(since), ..job(name) };
        put(&mut tx, &job).await;
    }
    let ids: Vec<JobId> = claim(&mut tx, "w", noon(), 9).await.iter().map(|it| it.id).collect();
    assert_eq!(ids, ["above", "nearer", "near", "far"].map(|name| job(name).id));
}

/// A thousand births and one death: the death is not the thousand-and-first.
async fn no_lane_waits_for_another_to_be_empty(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..1_000 {
        let job = NewJob { lane: "work/birth".into(), priority: 4, ..job(&n.to_string()) };
        put(&mut tx, &job).await;
    }
    for name in ["death", "wedding"] {
        put(&mut tx, &NewJob { lane: format!("work/{name}"), ..job(name) }).await;
    }
    assert_eq!(
        jobs::lanes(&mut tx, Desk::Work).await.unwrap(),
        ["work/birth", "work/death", "work/wedding"]
    );
    let claimed = claim(&mut tx, "w", noon(), 4).await;
    let of = |lane: &str| claimed.iter().filter(|it| it.lane == lane).count();
    assert_eq!((of("work/birth"), of("work/death"), of("work/wedding")), (2, 1, 1));
    // What the others leave free goes to whoever has more.
    assert_eq!(claim(&mut tx, "w", noon(), 9).await.len(), 9);
    assert_eq!(jobs::lanes(&mut tx, Desk::Work).await.unwrap(), ["work/birth"]);
}

async fn the_desks_do_not_see_each_other(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &NewJob { lane: "post/inbox/a".into(), ..job("send") }).await;
    put(&mut tx, &job("think")).await;
    assert_eq!(jobs::lanes(&mut tx, Desk::Post).await.unwrap(), ["post/inbox/a"]);
    assert_eq!(jobs::lanes(&mut tx, Desk::Work).await.unwrap(), ["work/a"]);
}

async fn what_waits_for_its_time_costs_no_claim(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &NewJob { run_at: later(60), ..job("a") }).await;
    let counts = jobs::counts(&mut tx).await.unwrap();
    assert_eq!((counts.waiting, counts.queued), (1, 0));
    assert_eq!(jobs::lanes(&mut tx, Desk::Work).await.unwrap(), [""; 0]);
    jobs::make_ready(&mut tx, later(59)).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().queued, 0);
    jobs::make_ready(&mut tx, later(60)).await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().queued, 1);
}

async fn a_job_that_was_asked_for_again_while_it_failed_is_tried_once_more(store: Store) {
    let mut tx = store.begin().await.unwrap();
    again(&mut tx, &job("a")).await;
    let held = claim_one(&mut tx, "w1", 0).await;
    again(&mut tx, &job("a")).await;
    jobs::give_up(&mut tx, &held, later(1), "no").await.unwrap();
    let held = claim_one(&mut tx, "w1", 2).await;
    assert_eq!(held.attempt, 1);
    jobs::give_up(&mut tx, &held, later(3), "no").await.unwrap();
    assert_eq!(jobs::counts(&mut tx).await.unwrap().dead, 1);
}

async fn a_job_that_is_put_off_has_not_been_tried(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &job("a")).await;
    let held = claim_one(&mut tx, "w1", 0).await;
    jobs::postpone(&mut tx, &held, later(100)).await.unwrap();
    assert_eq!(claim(&mut tx, "w1", later(99), 9).await, []);
    assert_eq!(claim_one(&mut tx, "w1", 100).await.attempt, 1);
}

async fn dead_jobs_are_seen_tried_again_and_dropped(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for name in ["a", "b", "c"] {
        put(&mut tx, &NewJob { kind: format!("kind-{name}"), ..job(name) }).await;
    }
    for held in claim(&mut tx, "w", noon(), 9).await {
        jobs::give_up(&mut tx, &held, later(1), "broken").await.unwrap();
    }
    let dead = jobs::list(&mut tx, "dead", 9).await.unwrap();
    assert_eq!(dead.len(), 3);
    assert!(dead.iter().all(|it| it.attempts == 1 && it.error.as_deref() == Some("broken")));

    assert_eq!(jobs::retry_dead(&mut tx, Which::Ids(&[]), later(2)).await.unwrap(), 0);
    let ids = [job("a").id, job("a").id];
    assert_eq!(jobs::retry_dead(&mut tx, Which::Ids(&ids), later(2)).await.unwrap(), 1);
    let held = claim_one(&mut tx, "w", 2).await;
    assert_eq!((held.id, held.attempt), (job("a").id, 1));
    // What is not dead is left alone.
    assert_eq!(jobs::drop_dead(&mut tx, Which::Ids(&ids)).await.unwrap(), 0);
    assert_eq!(jobs::drop_dead(&mut tx, Which::Kind("kind-b")).await.unwrap(), 1);
    assert_eq!(jobs::retry_dead(&mut tx, Which::All, later(3)).await.unwrap(), 1);
    assert_eq!(jobs::list(&mut tx, "dead", 9).await.unwrap(), []);
}

async fn the_queue_is_measured_up_to_a_bound(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..5 {
        put(&mut tx, &job(&n.to_string())).await;
    }
    put(&mut tx, &NewJob { run_at: later(60), ..job("waits") }).await;
    assert_eq!(jobs::depth(&mut tx, 3).await.unwrap(), 3);
    assert_eq!(jobs::depth(&mut tx, 100).await.unwrap(), 5);
}

async fn a_job_that_kills_its_workers_is_dead_in_the_end(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &job("a")).await;
    let mut now = 0;
    for attempt in 1..=MOST_ATTEMPTS {
        assert_eq!(claim_one(&mut tx, "w1", now).await.attempt, attempt);
        now += 60;
    }
    assert_eq!(claim(&mut tx, "w1", later(now), 9).await, []);
    assert_eq!(jobs::list(&mut tx, "dead", 9).await.unwrap().len(), 1);
}

async fn work_asked_for_while_it_runs_is_done_once_more(store: Store) {
    let mut tx = store.begin().await.unwrap();
    again(&mut tx, &job("a")).await;
    again(&mut tx, &job("a")).await;
    let held = claim_one(&mut tx, "w1", 0).await;
    again(&mut tx, &NewJob { run_at: later(5), ..job("a") }).await;
    assert_eq!(jobs::counts(&mut tx).await.unwrap().running, 1);
    jobs::complete(&mut tx, std::slice::from_ref(&held), later(6)).await.unwrap();

    let rerun = claim_one(&mut tx, "w1", 6).await;
    assert_eq!((rerun.id, rerun.attempt), (held.id, 1));
    jobs::complete(&mut tx, std::slice::from_ref(&rerun), later(7)).await.unwrap();
    assert_eq!(claim(&mut tx, "w1", later(99), 9).await, []);

    // Done long ago: queued anew. Waiting: the earlier time counts.
    again(&mut tx, &NewJob { run_at: later(500), ..job("a") }).await;
    again(&mut tx, &NewJob { run_at: later(200), ..job("a") }).await;
    again(&mut tx, &NewJob { run_at: later(900), ..job("a") }).await;
    assert_eq!(jobs::next_at(&mut tx).await.unwrap(), Some(later(200)));
    let held = claim_one(&mut tx, "w1", 200).await;
    jobs::give_up(&mut tx, &held, later(201), "no").await.unwrap();
    again(&mut tx, &job("a")).await;
    assert_eq!(claim_one(&mut tx, "w1", 202).await.attempt, 1);
}

async fn a_worker_that_stops_gives_its_jobs_back_untouched(store: Store) {
    let mut tx = store.begin().await.unwrap();
    put(&mut tx, &job("a")).await;
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
