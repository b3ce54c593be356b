//! A value with the place in its file where an author wrote it.
//!
//! Every name that can be mistyped is read as an [`At`], so that a message can show the
//! line and put a caret under it. Two values are equal when what was written is equal;
//! where it was written does not count.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// The span of it.
    pub span: Span,
}

/// A stretch of one line in one file. Lines and columns count from 1; a line of 0 means
/// that the place is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The line.
    pub line: usize,
    /// The first column, in characters.
    pub column: usize,
    /// How many characters.
    pub length: usize,
}

impl<T> At<T> {
    /// A value that was never written in a file, for tests and defaults.
    #[must_use]
    pub fn nowhere(value: T) -> Self {
        Self { value, span: Span::default() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = serde_saphyr::Spanned::<T>::deserialize(from)?;
        let number = |n: u64| usize::try_from(n).unwrap_or_default();
        // Where the text stands, not the alias that repeats it: that is where an author mends it.
        let at = read.defined;
        let span = Span {
            line: number(at.line()),
            column: number(at.column()),
            length: usize::try_from(at.span().len()).unwrap_or_default(),
        };
        Ok(Self { value: read.value, span })
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl Borrow<str> for At<String> {
    fn borrow(&self) -> &str {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for At<T> {}

impl<T: PartialOrd> PartialOrd for At<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for At<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sheet {
        name: At<String>,
        fill: BTreeMap<At<String>, At<String>>,
        list: Vec<At<String>>,
    }

    #[test]
    fn values_and_keys_remember_their_place() {
        let text = "name: 'child'\nfill:\n  c_dob: child.born_on\nlist: [a, bé, c]\n";
        let sheet: Sheet = serde_saphyr::from_str(text).unwrap();
        assert_eq!((sheet.name.span.line, sheet.name.span.column), (1, 7));
        let (key, value) = sheet.fill.get_key_value("c_dob").unwrap();
        assert_eq!((key.span.line, key.span.column, key.span.length), (3, 3, 5));
        assert_eq!((value.span.line, value.span.column, value.span.length), (3, 10, 13));
        let c = &sheet.list[2].span;
        assert_eq!((c.line, c.column, c.length), (4, 15, 1));
    }
}
