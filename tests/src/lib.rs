//! Support for the end-to-end, crash, page and tidy tests: how a test reads the tree, starts
//! the real binary, speaks HTTP to it, drives a browser and finds a PostgreSQL; and what the crash
//! test feeds, whom it tells, and how that is judged.

pub mod browser;
pub mod cable;
pub mod chance;
pub mod history;
pub mod http;
pub mod postgres;
pub mod program;
pub mod samples;
pub mod sink;
pub mod site;
pub mod tree;
pub mod verdict;
