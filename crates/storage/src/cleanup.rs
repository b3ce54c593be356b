//! Deletes what has served its purpose. The periods are our own choice, stated with each table in
//! `migrations/`; no law names them. Everything else stays until the subject's data are erased.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Conn, Result, sql};

/// One table's end of retention: its name, the days after which a row goes, and the statement,
/// whose `$1` is the moment that many days ago.
struct Rule {
    table: &'static str,
    days: i64,
    statement: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        table: "quarantine",
        days: 90,
        statement: "delete from quarantine where last_seen_at < $1",
    },
    Rule {
        table: "drafts",
        days: 180,
        statement: "delete from drafts where suggestion_id in (
             select id from suggestions where state <> 'open' and changed_at < $1)",
    },
    Rule {
        table: "templates",
        days: 30,
        statement: "delete from templates where created_at < $1
             and not exists (select 1 from messages m where m.template_id = templates.id)",
    },
    Rule {
        table: "jobs",
        days: 30,
        statement: "delete from jobs where state = 'done' and finished_at < $1",
    },
    Rule {
        table: "jobs",
        days: 180,
        statement: "delete from jobs where state = 'dead' and finished_at < $1",
    },
    Rule { table: "sessions", days: 0, statement: "delete from sessions where expires_at < $1" },
    Rule {
        table: "portal_keys",
        days: 365,
        statement: "delete from portal_keys where revoked_at < $1",
    },
    Rule { table: "access_log", days: 730, statement: "delete from access_log where at < $1" },
];

/// Deletes what is past its retention at `now`, and answers how many rows went, by table.
pub async fn cleanup(conn: &mut Conn, now: Timestamp) -> Result<BTreeMap<&'static str, u64>> {
    let mut gone = BTreeMap::new();
    for rule in RULES {
        let deleted = sqlx::query(rule.statement)
            .bind(sql::days_before(now, rule.days))
            .execute(&mut *conn)
            .await?;
        *gone.entry(rule.table).or_default() += deleted.rows_affected();
    }
    Ok(gone)
}
