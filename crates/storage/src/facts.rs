//! Bitemporal facts: stored once, never changed but for the end of our belief in them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{EventId, Fact, FactId, FactSet, FactSource, Interval, SubjectId, Value};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::rows::{Insert, rows_of_each};
use crate::vault::{self, MARK, Opened, Place};
use crate::{Conn, Result, StorageError, journal, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into facts
         (id, subject_id, attribute, value, valid_from, valid_until, known_from, known_until,
          register, record, legal_basis, event_id, event_kind)",
    columns: 13,
    then: "on conflict (subject_id, attribute, id) do nothing",
};

const LINK: Insert<'static> = Insert {
    into: "insert into fact_links (object_id, attribute, subject_id)",
    columns: 3,
    then: "on conflict (object_id, attribute, subject_id) do nothing",
};

/// Stores `facts`, each once, and answers how many are new.
///
/// The event that told them is in the journal before, and the subjects that they are about are
/// [put](crate::subjects::put). Facts of an event that was withdrawn before it arrived are stored
/// as withdrawn.
///
/// A personal value, and the number of the record that told it, are sealed for this fact of this
/// subject alone.
pub async fn record(conn: &mut Conn, facts: &[Fact]) -> Result<u64> {
    let sealed = facts.iter().filter(|fact| fact.personal || fact.source.record.is_some());
    let whose: Vec<SubjectId> = sealed.map(|fact| fact.subject).collect();
    vault::make(conn, &whose).await?;
    let told_by: BTreeSet<EventId> = facts.iter().map(|fact| fact.source.event).collect();
    let told_by: Vec<EventId> = told_by.into_iter().collect();
    let kinds = journal::kinds(conn, &told_by).await?;
    let withdrawn = withdrawn(conn, &told_by).await?;
    // In the order of whom they are about: whoever stores facts and whoever claims deliveries, which
    // holds subjects, never wait in a circle.
    let mut sorted: Vec<&Fact> = facts.iter().collect();
    sorted.sort_by_key(|fact| (fact.subject, fact.id));
    let mut new = 0;
    for some in Insert::portions(&sorted) {
        let mut query = INSERT.of(conn, some.len());
        for fact in some {
            let event = fact.source.event;
            let known_until = fact.known_until.map(sql::time);
            query = query
                .bind(fact.id.to_string())
                .bind(fact.subject.to_string())
                .bind(&fact.attribute)
                .bind(stored_value(conn, fact)?)
                .bind(fact.valid.from.to_string())
                .bind(fact.valid.until.map(|day| day.to_string()))
                .bind(sql::time(fact.known_from))
                .bind(known_until.or_else(|| withdrawn.get(&event).cloned()))
                .bind(&fact.source.register)
                .bind(stored_record(conn, fact)?)
                .bind(&fact.source.legal_basis)
                .bind(event.to_string())
                .bind(kinds.get(&event).map(|kind| &kind.0));
        }
        new += query.execute(&mut *conn).await?.rows_affected();
    }
    link(conn, facts.iter()).await?;
    Ok(new)
}

/// When each of `events` was withdrawn that was, as a column holds it.
async fn withdrawn(conn: &mut Conn, events: &[EventId]) -> Result<BTreeMap<EventId, String>> {
    let mut withdrawn = BTreeMap::new();
    let statement = "select event_id, withdrawn_at from withdrawals where event_id in ({})";
    for row in &rows_of_each(conn, statement, &[], events).await? {
        withdrawn.insert(sql::parsed(row, "event_id")?, sql::text(row, "withdrawn_at")?);
    }
    Ok(withdrawn)
}

/// The value as its column holds it.
fn stored_value(conn: &Conn, fact: &Fact) -> Result<String> {
    let json = sql::json(&fact.value)?;
    if !fact.personal {
        return Ok(json);
    }
    let place = value_place(&fact.subject.to_string(), &fact.attribute, &fact.id.to_string());
    Ok(conn.held.sealing(&[fact.subject])?.seal(&place, &json)?)
}

/// The number of the record as its column holds it. It leads to a document of a person.
fn stored_record(conn: &Conn, fact: &Fact) -> Result<Option<String>> {
    let Some(record) = &fact.source.record else { return Ok(None) };
    let key = conn.held.sealing(&[fact.subject])?;
    Ok(Some(key.seal(&record_place(fact.subject, fact.id), record)?))
}

/// Where a value is sealed: this attribute of this subject, as this fact tells it.
pub(crate) fn value_place(subject: &str, attribute: &str, fact: &str) -> Place {
    Place::new(&["fact", subject, attribute, fact])
}

fn record_place(subject: SubjectId, fact: FactId) -> Place {
    Place::new(&["record", &subject.to_string(), &fact.to_string()])
}

/// Stores whom the values point to, for [`pointing_to`].
async fn link(conn: &mut Conn, facts: impl Iterator<Item = &Fact>) -> Result<()> {
    let links: BTreeSet<(SubjectId, &str, SubjectId)> = facts.flat_map(links_of).collect();
    let links: Vec<(SubjectId, &str, SubjectId)> = links.into_iter().collect();
    for some in Insert::portions(&links) {
        let mut query = LINK.of(conn, some.len());
        for (object, attribute, subject) in some {
            query = query.bind(object.to_string()).bind(*attribute).bind(subject.to_string());
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Forgets whom the facts of `subject` point to, before they go. Answers how many links went.
pub(crate) async fn unlink(conn: &mut Conn, subject: SubjectId) -> Result<u64> {
    let facts = facts_of(conn, &[subject]).await?;
    let links: BTreeSet<(SubjectId, &str, SubjectId)> = facts.iter().flat_map(links_of).collect();
    let mut gone = 0;
    for (object, attribute, subject) in links {
        let deleted = sqlx::query(
            "delete from fact_links
             where object_id = $1 and attribute = $2 and subject_id = $3",
        )
        .bind(object.to_string())
        .bind(attribute)
        .bind(subject.to_string())
        .execute(&mut *conn)
        .await?;
        gone += deleted.rows_affected();
    }
    Ok(gone)
}

/// Whom `fact` points to, by its attribute, and who points.
fn links_of(fact: &Fact) -> impl Iterator<Item = (SubjectId, &str, SubjectId)> {
    let mut objects = BTreeSet::new();
    objects_of(&fact.value, &mut objects);
    objects.into_iter().map(|object| (object, fact.attribute.as_str(), fact.subject))
}

fn objects_of(value: &Value, into: &mut BTreeSet<SubjectId>) {
    match value {
        Value::Subject(subject) => {
            into.insert(*subject);
        }
        Value::List(values) => values.iter().for_each(|value| objects_of(value, into)),
        Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Date(_) | Value::Time(_) => {}
    }
}

/// All facts about `subjects`, whatever their dates: [`FactSet::lookup`] picks by the three dates.
pub async fn facts_of(conn: &mut Conn, subjects: &[SubjectId]) -> Result<FactSet> {
    let statement = "select id, subject_id, attribute, value, valid_from, valid_until, known_from,
             known_until, register, record, legal_basis, event_id
         from facts where subject_id in ({}) order by id";
    let rows = rows_of_each(conn, statement, &[], subjects).await?;
    let mut facts = FactSet::default();
    facts.extend(opened(conn, &rows).await?);
    Ok(facts)
}

/// The facts about `subjects` that tell one `attribute`, whatever their dates.
pub async fn with_attribute(
    conn: &mut Conn,
    subjects: &[SubjectId],
    attribute: &str,
) -> Result<FactSet> {
    let statement = "select id, subject_id, attribute, value, valid_from, valid_until, known_from,
             known_until, register, record, legal_basis, event_id
         from facts where attribute = $1 and subject_id in ({}) order by id";
    let rows = rows_of_each(conn, statement, &[attribute], subjects).await?;
    let mut facts = FactSet::default();
    facts.extend(opened(conn, &rows).await?);
    Ok(facts)
}

/// All subjects and attributes that point, or ever pointed, to each of `objects`: whose `mother` is
/// this person? Whether it still holds is for the caller to look up, by its own three dates.
pub async fn pointing_to(
    conn: &mut Conn,
    objects: &[SubjectId],
) -> Result<BTreeMap<SubjectId, Vec<(String, SubjectId)>>> {
    let mut links: BTreeMap<SubjectId, Vec<(String, SubjectId)>> = BTreeMap::new();
    let statement = "select object_id, attribute, subject_id from fact_links
         where object_id in ({}) order by object_id, attribute, subject_id";
    for row in &rows_of_each(conn, statement, &[], objects).await? {
        let link = (sql::text(row, "attribute")?, sql::parsed(row, "subject_id")?);
        links.entry(sql::parsed(row, "object_id")?).or_default().push(link);
    }
    Ok(links)
}

/// Ends our belief in what `event` told, from `at` on. Answers whom its facts are about.
///
/// The withdrawal is kept, so that an event that arrives after it is stored as withdrawn. Doing
/// it twice changes nothing: the first moment stands.
pub async fn withdraw_facts_of(
    conn: &mut Conn,
    event: EventId,
    at: Timestamp,
) -> Result<Vec<SubjectId>> {
    sqlx::query(
        "insert into withdrawals (event_id, withdrawn_at) values ($1, $2)
         on conflict (event_id) do nothing",
    )
    .bind(event.to_string())
    .bind(sql::time(at))
    .execute(&mut *conn)
    .await?;
    let mut withdrawn = Vec::new();
    for subject in journal::about(conn, event).await? {
        let ended = sqlx::query(
            "update facts set known_until = $3
             where subject_id = $1 and event_id = $2 and known_until is null",
        )
        .bind(subject.to_string())
        .bind(event.to_string())
        .bind(sql::time(at))
        .execute(&mut *conn)
        .await?;
        if ended.rows_affected() > 0 {
            withdrawn.push(subject);
        }
    }
    Ok(withdrawn)
}

/// The facts of `rows`. Whoever was erased told us nothing: a fact whose key is gone is left out.
async fn opened(conn: &mut Conn, rows: &[AnyRow]) -> Result<Vec<Fact>> {
    let mut whose = Vec::new();
    for row in rows {
        let value = sql::text(row, "value")?;
        if value.starts_with(MARK) || sql::maybe_text(row, "record")?.is_some() {
            whose.push(sql::parsed(row, "subject_id")?);
        }
    }
    if !whose.is_empty() {
        vault::learn(conn, &whose).await?;
    }
    let facts = rows.iter().map(|row| read(conn, row));
    Ok(facts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn read(conn: &Conn, row: &AnyRow) -> Result<Option<Fact>> {
    let (id, subject): (FactId, SubjectId) =
        (sql::parsed(row, "id")?, sql::parsed(row, "subject_id")?);
    let attribute = sql::text(row, "attribute")?;
    let stored = sql::text(row, "value")?;
    let personal = stored.starts_with(MARK);
    let value = if personal {
        let place = value_place(&subject.to_string(), &attribute, &id.to_string());
        match open(conn, subject, &place, &stored)? {
            Opened::Text(text) => text,
            Opened::Gone => return Ok(None),
        }
    } else {
        stored
    };
    let record = match sql::maybe_text(row, "record")? {
        None => None,
        Some(sealed) => match open(conn, subject, &record_place(subject, id), &sealed)? {
            Opened::Text(text) => Some(text),
            Opened::Gone => return Ok(None),
        },
    };
    Ok(Some(Fact {
        id,
        subject,
        attribute,
        value: serde_json::from_str(&value)
            .map_err(|error| StorageError::Unreadable { what: "value", source: error.into() })?,
        personal,
        valid: Interval {
            from: sql::parsed(row, "valid_from")?,
            until: sql::maybe_parsed(row, "valid_until")?,
        },
        known_from: sql::parsed(row, "known_from")?,
        known_until: sql::maybe_parsed(row, "known_until")?,
        source: FactSource {
            register: sql::text(row, "register")?,
            event: sql::parsed(row, "event_id")?,
            record,
            legal_basis: sql::text(row, "legal_basis")?,
        },
    }))
}

fn open(conn: &Conn, subject: SubjectId, place: &Place, sealed: &str) -> Result<Opened> {
    Ok(match conn.held.key(&[subject])? {
        Some(key) => key.open(place, sealed)?,
        None => Opened::Gone,
    })
}
