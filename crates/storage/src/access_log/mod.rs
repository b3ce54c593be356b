//! Who read whose data, for which purpose, on what legal basis (invariant 10).

mod proof;
mod tree;

use std::collections::BTreeMap;

use domain::SubjectId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::any::AnyRow;

use crate::rows::Insert;
use crate::{Conn, Result, sql};

pub use proof::{Consistency, Inclusion, Verified, consistency, inclusion, leaves_of, verify};
pub use tree::{Head, Signer, entry, head, heads, merge};

/// How many subjects one statement logs a reading of.
const SUBJECTS_AT_ONCE: usize = 100;

/// One reading of one subject's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// Whose data.
    pub subject: SubjectId,
    /// Who read: a portal key's id, a task, the person.
    pub reader: String,
    /// What was read, as in `facts` or `draft`.
    pub what: String,
    /// What for.
    pub purpose: String,
    /// The law that allows it.
    pub legal_basis: String,
}

/// The readings of one day by one reader for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOfReads {
    /// The day.
    pub day: Date,
    /// Who read.
    pub reader: String,
    /// What for.
    pub purpose: String,
    /// How often.
    pub reads: u64,
}

const INSERT: Insert<'static> = Insert {
    into: "insert into access_log (at, subject_id, reader, what, purpose, legal_basis)",
    columns: 6,
    then: "on conflict (subject_id, at, reader, what, purpose) do nothing",
};

/// Logs readings. The same reading of the same moment is one.
pub async fn record(conn: &mut Conn, readings: &[Access]) -> Result<()> {
    for some in Insert::portions(readings) {
        let mut query = INSERT.of(conn, some.len());
        for access in some {
            query = query
                .bind(sql::time(access.at))
                .bind(access.subject.to_string())
                .bind(&access.reader)
                .bind(&access.what)
                .bind(&access.purpose)
                .bind(&access.legal_basis);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Logs one reading of many subjects' data: `access` of each of `subjects` in place of its own.
pub async fn record_all(conn: &mut Conn, access: &Access, subjects: &[SubjectId]) -> Result<()> {
    for some in subjects.chunks(SUBJECTS_AT_ONCE) {
        let rows: Vec<String> =
            (0..some.len()).map(|row| format!("($1, ${}, $2, $3, $4, $5)", row + 6)).collect();
        let statement = format!(
            "insert into access_log (at, subject_id, reader, what, purpose, legal_basis)
             values {}
             on conflict (subject_id, at, reader, what, purpose) do nothing",
            rows.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(sql::time(access.at))
            .bind(&access.reader)
            .bind(&access.what)
            .bind(&access.purpose)
            .bind(&access.legal_basis);
        for subject in some {
            query = query.bind(subject.to_string());
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Who read the data of `subject` from `since` on, latest first.
pub async fn of_subject(
    conn: &mut Conn,
    subject: SubjectId,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<Access>> {
    let rows = sqlx::query(
        "select subject_id, at, reader, what, purpose, legal_basis from access_log
         where subject_id = $1 and at >= $2
         order by at desc, reader, what, purpose limit $3",
    )
    .bind(subject.to_string())
    .bind(sql::time(since))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Access> {
    Ok(Access {
        at: sql::parsed(row, "at")?,
        subject: sql::parsed(row, "subject_id")?,
        reader: sql::text(row, "reader")?,
        what: sql::text(row, "what")?,
        purpose: sql::text(row, "purpose")?,
        legal_basis: sql::text(row, "legal_basis")?,
    })
}

/// The calendar of reads that a person is shown: day by day, latest first, days counted in `zone`.
pub async fn calendar(
    conn: &mut Conn,
    subject: SubjectId,
    since: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<DayOfReads>> {
    let rows = sqlx::query(
        "select at, reader, purpose from access_log where subject_id = $1 and at >= $2",
    )
    .bind(subject.to_string())
    .bind(sql::time(since))
    .fetch_all(conn)
    .await?;
    let mut days: BTreeMap<(Date, String, String), u64> = BTreeMap::new();
    for row in &rows {
        let at: Timestamp = sql::parsed(row, "at")?;
        let day = at.to_zoned(zone.clone()).date();
        let reads = days.entry((day, sql::text(row, "reader")?, sql::text(row, "purpose")?));
        *reads.or_default() += 1;
    }
    Ok(days
        .into_iter()
        .rev()
        .map(|((day, reader, purpose), reads)| DayOfReads { day, reader, purpose, reads })
        .collect())
}
