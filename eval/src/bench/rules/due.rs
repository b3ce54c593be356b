//! A day's run: does it cost what is due on the day, however much is due on other days?

use std::time::{Duration, Instant};

use domain::{Language, SubjectId, SubjectKind};
use jiff::ToSpan as _;
use jiff::civil::Date;
use rules::Pack;
use serde::Serialize;
use storage::due::{self, Due};
use storage::subjects::Subject;
use storage::{Store, bulk};

use super::people::Chance;
use crate::EvalError;
use crate::timing::median;

/// How many rows are due on the day, whatever the size of the table.
const ON_THE_DAY: usize = 5_000;
/// How many one transaction takes, as the daily run does.
const AT_ONCE: u32 = 500;
/// How many rows are stored at once.
const STORED_AT_ONCE: usize = 60_000;
/// All other days lie within so many days after.
const DAYS: u64 = 3650;

/// A day's run with a table of one size.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DuePoint {
    /// Rows in the table.
    pub rows: usize,
    /// Those due on the day.
    pub due: usize,
    /// Finding them and clearing them, for each: the middle of the transactions, in microseconds.
    pub us_per_due_row_median: f64,
    /// The whole run, in milliseconds.
    pub run_ms: f64,
}

/// Fills an empty database with `rows` due days and does the run of `day`.
pub(super) async fn point(
    store: &Store,
    pack: &Pack,
    day: Date,
    rows: usize,
) -> Result<DuePoint, EvalError> {
    fill(store, pack, day, rows).await?;
    let (mut due, mut run, mut each) = (0, Duration::ZERO, Vec::new());
    loop {
        let started = Instant::now();
        let mut tx = store.begin().await?;
        let some = due::due_until(&mut tx, day, AT_ONCE).await?;
        for one in &some {
            due::clear(&mut tx, one.subject, &one.life_event).await?;
        }
        tx.commit().await?;
        let took = started.elapsed();
        if some.is_empty() {
            break;
        }
        run += took;
        due += some.len();
        let count = u32::try_from(some.len()).unwrap_or(u32::MAX);
        each.push(took.as_secs_f64() * 1e6 / f64::from(count));
    }
    let us_per_due_row_median = median(each);
    Ok(DuePoint { rows, due, us_per_due_row_median, run_ms: run.as_secs_f64() * 1e3 })
}

/// Each subject has one row for each life event that time brings.
async fn fill(store: &Store, pack: &Pack, day: Date, rows: usize) -> Result<(), EvalError> {
    let events: Vec<&str> = pack
        .life_events()
        .filter(|event| event.begins.clock.is_some())
        .map(|event| event.id.as_str())
        .collect();
    let each = events.len().max(1);
    let mut chance = Chance::new(rows as u64);
    let mut ids: Vec<SubjectId> =
        (0..rows.div_ceil(each)).map(|n| SubjectId::of(&["due", &n.to_string()])).collect();
    // In order, so that filling appends; which day is whose is chance.
    ids.sort_unstable();
    let mut conn = store.read().await?;
    bulk::begin(&mut conn).await?;
    let mut stored = 0;
    for some in ids.chunks(STORED_AT_ONCE / each + 1) {
        let subject = |id| Subject {
            id,
            kind: SubjectKind::Person,
            identifier: None,
            language: Language::VI,
        };
        let subjects: Vec<Subject> = some.iter().copied().map(subject).collect();
        bulk::told(&mut conn, &subjects, &[], &[]).await?;
        let mut due = Vec::with_capacity(some.len() * each);
        for (subject, life_event) in some.iter().flat_map(|id| events.iter().map(|it| (*id, *it))) {
            if stored == rows {
                break;
            }
            stored += 1;
            let ahead = if chance.below(rows as u64) < ON_THE_DAY as u64 {
                0
            } else {
                1 + chance.below(DAYS)
            };
            let on = day.checked_add(ahead.cast_signed().days()).unwrap_or(day);
            due.push(Due { subject, life_event: life_event.to_owned(), on });
        }
        bulk::due(&mut conn, &due).await?;
    }
    Ok(bulk::end(&mut conn).await?)
}
