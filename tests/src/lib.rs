//! Support for the tests of the tree: which files there are, and what they say.

pub mod tree;
