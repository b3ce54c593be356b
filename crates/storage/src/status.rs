//! How much there is of what: for the status page, the demo's summary and the measures.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::jobs::{self, JobCounts};
use crate::{Conn, Result, sql};

/// How many rows there are, by state where there are states.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Accepted events.
    pub events: u64,
    /// Inputs set aside and not resolved, by code.
    pub quarantined: BTreeMap<String, u64>,
    /// Subjects, by kind.
    pub subjects: BTreeMap<String, u64>,
    /// Facts.
    pub facts: u64,
    /// Milestones, by state.
    pub milestones: BTreeMap<String, u64>,
    /// Suggestions, by state.
    pub suggestions: BTreeMap<String, u64>,
    /// Drafts.
    pub drafts: u64,
    /// Messages, by who worded them.
    pub messages: BTreeMap<String, u64>,
    /// Deliveries, by state.
    pub deliveries: BTreeMap<String, u64>,
    /// Deliveries that were held back, by reason.
    pub suppressed: BTreeMap<String, u64>,
    /// Outcomes, by kind.
    pub outcomes: BTreeMap<String, u64>,
    /// Jobs, by state.
    pub jobs: JobCounts,
}

/// Counts everything. Reads whole tables: not for every request.
pub async fn counts(conn: &mut Conn) -> Result<Counts> {
    Ok(Counts {
        events: one(conn, "select count(*) as rows from journal").await?,
        quarantined: many(
            conn,
            "select code as name, count(*) as rows from quarantine
             where resolved_at is null group by code",
        )
        .await?,
        subjects: many(conn, "select kind as name, count(*) as rows from subjects group by kind")
            .await?,
        facts: one(conn, "select count(*) as rows from facts").await?,
        milestones: many(
            conn,
            "select state as name, count(*) as rows from milestones group by state",
        )
        .await?,
        suggestions: many(
            conn,
            "select state as name, count(*) as rows from suggestions group by state",
        )
        .await?,
        drafts: one(conn, "select count(*) as rows from drafts").await?,
        messages: many(
            conn,
            "select source as name, count(*) as rows from messages group by source",
        )
        .await?,
        deliveries: many(
            conn,
            "select state as name, count(*) as rows from deliveries group by state",
        )
        .await?,
        suppressed: many(
            conn,
            "select suppressed as name, count(*) as rows from deliveries
             where suppressed is not null group by suppressed",
        )
        .await?,
        outcomes: many(conn, "select kind as name, count(*) as rows from outcomes group by kind")
            .await?,
        jobs: jobs::counts(conn).await?,
    })
}

async fn one(conn: &mut Conn, statement: &'static str) -> Result<u64> {
    sql::count(&sqlx::query(statement).fetch_one(conn).await?, "rows")
}

async fn many(conn: &mut Conn, statement: &'static str) -> Result<BTreeMap<String, u64>> {
    let rows = sqlx::query(statement).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((sql::text(row, "name")?, sql::count(row, "rows")?))).collect()
}
