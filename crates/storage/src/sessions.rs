//! Who is signed in. Kept by the SHA-256 of the token, so that a stolen copy opens nothing.

use domain::SubjectId;
use jiff::Timestamp;

use crate::{Conn, Result, sql};

/// Opens a session.
pub async fn open(
    conn: &mut Conn,
    hash: &[u8; 32],
    subject: SubjectId,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query(
        "insert into sessions (hash, subject_id, created_at, expires_at) values ($1, $2, $3, $4)",
    )
    .bind(crate::hex(hash))
    .bind(subject.to_string())
    .bind(sql::time(created_at))
    .bind(sql::time(expires_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose session it is, unless it expired.
pub async fn find(conn: &mut Conn, hash: &[u8; 32], now: Timestamp) -> Result<Option<SubjectId>> {
    let row = sqlx::query("select subject_id from sessions where hash = $1 and expires_at > $2")
        .bind(crate::hex(hash))
        .bind(sql::time(now))
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| sql::parsed(row, "subject_id")).transpose()
}

/// Ends a session. Answers whether there was one.
pub async fn close(conn: &mut Conn, hash: &[u8; 32]) -> Result<bool> {
    let closed = sqlx::query("delete from sessions where hash = $1")
        .bind(crate::hex(hash))
        .execute(conn)
        .await?;
    Ok(closed.rows_affected() == 1)
}
