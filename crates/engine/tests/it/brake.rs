//! The brake: far more than ever is stopped, what the calendar foretold is not.

use domain::MilestoneId;
use engine::{Brake, Operation};
use jiff::ToSpan as _;
use jiff::civil::Date;
use storage::{halts, tallies};

use crate::support::{Office, event, registers};

/// An office that stops at more than twice the forecast, and at eleven at the least.
async fn office() -> Office {
    let brake = Brake { factor: 2, least: 10, history_days: 35, known_days: 7 };
    let operation = Operation { brake, ..Operation::default() };
    Office::run_as("2026-11-02T06:00:00Z", operation).await
}

/// So many births were newly reached on `day`.
async fn reached(office: &Office, day: &str, count: u32) {
    let day: Date = day.parse().unwrap();
    let mut tx = office.app.store.begin().await.unwrap();
    for n in 0..count {
        // What was gathered is forgotten, so the same ids count anew.
        let id = MilestoneId::of(&[&day.to_string(), &n.to_string()]);
        tallies::note(&mut tx, &[(id, "LE-BIRTH".to_owned())], day).await.unwrap();
    }
    tallies::gather(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn far_more_than_ever_is_stopped_until_somebody_looked() {
    let office = office().await;
    reached(&office, "2026-10-20", 8).await;
    reached(&office, "2026-11-02", 16).await;
    assert_eq!(office.app.watch_for_too_many().await.unwrap(), [""; 0], "twice as many");
    reached(&office, "2026-11-02", 17).await;
    assert_eq!(office.app.watch_for_too_many().await.unwrap(), [""; 0], "looks once a minute");
    office.moves_to("2026-11-02T06:01:00Z");
    let stopped = office.app.watch_for_too_many().await.unwrap();
    assert_eq!(stopped, ["life-event:LE-BIRTH"]);
    // What follows from a birth waits; that there was one is known.
    office.told(&registers()).await;
    let before = office.sent().await;
    office.told(&[event("cs-0001")]).await;
    assert_eq!(office.births().await.len(), 1);
    assert_eq!(office.sent().await, before);
    let all = halts::list(&mut office.app.store.read().await.unwrap()).await.unwrap();
    assert_eq!((all[0].by_whom.as_str(), all.len()), ("brake", 1));
    assert!(all[0].because.contains("33 were newly reached"), "{}", all[0].because);
    // Somebody looked and lets it go on: it is not stopped again the same day.
    let mut tx = office.app.store.begin().await.unwrap();
    halts::lift(&mut tx, "life-event:LE-BIRTH", office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    office.moves_to("2026-11-02T06:03:00Z");
    assert_eq!(office.app.watch_for_too_many().await.unwrap(), [""; 0]);
    office.works().await;
    assert!(office.sent().await.len() > before.len());
}

#[tokio::test]
async fn what_the_calendar_foretold_and_what_has_no_history_is_not_stopped() {
    let office = office().await;
    reached(&office, "2026-11-02", 500).await;
    assert_eq!(office.app.watch_for_too_many().await.unwrap(), [""; 0], "the first day");
    let office = self::office().await;
    reached(&office, "2026-10-20", 8).await;
    let today: Date = "2026-11-02".parse().unwrap();
    let mut tx = office.app.store.begin().await.unwrap();
    tallies::foretell(&mut tx, "LE-BIRTH", today, 500).await.unwrap();
    // A day far back is no history any more.
    let long_ago = today.checked_sub(40.days()).unwrap();
    tallies::foretell(&mut tx, "LE-BIRTH", long_ago, 1).await.unwrap();
    tx.commit().await.unwrap();
    reached(&office, "2026-11-02", 900).await;
    assert_eq!(office.app.watch_for_too_many().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_birth_is_counted_once_however_often_it_is_told() {
    let office = office().await;
    office.told(&registers()).await;
    office.told(&[event("cs-0001")]).await;
    office.told(&[event("cs-0001")]).await;
    office.app.watch_for_too_many().await.unwrap();
    let mut conn = office.app.store.read().await.unwrap();
    let all = tallies::since(&mut conn, "2026-11-02".parse().unwrap()).await.unwrap();
    let births: Vec<_> = all["LE-BIRTH"].iter().map(|it| it.reached).collect();
    assert_eq!(births, [1]);
}
