//! The journal: every event that intake accepted. Append-only, and a test holds it to that.

use domain::{Event, EventId, EventKind};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::{Conn, Result, sql};

/// How many events one statement asks for. More are asked for in turns.
const EVENTS_AT_ONCE: usize = 100;

/// What recording an event found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The first delivery.
    New(EventId),
    /// Delivered before, with the same content.
    Repeat(EventId),
    /// The sender used the id before for something else. The first stands; the caller sets the
    /// second aside.
    Differs(EventId),
}

/// Stores `event` once, however often the register delivers it.
///
/// Registers deliver at least once, so `(source, source_event_id)` is the identity of an event
/// and a second delivery is an answer, not an error. Runs in the caller's transaction: the caller
/// stores the facts and enqueues the work before committing, so that an event can never be stored
/// and then forgotten.
pub async fn record(conn: &mut Conn, event: &Event) -> Result<Recorded> {
    let data = sql::json(&event.data)?;
    let inserted = sqlx::query(
        "insert into journal
             (id, source, source_event_id, kind, occurred_at, received_at, trace, data)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (source, source_event_id) do nothing",
    )
    .bind(event.id.to_string())
    .bind(&event.source)
    .bind(&event.source_event_id)
    .bind(&event.kind.0)
    .bind(sql::time(event.occurred_at))
    .bind(sql::time(event.received_at))
    .bind(event.trace.as_str())
    .bind(data)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Recorded::New(event.id));
    }

    // The conflict proves that the row is there, and nothing ever deletes one.
    let row = sqlx::query(
        "select id, source, source_event_id, kind, occurred_at, received_at, trace, data
         from journal where source = $1 and source_event_id = $2",
    )
    .bind(&event.source)
    .bind(&event.source_event_id)
    .fetch_one(conn)
    .await?;
    let first = read(&row)?;
    let same = first.kind == event.kind
        && first.data == event.data
        && sql::time(first.occurred_at) == sql::time(event.occurred_at);
    Ok(if same { Recorded::Repeat(first.id) } else { Recorded::Differs(first.id) })
}

/// One event.
pub async fn get(conn: &mut Conn, id: EventId) -> Result<Option<Event>> {
    let row = sqlx::query(
        "select id, source, source_event_id, kind, occurred_at, received_at, trace, data
         from journal where id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Of which kind each of `events` is; those that are not here are left out.
pub async fn kinds(conn: &mut Conn, events: &[EventId]) -> Result<Vec<(EventId, EventKind)>> {
    let mut kinds = Vec::with_capacity(events.len());
    for some in events.chunks(EVENTS_AT_ONCE) {
        let statement = format!(
            "select id, kind from journal where id in ({}) order by id",
            sql::places(1, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for event in some {
            query = query.bind(event.to_string());
        }
        for row in &query.fetch_all(&mut *conn).await? {
            kinds.push((sql::parsed(row, "id")?, EventKind(sql::text(row, "kind")?)));
        }
    }
    Ok(kinds)
}

/// The next `limit` events in the order of receipt, after the one given: the way of a replay.
pub async fn page(
    conn: &mut Conn,
    after: Option<(Timestamp, EventId)>,
    limit: u32,
) -> Result<Vec<Event>> {
    let (at, id) =
        after.map_or((String::new(), String::new()), |(at, id)| (sql::time(at), id.to_string()));
    let rows = sqlx::query(
        "select id, source, source_event_id, kind, occurred_at, received_at, trace, data
         from journal where (received_at, id) > ($1, $2)
         order by received_at, id limit $3",
    )
    .bind(at)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Event> {
    Ok(Event {
        id: sql::parsed(row, "id")?,
        source: sql::text(row, "source")?,
        source_event_id: sql::text(row, "source_event_id")?,
        kind: EventKind(sql::text(row, "kind")?),
        occurred_at: sql::parsed(row, "occurred_at")?,
        received_at: sql::parsed(row, "received_at")?,
        trace: sql::from_word(row, "trace")?,
        data: sql::from_json(row, "data")?,
    })
}
