//! Milestones: one life event happening to one subject, once.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Lifecycle as _, Milestone, MilestoneId, MilestoneState, SubjectId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::rows::{Insert, rows_of_each};
use crate::{Conn, Result, Stored, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into milestones
         (id, life_event, subject_id, occurrence, occurred_on, state, trace, changed_at, body)",
    columns: 9,
    then: "on conflict (id) do nothing returning id",
};

/// Stores what was decided about each of `milestones`, and answers in their order what that took.
///
/// `Same` where state, verdict, roles, day and pack are those that stand: the dates, cause and
/// trace of the first decision are kept then, so that deciding again changes nothing. Otherwise
/// the row says the new decision; a new state must be one that the lifecycle allows after the old
/// one ([`StorageError::Illegal`](crate::StorageError::Illegal)).
pub async fn put(conn: &mut Conn, milestones: &[Milestone], at: Timestamp) -> Result<Vec<Stored>> {
    let mut new = BTreeSet::new();
    for some in Insert::portions(milestones) {
        let mut query = INSERT.of(conn, some.len());
        for milestone in some {
            query = query
                .bind(milestone.id.to_string())
                .bind(&milestone.life_event)
                .bind(milestone.subject.to_string())
                .bind(&milestone.occurrence)
                .bind(milestone.occurred_on.to_string())
                .bind(milestone.state.name())
                .bind(milestone.trace.as_str())
                .bind(sql::time(at))
                .bind(sql::json(milestone)?);
        }
        for row in &query.fetch_all(&mut *conn).await? {
            new.insert(sql::parsed::<MilestoneId>(row, "id")?);
        }
    }
    let mut stored = Vec::with_capacity(milestones.len());
    for milestone in milestones {
        stored.push(if new.remove(&milestone.id) {
            Stored::New
        } else {
            change(conn, milestone, at).await?
        });
    }
    Ok(stored)
}

/// Stores what was decided anew about a milestone that is there.
async fn change(conn: &mut Conn, milestone: &Milestone, at: Timestamp) -> Result<Stored> {
    let statement =
        format!("select state, body from milestones where id = $1 {}", Dialect::of(conn).hold());
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(milestone.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    let held = read(&row)?;
    if say_the_same(&held, milestone) {
        return Ok(Stored::Same);
    }
    if held.state != milestone.state {
        held.state.move_to(milestone.state)?;
    }
    let changed = sqlx::query(
        "update milestones
         set occurred_on = $2, state = $3, changed_at = $4, body = $5
         where id = $1 and state = $6",
    )
    .bind(milestone.id.to_string())
    .bind(milestone.occurred_on.to_string())
    .bind(milestone.state.name())
    .bind(sql::time(at))
    .bind(sql::json(milestone)?)
    .bind(held.state.name())
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "milestone", &milestone.id, held.state.name())?;
    Ok(Stored::Changed)
}

/// Whether two decisions about one milestone differ at most in their dates, cause and trace.
#[must_use]
pub fn say_the_same(held: &Milestone, new: &Milestone) -> bool {
    held.state == new.state
        && held.verdict == new.verdict
        && held.roles == new.roles
        && held.occurred_on == new.occurred_on
        && held.pack == new.pack
}

/// Moves a milestone from the state that the caller saw to another.
pub async fn move_state(
    conn: &mut Conn,
    id: MilestoneId,
    from: MilestoneState,
    to: MilestoneState,
    at: Timestamp,
) -> Result<()> {
    from.move_to(to)?;
    let changed = sqlx::query(
        "update milestones set state = $3, changed_at = $4 where id = $1 and state = $2",
    )
    .bind(id.to_string())
    .bind(from.name())
    .bind(to.name())
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "milestone", &id, from.name())
}

/// One milestone.
pub async fn get(conn: &mut Conn, id: MilestoneId) -> Result<Option<Milestone>> {
    Ok(get_all(conn, &[id]).await?.pop())
}

/// Those of `ids` that are there.
pub async fn get_all(conn: &mut Conn, ids: &[MilestoneId]) -> Result<Vec<Milestone>> {
    let statement = "select state, body from milestones where id in ({}) order by id";
    rows_of_each(conn, statement, &[], ids).await?.iter().map(read).collect()
}

/// The milestones of each of `subjects` who has any, latest first.
pub async fn of_subjects(
    conn: &mut Conn,
    subjects: &[SubjectId],
) -> Result<BTreeMap<SubjectId, Vec<Milestone>>> {
    let mut found: BTreeMap<SubjectId, Vec<Milestone>> = BTreeMap::new();
    let statement = "select state, body from milestones where subject_id in ({})
         order by occurred_on desc, id";
    for row in &rows_of_each(conn, statement, &[], subjects).await? {
        let milestone = read(row)?;
        found.entry(milestone.subject).or_default().push(milestone);
    }
    Ok(found)
}

/// The milestones of one subject, latest first.
pub async fn of_subject(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Milestone>> {
    Ok(of_subjects(conn, &[subject]).await?.remove(&subject).unwrap_or_default())
}

/// The next `limit` milestones after the one given, in the order of their ids: replay, evaluation.
pub async fn page(
    conn: &mut Conn,
    after: Option<MilestoneId>,
    limit: u32,
) -> Result<Vec<Milestone>> {
    let rows = sqlx::query("select state, body from milestones where id > $1 order by id limit $2")
        .bind(after.map_or_else(String::new, |id| id.to_string()))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Milestone> {
    // The column is the truth about the state: it moves without the body.
    Ok(Milestone { state: sql::from_word(row, "state")?, ..sql::from_json(row, "body")? })
}
