//! Addresses, files and servers that are not as they should be.

use std::path::Path;
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use storage::{MigrateError, OpenError, Options, StorageError, Store, journal};

use crate::both::{self, Schema, on_both, options};
use crate::fixtures::{child, enter, event};

on_both! {
    migrating_again_changes_nothing,
    a_migration_that_was_edited_stops_the_program,
    a_database_of_a_newer_program_is_told_so,
}

fn hasty() -> Options {
    Options { patience: Duration::from_millis(300), ..options() }
}

async fn open(file: &Path) -> Result<Store, OpenError> {
    Store::open(&format!("sqlite:{}", file.display()), &hasty()).await
}

#[tokio::test]
async fn one_missing_level_is_made_and_more_is_an_unmounted_disk() {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home.path().join("dữ liệu/cotmoc.db")).await.unwrap();
    store.migrate().await.unwrap();
    assert!(home.path().join("dữ liệu/cotmoc.db").is_file());

    let missing = home.path().join("disk");
    let error = open(&missing.join("var/cotmoc.db")).await.unwrap_err();
    assert!(matches!(&error, OpenError::DirectoryMissing { directory } if *directory == missing));
    assert!(error.to_string().ends_with("does not exist"), "{error}");
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_to_is_named() {
    let home = tempfile::tempdir().unwrap();
    let in_the_way = home.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let error = open(&in_the_way.join("cotmoc.db")).await.unwrap_err();
    assert!(matches!(error, OpenError::DirectoryNotWritable { .. }), "{error}");
    let error = open(home.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::DirectoryNotWritable { .. }), "{error}");
}

#[tokio::test]
async fn a_read_only_file_is_told_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("test.db");
    both::sqlite(home.path()).await.close().await;
    let mut rights = std::fs::metadata(&file).unwrap().permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&file, rights).unwrap();
    let error = open(&file).await.unwrap_err();
    assert_eq!(error.to_string(), format!("database `{}` is read-only", file.display()));
}

#[tokio::test]
async fn a_file_that_is_something_else_is_told_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("letter.txt");
    std::fs::write(&file, "Kính gửi ông/bà, đây không phải là cơ sở dữ liệu.".repeat(40)).unwrap();
    let error = open(&file).await.unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("Kính gửi"));
}

#[tokio::test]
async fn a_file_that_another_program_locks_is_told_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("test.db");
    sqlx::any::install_default_drivers();
    let address = format!("sqlite:{}?mode=rwc", file.display());
    let mut other = AnyConnection::connect(&address).await.unwrap();
    other.execute("create table held (x integer)").await.unwrap();
    other.execute("begin exclusive").await.unwrap();
    let error = open(&file).await.unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    other.execute("rollback").await.unwrap();
    open(&file).await.unwrap();
}

#[tokio::test]
async fn a_writer_that_waits_too_long_is_told_that_the_database_is_busy() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("test.db");
    let ours = open(&file).await.unwrap();
    ours.migrate().await.unwrap();
    // As another program would: a store of its own on the same file.
    let theirs = open(&file).await.unwrap();
    let held = theirs.begin().await.unwrap();
    let error = ours.begin().await.unwrap_err();
    assert!(matches!(error, StorageError::Busy(Some(_))) && error.is_transient(), "{error:?}");
    // Within one program the second writer waits at the door.
    let error = theirs.begin().await.unwrap_err();
    assert!(matches!(error, StorageError::Busy(None)), "{error:?}");
    // Readers never wait.
    let mut reader = ours.read().await.unwrap();
    assert_eq!(journal::get(&mut reader, event("1").id).await.unwrap(), None);
    drop(held);
    ours.begin().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named_without_the_password() {
    let error = Store::open("postgres://cotmoc:secret@127.0.0.1:1/cotmoc", &hasty()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let told = error.to_string();
    assert_eq!(told, "no database server answers at `postgres://127.0.0.1:1/cotmoc`");
}

#[tokio::test]
async fn a_server_that_refuses_us_is_told_apart() {
    let Some(place) = Schema::fresh().await else { return };
    let address = std::env::var("COTMOC_TEST_POSTGRES").unwrap();
    let host = address.split('?').next().unwrap().rsplit_once('/').unwrap().0;
    let error = Store::open(&format!("{host}/no_such_database"), &options()).await;
    assert!(matches!(error.unwrap_err(), OpenError::Refused { .. }));
    place.drop().await;
}

#[tokio::test]
async fn a_store_in_memory_serves_small_tests() {
    let store = Store::open("sqlite::memory:", &options()).await.unwrap();
    store.migrate().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    enter(&mut tx, &event("1"), &[child()]).await;
    tx.commit().await.unwrap();
    let mut conn = store.read().await.unwrap();
    assert!(journal::get(&mut conn, event("1").id).await.unwrap().is_some());
}

async fn alter(store: &Store, statement: &str) {
    let mut tx = store.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn migrating_again_changes_nothing(store: Store) {
    assert!(store.is_migrated().await.unwrap());
    store.migrate().await.unwrap();
    alter(&store, "drop table schema_migrations").await;
    assert!(!store.is_migrated().await.unwrap());
    // The tables are there, so running it all again must fail, and leave nothing behind.
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::Failed { number: 1, .. }), "{error}");
    assert!(!store.is_migrated().await.unwrap());
}

async fn a_migration_that_was_edited_stops_the_program(store: Store) {
    alter(&store, "update schema_migrations set checksum = 'other' where number = 2").await;
    let error = store.migrate().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "migration 2 `decisions` was changed after this database had run it"
    );
}

async fn a_database_of_a_newer_program_is_told_so(store: Store) {
    alter(&store, "insert into schema_migrations values (99, 'future', 'x')").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::Newer { number: 99, .. }), "{error}");
}

/// Four programs that start at once on an empty database: one migrates, all go on.
async fn migrate_from_all_sides(address: &str) {
    let mut programs = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let address = address.to_owned();
        programs.spawn(async move {
            let store = Store::open(&address, &options()).await.unwrap();
            store.migrate().await.unwrap();
            assert!(store.is_migrated().await.unwrap());
        });
    }
    programs.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_programs_may_migrate_one_file_at_once() {
    let home = tempfile::tempdir().unwrap();
    migrate_from_all_sides(&format!("sqlite:{}", home.path().join("test.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_programs_may_migrate_one_server_at_once() {
    let Some(place) = Schema::fresh().await else { return };
    migrate_from_all_sides(&place.address()).await;
    place.drop().await;
}
