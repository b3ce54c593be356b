//! When repeating tasks last ran, so that a missed run is caught up and no run is done twice.

use jiff::Timestamp;

use crate::{Conn, Result, sql};

/// When the task last ran.
pub async fn last_run(conn: &mut Conn, name: &str) -> Result<Option<Timestamp>> {
    let row = sqlx::query("select last_run from schedules where name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::parsed(row, "last_run")).transpose()
}

/// Takes the run at `at`, where the last one is still the `before` that the caller saw. Answers
/// whether it was taken: `false` means that another worker took it.
pub async fn take_run(
    conn: &mut Conn,
    name: &str,
    before: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool> {
    let taken = match before {
        None => {
            sqlx::query(
                "insert into schedules (name, last_run) values ($1, $2)
                 on conflict (name) do nothing",
            )
            .bind(name)
            .bind(sql::time(at))
            .execute(conn)
            .await?
        }
        Some(before) => {
            sqlx::query("update schedules set last_run = $2 where name = $1 and last_run = $3")
                .bind(name)
                .bind(sql::time(at))
                .bind(sql::time(before))
                .execute(conn)
                .await?
        }
    };
    Ok(taken.rows_affected() == 1)
}
