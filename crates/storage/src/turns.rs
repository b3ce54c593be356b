//! Turns: every moment at which something derived was decided anew, in order.
//!
//! Milestones, suggestions, drafts, receipts and due days follow from the facts and from when they
//! were looked at. The facts say what was known when; a turn says what was looked at when. With
//! both, all of it can be [made again](crate::rebuild) to the same bytes.

use domain::Trace;
use jiff::Timestamp;

use crate::rows::Insert;
use crate::{Conn, Result, sql};

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its place among all turns.
    pub number: i64,
    /// The moment that was decided at.
    pub at: Timestamp,
    /// The pack that decided.
    pub pack: String,
    /// The trace of what led to it.
    pub trace: Trace,
    /// What was looked at: ids, and no personal data.
    pub body: serde_json::Value,
}

const INSERT: Insert<'static> =
    Insert { into: "insert into turns (at, pack, trace, body)", columns: 4, then: "" };

/// Notes turns of one moment in their order, in the transaction that stores what came of them:
/// each is the trace of what led to it, and what was looked at.
pub async fn record(
    conn: &mut Conn,
    at: Timestamp,
    pack: &str,
    turns: &[(Trace, serde_json::Value)],
) -> Result<()> {
    for some in Insert::portions(turns) {
        let mut query = INSERT.of(conn, some.len());
        for (trace, body) in some {
            query =
                query.bind(sql::time(at)).bind(pack).bind(trace.as_str()).bind(sql::json(body)?);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The next `limit` turns after the one of this number.
pub async fn page(conn: &mut Conn, after: i64, limit: u32) -> Result<Vec<Turn>> {
    let rows = sqlx::query(
        "select number, at, pack, trace, body from turns where number > $1
         order by number limit $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Turn {
                number: sql::number(row, "number")?,
                at: sql::parsed(row, "at")?,
                pack: sql::text(row, "pack")?,
                trace: sql::from_word(row, "trace")?,
                body: sql::from_json(row, "body")?,
            })
        })
        .collect()
}
