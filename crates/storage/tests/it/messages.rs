//! Templates, messages, deliveries and what stops them, the inbox, outcomes, refusals.

use std::collections::BTreeMap;

use domain::{
    DeliveryState, EventId, Fact, Interval, Message, MilestoneState, Outcome, OutcomeKind, Refusal,
    RefusalScope, SubjectId, Suppression, Value,
};
use jiff::civil::date;
use storage::Store;
use storage::deliveries::{self, Budget, Checks, Claim};
use storage::grounds::{self, Ground, Looked};
use storage::halts::{self, Halt};
use storage::{
    Conn, StorageError, Stored, Tx, facts, inbox, messages, milestones, outcomes, refusals,
    templates,
};

use crate::both::on_both;
use crate::fixtures::{
    a_message, child, delivery, enter, event, fact, later, message, milestone, mother, noon,
    suggestion, template, today,
};

on_both! {
    a_template_is_found_by_its_shape_and_the_latest_counts,
    a_text_whose_ground_is_gone_is_not_used_and_can_be_found,
    a_message_may_be_bettered_until_it_is_taken_to_be_sent,
    a_delivery_is_claimed_once_and_sent_once,
    a_delivery_that_fails_for_good_says_so,
    nothing_is_sent_to_the_dead,
    nothing_is_sent_about_a_child_that_died,
    a_death_that_was_corrected_or_withdrawn_stops_nothing,
    one_register_that_says_dead_is_enough,
    nothing_is_sent_to_who_refused,
    a_refusal_of_something_else_or_that_ended_stops_nothing,
    nothing_is_sent_about_what_was_withdrawn,
    what_hurts_is_not_sent_by_a_machine,
    what_is_stopped_waits_and_goes_on,
    what_is_not_proved_is_not_sent,
    what_lost_its_proof_is_held_back_until_somebody_may_have_read_it,
    a_refusal_and_a_claim_at_the_same_moment_agree,
    the_inbox_holds_what_was_sent_newest_first_and_only_to_its_owner,
    saying_the_same_twice_is_saying_it_once,
}

pub(crate) async fn claim(conn: &mut Conn) -> Claim {
    claim_at(conn, delivery().id, later(100), None).await
}

/// Checks that stop nothing at `now`.
fn nothing_against(now: jiff::Timestamp) -> Checks<'static> {
    Checks {
        now,
        today: today(),
        must_live: &[],
        deceased: "deceased",
        sensitive: false,
        lost_proof: false,
        refusal_keys: &[],
        halt_scopes: &[],
        budget: None,
    }
}

pub(crate) async fn claim_at(
    conn: &mut Conn,
    id: domain::DeliveryId,
    now: jiff::Timestamp,
    budget: Option<Budget>,
) -> Claim {
    let keys = ["all", "group:COCONNHO", "life-event:LE-BIRTH"].map(str::to_owned);
    let scopes = ["all", "life-event:LE-BIRTH", "channel:inbox"].map(str::to_owned);
    let must_live = [child(), mother()];
    let checks = Checks {
        must_live: &must_live,
        refusal_keys: &keys,
        halt_scopes: &scopes,
        budget,
        ..nothing_against(now)
    };
    deliveries::claim_delivery(conn, id, &checks).await.unwrap().unwrap()
}

async fn what_is_stopped_waits_and_goes_on(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    for scope in ["life-event:LE-DEATH", "channel:sms"] {
        halts::set(&mut tx, &halt(scope)).await.unwrap();
    }
    for scope in ["all", "life-event:LE-BIRTH", "channel:inbox"] {
        assert_eq!(halts::set(&mut tx, &halt(scope)).await.unwrap(), Stored::New);
        assert_eq!(halts::set(&mut tx, &halt(scope)).await.unwrap(), Stored::Same);
        assert_eq!(claim(&mut tx).await, Claim::Halted, "{scope}");
        assert!(halts::lift(&mut tx, scope, later(9)).await.unwrap());
        assert!(!halts::lift(&mut tx, scope, later(9)).await.unwrap());
    }
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
    let all = halts::list(&mut tx).await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(all.iter().filter(|it| it.ended_at == Some(later(9))).count(), 3);
}

fn halt(scope: &str) -> Halt {
    Halt {
        scope: scope.to_owned(),
        since: noon(),
        by_whom: "an operator".to_owned(),
        because: "a test".to_owned(),
        ended_at: None,
    }
}

async fn told_of_death(tx: &mut Tx, number: &str, who: SubjectId, dead: bool) -> Fact {
    let told = domain::Event { received_at: later(number.parse().unwrap()), ..event(number) };
    enter(tx, &told, &[child()]).await;
    let fact = fact(&told, who, "deceased", Value::Bool(dead));
    facts::record(tx, std::slice::from_ref(&fact)).await.unwrap();
    fact
}

async fn a_template_is_found_by_its_shape_and_the_latest_counts(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(templates::put(&mut tx, &template(), noon()).await.unwrap(), Stored::New);
    assert_eq!(templates::put(&mut tx, &template(), noon()).await.unwrap(), Stored::Same);
    let mut newer = template();
    newer.id = domain::TemplateId::of(&["model"]);
    templates::put(&mut tx, &newer, later(1)).await.unwrap();
    let vi = domain::Language::VI;
    let found = templates::of_shape(&mut tx, "birth/mother", vi).await.unwrap();
    assert_eq!(found, Some(newer));
    let en = domain::Language::EN;
    assert_eq!(templates::of_shape(&mut tx, "birth/mother", en).await.unwrap(), None);
    assert_eq!(templates::get(&mut tx, template().id).await.unwrap(), Some(template()));
}

async fn a_text_whose_ground_is_gone_is_not_used_and_can_be_found(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let vi = domain::Language::VI;
    let said = |hash: &str| Ground { passage: "birth#fee".to_owned(), hash: hash.to_owned() };
    let corpus = |hash: &str| BTreeMap::from([("birth#fee".to_owned(), hash.to_owned())]);
    templates::put(&mut tx, &template(), noon()).await.unwrap();
    for _twice in 0..2 {
        grounds::put(&mut tx, template().id, &[said("1")]).await.unwrap();
    }
    assert_eq!(grounds::look(&mut tx, &corpus("1"), later(1)).await.unwrap(), Looked::default());
    assert!(templates::of_shape(&mut tx, "birth/mother", vi).await.unwrap().is_some());

    let looked = grounds::look(&mut tx, &corpus("2"), later(2)).await.unwrap();
    assert_eq!(looked, Looked { gone: vec![said("1")], back: vec![] });
    assert_eq!(grounds::look(&mut tx, &corpus("2"), later(3)).await.unwrap(), Looked::default());
    assert_eq!(templates::of_shape(&mut tx, "birth/mother", vi).await.unwrap(), None);
    assert_eq!(grounds::resting_on(&mut tx, &said("1")).await.unwrap(), [template().id]);
    assert_eq!(grounds::resting_on(&mut tx, &said("2")).await.unwrap(), []);
    let known = grounds::of_passage(&mut tx, "birth#fee").await.unwrap();
    assert_eq!(known, [(said("1"), Some(later(2)))]);
    // A letter that was sent keeps its text.
    assert_eq!(templates::get(&mut tx, template().id).await.unwrap(), Some(template()));

    let nothing = BTreeMap::new();
    assert_eq!(grounds::look(&mut tx, &nothing, later(4)).await.unwrap(), Looked::default());
    let looked = grounds::look(&mut tx, &corpus("1"), later(5)).await.unwrap();
    assert_eq!(looked, Looked { gone: vec![], back: vec![said("1")] });
    assert!(templates::of_shape(&mut tx, "birth/mother", vi).await.unwrap().is_some());
}

async fn a_message_may_be_bettered_until_it_is_taken_to_be_sent(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    assert_eq!(messages::put(&mut tx, &message(), noon()).await.unwrap(), Stored::Same);
    let better = Message { text: "Hạn là 02/01/2027.".to_owned(), ..message() };
    assert_eq!(messages::put(&mut tx, &better, noon()).await.unwrap(), Stored::Changed);
    let Claim::Claimed(taken) = claim(&mut tx).await else { panic!("nothing forbids it") };
    assert_eq!(taken.message, better);
    assert_eq!(messages::put(&mut tx, &message(), noon()).await.unwrap(), Stored::Kept);
    assert_eq!(messages::get(&mut tx, better.id).await.unwrap(), Some(better.clone()));
    assert_eq!(messages::of_milestone(&mut tx, milestone().id).await.unwrap(), [better]);
}

async fn a_delivery_is_claimed_once_and_sent_once(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    assert_eq!(deliveries::put(&mut tx, &delivery()).await.unwrap(), Stored::Same);
    let Claim::Claimed(taken) = claim(&mut tx).await else { panic!("nothing forbids it") };
    assert_eq!((taken.delivery.state, taken.message), (DeliveryState::Claimed, message()));
    assert_eq!(claim(&mut tx).await, Claim::NotQueued(DeliveryState::Claimed));

    // The worker died: another puts it back and takes it.
    assert!(deliveries::requeue(&mut tx, delivery().id).await.unwrap());
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
    deliveries::record_sent(&mut tx, delivery().id, later(200)).await.unwrap();
    let sent = deliveries::get(&mut tx, delivery().id).await.unwrap().unwrap();
    assert_eq!((sent.state, sent.sent_at), (DeliveryState::Sent, Some(later(200))));
    let all = deliveries::of_message(&mut tx, message().id).await.unwrap();
    assert_eq!(all, std::slice::from_ref(&sent));

    let twice = deliveries::record_sent(&mut tx, delivery().id, later(300)).await;
    assert!(matches!(twice.unwrap_err(), StorageError::Conflict { what: "delivery", .. }));
    assert!(!deliveries::requeue(&mut tx, delivery().id).await.unwrap());
    assert!(deliveries::record_failed(&mut tx, delivery().id).await.is_err());
}

async fn a_delivery_that_fails_for_good_says_so(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    claim(&mut tx).await;
    deliveries::record_failed(&mut tx, delivery().id).await.unwrap();
    assert_eq!(claim(&mut tx).await, Claim::NotQueued(DeliveryState::Failed));
    let checks = nothing_against(noon());
    let none = domain::DeliveryId::of(&["nothing"]);
    assert_eq!(deliveries::claim_delivery(&mut tx, none, &checks).await.unwrap(), None);
}

async fn is_suppressed(tx: &mut Tx, reason: Suppression) {
    assert_eq!(claim(tx).await, Claim::Suppressed(reason));
    let held = deliveries::get(tx, delivery().id).await.unwrap().unwrap();
    assert_eq!((held.state, held.suppressed), (DeliveryState::Suppressed, Some(reason)));
    assert_eq!(claim(tx).await, Claim::NotQueued(DeliveryState::Suppressed));
}

async fn nothing_is_sent_to_the_dead(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    told_of_death(&mut tx, "7", mother(), true).await;
    is_suppressed(&mut tx, Suppression::RecipientDeceased).await;
}

async fn nothing_is_sent_about_a_child_that_died(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    told_of_death(&mut tx, "7", child(), true).await;
    is_suppressed(&mut tx, Suppression::SubjectDeceased).await;
}

async fn a_death_that_was_corrected_or_withdrawn_stops_nothing(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    // The same register takes it back by a later word; of another, the event is withdrawn;
    // a third is dated ahead.
    told_of_death(&mut tx, "7", mother(), true).await;
    told_of_death(&mut tx, "8", mother(), false).await;
    let wrong: EventId = told_of_death(&mut tx, "9", child(), true).await.source.event;
    facts::withdraw_facts_of(&mut tx, wrong, later(50)).await.unwrap();
    let told = event("ahead");
    enter(&mut tx, &told, &[child()]).await;
    let mut ahead = fact(&told, mother(), "deceased", Value::Bool(true));
    ahead.source.register = String::from("NPD");
    ahead.valid = Interval::since(date(2030, 1, 1));
    facts::record(&mut tx, &[ahead]).await.unwrap();
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
}

async fn one_register_that_says_dead_is_enough(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let told = event("civil");
    enter(&mut tx, &told, &[child()]).await;
    let mut death = fact(&told, mother(), "deceased", Value::Bool(true));
    death.source.register = String::from("CIV");
    facts::record(&mut tx, &[death]).await.unwrap();
    told_of_death(&mut tx, "8", mother(), false).await;
    is_suppressed(&mut tx, Suppression::RecipientDeceased).await;
}

async fn nothing_is_sent_to_who_refused(store: Store) {
    for scope in [
        RefusalScope::All,
        RefusalScope::Group("COCONNHO".to_owned()),
        RefusalScope::LifeEvent("LE-BIRTH".to_owned()),
    ] {
        let mut tx = store.begin().await.unwrap();
        a_message(&mut tx).await;
        let refusal = Refusal { subject: mother(), scope, since: noon() };
        refusals::refuse(&mut tx, &refusal).await.unwrap();
        is_suppressed(&mut tx, Suppression::Refused).await;
        tx.rollback().await.unwrap();
    }
}

async fn a_refusal_of_something_else_or_that_ended_stops_nothing(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let refusal = |scope| Refusal { subject: mother(), scope, since: noon() };
    let (all, other) = (RefusalScope::All, RefusalScope::LifeEvent("LE-GRADE1".to_owned()));
    let put = refusals::refuse(&mut tx, &refusal(all.clone())).await.unwrap();
    assert_eq!(put, Stored::New);
    let again = Refusal { since: later(1), ..refusal(all.clone()) };
    assert_eq!(refusals::refuse(&mut tx, &again).await.unwrap(), Stored::Same);
    refusals::refuse(&mut tx, &refusal(other.clone())).await.unwrap();
    assert!(refusals::allow_again(&mut tx, mother(), &all, later(2)).await.unwrap());
    assert!(!refusals::allow_again(&mut tx, mother(), &all, later(3)).await.unwrap());
    let held = refusals::in_force(&mut tx, mother()).await.unwrap();
    assert_eq!(held, [refusal(other)]);
    // Someone else's refusal is not hers.
    let fathers = Refusal { subject: child(), scope: all, since: noon() };
    refusals::refuse(&mut tx, &fathers).await.unwrap();
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
}

async fn nothing_is_sent_about_what_was_withdrawn(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let (reached, withdrawn) = (MilestoneState::Reached, MilestoneState::Withdrawn);
    milestones::move_state(&mut tx, milestone().id, reached, withdrawn, noon()).await.unwrap();
    is_suppressed(&mut tx, Suppression::Withdrawn).await;
}

async fn what_hurts_is_not_sent_by_a_machine(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let checks = Checks { sensitive: true, ..nothing_against(later(100)) };
    let claimed = deliveries::claim_delivery(&mut tx, delivery().id, &checks).await.unwrap();
    assert_eq!(claimed, Some(Claim::Suppressed(Suppression::Sensitive)));
    assert_eq!(claim(&mut tx).await, Claim::NotQueued(DeliveryState::Suppressed));
}

async fn what_is_not_proved_is_not_sent(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let unproved = Message { proved: false, ..message() };
    messages::put(&mut tx, &unproved, noon()).await.unwrap();
    is_suppressed(&mut tx, Suppression::NotProved).await;
}

async fn what_lost_its_proof_is_held_back_until_somebody_may_have_read_it(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let lost = async |tx: &mut Tx| deliveries::has_lost_proof(tx, message().id).await.unwrap();
    assert!(!lost(&mut tx).await, "it cites nothing");
    let ground = Ground { passage: "law#1".to_owned(), hash: "before".to_owned() };
    grounds::put(&mut tx, template().id, std::slice::from_ref(&ground)).await.unwrap();
    assert!(!lost(&mut tx).await, "the passage stands");
    let changed = [(ground.passage, "after".to_owned())].into();
    grounds::look(&mut tx, &changed, noon()).await.unwrap();
    assert!(lost(&mut tx).await);
    // What was taken to be sent may have been read, and stays as it is.
    assert!(matches!(claim(&mut tx).await, Claim::Claimed(_)));
    assert!(!lost(&mut tx).await);
    deliveries::requeue(&mut tx, delivery().id).await.unwrap();
    assert!(lost(&mut tx).await);
    let checks = Checks { lost_proof: true, ..nothing_against(later(100)) };
    let claimed = deliveries::claim_delivery(&mut tx, delivery().id, &checks).await.unwrap();
    assert_eq!(claimed, Some(Claim::Suppressed(Suppression::NotProved)));
}

/// A refusal stored at the same time either stops the sending or comes after it.
async fn a_refusal_and_a_claim_at_the_same_moment_agree(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    tx.commit().await.unwrap();

    let (claiming, refusing) = (store.clone(), store.clone());
    let claimed = async move {
        let mut tx = claiming.begin().await.unwrap();
        let claim = claim(&mut tx).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        tx.commit().await.unwrap();
        claim
    };
    let refused = async move {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let mut tx = refusing.begin().await.unwrap();
        let scope = RefusalScope::All;
        let refusal = Refusal { subject: mother(), scope, since: noon() };
        refusals::refuse(&mut tx, &refusal).await.unwrap();
        // By now the claim is over: nothing of it can be undecided when the refusal stands.
        let held = deliveries::get(&mut tx, delivery().id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        held.state
    };
    let (claim, state) = tokio::join!(claimed, refused);
    assert!(matches!(claim, Claim::Claimed(_)));
    assert_eq!(state, DeliveryState::Claimed);
}

async fn the_inbox_holds_what_was_sent_newest_first_and_only_to_its_owner(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    assert_eq!(inbox::inbox(&mut tx, mother(), 9).await.unwrap(), []);
    claim(&mut tx).await;
    deliveries::record_sent(&mut tx, delivery().id, later(200)).await.unwrap();

    let found = inbox::inbox(&mut tx, mother(), 9).await.unwrap();
    assert_eq!(found.len(), 1);
    let item = &found[0];
    assert_eq!((&item.message, &item.milestone), (&message(), &milestone()));
    assert_eq!((item.sent_at, item.seen), (later(200), false));
    assert_eq!(inbox::inbox(&mut tx, child(), 9).await.unwrap(), []);
    assert_eq!(inbox::item(&mut tx, child(), message().id).await.unwrap(), None);

    let kind = OutcomeKind::Seen;
    let suggestion = suggestion("2.000635").id;
    let seen = Outcome {
        id: Outcome::id_of(suggestion, mother(), &kind),
        suggestion,
        subject: mother(),
        kind,
        at: later(300),
    };
    outcomes::put(&mut tx, &seen).await.unwrap();
    assert!(inbox::item(&mut tx, mother(), message().id).await.unwrap().unwrap().seen);
}

async fn saying_the_same_twice_is_saying_it_once(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    let suggestion = suggestion("2.000635").id;
    let rated = |stars, seconds| {
        let kind = OutcomeKind::Rated { stars };
        let id = Outcome::id_of(suggestion, mother(), &kind);
        Outcome { id, suggestion, subject: mother(), kind, at: later(seconds) }
    };
    assert_eq!(outcomes::put(&mut tx, &rated(4, 1)).await.unwrap(), Stored::New);
    assert_eq!(outcomes::put(&mut tx, &rated(4, 2)).await.unwrap(), Stored::Same);
    assert_eq!(outcomes::put(&mut tx, &rated(5, 3)).await.unwrap(), Stored::Changed);
    let held = outcomes::of_suggestion(&mut tx, suggestion).await.unwrap();
    assert_eq!(held, [rated(5, 3)]);
    assert_eq!(outcomes::of_subject(&mut tx, mother()).await.unwrap(), held);
    assert_eq!(outcomes::since(&mut tx, later(3), 9).await.unwrap(), held);
    assert_eq!(outcomes::since(&mut tx, later(4), 9).await.unwrap(), []);
}
