//! The server from outside: its router as callers meet it, its channels and its stream against
//! real servers of their protocols.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod channels;
mod http;
mod models;
mod people;
mod phrases;
mod search;
mod stream;
mod support;
#[path = "../../../inference/tests/it/tiny.rs"]
#[expect(
    dead_code,
    clippy::cast_precision_loss,
    reason = "it makes models of more kinds than are needed here, of small numbers"
)]
mod tiny;
