//! The log of readings as a tree: what was read can be proved, what was changed is found.

use domain::SubjectId;
use jiff::{SignedDuration, Timestamp};
use storage::access_log::{self, Signer, Verified};
use storage::cleanup::cleanup;
use storage::{Store, merkle};

use crate::access::reading;
use crate::both::on_both;
use crate::fixtures::{child, later, mother, noon};

on_both! {
    every_reading_gets_one_leaf_and_its_proof,
    a_later_head_follows_from_every_earlier_one,
    a_changed_row_is_found,
    a_removed_row_is_found_before_its_time_and_expected_after,
    changed_hashes_and_heads_are_found,
    two_mergers_and_many_writers_lose_nothing,
    a_head_is_signed,
    an_empty_log_is_whole,
}

async fn read(store: &Store, count: u32, from: u32) {
    let mut tx = store.begin().await.unwrap();
    let people: Vec<SubjectId> =
        (from..from + count).map(|n| SubjectId::of(&[&n.to_string()])).collect();
    access_log::record_all(&mut tx, &reading(mother(), noon()), &people).await.unwrap();
    tx.commit().await.unwrap();
}

async fn merge(store: &Store, at: Timestamp) -> Option<access_log::Head> {
    let mut tx = store.begin().await.unwrap();
    let head = access_log::merge(&mut tx, at, None, 10_000).await.unwrap();
    tx.commit().await.unwrap();
    head
}

async fn verified(store: &Store) -> Verified {
    access_log::verify(&mut store.read().await.unwrap(), noon()).await.unwrap()
}

async fn every_reading_gets_one_leaf_and_its_proof(store: Store) {
    // More than a tile, and not at its edge.
    read(&store, 300, 0).await;
    let head = merge(&store, noon()).await.unwrap();
    assert_eq!(head.size, 300);
    assert_eq!(merge(&store, noon()).await, None);
    let mut conn = store.read().await.unwrap();
    for (leaf, size) in [(0, 300), (255, 300), (256, 300), (299, 300), (7, 100), (0, 1)] {
        let proof = access_log::inclusion(&mut conn, leaf, size).await.unwrap().unwrap();
        assert!(merkle::is_included(leaf, size, proof.hash, &proof.path, &proof.root), "{leaf}");
        assert!(size != 300 || proof.root == head.root);
    }
    assert_eq!(access_log::inclusion(&mut conn, 300, 300).await.unwrap(), None);
    assert_eq!(access_log::inclusion(&mut conn, 0, 301).await.unwrap(), None);
    // The leaf is the hash of what the row says.
    let someone = SubjectId::of(&["42"]);
    let leaf = access_log::leaves_of(&mut conn, someone, 1).await.unwrap()[0];
    let proof = access_log::inclusion(&mut conn, leaf, 300).await.unwrap().unwrap();
    assert_eq!(proof.hash, merkle::leaf(&access_log::entry(&reading(someone, noon()))));
    drop(conn);
    let found = verified(&store).await;
    assert!(found.is_whole() && (found.leaves, found.whole) == (300, 300), "{found:?}");
}

async fn a_later_head_follows_from_every_earlier_one(store: Store) {
    let mut from = 0;
    for count in [1, 6, 249, 1, 300, 66_000] {
        read(&store, count, from).await;
        from += count;
        while merge(&store, noon()).await.is_some() {}
    }
    let mut conn = store.read().await.unwrap();
    let heads = access_log::heads(&mut conn).await.unwrap();
    assert_eq!(heads.last().unwrap().size, 66_557);
    for earlier in &heads {
        for later in heads.iter().filter(|it| it.size >= earlier.size) {
            let proof = access_log::consistency(&mut conn, earlier.size, later.size).await.unwrap();
            let path = proof.unwrap().path;
            let (a, b) = ((earlier.size, &earlier.root), (later.size, &later.root));
            assert!(merkle::is_consistent(a, b, &path), "{} to {}", earlier.size, later.size);
        }
    }
    assert_eq!(access_log::consistency(&mut conn, 5, 70_000).await.unwrap(), None);
    drop(conn);
    let found = verified(&store).await;
    assert!(found.is_whole() && found.whole == 66_557, "{found:?}");
}

async fn change(store: &Store, statement: &'static str) {
    let mut tx = store.begin().await.unwrap();
    let changed = sqlx::query(statement).execute(&mut *tx).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
    tx.commit().await.unwrap();
}

async fn a_changed_row_is_found(store: Store) {
    read(&store, 300, 0).await;
    merge(&store, noon()).await.unwrap();
    change(&store, "update access_log set purpose = 'another' where leaf = 17").await;
    change(&store, "update access_log set legal_basis = 'none' where leaf = 256").await;
    let found = verified(&store).await;
    assert_eq!((found.changed, found.whole, found.missing), (2, 298, 0), "{found:?}");
    assert!(!found.is_whole() && found.faults[0].contains("the reading 17 of sbj_"), "{found:?}");
}

async fn a_removed_row_is_found_before_its_time_and_expected_after(store: Store) {
    read(&store, 3, 0).await;
    merge(&store, noon()).await.unwrap();
    change(&store, "delete from access_log where leaf = 1").await;
    let found = verified(&store).await;
    assert_eq!((found.missing, found.whole, found.expired), (1, 2, 0), "{found:?}");

    let after = noon() + SignedDuration::from_hours(24 * 731);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(cleanup(&mut tx, after).await.unwrap()["access_log"], 2);
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    let found = access_log::verify(&mut conn, later(1)).await.unwrap();
    assert!(found.is_whole() && found.expired == 3, "{found:?}");
    // The leaves are there still: whoever kept a proof can show it.
    assert!(access_log::inclusion(&mut conn, 1, 3).await.unwrap().is_some());
}

async fn changed_hashes_and_heads_are_found(store: Store) {
    read(&store, 600, 0).await;
    merge(&store, noon()).await.unwrap();
    change(&store, "update access_heads set root = replace(root, substr(root, 1, 1), 'f')").await;
    assert!(verified(&store).await.broken > 0);
    change(&store, "delete from access_heads").await;
    // Hashes without a head are no tree: the rows are then without a head that vouches for them.
    assert_eq!(verified(&store).await.leaves, 0);
    change(
        &store,
        "update access_tiles set hashes = substr(hashes, 65) || substr(hashes, 1, 64)
         where level = 0 and place = 1",
    )
    .await;
    let mut tx = store.begin().await.unwrap();
    access_log::record(&mut tx, &[reading(child(), later(1))]).await.unwrap();
    tx.commit().await.unwrap();
    // The next merge cannot begin again unnoticed: its numbers are taken.
    let mut tx = store.begin().await.unwrap();
    assert!(access_log::merge(&mut tx, noon(), None, 10).await.is_err());
}

async fn two_mergers_and_many_writers_lose_nothing(store: Store) {
    let writers = (0..6).map(|writer| {
        let store = store.clone();
        async move {
            for turn in 0..10 {
                read(&store, 7, writer * 1000 + turn * 10).await;
            }
        }
    });
    let mergers = (0..2).map(|_| {
        let store = store.clone();
        async move {
            for _ in 0..20 {
                merge(&store, noon()).await;
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
        }
    });
    let mut all = tokio::task::JoinSet::new();
    for writer in writers {
        all.spawn(writer);
    }
    for merger in mergers {
        all.spawn(merger);
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    merge(&store, noon()).await;
    let found = verified(&store).await;
    assert!(found.is_whole() && (found.whole, found.unmerged) == (420, 0), "{found:?}");
}

struct Stamp;

impl Signer for Stamp {
    fn sign(&self, text: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(format!("test\n{text}\nsigned"))
    }
}

async fn a_head_is_signed(store: Store) {
    read(&store, 1, 0).await;
    let mut tx = store.begin().await.unwrap();
    let head = access_log::merge(&mut tx, noon(), Some(&Stamp), 10).await.unwrap().unwrap();
    assert!(head.note.starts_with("test\n1\n") && head.note.ends_with("\n\nsigned"), "{head:?}");
    assert_eq!(access_log::head(&mut tx).await.unwrap(), Some(head));
}

async fn an_empty_log_is_whole(store: Store) {
    assert_eq!(merge(&store, noon()).await, None);
    assert!(verified(&store).await.is_whole());
}
