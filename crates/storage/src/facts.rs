//! Bitemporal facts: stored once, never changed but for the end of our belief in them.

use std::collections::BTreeSet;

use domain::{EventId, Fact, FactId, FactSet, FactSource, Interval, SubjectId, Value};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::{Conn, Result, sql};

/// How many facts one statement stores. An event tells about ten.
const FACTS_AT_ONCE: usize = 20;

/// How many subjects one statement asks for. More are asked for in turns.
const SUBJECTS_AT_ONCE: usize = 100;

/// Stores `facts`, each once, and answers how many are new.
///
/// The event that told them is in the journal before, and the subjects that they are about are
/// [put](crate::subjects::put). Facts of an event that was withdrawn before it arrived are stored
/// as withdrawn.
pub async fn record(conn: &mut Conn, facts: &[Fact]) -> Result<u64> {
    let mut new = 0;
    for some in facts.chunks(FACTS_AT_ONCE) {
        let inserted = insert(conn, some).await?;
        new += inserted.len() as u64;
        for fact in some.iter().filter(|fact| inserted.contains(&fact.id)) {
            link(conn, fact).await?;
        }
    }
    Ok(new)
}

/// Inserts `facts` in one statement and answers which of them are new.
async fn insert(conn: &mut Conn, facts: &[Fact]) -> Result<BTreeSet<FactId>> {
    let rows: Vec<String> = (0..facts.len()).map(|row| row_of(row * 12)).collect();
    let statement = format!(
        "insert into facts
             (id, subject_id, attribute, value, valid_from, valid_until, known_from,
              register, record, legal_basis, event_id, known_until, event_kind)
         values {}
         on conflict (id) do nothing
         returning id",
        rows.join(", ")
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
    for fact in facts {
        query = query
            .bind(fact.id.to_string())
            .bind(fact.subject.to_string())
            .bind(&fact.attribute)
            .bind(sql::json(&fact.value)?)
            .bind(fact.valid.from.to_string())
            .bind(fact.valid.until.map(|day| day.to_string()))
            .bind(sql::time(fact.known_from))
            .bind(&fact.source.register)
            .bind(fact.source.record.as_deref())
            .bind(&fact.source.legal_basis)
            .bind(fact.source.event.to_string())
            .bind(fact.known_until.map(sql::time));
    }
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| sql::parsed(row, "id")).collect()
}

/// The places of one fact, after `before` others. Its event may have been withdrawn already.
fn row_of(before: usize) -> String {
    let (event, known_until) = (before + 11, before + 12);
    format!(
        "({}, coalesce(${known_until},
             (select withdrawn_at from withdrawals where event_id = ${event})),
             (select kind from journal where id = ${event}))",
        sql::places(before + 1, 11)
    )
}

/// Stores whom the value points to, for [`subjects_with`].
async fn link(conn: &mut Conn, fact: &Fact) -> Result<()> {
    let mut objects = BTreeSet::new();
    objects_of(&fact.value, &mut objects);
    for object in objects {
        sqlx::query(
            "insert into fact_links (object_id, attribute, fact_id) values ($1, $2, $3)
             on conflict (object_id, attribute, fact_id) do nothing",
        )
        .bind(object.to_string())
        .bind(&fact.attribute)
        .bind(fact.id.to_string())
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
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
    let mut facts = FactSet::default();
    for some in subjects.chunks(SUBJECTS_AT_ONCE) {
        let statement = format!(
            "select id, subject_id, attribute, value, valid_from, valid_until, known_from,
                 known_until, register, record, legal_basis, event_id
             from facts where subject_id in ({}) order by id",
            sql::places(1, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for subject in some {
            query = query.bind(subject.to_string());
        }
        let rows = query.fetch_all(&mut *conn).await?;
        facts.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
    }
    Ok(facts)
}

/// The facts about `subjects` that tell one `attribute`, whatever their dates.
pub async fn with_attribute(
    conn: &mut Conn,
    subjects: &[SubjectId],
    attribute: &str,
) -> Result<FactSet> {
    let mut facts = FactSet::default();
    for some in subjects.chunks(SUBJECTS_AT_ONCE) {
        let statement = format!(
            "select id, subject_id, attribute, value, valid_from, valid_until, known_from,
                 known_until, register, record, legal_basis, event_id
             from facts where attribute = $1 and subject_id in ({}) order by id",
            sql::places(2, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(attribute);
        for subject in some {
            query = query.bind(subject.to_string());
        }
        let rows = query.fetch_all(&mut *conn).await?;
        facts.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
    }
    Ok(facts)
}

/// Some facts by their ids: what a receipt names.
pub async fn by_id(conn: &mut Conn, ids: &[FactId]) -> Result<Vec<Fact>> {
    let mut facts = Vec::with_capacity(ids.len());
    for some in ids.chunks(SUBJECTS_AT_ONCE) {
        let statement = format!(
            "select id, subject_id, attribute, value, valid_from, valid_until, known_from,
                 known_until, register, record, legal_basis, event_id
             from facts where id in ({}) order by id",
            sql::places(1, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for id in some {
            query = query.bind(id.to_string());
        }
        for row in &query.fetch_all(&mut *conn).await? {
            facts.push(read(row)?);
        }
    }
    Ok(facts)
}

/// The subjects whose `attribute` points, or ever pointed, to `object`: whose `mother` is this
/// person? Whether it still holds is for the caller to look up, by its own three dates.
pub async fn subjects_with(
    conn: &mut Conn,
    attribute: &str,
    object: SubjectId,
) -> Result<Vec<SubjectId>> {
    let rows = sqlx::query(
        "select distinct f.subject_id as subject_id
         from fact_links l join facts f on f.id = l.fact_id
         where l.object_id = $1 and l.attribute = $2
         order by subject_id",
    )
    .bind(object.to_string())
    .bind(attribute)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::parsed(row, "subject_id")).collect()
}

/// All subjects and attributes that point, or ever pointed, to `object`.
pub async fn pointing_to(conn: &mut Conn, object: SubjectId) -> Result<Vec<(String, SubjectId)>> {
    let rows = sqlx::query(
        "select distinct l.attribute as attribute, f.subject_id as subject_id
         from fact_links l join facts f on f.id = l.fact_id
         where l.object_id = $1
         order by attribute, subject_id",
    )
    .bind(object.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((sql::text(row, "attribute")?, sql::parsed(row, "subject_id")?)))
        .collect()
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
    let rows = sqlx::query(
        "update facts set known_until = $2 where event_id = $1 and known_until is null
         returning subject_id",
    )
    .bind(event.to_string())
    .bind(sql::time(at))
    .fetch_all(conn)
    .await?;
    let subjects: Result<BTreeSet<SubjectId>> =
        rows.iter().map(|row| sql::parsed(row, "subject_id")).collect();
    Ok(subjects?.into_iter().collect())
}

fn read(row: &AnyRow) -> Result<Fact> {
    Ok(Fact {
        id: sql::parsed(row, "id")?,
        subject: sql::parsed(row, "subject_id")?,
        attribute: sql::text(row, "attribute")?,
        value: sql::from_json(row, "value")?,
        valid: Interval {
            from: sql::parsed(row, "valid_from")?,
            until: sql::maybe_parsed(row, "valid_until")?,
        },
        known_from: sql::parsed(row, "known_from")?,
        known_until: sql::maybe_parsed(row, "known_until")?,
        source: FactSource {
            register: sql::text(row, "register")?,
            event: sql::parsed(row, "event_id")?,
            record: sql::maybe_text(row, "record")?,
            legal_basis: sql::text(row, "legal_basis")?,
        },
    })
}
