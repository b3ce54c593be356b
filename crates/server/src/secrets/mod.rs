//! The keys that lie beside the database and not in it: read from their files, made on the first
//! run.
//!
//! Whoever loses the pseudonym key can no longer tell which stored rows are about whom, and
//! whoever steals it can. So it lies in a file of its own, readable by its owner only, and is
//! never in the configuration, a log or an error. The same holds for the [master keys](master).

pub mod log_key;
pub mod master;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::PseudonymKey;
use zeroize::Zeroizing;

use crate::chance;

/// Fewer bytes than this can be guessed.
const LEAST: usize = 32;

/// Why there is no pseudonym key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("could not read the key file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be made.
    #[error("could not make the key file `{}`: does its folder exist, and may this user write there?", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others on the machine can read it.
    #[error("the key file `{}` can be read by others on this machine: run `chmod 600` on it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Too short to be a secret.
    #[error("the pseudonym key `{}` has {found} bytes, it needs at least {LEAST}", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// How many it has.
        found: usize,
    },
    /// No random bytes.
    #[error(transparent)]
    Chance(#[from] chance::ChanceError),
}

/// The key in the file at `path`, which is made where it is missing.
pub fn pseudonym_key(path: &Path) -> Result<PseudonymKey, SecretError> {
    if !path.exists() {
        make(path)?;
    }
    refuse_if_open(path)?;
    let bytes = fs::read(path).map(Zeroizing::new);
    let bytes = bytes.map_err(|source| SecretError::Read { path: path.to_owned(), source })?;
    let key = bytes.trim_ascii();
    if key.len() < LEAST {
        return Err(SecretError::Short { path: path.to_owned(), found: key.len() });
    }
    Ok(PseudonymKey::new(key))
}

/// Writes a new key. Two processes that start together: the second finds the file there and
/// reads the first one's key, because `create_new` lets only one of them make it.
fn make(path: &Path) -> Result<(), SecretError> {
    let failed = |source| SecretError::Make { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let text = Zeroizing::new(chance::token::<32>()?);
    match create_private(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Puts `text` in the place of the file at `path`, whole or not at all.
fn replace(path: &Path, text: &[u8]) -> Result<(), SecretError> {
    let failed = |source| SecretError::Make { path: path.to_owned(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // Left behind by a run that was cut off; the file itself is as it was.
    if beside.exists() {
        fs::remove_file(&beside).map_err(failed)?;
    }
    let mut file = create_private(&beside).map_err(failed)?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn refuse_if_open(path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let about =
        fs::metadata(path).map_err(|source| SecretError::Read { path: path.to_owned(), source })?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_open(_path: &Path) -> Result<(), SecretError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SubjectKind;

    fn pseudonym(path: &Path) -> domain::SubjectId {
        pseudonym_key(path).unwrap().subject(SubjectKind::Person, "999195001234")
    }

    #[test]
    fn the_first_run_makes_a_key_and_the_second_reads_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret/pseudonym.key");
        assert_eq!(pseudonym(&path), pseudonym(&path));
        let other = folder.path().join("other.key");
        assert_ne!(pseudonym(&path), pseudonym(&other));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");
        pseudonym_key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(pseudonym_key(&path), Err(SecretError::Open { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_short_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym.key");
        create_private(&path).unwrap().write_all(b"short").unwrap();
        let error = pseudonym_key(&path).unwrap_err();
        assert!(matches!(error, SecretError::Short { found: 5, .. }));
        assert!(!error.to_string().contains("short"));
    }
}
