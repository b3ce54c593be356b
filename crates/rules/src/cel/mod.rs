//! Conditions: CEL for authors, a small checked tree for us.
//!
//! The `cel` crate parses. We do not let it evaluate: it has two truth values where shared
//! data needs three, no check before it runs, and inputs that made its earlier releases
//! panic. [`check`] turns its syntax tree into a [`Term`] in which every name, type and
//! number of arguments is settled; [`evaluate`](evaluate::evaluate) walks that tree and
//! cannot fail.
//!
//! What authors may use: `== != < <= > >= && || ! ?: in + - * / %`, `has(path)`,
//! `date("2026-01-01")`, `today`, `year(d)`, `years_between(a, b)`, `days_between(a, b)`.
//! Everything else is refused when the pack loads, with its place.

mod check;
mod evaluate;
mod term;

pub(crate) use check::{Fault, check};
pub(crate) use evaluate::{Answer, Knowledge, evaluate};
pub(crate) use term::Term;
#[cfg(test)]
mod tests;

/// A checked condition. The default one always holds.
#[derive(Debug, Clone)]
pub struct Condition {
    term: Term,
}

impl Default for Condition {
    fn default() -> Self {
        Self { term: Term::Value(domain::Value::Bool(true)) }
    }
}

impl Condition {
    pub(crate) fn new(term: Term) -> Self {
        Self { term }
    }

    pub(crate) fn term(&self) -> &Term {
        &self.term
    }

    /// The paths of all facts that it may read, in order of their names.
    #[must_use]
    pub fn reads(&self) -> std::collections::BTreeSet<String> {
        let mut paths = std::collections::BTreeSet::new();
        self.term.visit(&mut |term| {
            if let Term::Fact { role, attribute } = term {
                paths.insert(format!("{role}.{attribute}"));
            }
        });
        paths
    }
}

/// As an author could have written it, with every grouping shown.
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.term.fmt(f)
    }
}
