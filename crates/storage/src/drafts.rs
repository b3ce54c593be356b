//! Drafts: the application prepared for one suggestion. Made anew when facts change.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Draft, DraftId, SubjectId, SuggestionId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::rows::{Insert, rows_of_each};
use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, StorageError, Stored, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into drafts (id, suggestion_id, form, changed_at, about, body)",
    columns: 6,
    then: "on conflict (id) do nothing returning id",
};

/// A draft to store, and whom it may name: its recipient and everyone with a role in what it is
/// about.
#[derive(Debug)]
pub struct Prepared {
    /// The draft.
    pub draft: Draft,
    /// Whom it may name.
    pub about: BTreeSet<SubjectId>,
}

/// A draft as it is stored.
struct Sealed<'a> {
    draft: &'a Draft,
    about: String,
    body: String,
}

/// Stores each of `prepared` in the place of an earlier one for the same suggestion, sealed with
/// the keys of everyone whom it may name, and answers in their order what that took.
pub async fn put(conn: &mut Conn, prepared: &[Prepared], at: Timestamp) -> Result<Vec<Stored>> {
    let named: Vec<SubjectId> = prepared.iter().flat_map(|it| &it.about).copied().collect();
    vault::make(conn, &named).await?;
    let sealed = prepared.iter().map(|it| it.sealed(conn)).collect::<Result<Vec<Sealed<'_>>>>()?;
    let mut new = BTreeSet::new();
    for some in Insert::portions(&sealed) {
        let mut query = INSERT.of(conn, some.len());
        for Sealed { draft, about, body } in some {
            query = query
                .bind(draft.id.to_string())
                .bind(draft.suggestion.to_string())
                .bind(&draft.form)
                .bind(sql::time(at))
                .bind(about)
                .bind(body);
        }
        for row in &query.fetch_all(&mut *conn).await? {
            new.insert(sql::parsed::<DraftId>(row, "id")?);
        }
    }
    let mut stored = Vec::with_capacity(sealed.len());
    for one in &sealed {
        stored.push(if new.remove(&one.draft.id) {
            Stored::New
        } else {
            change(conn, one, at).await?
        });
    }
    Ok(stored)
}

impl Prepared {
    fn sealed(&self, conn: &Conn) -> Result<Sealed<'_>> {
        let about: Vec<SubjectId> = self.about.iter().copied().collect();
        // The same draft seals to the same bytes, so that one that says nothing new changes
        // nothing.
        let body =
            conn.held.sealing(&about)?.seal(&place(self.draft.id), &sql::json(&self.draft)?)?;
        Ok(Sealed { draft: &self.draft, about: sql::ids(&about), body })
    }
}

async fn change(conn: &mut Conn, sealed: &Sealed<'_>, at: Timestamp) -> Result<Stored> {
    let changed = sqlx::query(
        "update drafts set form = $2, changed_at = $3, about = $4, body = $5
         where id = $1 and body <> $5",
    )
    .bind(sealed.draft.id.to_string())
    .bind(&sealed.draft.form)
    .bind(sql::time(at))
    .bind(&sealed.about)
    .bind(&sealed.body)
    .execute(conn)
    .await?;
    Ok(if changed.rows_affected() == 1 { Stored::Changed } else { Stored::Same })
}

/// One draft; `None` also where someone whom it was about was erased.
pub async fn get(conn: &mut Conn, id: DraftId) -> Result<Option<Draft>> {
    Ok(get_all(conn, &[id]).await?.pop())
}

async fn get_all(conn: &mut Conn, ids: &[DraftId]) -> Result<Vec<Draft>> {
    let statement = "select id, about, body from drafts where id in ({})";
    let rows = rows_of_each(conn, statement, &[], ids).await?;
    let mut about = Vec::with_capacity(rows.len());
    for row in &rows {
        about.push(sql::parsed_ids(row, "about")?);
    }
    vault::learn(conn, &about.concat()).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (row, about) in rows.iter().zip(&about) {
        found.extend(opened(conn, row, about)?);
    }
    Ok(found)
}

fn opened(conn: &Conn, row: &AnyRow, about: &[SubjectId]) -> Result<Option<Draft>> {
    let Some(key) = conn.held.key(about)? else { return Ok(None) };
    match key.open(&place(sql::parsed(row, "id")?), &sql::text(row, "body")?)? {
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

/// The drafts of those of `suggestions` that have one.
pub async fn of_suggestions(
    conn: &mut Conn,
    suggestions: &[SuggestionId],
) -> Result<BTreeMap<SuggestionId, Draft>> {
    let ids: Vec<DraftId> = suggestions.iter().map(|it| Draft::id_of(*it)).collect();
    let found = get_all(conn, &ids).await?;
    Ok(found.into_iter().map(|draft| (draft.suggestion, draft)).collect())
}

fn place(draft: DraftId) -> Place {
    Place::new(&["draft", &draft.to_string()])
}
