//! What intake does with input of every kind: nothing is lost, nothing stops the rest.

use engine::intake::{Intake, Reason, lines};
use serde_json::json;

use crate::support::{Office, event};

async fn refused(office: &Office, change: impl FnOnce(&mut serde_json::Value)) -> Reason {
    let mut changed = event("cs-0001");
    changed["id"] = json!("changed");
    change(&mut changed);
    match office.app.accept(&changed, "a test").await.unwrap() {
        Intake::SetAside { reason, detail, .. } => {
            assert!(!detail.contains("99919610001"), "no personal number in `{detail}`");
            reason
        }
        other => panic!("accepted: {other:?}"),
    }
}

#[tokio::test]
async fn each_fault_is_set_aside_with_its_reason() {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    let reason = refused(&office, |event| event["specversion"] = json!("0.3")).await;
    assert_eq!(reason, Reason::NotACloudEvent);
    let reason = refused(&office, |event| event["type"] = json!("vn.unheard.of.v1")).await;
    assert_eq!(reason, Reason::UnknownType);
    let reason = refused(&office, |event| event["source"] = json!("urn:vn:register:land")).await;
    assert_eq!(reason, Reason::NotAgreed);
    let reason = refused(&office, |event| event["time"] = json!("2026-11-23T03:00:00Z")).await;
    assert_eq!(reason, Reason::InTheFuture);
    let tomorrow = json!("2026-11-24T09:00:00+07:00");
    let reason = refused(&office, |event| event["data"]["birth_time"] = tomorrow).await;
    assert_eq!(reason, Reason::InTheFuture);
    let reason = refused(&office, |event| event["data"]["weight_grams"] = json!("three")).await;
    assert_eq!(reason, Reason::WrongSchema);
    let reason =
        refused(&office, |event| event["data"]["facility"]["name"] = json!("a\u{0}b")).await;
    assert_eq!(reason, Reason::UnstorableText);
}

#[tokio::test]
async fn an_id_used_for_something_else_is_set_aside_and_the_first_stands() {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    office.takes(&[event("cs-0001")]).await;
    let mut other = event("cs-0001");
    other["data"]["weight_grams"] = json!(2000);
    let answer = office.app.accept(&other, "a test").await.unwrap();
    assert!(matches!(answer, Intake::SetAside { reason: Reason::IdReused, .. }), "{answer:?}");
}

#[tokio::test]
async fn the_bad_lines_of_the_samples_come_out_as_their_readme_says() {
    let office = Office::at("2026-11-23T02:00:00Z").await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../life-events/vn/samples/bad.jsonl");
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut told = Vec::new();
    let report =
        lines(&office.app, file, |number, intake| told.push((number, intake.clone()))).await;
    let report = report.unwrap();
    assert_eq!((report.new, report.repeats, report.warnings), (4, 1, 1));
    assert_eq!(report.set_aside.values().sum::<u64>(), 6);
    assert!(matches!(told[1], (2, Intake::SetAside { reason: Reason::BrokenJson, .. })));
    office.works().await;
    let dead = office.person("999300999009");
    assert!(office.sent().await.iter().all(|message| message.recipient != dead));
}
