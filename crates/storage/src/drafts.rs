//! Drafts: the application prepared for one suggestion. Made anew when facts change.

use domain::{Draft, DraftId, SubjectId, SuggestionId};
use jiff::Timestamp;

use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, StorageError, Stored, milestones, sql, suggestions};

/// Stores `draft` in the place of an earlier one for the same suggestion, sealed with the keys of
/// everyone who plays a role in what it is about.
pub async fn put(conn: &mut Conn, draft: &Draft, at: Timestamp) -> Result<Stored> {
    let about = about(conn, draft.suggestion).await?;
    vault::make(conn, &about).await?;
    // The same draft seals to the same bytes, so that one that says nothing new changes nothing.
    let body = conn.held.sealing(&about)?.seal(&place(draft.id), &sql::json(draft)?)?;
    let about = sql::ids(&about);
    let inserted = sqlx::query(
        "insert into drafts (id, suggestion_id, form, changed_at, about, body)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing",
    )
    .bind(draft.id.to_string())
    .bind(draft.suggestion.to_string())
    .bind(&draft.form)
    .bind(sql::time(at))
    .bind(&about)
    .bind(&body)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }
    let changed = sqlx::query(
        "update drafts set form = $2, changed_at = $3, about = $4, body = $5
         where id = $1 and body <> $5",
    )
    .bind(draft.id.to_string())
    .bind(&draft.form)
    .bind(sql::time(at))
    .bind(&about)
    .bind(&body)
    .execute(conn)
    .await?;
    Ok(if changed.rows_affected() == 1 { Stored::Changed } else { Stored::Same })
}

/// One draft; `None` also where someone whom it was about was erased.
pub async fn get(conn: &mut Conn, id: DraftId) -> Result<Option<Draft>> {
    let row = sqlx::query("select about, body from drafts where id = $1")
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let about = sql::parsed_ids(&row, "about")?;
    vault::learn(conn, &about).await?;
    let Some(key) = conn.held.key(&about)? else { return Ok(None) };
    match key.open(&place(id), &sql::text(&row, "body")?)? {
        Opened::Gone => Ok(None),
        Opened::Text(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| StorageError::Unreadable { what: "draft", source: error.into() }),
    }
}

/// The draft of one suggestion.
pub async fn of_suggestion(conn: &mut Conn, suggestion: SuggestionId) -> Result<Option<Draft>> {
    get(conn, Draft::id_of(suggestion)).await
}

/// Whom an application may name: its recipient and everyone with a role in its milestone.
async fn about(conn: &mut Conn, suggestion: SuggestionId) -> Result<Vec<SubjectId>> {
    let Some(suggestion) = suggestions::get(conn, suggestion).await? else {
        // The reference that is missing is what the database will say.
        return Ok(vec![vault::nobody()]);
    };
    let milestone = milestones::get(conn, suggestion.milestone).await?;
    let mut about = milestone.map(|it| it.named()).unwrap_or_default();
    about.insert(suggestion.recipient);
    Ok(about.into_iter().collect())
}

fn place(draft: DraftId) -> Place {
    Place::new(&["draft", &draft.to_string()])
}
