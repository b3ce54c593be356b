//! Subjects: who or what facts are about, by pseudonym.

use std::fmt;

use domain::{Language, SubjectId, SubjectKind};
use sqlx::any::AnyRow;

use crate::{Conn, Result, Stored, sql};

/// A subject. Its identifier never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The pseudonym.
    pub id: SubjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// The number that the registers use, for the subject's own draft only.
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

/// Makes sure that `subject` is there. An identifier that was not known before is added; the
/// language that the person chose stays ([`set_language`] changes it).
///
/// Comes before the first fact about a subject: facts refer to it.
pub async fn put(conn: &mut Conn, subject: &Subject) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into subjects (id, kind, identifier, language) values ($1, $2, $3, $4)
         on conflict (id) do nothing",
    )
    .bind(subject.id.to_string())
    .bind(sql::word(&subject.kind)?)
    .bind(subject.identifier.as_deref())
    .bind(subject.language.tag())
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }
    let Some(identifier) = &subject.identifier else { return Ok(Stored::Same) };
    // The pseudonym is made from the identifier, so a known one cannot differ.
    let added =
        sqlx::query("update subjects set identifier = $2 where id = $1 and identifier is null")
            .bind(subject.id.to_string())
            .bind(identifier)
            .execute(conn)
            .await?;
    Ok(if added.rows_affected() == 1 { Stored::Changed } else { Stored::Same })
}

/// One subject.
pub async fn get(conn: &mut Conn, id: SubjectId) -> Result<Option<Subject>> {
    let row = sqlx::query("select id, kind, identifier, language from subjects where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
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
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
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

fn read(row: &AnyRow) -> Result<Subject> {
    Ok(Subject {
        id: sql::parsed(row, "id")?,
        kind: sql::from_word(row, "kind")?,
        identifier: sql::maybe_text(row, "identifier")?,
        language: sql::from_word(row, "language")?,
    })
}
