//! What proved texts rest on: which passage of the corpus, in which state. Where that state is no
//! more, the proof is none, and the text is not used again.

use std::collections::BTreeMap;

use domain::TemplateId;
use jiff::Timestamp;
use sqlx::Row as _;

use crate::{Conn, Result, sql};

/// A passage in one state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ground {
    /// The passage's id, `document#section`.
    pub passage: String,
    /// The hash of what it said.
    pub hash: String,
}

/// What a look at the corpus changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// What texts rest on and the corpus holds no more.
    pub gone: Vec<Ground>,
    /// What had been gone and says again what it said.
    pub back: Vec<Ground>,
}

/// Notes what a template rests on, in the transaction that stores it.
pub async fn put(conn: &mut Conn, template: TemplateId, grounds: &[Ground]) -> Result<()> {
    for ground in grounds {
        sqlx::query(
            "insert into grounds (template_id, passage, hash) values ($1, $2, $3)
             on conflict (template_id, passage) do nothing",
        )
        .bind(template.to_string())
        .bind(&ground.passage)
        .bind(&ground.hash)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The templates that rest on `ground`, by their ids.
pub async fn resting_on(conn: &mut Conn, ground: &Ground) -> Result<Vec<TemplateId>> {
    let rows = sqlx::query(
        "select template_id from grounds where passage = $1 and hash = $2 order by template_id",
    )
    .bind(&ground.passage)
    .bind(&ground.hash)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| sql::parsed(row, "template_id")).collect()
}

/// What `passage` said when texts were rested on it: its hashes, and since when each is gone.
pub async fn of_passage(
    conn: &mut Conn,
    passage: &str,
) -> Result<Vec<(Ground, Option<Timestamp>)>> {
    let rows = sqlx::query(
        "select distinct passage, hash, gone_at from grounds where passage = $1 order by hash",
    )
    .bind(passage)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((ground(row)?, sql::maybe_parsed(row, "gone_at")?))).collect()
}

/// Compares what texts rest on with the corpus as it is now: hashes by passage.
pub async fn look(
    conn: &mut Conn,
    corpus: &BTreeMap<String, String>,
    at: Timestamp,
) -> Result<Looked> {
    let rows = sqlx::query(
        "select distinct passage, hash, case when gone_at is null then 0 else 1 end as gone
         from grounds order by passage, hash",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut looked = Looked::default();
    for row in &rows {
        let (ground, was_gone) = (ground(row)?, row.try_get::<i64, _>("gone")? == 1);
        let is_there = corpus.get(&ground.passage) == Some(&ground.hash);
        let list = match (was_gone, is_there) {
            (false, false) => &mut looked.gone,
            (true, true) => &mut looked.back,
            _ => continue,
        };
        sqlx::query("update grounds set gone_at = $1 where passage = $2 and hash = $3")
            .bind((!is_there).then(|| sql::time(at)))
            .bind(&ground.passage)
            .bind(&ground.hash)
            .execute(&mut *conn)
            .await?;
        list.push(ground);
    }
    Ok(looked)
}

fn ground(row: &sqlx::any::AnyRow) -> Result<Ground> {
    Ok(Ground { passage: sql::text(row, "passage")?, hash: sql::text(row, "hash")? })
}
