//! The next day on which time alone may bring a life event to a subject.

use domain::SubjectId;
use jiff::civil::Date;
use sqlx::any::AnyRow;

use crate::rows::{Insert, rows_of_each};
use crate::{Conn, Result, sql};

/// A day on which a life event must be looked at for a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whom to look at.
    pub subject: SubjectId,
    /// The life event's id in the pack.
    pub life_event: String,
    /// When.
    pub on: Date,
}

const INSERT: Insert<'static> = Insert {
    into: "insert into due (subject_id, life_event, due_on)",
    columns: 3,
    then: "on conflict (subject_id, life_event) do update set due_on = excluded.due_on",
};

/// Notes next days, one for each subject and life event; each takes the place of the one before.
pub async fn set(conn: &mut Conn, days: &[Due]) -> Result<()> {
    for some in Insert::portions(days) {
        let mut query = INSERT.of(conn, some.len());
        for due in some {
            query =
                query.bind(due.subject.to_string()).bind(&due.life_event).bind(due.on.to_string());
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Notes that no day is due any more. Answers whether one was.
pub async fn clear(conn: &mut Conn, subject: SubjectId, life_event: &str) -> Result<bool> {
    let cleared = sqlx::query("delete from due where subject_id = $1 and life_event = $2")
        .bind(subject.to_string())
        .bind(life_event)
        .execute(conn)
        .await?;
    Ok(cleared.rows_affected() == 1)
}

/// The days of `subjects`.
pub async fn of_subjects(conn: &mut Conn, subjects: &[SubjectId]) -> Result<Vec<Due>> {
    let statement = "select subject_id, life_event, due_on from due where subject_id in ({})
         order by subject_id, life_event";
    rows_of_each(conn, statement, &[], subjects).await?.iter().map(read).collect()
}

/// What is due on `day` or before it, earliest first.
pub async fn due_until(conn: &mut Conn, day: Date, limit: u32) -> Result<Vec<Due>> {
    let rows = sqlx::query(
        "select subject_id, life_event, due_on from due where due_on <= $1
         order by due_on, subject_id, life_event limit $2",
    )
    .bind(day.to_string())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Due> {
    Ok(Due {
        subject: sql::parsed(row, "subject_id")?,
        life_event: sql::text(row, "life_event")?,
        on: sql::parsed(row, "due_on")?,
    })
}
