//! Letters that follow the first: reminders, corrections; and what holds a letter back.

use domain::{DeliveryState, Letter, MilestoneState, Suppression};
use serde_json::{Value, json};

use crate::support::{Office, event, pack_with, registers};

const CHAU: &str = "999196100011";
const RUONG: &str = "999198100031";
const MY: &str = "999300100041";

/// The real pack, in which a birth is a thing to be careful with.
async fn careful(moment: &str, how: &str) -> Office {
    let guarded = format!(
        "guards:\n  deceased: [child, mother]\n  sensitive: {{kind: stillbirth, told: [mother], \
         {how}, because: {{vi: thử, en: a test}}}}"
    );
    let guards = "guards: {deceased: [child, mother]}";
    Office::on(moment, pack_with(&[("birth/life-event.yaml", guards, &guarded)])).await
}

#[tokio::test]
async fn what_is_not_done_is_reminded_of_on_its_days_and_not_before() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    office.told(&registers()).await;
    office.told(&[event("cs-0001")]).await;
    let mother = office.person(CHAU);
    assert_eq!(office.letters_to(mother).await, [Letter::First]);
    // Thirty days after 2 November is 2 December; a reminder is sent from eight o'clock on.
    office.moves_to("2026-12-02T00:59:00Z");
    office.new_day().await;
    assert_eq!(office.letters_to(mother).await, [Letter::First]);
    office.moves_to("2026-12-02T01:00:00Z");
    office.works().await;
    let first = Letter::Reminder("2026-12-02".parse().unwrap());
    assert_eq!(office.letters_to(mother).await, [Letter::First, first]);
    let reminder = office.letter_to(mother, first).await;
    assert!(reminder.subject_line.starts_with("Nhắc: "), "{}", reminder.subject_line);
    assert!(reminder.text.contains("nhắc"), "{}", reminder.text);
    // Told of again, as registers do: no day is reminded of twice.
    office.told(&[event("cs-0001")]).await;
    office.moves_to("2026-12-22T03:00:00Z");
    office.new_day().await;
    let second = Letter::Reminder("2026-12-22".parse().unwrap());
    assert_eq!(office.letters_to(mother).await, [Letter::First, first, second]);
}

#[tokio::test]
async fn what_is_done_is_not_reminded_of() {
    let office = Office::at("2026-08-30T02:00:00Z").await;
    office.told(&registers()).await;
    office.new_day().await;
    office.told(&[event("cs-0003")]).await;
    let mother = office.person(RUONG);
    assert_eq!(office.letters_to(mother).await, [Letter::First]);
    office.moves_to("2026-09-10T09:00:00Z");
    office.told(&[event("ks-0001")]).await;
    office.moves_to("2026-11-30T03:00:00Z");
    office.new_day().await;
    assert_eq!(office.letters_to(mother).await, [Letter::First]);
}

#[tokio::test]
async fn what_was_taken_back_is_corrected_on_the_same_channel_once() {
    let office = Office::at("2026-11-10T03:00:00Z").await;
    office.told(&registers()).await;
    office.told(&[event("cs-0004")]).await;
    let mother = office.person(MY);
    office.moves_to("2026-11-11T02:00:00Z");
    office.told(&[event("hcs-0001"), event("hcs-0001")]).await;
    assert_eq!(office.letters_to(mother).await, [Letter::First, Letter::Correction]);
    let correction = office.letter_to(mother, Letter::Correction).await;
    assert!(correction.text.contains("đính chính"), "{}", correction.text);
    assert!(!correction.text.contains("Hạn"), "no deadline is told: {}", correction.text);
}

#[tokio::test]
async fn silence_follows_where_the_pack_says_so_and_where_nothing_was_sent() {
    let silent = ("birth/life-event.yaml", "occurrence: once", "occurrence: once\nsilent: true");
    let office = Office::on("2026-11-10T03:00:00Z", pack_with(&[silent])).await;
    office.told(&registers()).await;
    office.told(&[event("cs-0004")]).await;
    office.moves_to("2026-11-11T02:00:00Z");
    office.told(&[event("hcs-0001")]).await;
    assert_eq!(office.letters_to(office.person(MY)).await, [Letter::First]);

    let office = Office::at("2026-11-11T02:00:00Z").await;
    office.told(&registers()).await;
    office.takes(&[event("cs-0004"), event("hcs-0001")]).await;
    office.works().await;
    assert_eq!(office.letters_to(office.person(MY)).await, []);
}

#[tokio::test]
async fn what_hurts_waits_and_an_officer_holds_it() {
    let waiting = careful("2026-11-02T06:00:00Z", "wait: {count: 20, unit: calendar_days}").await;
    waiting.told(&registers()).await;
    waiting.told(&[event("cs-0001")]).await;
    let mother = waiting.person(CHAU);
    assert_eq!(waiting.certain(mother).await, [""; 0], "nothing is prepared either");
    waiting.moves_to("2026-11-22T10:00:00Z");
    waiting.new_day().await;
    assert_eq!(waiting.letters_to(mother).await, []);
    waiting.moves_to("2026-11-22T18:00:00Z");
    waiting.new_day().await;
    assert_eq!(waiting.letters_to(mother).await, [Letter::First]);

    let held = careful("2026-11-02T06:00:00Z", "officer: true").await;
    held.told(&registers()).await;
    held.told(&[event("cs-0001")]).await;
    held.moves_to("2027-02-01T06:00:00Z");
    held.new_day().await;
    assert_eq!(held.letters_to(mother).await, []);
    assert!(!held.standing().await.is_empty(), "kept for an officer");
}

#[tokio::test]
async fn what_turns_out_to_hurt_after_it_was_worded_is_held_back_at_the_claim() {
    let office =
        careful("2026-11-02T06:00:00Z", "officer: true, when: mother.marriage.recorded").await;
    let (marriages, others): (Vec<Value>, Vec<Value>) =
        registers().into_iter().partition(|it| it["id"].as_str().unwrap().starts_with("kh-"));
    office.told(&others).await;
    office.takes(&[event("cs-0001")]).await;
    let mother = office.person(CHAU);
    assert!(office.works_until_worded(mother).await, "a message waits");
    office.told(&marriages).await;
    let letters = office.letters().await;
    let (_, delivery) = letters.iter().find(|(it, _)| it.recipient == mother).unwrap();
    assert_eq!(delivery.state, DeliveryState::Suppressed);
    assert_eq!(delivery.suppressed, Some(Suppression::Sensitive));
}

#[tokio::test]
async fn a_card_that_was_renewed_closes_what_its_end_had_begun() {
    let office = Office::at("2026-11-27T03:00:00Z").await;
    office.told(&[licence("1", "2017-01-20", "2027-01-20")]).await;
    let of_licence = |all: Vec<domain::Milestone>| {
        all.into_iter().filter(|it| it.life_event == "LE-LICENCE-EXPIRY").collect::<Vec<_>>()
    };
    let [begun] = of_licence(office.standing().await).try_into().unwrap();
    assert_eq!((begun.occurrence.as_str(), begun.state), ("2027-01-20", MilestoneState::Reached));
    office.told(&[licence("2", "2026-11-27", "2036-11-27")]).await;
    let [ended] = of_licence(office.milestones().await).try_into().unwrap();
    assert_eq!((ended.id, ended.state), (begun.id, MilestoneState::Closed));
    // Ninety days before the new end it begins anew.
    office.moves_to("2036-08-30T03:00:00Z");
    office.new_day().await;
    let [again] = of_licence(office.standing().await).try_into().unwrap();
    assert_eq!(again.occurrence, "2036-11-27");
}

fn licence(id: &str, issued_on: &str, expires_on: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:vn:register:driving-licences",
        "type": "vn.driving.licence-recorded.v1", "time": "2026-11-27T09:00:00+07:00",
        "datacontenttype": "application/json",
        "data": {
            "person": {"pin": CHAU}, "number": "9990001", "class": "B", "kind": "dân sự",
            "issued_on": issued_on, "expires_on": expires_on, "exchange_asked": false,
        },
    })
}
