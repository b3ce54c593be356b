//! Erasing a subject: the key is destroyed, what can be read is removed, the proof stays.
//!
//! Without the key everything that names the subject is closed at once: their facts and
//! identifier, every event that names them, every draft and letter about them or about somebody
//! with whom they play a role. Rows that are theirs are removed besides. What stays is that there
//! was someone, by pseudonym; the hashes of the decisions that were taken about them; the leaves of
//! the log of readings; and what they refused, so that they are not written to again.
//!
//! A backup that is older still holds the wrapped key: it must not outlive what the operator
//! promises, and an erasure is repeated after such a backup was restored.

use std::collections::BTreeMap;

use domain::SubjectId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::dialect::{self, Dialect};
use crate::{Conn, Result, facts, sql};

/// An erasure: who asked for whom, when, and what is left to prove by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Made from the subject and the moment.
    pub id: String,
    /// Who was erased.
    pub subject: SubjectId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// The law that demands or allows it.
    pub legal_basis: String,
    /// What is left.
    pub proof: Proof,
}

/// What an erasure leaves to prove by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How many rows went, by table.
    pub removed: BTreeMap<String, u64>,
    /// The receipts that went: id and SHA-256 of what each said, so that whoever holds a copy can
    /// show that it is true.
    pub receipts: BTreeMap<String, String>,
    /// The leaves of the log of readings whose rows went.
    pub leaves: Vec<u64>,
}

/// The milestones of subject `$1`, and the suggestions that go with them.
const MILESTONES: &str = "select id from milestones where subject_id = $1";
const SUGGESTIONS: &str = "select id from suggestions where recipient_id = $1
    or milestone_id in (select id from milestones where subject_id = $1)";
const MESSAGES: &str = "select id from messages where recipient_id = $1
    or milestone_id in (select id from milestones where subject_id = $1)";
const RECEIPTS: &str = "subject_id = $1
    or about in (select id from milestones where subject_id = $1)
    or about in (select id from suggestions where recipient_id = $1
        or milestone_id in (select id from milestones where subject_id = $1))";

/// What is removed, in this order: rows before those that they refer to.
fn removals() -> [(&'static str, String); 15] {
    [
        ("outcomes", format!("subject_id = $1 or suggestion_id in ({SUGGESTIONS})")),
        ("drafts", format!("suggestion_id in ({SUGGESTIONS})")),
        ("deliveries", format!("recipient_id = $1 or message_id in ({MESSAGES})")),
        ("messages", format!("id in ({MESSAGES})")),
        ("receipts", RECEIPTS.to_owned()),
        ("suggestions", format!("id in ({SUGGESTIONS})")),
        ("reached", format!("milestone_id in ({MILESTONES})")),
        ("milestones", format!("id in ({MILESTONES})")),
        ("due", "subject_id = $1".to_owned()),
        ("sessions", "subject_id = $1".to_owned()),
        ("refusals", "subject_id = $1 and ended_at is not null".to_owned()),
        ("contacts", "subject_id = $1".to_owned()),
        ("facts", "subject_id = $1".to_owned()),
        ("access_log", "subject_id = $1".to_owned()),
        ("subject_keys", "subject_id = $1".to_owned()),
    ]
}

/// Erases `subject`, in the caller's transaction. `None` where nothing is known of them.
///
/// Readings that have no leaf in the log yet must get one [before](crate::access_log::merge), or
/// they would leave no proof.
pub async fn erase(
    conn: &mut Conn,
    subject: SubjectId,
    at: Timestamp,
    by: &str,
    legal_basis: &str,
) -> Result<Option<Erasure>> {
    // The key before the subject, as whoever stores something about them does: no deadlock.
    hold(conn, "subject_keys", "subject_id", subject).await?;
    let known = hold(conn, "subjects", "id", subject).await?;
    if !known {
        return Ok(None);
    }
    dialect::overwrite_deleted(conn, true).await?;
    let mut proof = Proof {
        receipts: receipts(conn, subject).await?,
        leaves: leaves(conn, subject).await?,
        removed: BTreeMap::new(),
    };
    proof.removed.insert("fact_links".to_owned(), facts::unlink(conn, subject).await?);
    for (table, which) in removals() {
        let statement = format!("delete from {table} where {which}");
        let gone = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(subject.to_string())
            .execute(&mut *conn)
            .await?;
        proof.removed.insert(table.to_owned(), gone.rows_affected());
    }
    sqlx::query("update subjects set identifier = null where id = $1")
        .bind(subject.to_string())
        .execute(&mut *conn)
        .await?;
    conn.held.forget(subject);
    dialect::overwrite_deleted(conn, false).await?;
    let erasure = Erasure {
        id: id_of(subject, at),
        subject,
        at,
        by: by.to_owned(),
        legal_basis: legal_basis.to_owned(),
        proof,
    };
    note(conn, &erasure).await?;
    Ok(Some(erasure))
}

/// Keeps a row of the subject as it is until the end; answers whether there is one.
async fn hold(conn: &mut Conn, table: &str, key: &str, subject: SubjectId) -> Result<bool> {
    let hold = Dialect::of(conn).hold();
    let statement = format!("select {key} from {table} where {key} = $1 {hold}");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(subject.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

async fn receipts(conn: &mut Conn, subject: SubjectId) -> Result<BTreeMap<String, String>> {
    let statement = format!("select id, body from receipts where {RECEIPTS} order by id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(subject.to_string())
        .fetch_all(conn)
        .await?;
    let hashed = rows.iter().map(|row| {
        let body = sql::text(row, "body")?;
        Ok((sql::text(row, "id")?, crate::hex(&Sha256::digest(body))))
    });
    hashed.collect()
}

async fn leaves(conn: &mut Conn, subject: SubjectId) -> Result<Vec<u64>> {
    let rows = sqlx::query(
        "select leaf from access_log where subject_id = $1 and leaf is not null order by leaf",
    )
    .bind(subject.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::count(row, "leaf")).collect()
}

async fn note(conn: &mut Conn, erasure: &Erasure) -> Result<()> {
    sqlx::query(
        "insert into erasures (id, subject_id, erased_at, erased_by, legal_basis, proof)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&erasure.id)
    .bind(erasure.subject.to_string())
    .bind(sql::time(erasure.at))
    .bind(&erasure.by)
    .bind(&erasure.legal_basis)
    .bind(sql::json(&erasure.proof)?)
    .execute(conn)
    .await?;
    Ok(())
}

fn id_of(subject: SubjectId, at: Timestamp) -> String {
    let hash = Sha256::digest(format!("{subject} {}", sql::time(at)));
    format!("ers_{}", crate::hex(hash.get(..16).unwrap_or_default()))
}

/// All erasures, in order: to be repeated after an older backup was restored.
pub async fn list(conn: &mut Conn) -> Result<Vec<Erasure>> {
    let rows = sqlx::query(
        "select id, subject_id, erased_at, erased_by, legal_basis, proof
         from erasures order by erased_at, id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Erasure {
                id: sql::text(row, "id")?,
                subject: sql::parsed(row, "subject_id")?,
                at: sql::parsed(row, "erased_at")?,
                by: sql::text(row, "erased_by")?,
                legal_basis: sql::text(row, "legal_basis")?,
                proof: sql::from_json(row, "proof")?,
            })
        })
        .collect()
}
