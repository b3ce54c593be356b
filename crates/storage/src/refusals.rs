//! Refusals of proactive service, in force and past.

use domain::{Refusal, RefusalScope, SubjectId};
use jiff::Timestamp;

use crate::{Conn, Result, StorageError, Stored, sql};

/// Stores a refusal. Refusing again what is refused already changes nothing.
pub async fn refuse(conn: &mut Conn, refusal: &Refusal) -> Result<Stored> {
    let scope = refusal.scope.key();
    if covers(conn, refusal.subject, std::slice::from_ref(&scope)).await? {
        return Ok(Stored::Same);
    }
    // The same moment twice: it was refused, allowed and refused again.
    sqlx::query(
        "insert into refusals (subject_id, scope, since) values ($1, $2, $3)
         on conflict (subject_id, scope, since) do update set ended_at = null",
    )
    .bind(refusal.subject.to_string())
    .bind(scope)
    .bind(sql::time(refusal.since))
    .execute(conn)
    .await?;
    Ok(Stored::New)
}

/// Ends a refusal. Answers whether there was one.
pub async fn allow_again(
    conn: &mut Conn,
    subject: SubjectId,
    scope: &RefusalScope,
    at: Timestamp,
) -> Result<bool> {
    let ended = sqlx::query(
        "update refusals set ended_at = $3
         where subject_id = $1 and scope = $2 and ended_at is null",
    )
    .bind(subject.to_string())
    .bind(scope.key())
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// The refusals of one person that are in force.
pub async fn in_force(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Refusal>> {
    let rows = sqlx::query(
        "select scope, since from refusals where subject_id = $1 and ended_at is null
         order by scope, since",
    )
    .bind(subject.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let key = sql::text(row, "scope")?;
            let scope = RefusalScope::from_key(&key).ok_or(StorageError::Unreadable {
                what: "scope",
                source: "no scope of a refusal has this key".into(),
            })?;
            Ok(Refusal { subject, scope, since: sql::parsed(row, "since")? })
        })
        .collect()
}

/// Whether the person refuses any of the scopes that `keys` name.
pub async fn covers(conn: &mut Conn, subject: SubjectId, keys: &[String]) -> Result<bool> {
    if keys.is_empty() {
        return Ok(false);
    }
    let statement = format!(
        "select scope from refusals
         where subject_id = $1 and ended_at is null and scope in ({}) limit 1",
        sql::places(2, keys.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(subject.to_string());
    for key in keys {
        query = query.bind(key);
    }
    Ok(query.fetch_optional(conn).await?.is_some())
}
