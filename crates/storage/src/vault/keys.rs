//! The table of wrapped keys.

use domain::SubjectId;
use sqlx::any::AnyRow;

use super::Key;
use crate::dialect::Dialect;
use crate::rows::{Insert, rows_of_each};
use crate::{Conn, Result, sql};

const INSERT: Insert<'static> = Insert {
    into: "insert into subject_keys (subject_id, master, wrapped)",
    columns: 3,
    then: "on conflict (subject_id) do nothing",
};

/// Makes sure that each of `subjects` has a key, and that the connection knows it. The keys stay
/// until the transaction ends: nobody can be erased between the sealing and the storing.
pub(crate) async fn make(conn: &mut Conn, subjects: &[SubjectId]) -> Result<()> {
    fetch(conn, subjects, Dialect::of(conn).hold_shared()).await?;
    let missing: Vec<SubjectId> = conn.held.missing(subjects, true);
    if missing.is_empty() {
        return Ok(());
    }
    let vault = conn.held.vault()?;
    let master = vault.current()?;
    for some in Insert::portions(&missing) {
        let mut query = INSERT.of(conn, some.len());
        let mut drawn = Vec::with_capacity(some.len());
        for subject in some {
            let (holder, key) = (subject.to_string(), vault.draw()?);
            query = query.bind(holder.clone()).bind(master.id()).bind(master.wrap(&holder, &key)?);
            drawn.push((*subject, Some(key)));
        }
        let inserted = query.execute(&mut *conn).await?;
        if inserted.rows_affected() == some.len() as u64 {
            conn.held.keys.extend(drawn);
        } else {
            // Another transaction made one of them first; its commit ended our wait.
            for subject in some {
                conn.held.forget(*subject);
            }
            fetch(conn, some, Dialect::of(conn).hold_shared()).await?;
        }
    }
    Ok(())
}

/// Lets the connection know the keys of `subjects`, where they have one.
pub(crate) async fn learn(conn: &mut Conn, subjects: &[SubjectId]) -> Result<()> {
    fetch(conn, subjects, "").await
}

async fn fetch(conn: &mut Conn, subjects: &[SubjectId], hold: &str) -> Result<()> {
    let vault = conn.held.vault()?;
    let unknown = conn.held.missing(subjects, false);
    let statement = format!(
        "select subject_id, master, wrapped from subject_keys
         where subject_id in ({{}}) order by subject_id {hold}"
    );
    let rows = rows_of_each(conn, &statement, &[], &unknown).await?;
    conn.held.keys.extend(unknown.iter().map(|subject| (*subject, None)));
    for row in &rows {
        let (subject, key) = unwrapped(row, &vault)?;
        conn.held.keys.insert(subject, Some(key));
    }
    Ok(())
}

fn unwrapped(row: &AnyRow, vault: &super::Vault) -> Result<(SubjectId, Key)> {
    let master = vault.master(&sql::text(row, "master")?)?;
    let (holder, wrapped) = (sql::text(row, "subject_id")?, sql::text(row, "wrapped")?);
    let key = master.unwrap(&holder, &wrapped)?;
    Ok((sql::parsed(row, "subject_id")?, key))
}

impl super::Held {
    /// Those of `subjects` of whom nothing is known yet, or, `for_making`, who have no key; in
    /// order, so that two transactions never wait for each other in a circle.
    fn missing(&self, subjects: &[SubjectId], for_making: bool) -> Vec<SubjectId> {
        let mut missing: Vec<SubjectId> = subjects.to_vec();
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|subject| match self.keys.get(subject) {
            None => true,
            Some(key) => for_making && key.is_none(),
        });
        missing
    }
}

/// How many keys one master key wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapping {
    /// The master key's name.
    pub master: String,
    /// How many.
    pub keys: u64,
}

/// How many keys each master key wraps, by name.
pub async fn wrappings(conn: &mut Conn) -> Result<Vec<Wrapping>> {
    let rows = sqlx::query(
        "select master, count(*) as keys from subject_keys group by master order by master",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Wrapping { master: sql::text(row, "master")?, keys: sql::count(row, "keys")? })
        })
        .collect()
}

/// What one step of a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many keys were wrapped anew.
    pub keys: u64,
    /// The last of them: the next step goes on after it. `None` when all are done.
    pub after: Option<SubjectId>,
}

/// Wraps the next `limit` keys after the one given with the current master key, where another
/// wraps them now. Each row says by which it is wrapped, so a rotation that was cut off is simply
/// begun again; the keys themselves, and what they sealed, stay as they are.
pub async fn rewrap(conn: &mut Conn, after: Option<SubjectId>, limit: u32) -> Result<Rewrapped> {
    let vault = conn.held.vault()?;
    let current = vault.current()?;
    let statement = format!(
        "select subject_id, master, wrapped from subject_keys
         where subject_id > $1 and master <> $2 order by subject_id limit $3 {}",
        Dialect::of(conn).hold()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(after.map_or_else(String::new, |id| id.to_string()))
        .bind(current.id())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    let mut done = Rewrapped { keys: 0, after: None };
    for row in &rows {
        let (subject, key) = unwrapped(row, &vault)?;
        let holder = subject.to_string();
        sqlx::query("update subject_keys set master = $2, wrapped = $3 where subject_id = $1")
            .bind(&holder)
            .bind(current.id())
            .bind(current.wrap(&holder, &key)?)
            .execute(&mut *conn)
            .await?;
        done.keys += 1;
        done.after = Some(subject);
    }
    Ok(done)
}
