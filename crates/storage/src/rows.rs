//! Many rows in one statement: what makes a batch of events cost little more than one of them.

use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::Conn;
use crate::dialect::Dialect;

/// How many rows one statement takes. Few sizes make few statements, which the driver keeps
/// prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// `insert into … values (…), (…) …`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insert<'a> {
    /// The statement up to and without `values`: the table and its columns.
    pub(crate) into: &'a str,
    /// How many columns.
    pub(crate) columns: usize,
    /// What follows the rows: what to do on a conflict, what to return.
    pub(crate) then: &'a str,
}

impl Insert<'_> {
    /// Cuts `rows` into portions that [`Insert::of`] takes.
    pub(crate) fn portions<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
        std::iter::from_fn(move || {
            let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
            let (portion, rest) = rows.split_at_checked(size)?;
            rows = rest;
            Some(portion)
        })
    }

    /// The statement for so many rows; the values of each are to be bound in the order of the
    /// columns.
    pub(crate) fn of(&self, conn: &Conn, rows: usize) -> Query<'static, Any, AnyArguments> {
        sqlx::query(AssertSqlSafe(self.text(Dialect::of(conn), rows)))
    }

    fn text(&self, dialect: Dialect, rows: usize) -> String {
        let mut text = format!("{} values ", self.into);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                let comma = if column == 0 { "" } else { ", " };
                // Writing to a `String` cannot fail.
                let _ = match dialect {
                    // Places without a number: SQLite looks a numbered one up by going through
                    // all of them.
                    Dialect::Sqlite => write!(text, "{comma}?"),
                    Dialect::Postgres => {
                        write!(text, "{comma}${}", row * self.columns + column + 1)
                    }
                };
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.then);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_few_sizes_and_none_is_lost() {
        let rows: Vec<usize> = (0..151).collect();
        let portions: Vec<&[usize]> = Insert::portions(&rows).collect();
        let sizes: Vec<usize> = portions.iter().map(|it| it.len()).collect();
        assert_eq!(sizes, [64, 64, 16, 4, 1, 1, 1]);
        assert_eq!(portions.concat(), rows);
        assert_eq!(Insert::portions::<usize>(&[]).count(), 0);
    }

    #[test]
    fn places_are_numbered_where_the_database_wants_it() {
        let insert = Insert { into: "insert into t (a, b)", columns: 2, then: "returning a" };
        let text = insert.text(Dialect::Postgres, 2);
        assert_eq!(text, "insert into t (a, b) values ($1, $2), ($3, $4) returning a");
        let text = insert.text(Dialect::Sqlite, 2);
        assert_eq!(text, "insert into t (a, b) values (?, ?), (?, ?) returning a");
    }
}
