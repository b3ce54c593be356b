//! The use cases on a real database and the real pack, without a model: the approved wording
//! is taken.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod brake;
mod clock;
mod grounds;
mod intake;
mod letters;
mod order;
mod phrases;
mod population;
mod post;
mod prepare;
mod query;
mod rebuild;
mod support;
mod told;
mod unproved;
mod work;
