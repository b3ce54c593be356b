//! How many milestones of a life event were newly reached on a day, and how many the calendar had
//! foretold. Names nobody: counts by life event and day.

use std::collections::BTreeMap;

use domain::MilestoneId;
use jiff::civil::Date;

use crate::rows::Insert;
use crate::{Conn, Result, sql};

/// One day of one life event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The day.
    pub day: Date,
    /// How many were newly reached.
    pub reached: u64,
    /// How many subjects the calendar had due on it.
    pub foretold: u64,
}

const INSERT: Insert<'static> = Insert {
    into: "insert into reached (milestone_id, life_event, day)",
    columns: 3,
    then: "on conflict (milestone_id) do nothing",
};

/// Notes that milestones were newly reached, each of its life event. A row for each, so that no
/// decision waits for another to count.
pub async fn note(conn: &mut Conn, reached: &[(MilestoneId, String)], day: Date) -> Result<()> {
    for some in Insert::portions(reached) {
        let mut query = INSERT.of(conn, some.len());
        for (milestone, life_event) in some {
            query = query.bind(milestone.to_string()).bind(life_event).bind(day.to_string());
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Adds what was noted since the last time to the tallies. What is noted meanwhile by others is
/// left for the next time.
pub async fn gather(conn: &mut Conn) -> Result<()> {
    let rows =
        sqlx::query("delete from reached returning life_event, day").fetch_all(&mut *conn).await?;
    let mut counts: BTreeMap<(String, Date), u64> = BTreeMap::new();
    for row in &rows {
        *counts.entry((sql::text(row, "life_event")?, sql::parsed(row, "day")?)).or_default() += 1;
    }
    for ((life_event, day), reached) in counts {
        add(conn, &life_event, day, reached, 0).await?;
    }
    Ok(())
}

/// Notes that the calendar has `count` more subjects of a life event due on `day`.
pub async fn foretell(conn: &mut Conn, life_event: &str, day: Date, count: u64) -> Result<()> {
    add(conn, life_event, day, 0, count).await
}

async fn add(
    conn: &mut Conn,
    life_event: &str,
    day: Date,
    reached: u64,
    foretold: u64,
) -> Result<()> {
    sqlx::query(
        "insert into tallies (life_event, day, reached, foretold) values ($1, $2, $3, $4)
         on conflict (life_event, day) do update set
             reached = tallies.reached + excluded.reached,
             foretold = tallies.foretold + excluded.foretold",
    )
    .bind(life_event)
    .bind(day.to_string())
    .bind(i64::try_from(reached).unwrap_or(i64::MAX))
    .bind(i64::try_from(foretold).unwrap_or(i64::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

/// The tallies of every life event from `from` on, in the order of their days.
pub async fn since(conn: &mut Conn, from: Date) -> Result<BTreeMap<String, Vec<Tally>>> {
    let rows = sqlx::query(
        "select life_event, day, reached, foretold from tallies
         where day >= $1 order by life_event, day",
    )
    .bind(from.to_string())
    .fetch_all(conn)
    .await?;
    let mut found: BTreeMap<String, Vec<Tally>> = BTreeMap::new();
    for row in &rows {
        let tally = Tally {
            day: sql::parsed(row, "day")?,
            reached: sql::count(row, "reached")?,
            foretold: sql::count(row, "foretold")?,
        };
        found.entry(sql::text(row, "life_event")?).or_default().push(tally);
    }
    Ok(found)
}
