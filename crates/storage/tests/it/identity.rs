//! What names a person lies sealed, is erased with its key, and outlives a change of master keys.

use domain::{Fact, SubjectId, Value};
use storage::vault::{self, VaultError};
use storage::{
    Options, StorageError, Store, access_log, drafts, erasures, facts, inbox, journal, messages,
    milestones, quarantine, receipts, refusals, subjects, suggestions, sweep,
};

use crate::both::{self, Schema, on_both};
use crate::fixtures::{
    a_birth, a_message, child, draft, enter, event, fact, father, later, message, milestone,
    mother, noon, prepared, subject, suggestion,
};

/// What must never stand in the database in the clear.
const SECRETS: [&str; 5] = ["Nguyễn", "999195001234", "GCS.00042", "cột mốc", "Kính gửi"];

on_both! {
    nothing_that_names_a_person_lies_in_the_clear,
    sealed_text_that_was_moved_does_not_open,
    a_sweep_opens_what_it_asks_for,
    an_erased_subject_leaves_proof_and_nothing_to_read,
    who_was_erased_is_known_anew_from_the_next_event_on,
    what_is_never_known_cannot_be_erased,
}

fn name(of: SubjectId, number: &str) -> Fact {
    let said = Value::Text("Nguyễn Thị Lan".to_owned());
    Fact { personal: true, ..fact(&event(number), of, "name", said) }
}

async fn a_family(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    facts::record(&mut tx, &[name(mother(), "1"), name(child(), "1")]).await.unwrap();
    drafts::put(&mut tx, &[prepared(draft())], noon()).await.unwrap();
    let rejected = quarantine::Rejected {
        source: "a file",
        place: "line 1",
        code: "json",
        reason: "broken",
        raw: "{\"name\": \"Nguyễn Thị Lan\"",
        received_at: noon(),
    };
    quarantine::set_aside(&mut tx, &rejected).await.unwrap();
    tx.commit().await.unwrap();
}

/// Every text of every table.
async fn everything(store: &Store) -> String {
    let mut conn = store.read().await.unwrap();
    let mut all = String::new();
    for (table, columns) in [
        ("journal", "data"),
        ("subjects", "coalesce(identifier, '')"),
        ("facts", "value || coalesce(record, '')"),
        ("drafts", "body"),
        ("messages", "body || sealed"),
        ("quarantine", "raw"),
        ("milestones", "body"),
        ("suggestions", "body"),
        ("subject_keys", "wrapped"),
    ] {
        let statement = format!("select {columns} as said from {table}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *conn).await.unwrap();
        assert!(!rows.is_empty(), "{table} is empty, so this proves nothing");
        for row in rows {
            all.push_str(&sqlx::Row::get::<String, _>(&row, "said"));
        }
    }
    all
}

async fn nothing_that_names_a_person_lies_in_the_clear(store: Store) {
    a_family(&store).await;
    let all = everything(&store).await;
    for secret in SECRETS {
        assert!(!all.contains(secret), "`{secret}` lies in the clear");
    }
    let mut conn = store.read().await.unwrap();
    let known = facts::facts_of(&mut conn, &[mother()]).await.unwrap();
    let named: Vec<&Fact> = known.iter().filter(|fact| fact.attribute == "name").collect();
    assert_eq!(named, [&name(mother(), "1")]);
    assert_eq!(journal::get(&mut conn, event("1").id).await.unwrap(), Some(event("1")));
    assert_eq!(messages::get(&mut conn, message().id).await.unwrap(), Some(message()));
    assert_eq!(drafts::get(&mut conn, draft().id).await.unwrap(), Some(draft()));
    assert_eq!(subjects::get(&mut conn, child()).await.unwrap(), Some(subject(child())));
    let aside = quarantine::open(&mut conn, 1).await.unwrap();
    assert!(aside[0].raw.contains("Nguyễn"));
}

async fn sealed_text_that_was_moved_does_not_open(store: Store) {
    a_family(&store).await;
    let mut tx = store.begin().await.unwrap();
    // The mother's name under another attribute of the mother.
    sqlx::query("update facts set attribute = 'householder.name' where id = $1")
        .bind(name(mother(), "1").id.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    let error = facts::facts_of(&mut tx, &[mother()]).await.unwrap_err();
    let broken = StorageError::Vault(VaultError::Broken { what: "sealed text" });
    assert_eq!(error.to_string(), broken.to_string());
    assert!(!format!("{error:?}").contains("Lan"));
}

async fn a_sweep_opens_what_it_asks_for(store: Store) {
    a_family(&store).await;
    let mut conn = store.read().await.unwrap();
    let wanted = sweep::Wanted::new(["name", "weight"]);
    let known = sweep::of(&mut conn, &wanted, &[mother(), child(), father()]).await.unwrap();
    let told = known.iter().flat_map(|it| it.told().map(Result::unwrap).collect::<Vec<_>>());
    let mut said: Vec<(String, Value)> =
        told.map(|told| (told.attribute.to_owned(), told.value)).collect();
    said.sort();
    let lan = || ("name".to_owned(), Value::Text("Nguyễn Thị Lan".to_owned()));
    assert_eq!(said, [lan(), lan(), ("weight".to_owned(), Value::Int(3100))]);
}

async fn an_erased_subject_leaves_proof_and_nothing_to_read(store: Store) {
    a_family(&store).await;
    let mut tx = store.begin().await.unwrap();
    let receipt = crate::decisions::receipt();
    receipts::put(&mut tx, &[(receipt.clone(), child())], noon()).await.unwrap();
    let refusal =
        domain::Refusal { subject: child(), scope: domain::RefusalScope::All, since: noon() };
    refusals::refuse(&mut tx, &refusal).await.unwrap();
    let reading = crate::access::reading(child(), noon());
    access_log::record(&mut tx, &[reading]).await.unwrap();
    access_log::merge(&mut tx, noon(), None, 100).await.unwrap().unwrap();
    let erased = erasures::erase(&mut tx, child(), later(1), "officer", "Điều 14").await.unwrap();
    tx.commit().await.unwrap();
    store.forget_deleted().await.unwrap();

    let erased = erased.unwrap();
    assert_eq!(erased.proof.leaves, [0]);
    assert_eq!(erased.proof.receipts.keys().collect::<Vec<_>>(), [&receipt.id.to_string()]);
    assert_eq!(erased.proof.removed["facts"], 3);
    assert_eq!(erased.proof.removed["messages"], 1);

    let mut conn = store.read().await.unwrap();
    assert_eq!(erasures::list(&mut conn).await.unwrap(), [erased]);
    assert_eq!(facts::facts_of(&mut conn, &[child()]).await.unwrap().iter().count(), 0);
    assert_eq!(milestones::get(&mut conn, milestone().id).await.unwrap(), None);
    assert_eq!(suggestions::get(&mut conn, suggestion("2.000635").id).await.unwrap(), None);
    assert_eq!(drafts::get(&mut conn, draft().id).await.unwrap(), None);
    assert_eq!(inbox::inbox(&mut conn, mother(), 9).await.unwrap(), []);
    assert_eq!(receipts::get(&mut conn, receipt.id).await.unwrap(), None);
    let held = subjects::get(&mut conn, child()).await.unwrap().unwrap();
    assert_eq!(held.identifier, None);
    // The event stays, and what it said can be read no more: it named the child.
    let told = journal::get(&mut conn, event("1").id).await.unwrap().unwrap();
    assert!(told.data.is_null());
    // What was refused stays refused, and the mother's own facts are hers.
    assert_eq!(refusals::in_force(&mut conn, child()).await.unwrap().len(), 1);
    assert_eq!(facts::facts_of(&mut conn, &[mother()]).await.unwrap().iter().count(), 1);
    let checked = access_log::verify(&mut conn, noon()).await.unwrap();
    assert!(checked.is_whole() && checked.erased == 1, "{checked:?}");
}

async fn who_was_erased_is_known_anew_from_the_next_event_on(store: Store) {
    a_family(&store).await;
    let mut tx = store.begin().await.unwrap();
    erasures::erase(&mut tx, child(), later(1), "officer", "Điều 14").await.unwrap().unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    // The same event again is a repeat, whatever can be compared.
    let again = enter(&mut tx, &event("1"), &[child(), mother()]).await;
    assert_eq!(again, journal::Recorded::Repeat(event("1").id));
    enter(&mut tx, &event("2"), &[child()]).await;
    subjects::put(&mut tx, &[subject(child())]).await.unwrap();
    facts::record(&mut tx, &[name(child(), "2")]).await.unwrap();
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    assert_eq!(subjects::get(&mut conn, child()).await.unwrap(), Some(subject(child())));
    assert_eq!(facts::facts_of(&mut conn, &[child()]).await.unwrap().iter().count(), 1);
    // With another key: what was closed stays closed.
    assert!(journal::get(&mut conn, event("1").id).await.unwrap().unwrap().data.is_null());
    assert_eq!(journal::get(&mut conn, event("2").id).await.unwrap(), Some(event("2")));
}

async fn what_is_never_known_cannot_be_erased(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let none = erasures::erase(&mut tx, child(), noon(), "officer", "Điều 14").await.unwrap();
    assert_eq!(none, None);
}

async fn reopened(address: &str, keys: &[u8]) -> Store {
    let options = Options { vault: Some(both::vault(keys)), ..Options::default() };
    Store::open(address, &options).await.unwrap()
}

async fn a_rotation(address: String) {
    let store = reopened(&address, &[1]).await;
    store.migrate().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    facts::record(&mut tx, &[name(mother(), "1")]).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;

    // A new key wraps first; the old one still opens. The rotation is cut off after one step.
    let store = reopened(&address, &[2, 1]).await;
    let mut tx = store.begin().await.unwrap();
    let step = vault::rewrap(&mut tx, None, 1).await.unwrap();
    assert_eq!(step.keys, 1);
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    assert_eq!(vault::wrappings(&mut conn).await.unwrap().len(), 2);
    assert_eq!(facts::facts_of(&mut conn, &[mother()]).await.unwrap().iter().count(), 1);
    drop(conn);

    // Without the old one what it still wraps cannot be had, and that is said.
    let hasty = reopened(&address, &[2]).await;
    let mut conn = hasty.read().await.unwrap();
    let mut refused = 0;
    for one in [child(), mother(), father()] {
        if let Err(error) = subjects::get(&mut conn, one).await {
            assert!(matches!(error, StorageError::Vault(VaultError::Unknown { .. })), "{error:?}");
            refused += 1;
        }
    }
    assert_eq!(refused, 2);
    drop(conn);
    hasty.close().await;

    let mut after = None;
    loop {
        let mut tx = store.begin().await.unwrap();
        let step = vault::rewrap(&mut tx, after, 1).await.unwrap();
        tx.commit().await.unwrap();
        let Some(last) = step.after else { break };
        after = Some(last);
    }
    store.close().await;
    let store = reopened(&address, &[2]).await;
    let mut conn = store.read().await.unwrap();
    assert_eq!(vault::wrappings(&mut conn).await.unwrap().len(), 1);
    let known = facts::facts_of(&mut conn, &[mother()]).await.unwrap();
    assert_eq!(known.iter().next(), Some(&name(mother(), "1")));
    drop(conn);
    store.close().await;
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_goes_on_where_it_was_on_sqlite() {
    let home = tempfile::tempdir().unwrap();
    a_rotation(format!("sqlite:{}", home.path().join("test.db").display())).await;
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_goes_on_where_it_was_on_postgres() {
    let Some(place) = Schema::fresh().await else { return };
    a_rotation(place.address()).await;
    place.drop().await;
}

#[tokio::test]
async fn after_an_erasure_no_byte_of_the_key_is_left_in_the_file() {
    let home = tempfile::tempdir().unwrap();
    let store = both::sqlite(home.path()).await;
    a_family(&store).await;
    let mut conn = store.read().await.unwrap();
    let row = sqlx::query("select wrapped from subject_keys where subject_id = $1")
        .bind(child().to_string())
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    let wrapped: String = sqlx::Row::get(&row, "wrapped");
    drop(conn);
    let holds = |wrapped: &str| {
        std::fs::read_dir(home.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(wrapped.len()).any(|some| some == wrapped.as_bytes())
        })
    };
    assert!(holds(&wrapped), "the search finds what is there");
    let mut tx = store.begin().await.unwrap();
    erasures::erase(&mut tx, child(), noon(), "officer", "Điều 14").await.unwrap().unwrap();
    tx.commit().await.unwrap();
    store.forget_deleted().await.unwrap();
    assert!(!holds(&wrapped), "the key is still in the file");
}
