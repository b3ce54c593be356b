//! Milestones: one life event happening to one subject, once.

use domain::{Lifecycle as _, Milestone, MilestoneId, MilestoneState, SubjectId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::{Conn, Result, Stored, sql};

/// Stores what was decided about a milestone.
///
/// `Same` where state, verdict, roles, day and pack are those that stand: the dates, cause and
/// trace of the first decision are kept then, so that deciding again changes nothing. Otherwise
/// the row says the new decision; a new state must be one that the lifecycle allows after the old
/// one ([`StorageError::Illegal`](crate::StorageError::Illegal)).
pub async fn put(conn: &mut Conn, milestone: &Milestone, at: Timestamp) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into milestones
             (id, life_event, subject_id, occurrence, occurred_on, state, trace, changed_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (id) do nothing",
    )
    .bind(milestone.id.to_string())
    .bind(&milestone.life_event)
    .bind(milestone.subject.to_string())
    .bind(&milestone.occurrence)
    .bind(milestone.occurred_on.to_string())
    .bind(milestone.state.name())
    .bind(milestone.trace.as_str())
    .bind(sql::time(at))
    .bind(sql::json(milestone)?)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }

    let statement =
        format!("select state, body from milestones where id = $1 {}", Dialect::of(conn).hold());
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(milestone.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    let held = read(&row)?;
    if same_decision(&held, milestone) {
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

fn same_decision(held: &Milestone, new: &Milestone) -> bool {
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
    let row = sqlx::query("select state, body from milestones where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The milestones of one subject, latest first.
pub async fn of_subject(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Milestone>> {
    let rows = sqlx::query(
        "select state, body from milestones where subject_id = $1
         order by occurred_on desc, id",
    )
    .bind(subject.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
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
