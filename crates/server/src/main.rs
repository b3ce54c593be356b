//! `cotmoc`: reads the command line, runs one command, answers with an exit code.

mod cli;

use std::process::ExitCode;

/// What comes in and goes out is very many small texts, which the system's own allocator is slow
/// at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
