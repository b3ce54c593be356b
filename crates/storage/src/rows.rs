//! Many rows in one statement: what makes a batch of events cost little more than one of them.

use std::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::dialect::Dialect;
use crate::{Conn, Result, sql};

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

/// The rows that `statement` answers about `ids`, whose places stand where it says `{}`, after
/// those of `first`. Very many are asked for in portions: an order holds within each.
pub(crate) async fn rows_of_each<T: ToString>(
    conn: &mut Conn,
    statement: &str,
    first: &[&str],
    ids: &[T],
) -> Result<Vec<AnyRow>> {
    let mut rows = Vec::new();
    for some in ids.chunks(SIZES[0]) {
        let places = sql::places(first.len() + 1, places_for(some.len()));
        let mut query = sqlx::query(AssertSqlSafe(statement.replacen("{}", &places, 1)));
        for value in first {
            query = query.bind(*value);
        }
        // What is asked for twice is answered once, so the last fills the places that are left.
        let last = some.last().into_iter().cycle();
        for id in some.iter().chain(last).take(places_for(some.len())) {
            query = query.bind(id.to_string());
        }
        rows.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}

/// The smallest of the sizes that so many fit into.
fn places_for(count: usize) -> usize {
    SIZES.into_iter().rev().find(|size| *size >= count).unwrap_or(count)
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
    fn few_sizes_hold_any_number_of_ids() {
        assert_eq!([1, 2, 4, 5, 16, 17, 64].map(places_for), [1, 4, 4, 16, 16, 64, 64]);
    }

    #[tokio::test]
    async fn each_is_answered_once_however_many_are_asked_for() {
        let store = crate::Store::open("sqlite::memory:", &crate::Options::default()).await;
        let mut conn = store.unwrap().read().await.unwrap();
        for count in [0, 1, 3, 64, 65, 150] {
            let ids: Vec<usize> = (0..count).collect();
            let statement = "with recursive n (id) as (select 0 union all select id + 1 from n
                     where id < 1000)
                 select id from n where $1 = 'a' and cast(id as text) in ({})";
            let rows = rows_of_each(&mut conn, statement, &["a"], &ids).await.unwrap();
            assert_eq!(rows.len(), count);
        }
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
