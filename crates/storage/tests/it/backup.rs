//! A backup is what the database was, and is never believed unseen.

use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use storage::backup::{self, BackupError};
use storage::{Store, access_log, facts, messages, status};

use crate::access::reading;
use crate::both::options;
use crate::fixtures::{a_message, child, message, mother, noon};

async fn a_database(address: &str) -> Store {
    let store = Store::open(address, &options()).await.unwrap();
    store.migrate().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    a_message(&mut tx).await;
    access_log::record(&mut tx, &[reading(mother(), noon())]).await.unwrap();
    access_log::merge(&mut tx, noon(), None, 10).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    store
}

/// Backs up, goes on writing, restores elsewhere, and finds what there was.
async fn there_and_back(from: &str, to: &str, file: &Path) {
    let store = a_database(from).await;
    let made = backup::backup(from, &options(), file, noon()).await.unwrap();
    assert_eq!((made.holds.rows["messages"], made.holds.rows["access_log"]), (1, 1));
    let mut tx = store.begin().await.unwrap();
    access_log::record(&mut tx, &[reading(child(), noon())]).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let error = backup::backup(from, &options(), file, noon()).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");

    assert_eq!(backup::checked(file).unwrap(), made);
    assert_eq!(backup::restore(to, &options(), file).await.unwrap(), made);
    let store = Store::open(to, &options()).await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    let mut conn = store.read().await.unwrap();
    assert_eq!(messages::get(&mut conn, message().id).await.unwrap(), Some(message()));
    assert_eq!(facts::facts_of(&mut conn, &[child()]).await.unwrap().iter().count(), 2);
    assert_eq!(status::counts(&mut conn).await.unwrap().events, 1);
    let found = access_log::verify(&mut conn, noon()).await.unwrap();
    assert!(found.is_whole() && (found.whole, found.unmerged) == (1, 0), "{found:?}");
    drop(conn);
    store.close().await;

    let error = backup::restore(to, &options(), file).await.unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error:?}");
}

/// A file that is not what its manifest says is refused before anything is touched.
async fn not_whole(to: &str, file: &Path) {
    let manifest = backup::manifest_of(file);
    let said = std::fs::read_to_string(&manifest).unwrap();
    let bytes = std::fs::read(file).unwrap();
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(file, &changed).unwrap();
    let error = backup::restore(to, &options(), file).await.unwrap_err();
    assert!(matches!(error, BackupError::NotWhole { .. }), "{error:?}");
    std::fs::write(file, &bytes).unwrap();

    let (was, is) = ("\"messages\": 1", "\"messages\": 2");
    assert!(said.contains(was));
    std::fs::write(&manifest, said.replace(was, is)).unwrap();
    let error = backup::restore(to, &options(), file).await.unwrap_err().to_string();
    assert!(error.contains("2 rows of `messages` were to be there, and 1 are"), "{error}");

    std::fs::remove_file(&manifest).unwrap();
    let error = backup::restore(to, &options(), file).await.unwrap_err();
    assert!(matches!(error, BackupError::Manifest { .. }), "{error:?}");
    std::fs::write(&manifest, said).unwrap();
}

fn sqlite(folder: &Path, name: &str) -> (String, PathBuf) {
    let path = folder.join(name);
    (format!("sqlite:{}", path.display()), path)
}

#[tokio::test]
async fn a_file_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("backup.db");
    let (from, to) = (sqlite(home.path(), "from.db").0, sqlite(home.path(), "to.db").0);
    there_and_back(&from, &to, &file).await;
    let (third, path) = sqlite(home.path(), "third.db");
    not_whole(&third, &file).await;
    // Nothing is left where nothing was restored.
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|it| it.unwrap().path()).collect();
    let third = path.display().to_string();
    assert!(left.iter().all(|it| !it.display().to_string().starts_with(&third)), "{left:?}");
    let error = backup::restore("postgres://nobody@localhost/none", &options(), &file).await;
    assert!(matches!(error, Err(BackupError::Kind { .. })), "{error:?}");
}

#[tokio::test]
async fn a_server_comes_back_as_it_was() {
    let Ok(server) = std::env::var("COTMOC_TEST_POSTGRES") else { return };
    let home = tempfile::tempdir().unwrap();
    let (from, to, third) =
        (new(&server, "from").await, new(&server, "to").await, new(&server, "third").await);
    let file = home.path().join("backup.dump");
    there_and_back(&from.1, &to.1, &file).await;
    not_whole(&third.1, &file).await;
    for (name, _) in [from, to, third] {
        run(&server, &format!("drop database {name} with (force)")).await;
    }
}

/// A database of its own: a dump names its schema.
async fn new(server: &str, name: &str) -> (String, String) {
    let name = format!("cotmoc_{}_{name}", std::process::id());
    run(server, &format!("drop database if exists {name} with (force)")).await;
    run(server, &format!("create database {name}")).await;
    let (base, _) = server.rsplit_once('/').unwrap();
    let address = format!("{base}/{name}");
    (name, address)
}

async fn run(server: &str, statement: &str) {
    sqlx::any::install_default_drivers();
    let mut conn = sqlx::AnyConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_backup_is_made_while_others_write() {
    let home = tempfile::tempdir().unwrap();
    let (from, _) = sqlite(home.path(), "from.db");
    let store = a_database(&from).await;
    let writer = {
        let store = store.clone();
        async move {
            for n in 0..200_u32 {
                let mut tx = store.begin().await.unwrap();
                let who = domain::SubjectId::of(&[&n.to_string()]);
                access_log::record(&mut tx, &[reading(who, noon())]).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    };
    let file = home.path().join("backup.db");
    let options = options();
    let (made, ()) = tokio::join!(backup::backup(&from, &options, &file, noon()), writer);
    let made = made.unwrap();
    assert!((1..=201).contains(&made.holds.rows["access_log"]), "{made:?}");
    let (to, _) = sqlite(home.path(), "to.db");
    assert_eq!(backup::restore(&to, &options, &file).await.unwrap(), made);
}
