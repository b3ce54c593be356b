//! Phrases that a model wrote, what people decided, what was asked.

use domain::Language;
use storage::phrases::{self, Decision, Phrase, PhraseAction, PhraseState};
use storage::{StorageError, Store, Stored};

use crate::both::on_both;
use crate::fixtures::{later, noon};

on_both! {
    a_phrase_is_stored_as_proved_and_once,
    a_phrase_moves_only_from_the_state_that_was_read,
    every_decision_is_kept,
    what_was_asked_is_known,
}

fn phrase() -> Phrase {
    Phrase {
        id: "phr_1".to_owned(),
        life_event: "LE-BIRTH".to_owned(),
        point: "birth.offer".to_owned(),
        variant: 1,
        language: Language::VI,
        text: "{address} phải làm việc này.".to_owned(),
        approved: "hash".to_owned(),
        state: PhraseState::Proved,
        evidence: serde_json::json!([{ "sentence": "s" }]),
        measures: serde_json::json!({ "likelihood": -0.5 }),
        model: "m".to_owned(),
        prompt: "p".to_owned(),
        seed: 7,
        created_at: noon(),
    }
}

/// Whatever a caller says, nothing comes in as approved.
async fn a_phrase_is_stored_as_proved_and_once(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let approved = Phrase { state: PhraseState::Approved, ..phrase() };
    assert_eq!(phrases::put(&mut tx, &approved).await.unwrap(), Stored::New);
    assert_eq!(phrases::get(&mut tx, "phr_1").await.unwrap(), Some(phrase()));
    phrases::move_on(&mut tx, "phr_1", PhraseState::Proved, PhraseState::Refused).await.unwrap();
    assert_eq!(phrases::put(&mut tx, &phrase()).await.unwrap(), Stored::Same);
    let kept = phrases::list(&mut tx, None).await.unwrap();
    assert_eq!(kept.iter().map(|it| it.state).collect::<Vec<_>>(), [PhraseState::Refused]);
    assert_eq!(phrases::list(&mut tx, Some(PhraseState::Proved)).await.unwrap(), []);
    assert_eq!(phrases::list(&mut tx, Some(PhraseState::Refused)).await.unwrap(), kept);
}

async fn a_phrase_moves_only_from_the_state_that_was_read(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert!(!phrases::hold(&mut tx, "phr_1").await.unwrap());
    phrases::put(&mut tx, &phrase()).await.unwrap();
    assert!(phrases::hold(&mut tx, "phr_1").await.unwrap());
    let moved = phrases::move_on(&mut tx, "phr_1", PhraseState::Approved, PhraseState::Retired);
    assert!(matches!(moved.await, Err(StorageError::Conflict { .. })));
}

async fn every_decision_is_kept(store: Store) {
    let mut tx = store.begin().await.unwrap();
    phrases::put(&mut tx, &phrase()).await.unwrap();
    let one = Decision {
        at: noon(),
        by_whom: "Lan".to_owned(),
        action: PhraseAction::Approve,
        because: "reads well".to_owned(),
    };
    let two = Decision { at: later(5), action: PhraseAction::Retire, ..one.clone() };
    for decision in [&two, &one] {
        phrases::decided(&mut tx, "phr_1", decision).await.unwrap();
    }
    assert_eq!(phrases::decisions(&mut tx, "phr_1").await.unwrap(), [one, two]);
    assert_eq!(phrases::decisions(&mut tx, "phr_2").await.unwrap(), []);
}

async fn what_was_asked_is_known(store: Store) {
    let mut tx = store.begin().await.unwrap();
    assert!(!phrases::was_asked(&mut tx, "a").await.unwrap());
    for _ in 0..2 {
        phrases::asked(&mut tx, "a", &serde_json::json!({}), noon()).await.unwrap();
    }
    assert!(phrases::was_asked(&mut tx, "a").await.unwrap());
}
