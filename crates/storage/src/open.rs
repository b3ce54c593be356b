//! From an address to a connection, or to an error that says what to do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};

use crate::dialect::{self, Dialect};
use crate::error::{Fault, OpenError};

/// A database address that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// As given, without a password: for messages.
    pub(crate) shown: String,
    pub(crate) dialect: Dialect,
    /// The file, where there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) options: AnyConnectOptions,
}

impl Address {
    /// Reads `sqlite:PATH`, `sqlite://PATH`, `sqlite::memory:`, `postgres://…`, `postgresql://…`.
    pub(crate) fn parse(given: &str) -> Result<Self, OpenError> {
        let shown = without_password(given);
        let (dialect, file, url) = if let Some(path) = given.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            match path {
                "" => return Err(OpenError::Address { given: shown }),
                ":memory:" => (Dialect::Sqlite, None, "sqlite::memory:".to_owned()),
                path => {
                    let url = format!("sqlite:{}?mode=rwc", percent_encoded(path));
                    (Dialect::Sqlite, Some(PathBuf::from(path)), url)
                }
            }
        } else if given.starts_with("postgres://") || given.starts_with("postgresql://") {
            (Dialect::Postgres, None, given.to_owned())
        } else {
            return Err(OpenError::Address { given: shown });
        };
        match url.parse() {
            Ok(options) => Ok(Self { shown, dialect, file, options }),
            Err(_) => Err(OpenError::Address { given: shown }),
        }
    }

    /// Connects once, so that what is wrong with the address is told now and not by the first
    /// request.
    pub(crate) async fn try_out(&self, patience: Duration) -> Result<(), OpenError> {
        if let Some(file) = &self.file {
            prepare_directory(file)?;
        }
        let connected = tokio::time::timeout(patience, self.connect(patience)).await;
        match connected {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.explain(error)),
            Err(_) => Err(match &self.file {
                Some(file) => OpenError::Locked { file: file.clone() },
                None => OpenError::Unreachable { server: self.shown.clone(), source: None },
            }),
        }
    }

    async fn connect(&self, patience: Duration) -> sqlx::Result<()> {
        let mut conn: AnyConnection = self.options.connect().await?;
        if self.dialect == Dialect::Sqlite {
            // A quarter of the patience for each of two ways to wait: the lock must be reported
            // before the outer limit hides it.
            dialect::settle_sqlite(&mut conn, patience / 4).await?;
            dialect::turn_on_wal(&mut conn, patience / 4).await?;
        }
        conn.close().await
    }

    fn explain(&self, error: sqlx::Error) -> OpenError {
        let Some(file) = self.file.clone() else {
            let server = self.shown.clone();
            return match error {
                sqlx::Error::Database(_) => OpenError::Refused { server, source: error },
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                    OpenError::Unreachable { server, source: Some(error) }
                }
                source => OpenError::Other { database: server, source },
            };
        };
        match Fault::of(&error) {
            Fault::Busy => OpenError::Locked { file },
            Fault::ReadOnly => OpenError::ReadOnly { file },
            Fault::NotADatabase => OpenError::NotADatabase { file },
            Fault::CannotOpen => OpenError::DirectoryNotWritable { file, source: Box::new(error) },
            Fault::Unreachable | Fault::Full | Fault::Other => {
                OpenError::Other { database: self.shown.clone(), source: error }
            }
        }
    }
}

/// Makes the file's directory where only that one level is missing. A longer missing path is
/// most often a disk that is not mounted, and filling the root disk instead would hide it.
fn prepare_directory(file: &Path) -> Result<(), OpenError> {
    let directory = match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        let above = directory.parent().filter(|above| !above.as_os_str().is_empty());
        if let Some(missing) = above.filter(|above| !above.exists()) {
            return Err(OpenError::DirectoryMissing { directory: missing.to_owned() });
        }
        std::fs::create_dir(directory).map_err(|source| OpenError::DirectoryNotWritable {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
    }
    // A file marked read-only is meant to stay as it is, even where we could override the mark.
    if std::fs::metadata(file).is_ok_and(|held| held.permissions().readonly()) {
        return Err(OpenError::ReadOnly { file: file.to_owned() });
    }
    Ok(())
}

/// The address with what stands before the `@` left out.
fn without_password(given: &str) -> String {
    match (given.split_once("://"), given.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => given.to_owned(),
    }
}

/// A path as the driver's address wants it: what an address gives a meaning to is encoded.
fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_password("postgres://u:p@ss@db/x"), "postgres://db/x");
        assert_eq!(without_password("sqlite:var/a.db"), "sqlite:var/a.db");
        let error = Address::parse("mysql://u:secret@db/x").unwrap_err().to_string();
        assert!(error.contains("`mysql://db/x`") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_path_may_hold_any_letter() {
        let address = Address::parse("sqlite:var/cột mốc?#1.db").unwrap();
        assert_eq!(address.file, Some(PathBuf::from("var/cột mốc?#1.db")));
        assert!(Address::parse("sqlite:").is_err());
        assert!(Address::parse("var/cotmoc.db").is_err());
    }
}
