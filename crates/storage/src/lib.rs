#![doc = include_str!("../README.md")]

pub mod access_log;
pub mod backup;
pub mod bulk;
pub mod cleanup;
mod conn;
pub mod contacts;
pub mod deliveries;
mod dialect;
pub mod drafts;
pub mod due;
pub mod erasures;
mod error;
pub mod facts;
pub mod grounds;
pub mod halts;
pub mod inbox;
pub mod jobs;
pub mod journal;
pub mod merkle;
pub mod messages;
mod migrate;
pub mod milestones;
mod open;
pub mod outcomes;
pub mod phrases;
pub mod portal_keys;
pub mod quarantine;
pub mod rebuild;
pub mod receipts;
pub mod refusals;
mod rows;
pub mod schedules;
pub mod sessions;
mod sql;
pub mod status;
mod store;
pub mod subjects;
pub mod suggestions;
pub mod sweep;
pub mod tallies;
pub mod templates;
pub mod turns;
pub mod vault;

pub use conn::Conn;
pub use dialect::Dialect;
pub use error::{MigrateError, OpenError, Result, StorageError};
pub use migrate::{MIGRATIONS, Migration};
pub use sql::Stored;
pub use store::{Options, Read, Store, Tx};

/// `bytes` in lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
