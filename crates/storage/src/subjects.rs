//! Subjects: who or what facts are about, by pseudonym.

use std::collections::BTreeSet;
use std::fmt;

use domain::{Language, SubjectId, SubjectKind};
use sqlx::any::AnyRow;

use crate::dialect;
use crate::rows::{Insert, rows_of_each};
use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, Stored, sql};

/// A subject. Its identifier never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The pseudonym.
    pub id: SubjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// The number that the registers use, for the subject's own draft only. Sealed where it is
    /// stored.
    pub identifier: Option<String>,
    /// The language of messages to it.
    pub language: Language,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// Until this transaction ends, no other that asks for the same decides about any of `subjects`, or
/// words or claims what is sent to them: what two workers know is never stored in the wrong order.
/// To be asked for once in a transaction, for everyone whose rows it will touch, before anything is
/// written, so that no two wait in a circle.
pub async fn hold(conn: &mut Conn, subjects: &BTreeSet<SubjectId>) -> Result<()> {
    Ok(dialect::hold_all(conn, subjects.iter().map(ToString::to_string)).await?)
}

const INSERT: Insert<'static> = Insert {
    into: "insert into subjects (id, kind, identifier, language)",
    columns: 4,
    then: "on conflict (id) do nothing returning id",
};

/// Makes sure that each of `subjects` is there, and answers in their order what that took. An
/// identifier that was not known before is added; the language that the person chose stays
/// ([`set_language`] changes it).
///
/// Comes before the first fact about a subject: facts refer to it.
pub async fn put(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<Stored>> {
    let ids: Vec<SubjectId> = subjects.iter().map(|it| it.id).collect();
    vault::make(conn, &ids).await?;
    // In the order of their ids: two that store the same subjects never wait in a circle.
    let mut sorted: Vec<&Subject> = subjects.iter().collect();
    sorted.sort_by_key(|it| (it.id, it.identifier.is_none()));
    sorted.dedup_by_key(|it| it.id);
    let mut new = BTreeSet::new();
    for some in Insert::portions(&sorted) {
        let mut query = INSERT.of(conn, some.len());
        for subject in some {
            query = query
                .bind(subject.id.to_string())
                .bind(sql::word(&subject.kind)?)
                .bind(stored_identifier(conn, subject)?)
                .bind(subject.language.tag());
        }
        for row in &query.fetch_all(&mut *conn).await? {
            new.insert(sql::parsed::<SubjectId>(row, "id")?);
        }
    }
    let known: Vec<SubjectId> =
        sorted.iter().map(|it| it.id).filter(|id| !new.contains(id)).collect();
    let mut unnamed = unnamed(conn, &known).await?;
    let mut stored = Vec::with_capacity(subjects.len());
    for subject in subjects {
        stored.push(if new.remove(&subject.id) {
            Stored::New
        } else if subject.identifier.is_some() && unnamed.remove(&subject.id) {
            name(conn, subject).await?
        } else {
            Stored::Same
        });
    }
    Ok(stored)
}

/// Those of `ids` whose identifier is not known.
async fn unnamed(conn: &mut Conn, ids: &[SubjectId]) -> Result<BTreeSet<SubjectId>> {
    let statement = "select id from subjects where identifier is null and id in ({})";
    let rows = rows_of_each(conn, statement, &[], ids).await?;
    rows.iter().map(|row| sql::parsed(row, "id")).collect()
}

/// Adds the identifier of a subject that was known without. The pseudonym is made from it, so
/// it can be no other.
async fn name(conn: &mut Conn, subject: &Subject) -> Result<Stored> {
    let named =
        sqlx::query("update subjects set identifier = $2 where id = $1 and identifier is null")
            .bind(subject.id.to_string())
            .bind(stored_identifier(conn, subject)?)
            .execute(conn)
            .await?;
    Ok(if named.rows_affected() == 1 { Stored::Changed } else { Stored::Same })
}

/// One subject.
pub async fn get(conn: &mut Conn, id: SubjectId) -> Result<Option<Subject>> {
    let row = sqlx::query("select id, kind, identifier, language from subjects where id = $1")
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    vault::learn(conn, &[id]).await?;
    read(conn, &row).map(Some)
}

/// The next `limit` subjects of one kind after the one given, in the order of their ids: the
/// demo's picker, and the way of a task that visits everyone.
pub async fn page(
    conn: &mut Conn,
    kind: SubjectKind,
    after: Option<SubjectId>,
    limit: u32,
) -> Result<Vec<Subject>> {
    let rows = sqlx::query(
        "select id, kind, identifier, language from subjects
         where kind = $1 and id > $2 order by id limit $3",
    )
    .bind(sql::word(&kind)?)
    .bind(after.map_or_else(String::new, |id| id.to_string()))
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    let ids: Result<Vec<SubjectId>> = rows.iter().map(|row| sql::parsed(row, "id")).collect();
    vault::learn(conn, &ids?).await?;
    rows.iter().map(|row| read(conn, row)).collect()
}

/// Notes the language that the person chose. Answers whether the subject is known.
pub async fn set_language(conn: &mut Conn, id: SubjectId, language: Language) -> Result<bool> {
    let changed = sqlx::query("update subjects set language = $2 where id = $1")
        .bind(id.to_string())
        .bind(language.tag())
        .execute(conn)
        .await?;
    Ok(changed.rows_affected() == 1)
}

/// The identifier as its column holds it.
fn stored_identifier(conn: &Conn, subject: &Subject) -> Result<Option<String>> {
    let Some(text) = &subject.identifier else { return Ok(None) };
    Ok(Some(conn.held.sealing(&[subject.id])?.seal(&place(subject.id), text)?))
}

fn place(subject: SubjectId) -> Place {
    Place::new(&["identifier", &subject.to_string()])
}

fn read(conn: &Conn, row: &AnyRow) -> Result<Subject> {
    let id: SubjectId = sql::parsed(row, "id")?;
    let sealed = sql::maybe_text(row, "identifier")?;
    let key = conn.held.key(&[id])?;
    let identifier = match sealed.zip(key) {
        None => None,
        Some((sealed, key)) => match key.open(&place(id), &sealed)? {
            Opened::Text(text) => Some(text),
            Opened::Gone => None,
        },
    };
    Ok(Subject {
        id,
        kind: sql::from_word(row, "kind")?,
        identifier,
        language: sql::from_word(row, "language")?,
    })
}
