//! Every statement, on both databases.
//!
//! Each behaviour is one function, run on `SQLite` always and on PostgreSQL where
//! `COTMOC_TEST_POSTGRES` holds the URL of a server on which schemas may be made.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the lints let tests do so, but not the helpers that tests share"
)]

mod access;
mod backup;
mod both;
mod contacts;
mod decisions;
mod fixtures;
mod identity;
mod intake;
mod jobs;
mod log;
mod messages;
mod opening;
mod phrases;
mod schema;
mod speed;
mod sweep;
mod upkeep;
