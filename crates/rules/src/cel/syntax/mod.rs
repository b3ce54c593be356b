//! From text to a tree of CEL: letters to words, words to expressions, macros to what they
//! stand for. Everything after this knows no text.

pub(crate) mod ast;
mod lexer;
mod literal;
mod macros;
mod parser;

pub(crate) use parser::parse;

/// The longest text of a general CEL expression, in bytes.
pub(crate) const LONGEST_SOURCE: usize = 100_000;

/// How deep an expression may nest. Deeper than anyone writes, shallow enough that every walk
/// over it fits a thread of 2 MiB in an unoptimised build.
pub(crate) const DEEPEST: usize = 64;

/// How many parts an expression may have.
pub(crate) const MOST_PARTS: usize = 20_000;

/// One thing that is wrong in an expression, by byte offset in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first byte of what is wrong.
    pub start: usize,
    /// How many bytes of it.
    pub length: usize,
    /// What is wrong, in words for authors.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl Fault {
    pub(crate) fn at(place: ast::Place, message: impl Into<String>) -> Self {
        Self {
            start: place.start,
            length: place.end.saturating_sub(place.start).max(1),
            message: message.into(),
            help: None,
        }
    }
}
