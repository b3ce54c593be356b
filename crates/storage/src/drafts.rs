//! Drafts: the application prepared for one suggestion. Made anew when facts change.

use domain::{Draft, DraftId, SuggestionId};
use jiff::Timestamp;

use crate::{Conn, Result, Stored, sql};

/// Stores `draft` in the place of an earlier one for the same suggestion.
pub async fn put(conn: &mut Conn, draft: &Draft, at: Timestamp) -> Result<Stored> {
    let body = sql::json(draft)?;
    let inserted = sqlx::query(
        "insert into drafts (id, suggestion_id, form, changed_at, body)
         values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing",
    )
    .bind(draft.id.to_string())
    .bind(draft.suggestion.to_string())
    .bind(&draft.form)
    .bind(sql::time(at))
    .bind(&body)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }
    let changed = sqlx::query(
        "update drafts set form = $2, changed_at = $3, body = $4 where id = $1 and body <> $4",
    )
    .bind(draft.id.to_string())
    .bind(&draft.form)
    .bind(sql::time(at))
    .bind(&body)
    .execute(conn)
    .await?;
    Ok(if changed.rows_affected() == 1 { Stored::Changed } else { Stored::Same })
}

/// One draft.
pub async fn get(conn: &mut Conn, id: DraftId) -> Result<Option<Draft>> {
    let row = sqlx::query("select body from drafts where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::from_json(row, "body")).transpose()
}

/// The draft of one suggestion.
pub async fn of_suggestion(conn: &mut Conn, suggestion: SuggestionId) -> Result<Option<Draft>> {
    get(conn, Draft::id_of(suggestion)).await
}
