//! How values become columns and come back: text and whole numbers only, in one form that both
//! databases hold and sort alike.
//!
//! A moment is RFC 3339 in UTC with six digits after the second, so that the order of the text
//! is the order of time; a day is ISO 8601; a yes or no is 1 or 0; anything with an inside is
//! JSON text. Moments are kept to the microsecond.

use std::fmt::Write as _;
use std::str::FromStr;

use domain::SubjectId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{Result, StorageError};

/// `at` as a column holds it.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// The moment `days` before `now`, as a column holds it.
pub(crate) fn days_before(now: Timestamp, days: i64) -> String {
    time(moment_before(now, days))
}

/// The moment `days` before `now`.
pub(crate) fn moment_before(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

/// `value` as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(StorageError::Unwritable)
}

/// The one word that `value` (an enum without fields, a text newtype) is in JSON, bare.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String> {
    let json = serde_json::to_value(value).map_err(StorageError::Unwritable)?;
    Ok(match json {
        serde_json::Value::String(word) => word,
        other => other.to_string(),
    })
}

/// `$first, $first+1, …`: places for `count` values. Only numbers go in, so the statement stays
/// safe however many values a caller brings.
pub(crate) fn places(first: usize, count: usize) -> String {
    let mut out = String::new();
    for place in first..first + count {
        let comma = if place == first { "" } else { ", " };
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{comma}${place}");
    }
    out
}

fn unreadable(
    what: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StorageError {
    StorageError::Unreadable { what, source: source.into() }
}

/// A text column.
pub(crate) fn text(row: &AnyRow, column: &'static str) -> Result<String> {
    Ok(row.try_get(column)?)
}

/// A text column that may be empty.
pub(crate) fn maybe_text(row: &AnyRow, column: &'static str) -> Result<Option<String>> {
    Ok(row.try_get(column)?)
}

/// A number column.
pub(crate) fn number(row: &AnyRow, column: &'static str) -> Result<i64> {
    Ok(row.try_get(column)?)
}

/// A column that holds a count.
pub(crate) fn count(row: &AnyRow, column: &'static str) -> Result<u64> {
    u64::try_from(number(row, column)?).map_err(|error| unreadable(column, error))
}

/// A text column that is an id, a day or a moment.
pub(crate) fn parsed<T>(row: &AnyRow, column: &'static str) -> Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text(row, column)?.parse().map_err(|error| unreadable(column, error))
}

/// The same, where it may be empty.
pub(crate) fn maybe_parsed<T>(row: &AnyRow, column: &'static str) -> Result<Option<T>>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    maybe_text(row, column)?
        .map(|text| text.parse().map_err(|error| unreadable(column, error)))
        .transpose()
}

/// A JSON column.
pub(crate) fn from_json<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T> {
    serde_json::from_str(&text(row, column)?).map_err(|error| unreadable(column, error))
}

/// A column that [`word`] wrote.
pub(crate) fn from_word<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T> {
    of_word(text(row, column)?, column)
}

/// What [`word`] wrote, which is known as `what`.
pub(crate) fn of_word<T: DeserializeOwned>(word: String, what: &'static str) -> Result<T> {
    let word = serde_json::Value::String(word);
    serde_json::from_value(word).map_err(|error| unreadable(what, error))
}

/// The same, where it may be empty.
pub(crate) fn maybe_word<T: DeserializeOwned>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<T>> {
    maybe_text(row, column)?.map(|word| of_word(word, column)).transpose()
}

/// `ids` as one column holds them.
pub(crate) fn ids(ids: &[SubjectId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A column that [`ids`] wrote.
pub(crate) fn parsed_ids(row: &AnyRow, column: &'static str) -> Result<Vec<SubjectId>> {
    let text = text(row, column)?;
    text.split(' ').map(|id| id.parse().map_err(|error| unreadable(column, error))).collect()
}

/// What putting a row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was not there.
    New,
    /// It was there, and says the same.
    Same,
    /// It was there and said something else; now it says this.
    Changed,
    /// It was there and says something else, and stays as it is because it was acted on already
    /// (a message that was sent). Only messages answer so.
    Kept,
}

impl Stored {
    /// Whether anything that follows from the row must be looked at again.
    #[must_use]
    pub fn is_news(self) -> bool {
        matches!(self, Self::New | Self::Changed)
    }
}

/// An error unless exactly one row was changed: somebody else was faster.
pub(crate) fn exactly_one(
    changed: &sqlx::any::AnyQueryResult,
    what: &'static str,
    id: &impl ToString,
    expected: &'static str,
) -> Result<()> {
    if changed.rows_affected() == 1 {
        return Ok(());
    }
    Err(StorageError::Conflict { what, id: id.to_string(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_text_is_the_order_of_time() {
        let moments = [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000001Z",
            "2026-01-01T00:00:00.5Z",
            "2026-01-01T00:00:01Z",
            "2026-01-01T08:00:00+07:00",
        ];
        let texts: Vec<String> = moments.iter().map(|m| time(m.parse().unwrap())).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == "2026-01-01T00:00:00.000000Z".len()));
    }

    #[test]
    fn places_are_numbered_from_the_first() {
        assert_eq!(places(3, 2), "$3, $4");
        assert_eq!(places(1, 0), "");
    }
}
