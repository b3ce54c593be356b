//! Suggestions: one service proposed to one person because of one milestone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Lifecycle as _, MilestoneId, SubjectId, Suggestion, SuggestionId, SuggestionState};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::rows::{Insert, rows_of_each};
use crate::{Conn, Result, Stored, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into suggestions
         (id, milestone_id, service, recipient_id, state, changed_at, body)",
    columns: 7,
    then: "on conflict (id) do nothing returning id",
};

/// Stores what was worked out about each of `suggestions`, and answers in their order what that
/// took. A new one takes the state given; one that is there keeps its state, which only
/// [`move_state`] moves: a new evaluation must not undo what the person did.
pub async fn put(
    conn: &mut Conn,
    suggestions: &[Suggestion],
    at: Timestamp,
) -> Result<Vec<Stored>> {
    let mut new = BTreeSet::new();
    for some in Insert::portions(suggestions) {
        let mut query = INSERT.of(conn, some.len());
        for suggestion in some {
            query = query
                .bind(suggestion.id.to_string())
                .bind(suggestion.milestone.to_string())
                .bind(&suggestion.service)
                .bind(suggestion.recipient.to_string())
                .bind(suggestion.state.name())
                .bind(sql::time(at))
                .bind(sql::json(suggestion)?);
        }
        for row in &query.fetch_all(&mut *conn).await? {
            new.insert(sql::parsed::<SuggestionId>(row, "id")?);
        }
    }
    let mut stored = Vec::with_capacity(suggestions.len());
    for suggestion in suggestions {
        stored.push(if new.remove(&suggestion.id) {
            Stored::New
        } else {
            change(conn, suggestion).await?
        });
    }
    Ok(stored)
}

/// Stores what was worked out anew about a suggestion that is there.
async fn change(conn: &mut Conn, suggestion: &Suggestion) -> Result<Stored> {
    let statement =
        format!("select state, body from suggestions where id = $1 {}", Dialect::of(conn).hold());
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(suggestion.id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    let held = read(&row)?;
    if held == (Suggestion { state: held.state, ..suggestion.clone() }) {
        return Ok(Stored::Same);
    }
    let changed = sqlx::query("update suggestions set body = $2 where id = $1 and state = $3")
        .bind(suggestion.id.to_string())
        .bind(sql::json(suggestion)?)
        .bind(held.state.name())
        .execute(conn)
        .await?;
    sql::exactly_one(&changed, "suggestion", &suggestion.id, held.state.name())?;
    Ok(Stored::Changed)
}

/// Moves a suggestion from the state that the caller saw to another.
pub async fn move_state(
    conn: &mut Conn,
    id: SuggestionId,
    from: SuggestionState,
    to: SuggestionState,
    at: Timestamp,
) -> Result<()> {
    from.move_to(to)?;
    let changed = sqlx::query(
        "update suggestions set state = $3, changed_at = $4 where id = $1 and state = $2",
    )
    .bind(id.to_string())
    .bind(from.name())
    .bind(to.name())
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "suggestion", &id, from.name())
}

/// One suggestion.
pub async fn get(conn: &mut Conn, id: SuggestionId) -> Result<Option<Suggestion>> {
    let row = sqlx::query("select state, body from suggestions where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The suggestions of one milestone, in the order of recipient and service.
pub async fn of_milestone(conn: &mut Conn, milestone: MilestoneId) -> Result<Vec<Suggestion>> {
    Ok(of_milestones(conn, &[milestone]).await?.remove(&milestone).unwrap_or_default())
}

/// The suggestions of each of `milestones` that has any, in the order of recipient and service.
pub async fn of_milestones(
    conn: &mut Conn,
    milestones: &[MilestoneId],
) -> Result<BTreeMap<MilestoneId, Vec<Suggestion>>> {
    let mut found: BTreeMap<MilestoneId, Vec<Suggestion>> = BTreeMap::new();
    let statement = "select state, body from suggestions where milestone_id in ({})
         order by recipient_id, service";
    for row in &rows_of_each(conn, statement, &[], milestones).await? {
        let suggestion = read(row)?;
        found.entry(suggestion.milestone).or_default().push(suggestion);
    }
    Ok(found)
}

/// The suggestions to one person that are in one of `states` (in any, where none is given),
/// latest first.
pub async fn suggestions_for(
    conn: &mut Conn,
    recipient: SubjectId,
    states: &[SuggestionState],
) -> Result<Vec<Suggestion>> {
    let among = if states.is_empty() {
        String::new()
    } else {
        format!("and state in ({})", sql::places(2, states.len()))
    };
    let statement = format!(
        "select state, body from suggestions where recipient_id = $1 {among}
         order by changed_at desc, id"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(recipient.to_string());
    for state in states {
        query = query.bind(state.name());
    }
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

pub(crate) fn read(row: &AnyRow) -> Result<Suggestion> {
    // The column is the truth about the state: it moves without the body.
    Ok(Suggestion { state: sql::from_word(row, "state")?, ..sql::from_json(row, "body")? })
}
