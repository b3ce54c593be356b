//! Milestones, suggestions, drafts, receipts, due days.

use std::collections::BTreeSet;
use std::pin::pin;
use std::slice::from_ref;
use std::time::Duration;

use domain::{
    AsOf, DraftField, FieldState, Milestone, MilestoneState, Receipt, SubjectId, Suggestion,
    SuggestionState, Text, Verdict,
};
use jiff::civil::date;
use storage::Store;
use storage::due::{self, Due};
use storage::{StorageError, Stored, drafts, milestones, receipts, subjects, suggestions};

use crate::both::on_both;
use crate::fixtures::{
    a_birth, child, draft, father, later, milestone, mother, noon, prepared, suggestion, today,
};

on_both! {
    deciding_again_changes_nothing_and_deciding_otherwise_does,
    whoever_decides_about_a_subject_waits_for_who_does_already,
    a_milestone_moves_only_as_its_lifecycle_allows,
    a_new_evaluation_keeps_what_the_person_did,
    suggestions_are_listed_by_person_and_state,
    a_draft_is_made_anew_in_its_place,
    a_receipt_is_kept_once_and_found_by_what_it_explains,
    a_day_costs_what_is_due_that_day,
}

async fn deciding_again_changes_nothing_and_deciding_otherwise_does(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let first = milestone();
    let as_of = AsOf { known: later(60), ..first.as_of };
    let again = Milestone { as_of, ..milestone() };
    assert_eq!(
        milestones::put(&mut tx, from_ref(&again), later(60)).await.unwrap(),
        [Stored::Same]
    );
    assert_eq!(milestones::get(&mut tx, first.id).await.unwrap(), Some(first.clone()));

    let other = Milestone { pack: "vn@2".to_owned(), as_of, ..milestone() };
    assert_eq!(
        milestones::put(&mut tx, from_ref(&other), later(60)).await.unwrap(),
        [Stored::Changed]
    );
    assert_eq!(milestones::get(&mut tx, first.id).await.unwrap(), Some(other.clone()));
    assert_eq!(milestones::of_subject(&mut tx, child()).await.unwrap(), from_ref(&other));
    assert_eq!(milestones::of_subject(&mut tx, mother()).await.unwrap(), []);
    assert_eq!(milestones::page(&mut tx, None, 5).await.unwrap(), [other]);
    assert_eq!(milestones::page(&mut tx, Some(first.id), 5).await.unwrap(), []);
}

async fn whoever_decides_about_a_subject_waits_for_who_does_already(store: Store) {
    let mut first = store.begin().await.unwrap();
    subjects::hold(&mut first, &BTreeSet::from([child(), father()])).await.unwrap();
    let mut waiting = pin!(async {
        let mut second = store.begin().await.unwrap();
        subjects::hold(&mut second, &BTreeSet::from([mother(), child()])).await.unwrap();
    });
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    first.commit().await.unwrap();
    waiting.await;

    // Who holds very many holds everybody.
    let mut first = store.begin().await.unwrap();
    let many = (0..1_500).map(|n| SubjectId::of(&["many", &n.to_string()])).collect();
    subjects::hold(&mut first, &many).await.unwrap();
    let mut waiting = pin!(async {
        let mut second = store.begin().await.unwrap();
        subjects::hold(&mut second, &BTreeSet::from([mother()])).await.unwrap();
    });
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    first.commit().await.unwrap();
    waiting.await;
}

async fn a_milestone_moves_only_as_its_lifecycle_allows(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let illegal = Milestone { state: MilestoneState::Pending, ..milestone() };
    let error = milestones::put(&mut tx, from_ref(&illegal), noon()).await.unwrap_err();
    assert!(matches!(error, StorageError::Illegal(_)), "{error}");

    let (id, reached, withdrawn) =
        (milestone().id, MilestoneState::Reached, MilestoneState::Withdrawn);
    milestones::move_state(&mut tx, id, reached, withdrawn, noon()).await.unwrap();
    assert_eq!(milestones::get(&mut tx, id).await.unwrap().unwrap().state, withdrawn);
    let error = milestones::move_state(&mut tx, id, reached, withdrawn, noon()).await.unwrap_err();
    assert!(matches!(error, StorageError::Conflict { what: "milestone", .. }), "{error}");
    assert!(error.is_transient());

    // The fact came back.
    assert_eq!(milestones::put(&mut tx, &[milestone()], noon()).await.unwrap(), [Stored::Changed]);
    assert_eq!(milestones::get(&mut tx, id).await.unwrap(), Some(milestone()));
}

async fn a_new_evaluation_keeps_what_the_person_did(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let first = suggestion("2.000635");
    assert_eq!(suggestions::put(&mut tx, from_ref(&first), noon()).await.unwrap(), [Stored::New]);
    assert_eq!(suggestions::put(&mut tx, from_ref(&first), noon()).await.unwrap(), [Stored::Same]);
    let (open, filed) = (SuggestionState::Open, SuggestionState::Filed);
    suggestions::move_state(&mut tx, first.id, open, filed, noon()).await.unwrap();

    assert_eq!(suggestions::put(&mut tx, from_ref(&first), noon()).await.unwrap(), [Stored::Same]);
    let learnt = Suggestion { verdict: Verdict::Met, ..first.clone() };
    assert_eq!(
        suggestions::put(&mut tx, from_ref(&learnt), noon()).await.unwrap(),
        [Stored::Changed]
    );
    let held = suggestions::get(&mut tx, first.id).await.unwrap().unwrap();
    assert_eq!(held, Suggestion { state: filed, ..learnt });

    let error = suggestions::move_state(&mut tx, first.id, open, filed, noon()).await.unwrap_err();
    assert!(matches!(error, StorageError::Conflict { what: "suggestion", .. }), "{error}");
    let back = suggestions::move_state(&mut tx, first.id, filed, open, noon()).await;
    assert!(matches!(back.unwrap_err(), StorageError::Illegal(_)));
}

async fn suggestions_are_listed_by_person_and_state(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let (one, two) = (suggestion("1.004222"), suggestion("2.000635"));
    suggestions::put(&mut tx, from_ref(&one), noon()).await.unwrap();
    suggestions::put(&mut tx, from_ref(&two), later(1)).await.unwrap();
    let (open, refused) = (SuggestionState::Open, SuggestionState::Refused);
    suggestions::move_state(&mut tx, one.id, open, refused, later(2)).await.unwrap();

    let of = async |tx: &mut storage::Tx, states: &[SuggestionState]| -> Vec<String> {
        let found = suggestions::suggestions_for(tx, mother(), states).await.unwrap();
        found.into_iter().map(|suggestion| suggestion.service).collect()
    };
    assert_eq!(of(&mut tx, &[]).await, ["1.004222", "2.000635"]);
    assert_eq!(of(&mut tx, &[open]).await, ["2.000635"]);
    assert_eq!(of(&mut tx, &[open, refused]).await.len(), 2);
    assert_eq!(of(&mut tx, &[SuggestionState::Done]).await.len(), 0);
    let all = suggestions::of_milestone(&mut tx, milestone().id).await.unwrap();
    assert_eq!(all.iter().map(|s| s.state).collect::<Vec<_>>(), [refused, open]);
}

async fn a_draft_is_made_anew_in_its_place(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    suggestions::put(&mut tx, &[suggestion("2.000635")], noon()).await.unwrap();
    let mut made = draft();
    assert_eq!(
        drafts::put(&mut tx, &[prepared(made.clone())], noon()).await.unwrap(),
        [Stored::New]
    );
    assert_eq!(
        drafts::put(&mut tx, &[prepared(made.clone())], later(1)).await.unwrap(),
        [Stored::Same]
    );
    made.fields.push(DraftField {
        key: "name".to_owned(),
        label: Text { vi: "Họ và tên".to_owned(), en: "Name".to_owned() },
        required: true,
        only_person: true,
        state: FieldState::Missing,
    });
    assert_eq!(
        drafts::put(&mut tx, &[prepared(made.clone())], later(2)).await.unwrap(),
        [Stored::Changed]
    );
    let held = drafts::of_suggestion(&mut tx, made.suggestion).await.unwrap();
    assert_eq!(held, Some(made));
}

async fn a_receipt_is_kept_once_and_found_by_what_it_explains(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let (receipt, about) = (receipt(), milestone().id.to_string());
    receipts::put(&mut tx, &[(receipt.clone(), child())], noon()).await.unwrap();
    receipts::put(&mut tx, &[(receipt.clone(), child())], noon()).await.unwrap();
    assert_eq!(receipts::about(&mut tx, &about).await.unwrap(), from_ref(&receipt));
    assert_eq!(receipts::get(&mut tx, receipt.id).await.unwrap(), Some(receipt.clone()));
    let all = receipts::page(&mut tx, None, 5).await.unwrap();
    assert_eq!(all, from_ref(&receipt));
    assert_eq!(receipts::page(&mut tx, Some(receipt.id), 5).await.unwrap(), []);
}

async fn a_day_costs_what_is_due_that_day(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    let due = |subject, on| Due { subject, life_event: "LE-GRADE1".to_owned(), on };
    due::set(&mut tx, &[due(child(), date(2032, 6, 1))]).await.unwrap();
    due::set(&mut tx, &[due(mother(), today())]).await.unwrap();
    assert_eq!(due::due_until(&mut tx, today(), 9).await.unwrap(), [due(mother(), today())]);
    due::set(&mut tx, &[due(child(), date(2026, 1, 1))]).await.unwrap();
    let found = due::due_until(&mut tx, today(), 9).await.unwrap();
    assert_eq!(found, [due(child(), date(2026, 1, 1)), due(mother(), today())]);
    assert!(due::clear(&mut tx, child(), "LE-GRADE1").await.unwrap());
    assert!(!due::clear(&mut tx, child(), "LE-GRADE1").await.unwrap());
    assert_eq!(due::due_until(&mut tx, today(), 9).await.unwrap().len(), 1);
}

/// That the birth was decided.
pub(crate) fn receipt() -> Receipt {
    let (about, as_of) = (milestone().id.to_string(), milestone().as_of);
    Receipt {
        id: Receipt::id_of(&about, "LE-BIRTH/when", &as_of),
        about,
        rule: "LE-BIRTH/when".to_owned(),
        pack: "vn@1".to_owned(),
        as_of,
        facts: Vec::new(),
        verdict: Verdict::Met,
        trace: vec!["child.born: met".to_owned()],
    }
}
