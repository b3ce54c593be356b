//! Outcomes: what people did and said.

use domain::{Outcome, SubjectId, SuggestionId};
use jiff::Timestamp;

use crate::{Conn, Result, Stored, sql};

/// Stores an outcome. Saying the same kind of thing again replaces what was said (a second
/// rating), and saying the very same changes nothing: the first moment stands.
pub async fn put(conn: &mut Conn, outcome: &Outcome) -> Result<Stored> {
    let body = sql::json(outcome)?;
    let inserted = sqlx::query(
        "insert into outcomes (id, suggestion_id, subject_id, kind, at, body)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing",
    )
    .bind(outcome.id.to_string())
    .bind(outcome.suggestion.to_string())
    .bind(outcome.subject.to_string())
    .bind(outcome.kind.name())
    .bind(sql::time(outcome.at))
    .bind(&body)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }
    let row = sqlx::query("select body from outcomes where id = $1")
        .bind(outcome.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    if sql::from_json::<Outcome>(&row, "body")?.kind == outcome.kind {
        return Ok(Stored::Same);
    }
    sqlx::query("update outcomes set at = $2, body = $3 where id = $1")
        .bind(outcome.id.to_string())
        .bind(sql::time(outcome.at))
        .bind(&body)
        .execute(conn)
        .await?;
    Ok(Stored::Changed)
}

/// What was said about one suggestion, in order.
pub async fn of_suggestion(conn: &mut Conn, suggestion: SuggestionId) -> Result<Vec<Outcome>> {
    let rows = sqlx::query("select body from outcomes where suggestion_id = $1 order by at, id")
        .bind(suggestion.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}

/// What one person said, in order.
pub async fn of_subject(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Outcome>> {
    let rows = sqlx::query("select body from outcomes where subject_id = $1 order by at, id")
        .bind(subject.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}

/// What was said from `since` on, in order: the measures read it.
pub async fn since(conn: &mut Conn, since: Timestamp, limit: u32) -> Result<Vec<Outcome>> {
    let rows = sqlx::query("select body from outcomes where at >= $1 order by at, id limit $2")
        .bind(sql::time(since))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::from_json(row, "body")).collect()
}
