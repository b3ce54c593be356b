//! Tests of the public interface: on tiny models that the tests make themselves, and on the
//! real ones where the store holds them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_collect,
    clippy::assigning_clones,
    clippy::print_stdout,
    reason = "helpers of tests may panic and print as tests do, and work on tiny numbers"
)]

mod batch_tiny;
mod embed_tiny;
mod fuzz_corpus;
mod hostile;
mod pull;
mod real;
mod remote;
mod remote_real;
mod serve_tiny;
mod text_tiny;
mod tiny;
mod tiny_e5;
mod tokenizer_tiny;
