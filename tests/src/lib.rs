//! Support for the end-to-end, crash, page and tidy tests: how a test reads the tree, starts
//! the real binary, speaks HTTP to it, drives a browser and finds a PostgreSQL.

pub mod browser;
pub mod http;
pub mod postgres;
pub mod program;
pub mod samples;
pub mod tree;
