//! Backups of an `SQLite` file.

use std::path::{Path, PathBuf};

use super::{BackupError, Holds, compare, copy, holds};
use crate::open::Address;
use crate::{Options, StorageError, Store};

/// Copies the database of `store` as it is at one moment, and looks at the copy.
pub(super) async fn backup(
    store: &Store,
    options: &Options,
    file: &Path,
) -> Result<Holds, BackupError> {
    let mut conn = store.read().await?;
    sqlx::query("vacuum into $1")
        .bind(text(file)?)
        .execute(&mut *conn)
        .await
        .map_err(StorageError::from)?;
    drop(conn);
    copy::settle(file)?;
    looked_at(file, options).await
}

/// Puts a copy beside the place, looks at it there, and only then gives it the name.
pub(super) async fn restore(
    address: &Address,
    options: &Options,
    file: &Path,
    expected: &Holds,
) -> Result<(), BackupError> {
    let Some(target) = &address.file else {
        return Err(BackupError::NotEmpty { database: address.shown.clone() });
    };
    let taken = ["", "-wal", "-shm"].iter().map(|suffix| with(target, suffix));
    if taken.into_iter().any(|path| path.exists()) {
        return Err(BackupError::NotEmpty { database: address.shown.clone() });
    }
    let beside = with(target, ".restoring");
    // Left behind by a restore that was cut off.
    forget(&beside)?;
    std::fs::copy(file, &beside).map_err(copy::failed(&beside))?;
    copy::settle(&beside)?;
    let found = looked_at(&beside, options).await;
    let same = found.and_then(|found| compare(expected, &found));
    if let Err(error) = same {
        forget(&beside)?;
        return Err(error);
    }
    std::fs::rename(&beside, target).map_err(copy::failed(target))?;
    copy::settle(target)
}

/// What a file holds, after the database itself found nothing wrong with it.
async fn looked_at(file: &Path, options: &Options) -> Result<Holds, BackupError> {
    let store = Store::open(&format!("sqlite:{}", text(file)?), options).await?;
    let mut conn = store.read().await?;
    for (check, column, fine) in [
        ("select integrity_check as said from pragma_integrity_check", "said", Some("ok")),
        ("select \"table\" as said from pragma_foreign_key_check", "said", None),
    ] {
        let rows = sqlx::query(check).fetch_all(&mut *conn).await.map_err(StorageError::from)?;
        for row in &rows {
            let said = crate::sql::text(row, column)?;
            if Some(said.as_str()) != fine {
                let what = format!("the database finds fault with it: {said}");
                return Err(BackupError::NotWhole { what });
            }
        }
    }
    let held = holds(&mut conn).await?;
    drop(conn);
    store.close().await;
    Ok(held)
}

fn forget(path: &Path) -> Result<(), BackupError> {
    for path in ["", "-wal", "-shm"].iter().map(|suffix| with(path, suffix)) {
        if path.exists() {
            std::fs::remove_file(&path).map_err(copy::failed(&path))?;
        }
    }
    Ok(())
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn text(path: &Path) -> Result<&str, BackupError> {
    let odd = || std::io::Error::new(std::io::ErrorKind::InvalidFilename, "the name is no text");
    path.to_str().ok_or_else(|| copy::failed(path)(odd()))
}
