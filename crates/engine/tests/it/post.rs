//! Letters on other channels than the inbox: handed over with one id, at the right hour, as often
//! as allowed, and never after somebody said no.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use domain::{Channel, Delivery, DeliveryState, Detail, RefusalScope, SubjectId, Suppression};
use engine::carrier::{Carrier, Carriers, Carrying, NotCarried, Parcel};
use engine::{Operation, Worker};
use jiff::SignedDuration;
use rules::Pack;
use storage::contacts::Chosen;
use storage::jobs::{self, Claimer, Desk, Which};
use storage::{deliveries, halts, messages};

use crate::support::{Office, event, pack, pack_with, registers};

const CHAU: &str = "999196100011";
/// Noon in Hà Nội, two hours after the birth was certified.
const NOON: &str = "2026-11-02T06:00:00Z";

/// Keeps what it is handed, and answers as it is told; then it takes everything.
#[derive(Debug, Default, Clone)]
struct Pigeon {
    carried: Arc<Mutex<Vec<Parcel>>>,
    answers: Arc<Mutex<VecDeque<NotCarried>>>,
}

impl Carrier for Pigeon {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        self.carried.lock().unwrap().push(parcel.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.map_or(Ok(()), Err) })
    }
}

impl Pigeon {
    fn will(&self, answers: impl IntoIterator<Item = NotCarried>) {
        self.answers.lock().unwrap().extend(answers);
    }

    fn carried(&self) -> Vec<Parcel> {
        self.carried.lock().unwrap().clone()
    }
}

/// An office with pigeons on `channels`, at noon, before the birth.
async fn office(channels: &[Channel]) -> (Office, Pigeon) {
    office_of(pack(), channels).await
}

async fn office_of(pack: Arc<Pack>, channels: &[Channel]) -> (Office, Pigeon) {
    let pigeon = Pigeon::default();
    let carriers: Carriers = channels
        .iter()
        .map(|channel| (*channel, Box::new(pigeon.clone()) as Box<dyn Carrier>))
        .collect();
    let operation = Operation { carriers, ..Operation::default() };
    let office = Office::run(NOON, pack, operation).await;
    office.told(&registers()).await;
    // Children of school age were written about already.
    pigeon.carried.lock().unwrap().clear();
    (office, pigeon)
}

async fn delivery(office: &Office, to: SubjectId, channel: Channel) -> Option<Delivery> {
    let milestones = office.milestones().await;
    let mut conn = office.app.store.read().await.unwrap();
    for milestone in milestones {
        for message in messages::of_milestone(&mut conn, milestone.id).await.unwrap() {
            if message.recipient == to {
                let id = Delivery::id_of(message.id, channel);
                return deliveries::get(&mut conn, id).await.unwrap();
            }
        }
    }
    None
}

fn later() -> NotCarried {
    NotCarried::Later { why: "busy".into(), after: None }
}

#[tokio::test]
async fn a_notice_goes_where_the_person_asked_and_says_nothing_of_them() {
    let (office, pigeon) = office(&[Channel::Sms, Channel::Email]).await;
    let mother = office.person(CHAU);
    office.app.give_contact(mother, Channel::Email, "a@example.vn").await.unwrap();
    office.moves_to("2026-11-02T06:00:01Z");
    office.app.give_contact(mother, Channel::Sms, "+84900000001").await.unwrap();
    office.told(&[event("cs-0001")]).await;
    let [parcel] = pigeon.carried().try_into().unwrap();
    let sent = delivery(&office, mother, Channel::Sms).await.unwrap();
    assert_eq!((sent.state, parcel.id), (DeliveryState::Sent, sent.id));
    assert_eq!(parcel.address.as_deref(), Some("+84900000001"));
    for told in ["Châu", "sinh", "999"] {
        assert!(!parcel.text.contains(told) && !parcel.title.contains("Châu"), "{}", parcel.text);
    }
    assert!(!format!("{parcel:?}").contains("+84"), "an address would stand in the log");
    assert!(parcel.text.contains(". Hạn ") && parcel.text.ends_with('.'), "{}", parcel.text);
    // One channel that rings, the one chosen last; and the inbox in any case.
    assert_eq!(delivery(&office, mother, Channel::Email).await, None);
    assert_eq!(office.sent_to(mother).await.len(), 1);
}

#[tokio::test]
async fn a_notice_of_what_is_sensitive_says_that_something_waits_and_no_more() {
    let guards = "guards: {deceased: [child, mother]";
    let sensitive = "sensitive: {kind: death, told: [mother, father], because: {vi: x, en: x}}";
    let with = pack_with(&[("birth/life-event.yaml", guards, &format!("{guards}, {sensitive}"))]);
    let (office, pigeon) = office_of(with, &[Channel::Email]).await;
    let mother = office.person(CHAU);
    office.app.give_contact(mother, Channel::Email, "a@example.vn").await.unwrap();
    office.told(&[event("cs-0001")]).await;
    let [parcel] = pigeon.carried().try_into().unwrap();
    let contact = engine::Contact::default();
    assert_eq!(parcel.text, contact.notice.vi);
    assert_eq!(parcel.title, office.app.writing.words.sender(domain::Language::VI));
}

#[tokio::test]
async fn a_notice_says_no_more_than_the_person_chose() {
    let (office, pigeon) = office(&[Channel::Sms, Channel::Email]).await;
    let mother = office.person(CHAU);
    office.app.give_contact(mother, Channel::Email, "a@example.vn").await.unwrap();
    let chosen =
        async |channel, chosen| office.app.choose_notice(mother, channel, chosen).await.unwrap();
    let little = Chosen { detail: Some(Detail::L0), plain: true };
    assert!(!chosen(Channel::Sms, little).await, "no address was given there");
    assert!(chosen(Channel::Email, little).await);
    office.told(&[event("cs-0001")]).await;
    let [parcel] = pigeon.carried().try_into().unwrap();
    // Mail says what it is about, in Vietnamese letters, where nobody chose otherwise.
    assert_eq!(parcel.title, "He thong dich vu cong chu dong Cot Moc");
    assert!(parcel.text.is_ascii(), "{}", parcel.text);
    // The letter itself is whole.
    let [letter] = office.sent_to(mother).await.try_into().unwrap();
    assert!(letter.text.contains("Kính gửi Bà"), "{}", letter.text);
}

/// The letter is wholly in it; what a notice says around the letter's line is in English.
#[tokio::test]
async fn a_letter_is_in_the_language_that_the_person_chose() {
    let (office, pigeon) = office(&[Channel::Email]).await;
    let mother = office.person(CHAU);
    let french = "fr".parse().unwrap();
    assert!(office.app.choose_language(mother, french).await.unwrap());
    assert_eq!(office.app.language(mother).await.unwrap(), french);
    office.app.give_contact(mother, Channel::Email, "a@example.vn").await.unwrap();
    office.told(&[event("cs-0001")]).await;
    let [letter] = office.sent_to(mother).await.try_into().unwrap();
    assert_eq!(letter.language, french);
    assert!(letter.text.starts_with("À Nguyễn Thị Minh Châu, de la part de : "), "{}", letter.text);
    assert!(letter.text.ends_with("Seul le texte vietnamien a valeur légale."), "{}", letter.text);
    let [parcel] = pigeon.carried().try_into().unwrap();
    assert!(parcel.text.ends_with(&engine::Contact::default().notice.en), "{}", parcel.text);
    let nobody = SubjectId::of(&["nobody"]);
    assert!(!office.app.choose_language(nobody, french).await.unwrap());
}

#[tokio::test]
async fn who_gave_no_address_is_told_in_the_inbox_alone() {
    let (office, pigeon) = office(&[Channel::Sms]).await;
    office.told(&[event("cs-0001")]).await;
    assert_eq!(pigeon.carried(), []);
    assert_eq!(office.sent_to(office.person(CHAU)).await.len(), 1);
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_with_the_same_id() {
    let (office, pigeon) = office(&[Channel::Webhook]).await;
    let mother = office.person(CHAU);
    let after = Some(SignedDuration::from_mins(40));
    pigeon.will([later(), NotCarried::Later { why: "429".into(), after }]);
    office.takes(&[event("cs-0001")]).await;
    let worker = Worker::new(office.app.clone(), "w".to_owned());
    assert_eq!(worker.work_off().await.unwrap().retried, 1);
    let held = delivery(&office, mother, Channel::Webhook).await.unwrap();
    assert_eq!(held.state, DeliveryState::Queued);
    // Five seconds and up to a quarter more; then as long as the other side asked for.
    office.moves_to("2026-11-02T06:00:07Z");
    assert_eq!(worker.work_off().await.unwrap().retried, 1);
    office.moves_to("2026-11-02T06:39:00Z");
    worker.work_off().await.unwrap();
    assert_eq!(pigeon.carried().len(), 2);
    office.moves_to("2026-11-02T06:41:00Z");
    worker.work_off().await.unwrap();
    let carried = pigeon.carried();
    assert_eq!(carried.len(), 3);
    assert!(carried.iter().all(|parcel| *parcel == carried[0]));
    let sent = delivery(&office, mother, Channel::Webhook).await.unwrap();
    assert_eq!(sent.state, DeliveryState::Sent);
}

#[tokio::test]
async fn who_says_no_between_two_tries_is_not_tried_again() {
    let (office, pigeon) = office(&[Channel::Sms]).await;
    let mother = office.person(CHAU);
    office.app.give_contact(mother, Channel::Sms, "+84900000001").await.unwrap();
    pigeon.will([later()]);
    office.takes(&[event("cs-0001")]).await;
    let worker = Worker::new(office.app.clone(), "w".to_owned());
    worker.work_off().await.unwrap();
    office.app.refuse(mother, RefusalScope::All).await.unwrap();
    office.moves_to("2026-11-02T07:00:00Z");
    worker.work_off().await.unwrap();
    assert_eq!(pigeon.carried().len(), 1);
    let held = delivery(&office, mother, Channel::Sms).await.unwrap();
    assert_eq!(held.suppressed, Some(Suppression::Refused));
}

#[tokio::test]
async fn what_is_worded_at_night_waits_for_the_morning_and_the_inbox_does_not() {
    let (office, pigeon) = office(&[Channel::Sms]).await;
    let mother = office.person(CHAU);
    office.app.give_contact(mother, Channel::Sms, "+84900000001").await.unwrap();
    office.moves_to("2026-11-02T14:00:00Z");
    office.told(&[event("cs-0001")]).await;
    assert_eq!(office.sent_to(mother).await.len(), 1);
    office.moves_to("2026-11-03T01:59:59Z");
    office.works().await;
    assert_eq!(pigeon.carried(), []);
    office.moves_to("2026-11-03T02:00:00Z");
    office.works().await;
    assert_eq!(pigeon.carried().len(), 1, "nine o'clock in Hà Nội");
}

#[tokio::test]
async fn what_is_given_up_is_seen_and_can_be_tried_anew() {
    let (office, pigeon) = office(&[Channel::Webhook]).await;
    let mother = office.person(CHAU);
    pigeon.will([NotCarried::Never { why: "answered 404".into() }]);
    office.takes(&[event("cs-0001")]).await;
    let worker = Worker::new(office.app.clone(), "w".to_owned());
    assert_eq!(worker.work_off().await.unwrap().dead, 1);
    let failed = delivery(&office, mother, Channel::Webhook).await.unwrap();
    assert_eq!(failed.state, DeliveryState::Failed);
    let mut tx = office.app.store.begin().await.unwrap();
    let [dead] = jobs::list(&mut tx, "dead", 9).await.unwrap().try_into().unwrap();
    assert!(dead.error.as_deref().unwrap().contains("answered 404"), "{dead:?}");
    jobs::retry_dead(&mut tx, Which::Ids(&[dead.id]), office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    office.works().await;
    let sent = delivery(&office, mother, Channel::Webhook).await.unwrap();
    assert_eq!(sent.state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_channel_whose_other_side_is_gone_stops_itself_and_nothing_is_lost() {
    let (office, pigeon) = office(&[Channel::Webhook]).await;
    let mother = office.person(CHAU);
    pigeon.will([NotCarried::Gone { why: "answered 410".into() }]);
    office.takes(&[event("cs-0001")]).await;
    let worker = Worker::new(office.app.clone(), "w".to_owned());
    worker.work_off().await.unwrap();
    let mut tx = office.app.store.begin().await.unwrap();
    assert_eq!(halts::in_force(&mut tx).await.unwrap(), ["channel:webhook"]);
    // Lifted, with what failed tried again, it goes on.
    jobs::retry_dead(&mut tx, Which::Kind("deliver"), office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    office.works().await;
    assert_eq!(pigeon.carried().len(), 1, "stopped");
    let mut tx = office.app.store.begin().await.unwrap();
    halts::lift(&mut tx, "channel:webhook", office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    office.works().await;
    assert_eq!(pigeon.carried().len(), 2);
    let sent = delivery(&office, mother, Channel::Webhook).await.unwrap();
    assert_eq!(sent.state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_life_event_that_is_stopped_waits_whole_and_others_go_on() {
    let (office, _) = office(&[]).await;
    let mut tx = office.app.store.begin().await.unwrap();
    let halt = halts::Halt {
        scope: "life-event:LE-BIRTH".into(),
        since: office.app.clock.now(),
        by_whom: "test".into(),
        because: "a test".into(),
        ended_at: None,
    };
    halts::set(&mut tx, &halt).await.unwrap();
    tx.commit().await.unwrap();
    let mother = office.person(CHAU);
    office.told(&[event("cs-0001")]).await;
    assert_eq!(office.births().await.len(), 1, "what registers tell is decided");
    assert!(office.open().await.iter().all(|(_, to)| *to != mother), "and nothing is suggested");
    assert_eq!(office.sent_to(mother).await, []);
    let mut tx = office.app.store.begin().await.unwrap();
    halts::lift(&mut tx, &halt.scope, office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    office.works().await;
    assert_eq!(office.sent_to(mother).await.len(), 1);
}

const MY: &str = "999300100041";

/// An office after its post was told of a birth, of which nothing was sent yet.
async fn worded(channels: &[Channel]) -> (Office, Pigeon) {
    let (office, pigeon) = office(channels).await;
    office.moves_to("2026-11-11T03:00:00Z");
    office.takes(&[event("cs-0004")]).await;
    assert!(office.works_until_worded(office.person(MY)).await);
    (office, pigeon)
}

/// Takes all work but the post away, as a worker does that is slow or hangs.
async fn hands_full(office: &Office) -> Vec<jobs::Job> {
    let mut tx = office.app.store.begin().await.unwrap();
    let lanes = jobs::lanes(&mut tx, Desk::Work).await.unwrap();
    let lease = SignedDuration::from_hours(1);
    let by = Claimer { worker: "slow", now: office.app.clock.now(), lease };
    let held = jobs::claim(&mut tx, &by, &lanes, 100).await.unwrap();
    tx.commit().await.unwrap();
    held
}

#[tokio::test]
async fn what_was_taken_back_is_not_sent_even_before_it_is_decided() {
    let (office, pigeon) = worded(&[Channel::Webhook]).await;
    let mother = office.person(MY);
    office.takes(&[event("hcs-0001")]).await;
    let held = hands_full(&office).await;
    assert!(!held.is_empty(), "the withdrawal waits to be decided");
    office.works().await;
    for channel in [Channel::Inbox, Channel::Webhook] {
        let waits = delivery(&office, mother, channel).await.unwrap();
        assert_eq!(waits.state, DeliveryState::Queued, "put off, and not held back for good");
    }
    assert_eq!(pigeon.carried(), []);

    let mut tx = office.app.store.begin().await.unwrap();
    for job in &held {
        jobs::release(&mut tx, job).await.unwrap();
    }
    tx.commit().await.unwrap();
    office.works().await;
    office.moves_to("2026-11-11T03:00:10Z");
    office.works().await;
    for channel in [Channel::Inbox, Channel::Webhook] {
        let held = delivery(&office, mother, channel).await.unwrap();
        assert_eq!(held.suppressed, Some(Suppression::Withdrawn));
    }
    assert_eq!(pigeon.carried(), []);
    assert_eq!(office.letters_to(mother).await, [], "who was told nothing is told no correction");
}

#[tokio::test]
async fn what_only_the_portal_was_told_is_corrected_too() {
    let (office, pigeon) = office(&[Channel::Webhook]).await;
    office.moves_to("2026-11-11T03:00:00Z");
    let mother = office.person(MY);
    let mut tx = office.app.store.begin().await.unwrap();
    let halt = halts::Halt {
        scope: "channel:inbox".into(),
        since: office.app.clock.now(),
        by_whom: "test".into(),
        because: "a test".into(),
        ended_at: None,
    };
    halts::set(&mut tx, &halt).await.unwrap();
    tx.commit().await.unwrap();
    office.told(&[event("cs-0004")]).await;
    assert_eq!(pigeon.carried().len(), 1);
    office.told(&[event("hcs-0001")]).await;
    let carried = pigeon.carried();
    assert_eq!(carried.len(), 2, "the correction");
    assert!(carried.iter().all(|parcel| parcel.recipient == mother));
    assert_ne!(carried[0].message, carried[1].message);
}
