//! The files of a backup.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{BackupError, Manifest};

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path: path.clone(), source }
}

/// The hash of a file, in hex.
pub(super) fn sha256(path: &Path) -> Result<String, BackupError> {
    let mut file = File::open(path).map_err(failed(path))?;
    let mut hash = Sha256::new();
    let mut some = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut some).map_err(failed(path))?;
        if read == 0 {
            return Ok(crate::hex(&hash.finalize()));
        }
        hash.update(some.get(..read).unwrap_or_default());
    }
}

/// Makes sure that a file and its name are on the disk.
pub(super) fn settle(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(failed(path))?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

/// Comes last: a backup without a manifest was cut off.
pub(super) fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| BackupError::Manifest { path: path.to_owned(), source: error.into() })?;
    let mut file = File::create_new(path).map_err(failed(path))?;
    file.write_all(text.as_bytes()).map_err(failed(path))?;
    settle(path)
}

pub(super) fn read_manifest(path: &Path) -> Result<Manifest, BackupError> {
    let none = |source: Box<dyn std::error::Error + Send + Sync>| BackupError::Manifest {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(|error| none(error.into()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| none(error.into()))?;
    if manifest.format != 1 {
        return Err(none("it was made by a newer program".into()));
    }
    Ok(manifest)
}
