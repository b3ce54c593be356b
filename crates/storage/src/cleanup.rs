//! How long every table is kept, and the job that deletes what has served its purpose. The periods
//! are our own choice; no law names them. `migrations/README.md` tells them to people, and tests
//! hold the tables, this list and that page together.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Conn, Result, sql};

/// How long the rows of a table are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// The table.
    pub table: &'static str,
    /// The ends of its rows.
    pub ends: &'static [End],
}

/// What ends the keeping of rows.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// They go this many days after what the statement says; its `$1` is that moment.
    After {
        /// How many days.
        days: i64,
        /// What deletes them.
        delete: &'static str,
    },
    /// They go with [their subject](crate::erasures).
    Erasure,
    /// The work that they are about takes them away itself.
    Work,
    /// They are never deleted, for this reason.
    Never(&'static str),
}

use End::{After, Erasure, Never, Work};

const PROOF: &str = "proof; names nobody";

/// How long every table is kept.
pub const RETENTION: &[Retention] = &[
    Retention { table: "journal", ends: &[Never("append-only; sealed, and closed with a key")] },
    Retention {
        table: "quarantine",
        ends: &[After { days: 90, delete: "delete from quarantine where last_seen_at < $1" }],
    },
    Retention { table: "subject_keys", ends: &[Erasure] },
    Retention { table: "subjects", ends: &[Never("the pseudonym; its identifier is erased")] },
    Retention { table: "facts", ends: &[Erasure] },
    Retention { table: "fact_links", ends: &[Erasure] },
    Retention { table: "withdrawals", ends: &[Never("as the journal; names nobody")] },
    Retention { table: "milestones", ends: &[Erasure] },
    Retention { table: "suggestions", ends: &[Erasure] },
    Retention {
        table: "drafts",
        ends: &[
            After {
                days: 180,
                delete: "delete from drafts where suggestion_id in (
                     select id from suggestions where state <> 'open' and changed_at < $1)",
            },
            Erasure,
        ],
    },
    Retention { table: "receipts", ends: &[Erasure] },
    Retention { table: "due", ends: &[Work, Erasure] },
    Retention {
        table: "grounds",
        ends: &[After {
            days: 30,
            delete: "delete from grounds where template_id in (
                 select id from templates where created_at < $1
                 and not exists (select 1 from messages m where m.template_id = templates.id))",
        }],
    },
    Retention {
        table: "templates",
        ends: &[After {
            days: 30,
            delete: "delete from templates where created_at < $1
                 and not exists (select 1 from messages m where m.template_id = templates.id)",
        }],
    },
    Retention { table: "messages", ends: &[Erasure] },
    Retention { table: "deliveries", ends: &[Erasure] },
    Retention { table: "outcomes", ends: &[Erasure] },
    Retention { table: "refusals", ends: &[Erasure] },
    Retention { table: "contacts", ends: &[Erasure] },
    Retention {
        table: "jobs",
        ends: &[
            After {
                days: 30,
                delete: "delete from jobs where state = 'done' and finished_at < $1",
            },
            After {
                days: 180,
                delete: "delete from jobs where state = 'dead' and finished_at < $1",
            },
        ],
    },
    Retention { table: "schedules", ends: &[Never("one row a task")] },
    Retention { table: "halts", ends: &[Never("who stopped what; names no citizen")] },
    Retention { table: "reached", ends: &[Work, Erasure] },
    Retention {
        table: "tallies",
        ends: &[After { days: 400, delete: "delete from tallies where day < $1" }],
    },
    Retention {
        table: "portal_keys",
        ends: &[After { days: 365, delete: "delete from portal_keys where revoked_at < $1" }],
    },
    Retention {
        table: "sessions",
        ends: &[After { days: 0, delete: "delete from sessions where expires_at < $1" }, Erasure],
    },
    Retention {
        table: "access_log",
        // Only what has its leaf: the leaf is what stays.
        ends: &[
            After {
                days: 730,
                delete: "delete from access_log where at < $1 and leaf is not null",
            },
            Erasure,
        ],
    },
    Retention { table: "access_tiles", ends: &[Never(PROOF)] },
    Retention { table: "access_heads", ends: &[Never(PROOF)] },
    Retention { table: "erasures", ends: &[Never(PROOF)] },
    Retention { table: "phrases", ends: &[Never("words; names nobody")] },
    Retention { table: "phrase_decisions", ends: &[Never("who approved what; names no citizen")] },
    Retention { table: "phrase_asks", ends: &[Never("words and counts; names nobody")] },
    Retention { table: "turns", ends: &[Never("as the journal; ids only")] },
];

/// Since when the rows of `table` are kept at `now`; whatever is older may be gone.
#[must_use]
pub fn kept_since(table: &str, now: Timestamp) -> Timestamp {
    let ends = RETENTION.iter().filter(|it| it.table == table).flat_map(|it| it.ends);
    let days = ends.filter_map(|end| match end {
        After { days, .. } => Some(*days),
        Erasure | Work | Never(_) => None,
    });
    days.min().map_or(Timestamp::MIN, |days| sql::moment_before(now, days))
}

/// Deletes what is past its retention at `now`, and answers how many rows went, by table.
pub async fn cleanup(conn: &mut Conn, now: Timestamp) -> Result<BTreeMap<&'static str, u64>> {
    let mut gone = BTreeMap::new();
    for retention in RETENTION {
        for end in retention.ends {
            let After { days, delete } = end else { continue };
            let deleted =
                sqlx::query(*delete).bind(sql::days_before(now, *days)).execute(&mut *conn).await?;
            *gone.entry(retention.table).or_default() += deleted.rows_affected();
        }
    }
    Ok(gone)
}
