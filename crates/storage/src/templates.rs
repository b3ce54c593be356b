//! Templates: proved texts with slots, found again by the shape of the plan they are for.

use domain::{Language, Template, TemplateId};
use jiff::Timestamp;

use crate::{Conn, Result, Stored, sql};

/// Stores `template`. Its id is made from all that it says, so it never changes.
pub async fn put(conn: &mut Conn, template: &Template, at: Timestamp) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into templates (id, shape, language, source, created_at, body)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing",
    )
    .bind(template.id.to_string())
    .bind(&template.shape)
    .bind(template.language.tag())
    .bind(sql::word(&template.source)?)
    .bind(sql::time(at))
    .bind(sql::json(template)?)
    .execute(conn)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Stored::New } else { Stored::Same })
}

/// The latest template for `shape` in `language` whose [grounds](crate::grounds) all stand.
pub async fn of_shape(
    conn: &mut Conn,
    shape: &str,
    language: Language,
) -> Result<Option<Template>> {
    let row = sqlx::query(
        "select body from templates t where shape = $1 and language = $2
         and not exists (
             select 1 from grounds g where g.template_id = t.id and g.gone_at is not null)
         order by created_at desc, id limit 1",
    )
    .bind(shape)
    .bind(language.tag())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(|row| sql::from_json(row, "body")).transpose()
}

/// One template.
pub async fn get(conn: &mut Conn, id: TemplateId) -> Result<Option<Template>> {
    let row = sqlx::query("select body from templates where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::from_json(row, "body")).transpose()
}
