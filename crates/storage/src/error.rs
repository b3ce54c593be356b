//! What can go wrong with the database, by what the caller can do about it.

use std::path::PathBuf;

use domain::IllegalTransition;
use sqlx::error::DatabaseError;

use crate::vault::VaultError;

/// Shorthand for what every function of this crate returns.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// Why a statement was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Others held the database for too long, or two transactions stood in each other's way.
    /// Trying again later is right.
    #[error("the database is busy")]
    Busy(#[source] Option<sqlx::Error>),

    /// The server cannot be reached, or let go of us: it is restarted, or the network is cut. What
    /// was not committed is undone. Trying again later is right.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),

    /// The database's disk has no room left. Once there is some, trying again is right.
    #[error("the database has no room left on its disk")]
    Full(#[source] sqlx::Error),

    /// The database file or its disk can only be read.
    #[error("the database is read-only")]
    ReadOnly(#[source] sqlx::Error),

    /// A row is no longer in the state that the caller expected: somebody was faster.
    #[error("{what} `{id}` is not `{expected}` any more")]
    Conflict {
        /// What kind of row.
        what: &'static str,
        /// Which one.
        id: String,
        /// The state that was expected.
        expected: &'static str,
    },

    /// The lifecycle does not allow the move.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),

    /// A stored row does not read back as what it should be.
    #[error("the stored {what} does not read back")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A value could not be written as text.
    #[error("a value could not be written as JSON")]
    Unwritable(#[source] serde_json::Error),

    /// The head of the log of readings could not be signed.
    #[error("the head of the log of readings could not be signed")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// What names a person could not be sealed or opened.
    #[error("what is sealed could not be sealed or opened")]
    Vault(#[from] VaultError),

    /// Anything else that the database reports: only an operator can act on it.
    #[error("the database did not do what was asked")]
    Database(#[source] sqlx::Error),
}

impl StorageError {
    /// Whether trying again later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable(_) | Self::Full(_) | Self::Conflict { .. })
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match Fault::of(&error) {
            Fault::Busy => Self::Busy(Some(error)),
            Fault::Unreachable => Self::Unreachable(error),
            Fault::Full => Self::Full(error),
            Fault::ReadOnly => Self::ReadOnly(error),
            Fault::CannotOpen | Fault::NotADatabase | Fault::Other => Self::Database(error),
        }
    }
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none that we know.
    #[error(
        "`{given}` is not a database address: it should be `sqlite:PATH` or \
         `postgres://USER@HOST/DATABASE`"
    )]
    Address {
        /// What was given, without a password.
        given: String,
    },

    /// The directory that should hold the file's directory is not there: often a disk that
    /// is not mounted. One missing level is created, more are not.
    #[error("directory `{}` for the database does not exist", .directory.display())]
    DirectoryMissing {
        /// The first directory that is missing.
        directory: PathBuf,
    },

    /// The directory is there, but no file can be made in it.
    #[error("cannot make the database `{}`: its directory cannot be written to", .file.display())]
    DirectoryNotWritable {
        /// The database file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The file is marked read-only, or its disk is.
    #[error("database `{}` is read-only", .file.display())]
    ReadOnly {
        /// The database file.
        file: PathBuf,
    },

    /// Another program holds the file.
    #[error("database `{}` is locked by another program", .file.display())]
    Locked {
        /// The database file.
        file: PathBuf,
    },

    /// Another program serves the file.
    #[error(
        "database `{}` is served by another program already: stop that one, or keep the state in \
         PostgreSQL, which many may serve", .file.display()
    )]
    Served {
        /// The database file.
        file: PathBuf,
    },

    /// The file is something else.
    #[error("`{}` is not an SQLite database", .file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },

    /// No server answers there.
    #[error("no database server answers at `{server}`")]
    Unreachable {
        /// The address, without a password.
        server: String,
        /// What the system said; nothing where it did not answer in time.
        #[source]
        source: Option<sqlx::Error>,
    },

    /// The server answers, but does not let us in.
    #[error("the database server at `{server}` refuses the connection")]
    Refused {
        /// The address, without a password.
        server: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },

    /// Anything else.
    #[error("cannot open the database `{database}`")]
    Other {
        /// The address, without a password.
        database: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
}

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A migration that ran once was edited afterwards. A change is a new migration.
    #[error("migration {number} `{name}` was changed after this database had run it")]
    Changed {
        /// Its number.
        number: i64,
        /// Its name.
        name: String,
    },

    /// The database was made by a newer program.
    #[error(
        "the database has migration {number} `{name}`, which this program does not know: use a newer one"
    )]
    Newer {
        /// The number.
        number: i64,
        /// The name.
        name: String,
    },

    /// One migration failed; the database is as it was before.
    #[error("migration {number} `{name}` failed")]
    Failed {
        /// Its number.
        number: i64,
        /// Its name.
        name: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },

    /// The table of migrations could not be read or written.
    #[error("could not read which migrations have run")]
    Storage(#[from] StorageError),
}

/// `SQLite`'s extended codes of what fails where a disk is full, beside the one that says so.
const IOERR_WRITE: u32 = 778;
const IOERR_SHMSIZE: u32 = 4874;

/// What a database error means, told by its code: five characters are a SQLSTATE of
/// PostgreSQL, a shorter number is an extended result code of `SQLite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Busy,
    Unreachable,
    Full,
    ReadOnly,
    CannotOpen,
    NotADatabase,
    Other,
}

impl Fault {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unreachable,
            sqlx::Error::Database(error) => Self::of_code(error.as_ref()),
            _ => Self::Other,
        }
    }

    fn of_code(error: &dyn DatabaseError) -> Self {
        let code = error.code().unwrap_or_default();
        if code.len() == 5 {
            return match code.as_ref() {
                // Lock not available, serialisation failure, deadlock, too many connections.
                "55P03" | "40001" | "40P01" | "53300" => Self::Busy,
                "25006" => Self::ReadOnly,
                // Stopped by an operator, after a crash, not ready yet.
                "57P01" | "57P02" | "57P03" => Self::Unreachable,
                "53100" => Self::Full,
                other if other.starts_with("08") => Self::Unreachable,
                _ => Self::Other,
            };
        }
        let code = code.parse::<u32>().unwrap_or_default();
        // A file that could not be written, made longer or mapped: no room is why.
        if matches!(code, IOERR_WRITE | IOERR_SHMSIZE) {
            return Self::Full;
        }
        // The low byte of an extended code is the primary one.
        match code & 0xff {
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            13 => Self::Full,
            14 => Self::CannotOpen,
            26 => Self::NotADatabase,
            _ => Self::Other,
        }
    }
}
