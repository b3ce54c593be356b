//! What is stopped: all that is sent, one life event, one channel. Read in the transaction that
//! claims a delivery, so that nothing is sent after a halt was stored.

use jiff::Timestamp;

use crate::{Conn, Result, Stored, sql};

/// A halt, in force or past.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Halt {
    /// What: `all`, `life-event:LE-BIRTH`, `channel:sms`.
    pub scope: String,
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it: an operator's name, or `brake`.
    pub by_whom: String,
    /// Why.
    pub because: String,
    /// When it was lifted, where it was.
    pub ended_at: Option<Timestamp>,
}

/// Stops something. What is stopped already stays as it is.
pub async fn set(conn: &mut Conn, halt: &Halt) -> Result<Stored> {
    if covers(conn, std::slice::from_ref(&halt.scope)).await? {
        return Ok(Stored::Same);
    }
    sqlx::query(
        "insert into halts (scope, since, by_whom, because) values ($1, $2, $3, $4)
         on conflict (scope, since) do update set ended_at = null",
    )
    .bind(&halt.scope)
    .bind(sql::time(halt.since))
    .bind(&halt.by_whom)
    .bind(&halt.because)
    .execute(conn)
    .await?;
    Ok(Stored::New)
}

/// Lets it go on. Answers whether it was stopped.
pub async fn lift(conn: &mut Conn, scope: &str, at: Timestamp) -> Result<bool> {
    let ended = sqlx::query("update halts set ended_at = $2 where scope = $1 and ended_at is null")
        .bind(scope)
        .bind(sql::time(at))
        .execute(conn)
        .await?;
    Ok(ended.rows_affected() > 0)
}

/// All halts, those in force first, then the latest.
pub async fn list(conn: &mut Conn) -> Result<Vec<Halt>> {
    let rows = sqlx::query(
        "select scope, since, by_whom, because, ended_at from halts
         order by case when ended_at is null then 0 else 1 end, since desc, scope",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Halt {
                scope: sql::text(row, "scope")?,
                since: sql::parsed(row, "since")?,
                by_whom: sql::text(row, "by_whom")?,
                because: sql::text(row, "because")?,
                ended_at: sql::maybe_parsed(row, "ended_at")?,
            })
        })
        .collect()
}

/// The scopes that are stopped now.
pub async fn in_force(conn: &mut Conn) -> Result<Vec<String>> {
    let rows = sqlx::query("select scope from halts where ended_at is null order by scope")
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| sql::text(row, "scope")).collect()
}

/// Whether any of `scopes` is stopped.
pub async fn covers(conn: &mut Conn, scopes: &[String]) -> Result<bool> {
    let stopped = in_force(conn).await?;
    Ok(scopes.iter().any(|scope| stopped.contains(scope)))
}
