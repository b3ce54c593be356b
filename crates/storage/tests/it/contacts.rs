//! Where people asked to be told, and what a notice needs before it goes out.

use domain::{Channel, Detail, Suppression};
use storage::contacts::Chosen;
use storage::deliveries::{self, Budget, Claim};
use storage::{Conn, Store, Stored, Tx, contacts};

use crate::both::on_both;
use crate::fixtures::{a_message, delivery, father, later, message, mother, noon};
use crate::messages::{claim, claim_at};

on_both! {
    a_notice_needs_an_address_that_is_in_force,
    nobody_is_disturbed_more_often_than_allowed,
    an_address_that_was_taken_back_is_forgotten,
    what_a_notice_may_say_stays_chosen_while_there_is_an_address,
}

/// Puts a delivery of the message on another channel.
async fn on_channel(conn: &mut Conn, channel: Channel) -> domain::DeliveryId {
    let id = domain::Delivery::id_of(message().id, channel);
    let other = domain::Delivery { id, channel, ..delivery() };
    deliveries::put(conn, &other).await.unwrap();
    id
}

async fn a_notice_needs_an_address_that_is_in_force(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let (sms, email) = (Channel::Sms, Channel::Email);
    contacts::give(&mut tx, mother(), sms, "+84900000001", noon()).await.unwrap();
    let on_sms = on_channel(&mut tx, sms).await;
    let Claim::Claimed(taken) = claim_at(&mut tx, on_sms, later(1), None).await else {
        panic!("an address was given")
    };
    assert_eq!(taken.contact.map(|it| it.address).as_deref(), Some("+84900000001"));
    // Taken back while the notice waited.
    contacts::give(&mut tx, mother(), email, "a@example.vn", noon()).await.unwrap();
    let on_email = on_channel(&mut tx, email).await;
    contacts::take_back(&mut tx, mother(), email, later(1)).await.unwrap();
    assert_eq!(
        claim_at(&mut tx, on_email, later(2), None).await,
        Claim::Suppressed(Suppression::NoConsent)
    );
    // The inbox needs none.
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
}

async fn nobody_is_disturbed_more_often_than_allowed(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    for channel in [Channel::Sms, Channel::Push, Channel::Email] {
        contacts::give(&mut tx, mother(), channel, "there", noon()).await.unwrap();
    }
    let budget = Some(Budget { week: 1, month: 6 });
    let [sms, push, email] = [
        on_channel(&mut tx, Channel::Sms).await,
        on_channel(&mut tx, Channel::Push).await,
        on_channel(&mut tx, Channel::Email).await,
    ];
    assert!(matches!(claim_at(&mut tx, sms, later(1), budget).await, Claim::Claimed(_)));
    // Under way counts already; mail and the inbox are not counted.
    assert!(matches!(claim_at(&mut tx, email, later(2), budget).await, Claim::Claimed(_)));
    assert!(matches!(claim_at(&mut tx, delivery().id, later(2), budget).await, Claim::Claimed(_)));
    deliveries::requeue(&mut tx, sms).await.unwrap();
    assert!(matches!(claim_at(&mut tx, sms, later(3), budget).await, Claim::Claimed(_)));
    deliveries::record_sent(&mut tx, sms, later(4)).await.unwrap();
    let pressing = claim_at(&mut tx, push, later(5), None).await;
    assert!(matches!(pressing, Claim::Claimed(_)), "what presses goes out in any case");
    deliveries::requeue(&mut tx, push).await.unwrap();
    let week = later(7 * 24 * 3600);
    assert_eq!(
        claim_at(&mut tx, push, week, budget).await,
        Claim::Suppressed(Suppression::OverBudget),
        "a second less than a week after"
    );
}

async fn an_address_that_was_taken_back_is_forgotten(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let give = async |tx: &mut Tx, address: &str, at| {
        contacts::give(tx, mother(), Channel::Email, address, at).await.unwrap()
    };
    assert_eq!(give(&mut tx, "a@example.vn", noon()).await, Stored::New);
    assert_eq!(give(&mut tx, "a@example.vn", later(1)).await, Stored::Same);
    assert_eq!(give(&mut tx, "b@example.vn", later(2)).await, Stored::Changed);
    contacts::give(&mut tx, mother(), Channel::Sms, "1", later(3)).await.unwrap();
    let held = contacts::in_force(&mut tx, mother()).await.unwrap();
    let held: Vec<_> = held.iter().map(|it| it.address.as_str()).collect();
    assert_eq!(held, ["1", "b@example.vn"], "the latest first");
    assert!(contacts::take_back(&mut tx, mother(), Channel::Email, later(4)).await.unwrap());
    assert!(!contacts::take_back(&mut tx, mother(), Channel::Email, later(4)).await.unwrap());
    assert_eq!(contacts::in_force(&mut tx, mother()).await.unwrap().len(), 1);
    assert_eq!(contacts::in_force(&mut tx, father()).await.unwrap(), []);
}

async fn what_a_notice_may_say_stays_chosen_while_there_is_an_address(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let email = Channel::Email;
    let choose =
        async |tx: &mut Tx, chosen| contacts::choose(tx, mother(), email, chosen).await.unwrap();
    let held = async |tx: &mut Tx| {
        contacts::of_channel(tx, mother(), email).await.unwrap().map(|it| it.chosen)
    };
    let [much, little] = [(Detail::L1, true), (Detail::L0, false)]
        .map(|(detail, plain)| Chosen { detail: Some(detail), plain });
    assert!(!choose(&mut tx, little).await, "there is nothing to choose for");
    contacts::give(&mut tx, mother(), email, "a@example.vn", noon()).await.unwrap();
    assert_eq!(held(&mut tx).await, Some(Chosen::default()));
    assert!(choose(&mut tx, little).await && choose(&mut tx, much).await);
    contacts::give(&mut tx, mother(), email, "b@example.vn", later(1)).await.unwrap();
    assert_eq!(held(&mut tx).await, Some(much), "another address, the same wish");
    assert!(choose(&mut tx, little).await);
    assert_eq!(held(&mut tx).await, Some(little));
    contacts::take_back(&mut tx, mother(), email, later(2)).await.unwrap();
    contacts::give(&mut tx, mother(), email, "b@example.vn", later(3)).await.unwrap();
    assert_eq!(held(&mut tx).await, Some(Chosen::default()), "who comes again is asked again");
}
