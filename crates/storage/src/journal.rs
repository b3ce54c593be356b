//! The journal: every event that intake accepted. Append-only, and a test holds it to that.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Event, EventId, EventKind, SubjectId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::rows::{Insert, rows_of_each};
use crate::vault::{self, Opened, Place};
use crate::{Conn, Result, StorageError, sql};

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

/// An event to store, and whom it names.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The event.
    pub event: &'a Event,
    /// Whom it names.
    pub about: &'a [SubjectId],
}

const INSERT: Insert<'static> = Insert {
    into: "insert into journal
         (id, source, source_event_id, kind, occurred_at, received_at, trace, about, data)",
    columns: 9,
    then: "on conflict (source, source_event_id) do nothing returning id",
};

/// Stores each of `entries` once, however often the register delivers it, and answers in their
/// order what it found.
///
/// Registers deliver at least once, so `(source, source_event_id)` is the identity of an event
/// and a second delivery is an answer, not an error. Runs in the caller's transaction: the caller
/// stores the facts and enqueues the work before committing, so that an event can never be stored
/// and then forgotten.
///
/// What it says is sealed with the keys of all whom it names: it can be read while none of them
/// was erased. What it told about the others stands in their facts.
pub async fn record(conn: &mut Conn, entries: &[Entry<'_>]) -> Result<Vec<Recorded>> {
    let named: Vec<SubjectId> = entries.iter().flat_map(Entry::whom).collect();
    vault::make(conn, &named).await?;
    // In the order of their ids: two that store the same events never wait in a circle.
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|it| it.event.id);
    sorted.dedup_by_key(|it| it.event.id);
    let mut new = BTreeSet::new();
    for some in Insert::portions(&sorted) {
        let mut query = INSERT.of(conn, some.len());
        for entry in some {
            query = query
                .bind(entry.event.id.to_string())
                .bind(&entry.event.source)
                .bind(&entry.event.source_event_id)
                .bind(&entry.event.kind.0)
                .bind(sql::time(entry.event.occurred_at))
                .bind(sql::time(entry.event.received_at))
                .bind(entry.event.trace.as_str())
                .bind(sql::ids(&entry.whom()))
                .bind(entry.sealed(conn)?);
        }
        for row in &query.fetch_all(&mut *conn).await? {
            new.insert(sql::parsed::<EventId>(row, "id")?);
        }
    }
    let mut recorded = Vec::with_capacity(entries.len());
    for entry in entries {
        recorded.push(if new.remove(&entry.event.id) {
            Recorded::New(entry.event.id)
        } else {
            compare(conn, entry.event).await?
        });
    }
    Ok(recorded)
}

impl Entry<'_> {
    fn whom(&self) -> Vec<SubjectId> {
        if self.about.is_empty() { vec![vault::nobody()] } else { self.about.to_vec() }
    }

    fn sealed(&self, conn: &Conn) -> Result<String> {
        let key = conn.held.sealing(&self.whom())?;
        Ok(key.seal(&place(self.event.id), &sql::json(&self.event.data)?)?)
    }
}

/// What is to be said of an event whose identity is in the journal already.
async fn compare(conn: &mut Conn, event: &Event) -> Result<Recorded> {
    // The conflict proves that the row is there, and nothing ever deletes one.
    let rows = sqlx::query(
        "select id, source, source_event_id, kind, occurred_at, received_at, trace, about,
             data
         from journal where source = $1 and source_event_id = $2",
    )
    .bind(&event.source)
    .bind(&event.source_event_id)
    .fetch_all(&mut *conn)
    .await?;
    let first = read(conn, &rows).await?.pop().ok_or(sqlx::Error::RowNotFound)?;
    // Of an event that names someone who was erased, what it said can be compared no more.
    let same = first.kind == event.kind
        && (first.data == event.data || first.data.is_null())
        && sql::time(first.occurred_at) == sql::time(event.occurred_at);
    Ok(if same { Recorded::Repeat(first.id) } else { Recorded::Differs(first.id) })
}

/// Whom `event` names, where it is here.
pub(crate) async fn about(conn: &mut Conn, event: EventId) -> Result<Vec<SubjectId>> {
    let row = sqlx::query("select about from journal where id = $1")
        .bind(event.to_string())
        .fetch_optional(conn)
        .await?;
    row.map_or_else(|| Ok(Vec::new()), |row| sql::parsed_ids(&row, "about"))
}

/// One event. Its data are null where someone whom it names was erased.
pub async fn get(conn: &mut Conn, id: EventId) -> Result<Option<Event>> {
    Ok(get_all(conn, &[id]).await?.pop())
}

/// Those of `ids` that are here.
pub async fn get_all(conn: &mut Conn, ids: &[EventId]) -> Result<Vec<Event>> {
    let statement = "select id, source, source_event_id, kind, occurred_at, received_at, trace,
             about, data
         from journal where id in ({})";
    let rows = rows_of_each(conn, statement, &[], ids).await?;
    read(conn, &rows).await
}

/// Of which kind each of `events` is; those that are not here are left out.
pub async fn kinds(conn: &mut Conn, events: &[EventId]) -> Result<BTreeMap<EventId, EventKind>> {
    let mut kinds = BTreeMap::new();
    let statement = "select id, kind from journal where id in ({})";
    for row in &rows_of_each(conn, statement, &[], events).await? {
        kinds.insert(sql::parsed(row, "id")?, EventKind(sql::text(row, "kind")?));
    }
    Ok(kinds)
}

/// When the last event was received; `None` where none ever was. One look into the index.
pub async fn latest(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let row = sqlx::query("select max(received_at) as latest from journal").fetch_one(conn).await?;
    sql::maybe_parsed(&row, "latest")
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
        "select id, source, source_event_id, kind, occurred_at, received_at, trace, about, data
         from journal where (received_at, id) > ($1, $2)
         order by received_at, id limit $3",
    )
    .bind(at)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    read(conn, &rows).await
}

/// Where the data of an event are sealed.
pub(crate) fn place(event: EventId) -> Place {
    Place::new(&["event", &event.to_string()])
}

async fn read(conn: &mut Conn, rows: &[AnyRow]) -> Result<Vec<Event>> {
    let mut about = Vec::with_capacity(rows.len());
    for row in rows {
        about.push(sql::parsed_ids(row, "about")?);
    }
    vault::learn(conn, &about.concat()).await?;
    rows.iter().zip(&about).map(|(row, about)| opened(conn, row, about)).collect()
}

fn opened(conn: &Conn, row: &AnyRow, about: &[SubjectId]) -> Result<Event> {
    let id: EventId = sql::parsed(row, "id")?;
    let opened = match conn.held.key(about)? {
        Some(key) => key.open(&place(id), &sql::text(row, "data")?)?,
        None => Opened::Gone,
    };
    let unreadable =
        |error: serde_json::Error| StorageError::Unreadable { what: "data", source: error.into() };
    Ok(Event {
        id,
        source: sql::text(row, "source")?,
        source_event_id: sql::text(row, "source_event_id")?,
        kind: EventKind(sql::text(row, "kind")?),
        occurred_at: sql::parsed(row, "occurred_at")?,
        received_at: sql::parsed(row, "received_at")?,
        trace: sql::from_word(row, "trace")?,
        data: match opened {
            Opened::Text(text) => serde_json::from_str(&text).map_err(unreadable)?,
            Opened::Gone => serde_json::Value::Null,
        },
    })
}
