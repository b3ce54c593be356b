//! The daily clock: what time alone brings, and what was missed while the program was down.
//!
//! The run of a day costs what is due that day, not the population: each subject's next day is
//! stored when their facts change ([`decide`](crate::App)). On the day on which a version of a
//! life event comes into force its open milestones are looked at again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::{EventId, MilestoneId, MilestoneState, SubjectId, Trace};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jiff_cron::Schedule;
use storage::{Conn, cleanup, due, milestones, schedules, tallies};

use crate::rebuild::Turn;
use crate::work::Work;
use crate::{App, EngineError};

/// The name under which the daily run is remembered.
const DAILY: &str = "daily";
/// How many subjects one transaction plans.
const AT_ONCE: u32 = 500;
/// How far the last run may lie ahead of the clock before the clock is taken to have been wrong.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(36);

/// When the daily run is, in the pack's time zone.
#[derive(Clone)]
pub struct Timetable(Schedule);

impl Timetable {
    /// The first run after `after`.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.0.after(after.to_zoned(zone.clone())).next().map(|zoned| zoned.timestamp())
    }

    /// The last run that is due at `now`, of those after `last`. However many were missed, they
    /// are caught up in one.
    fn due(&self, last: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let runs = self.0.after(last.to_zoned(zone.clone())).map(|zoned| zoned.timestamp());
        runs.take_while(|run| *run <= now).last()
    }
}

impl FromStr for Timetable {
    type Err = EngineError;

    /// Five fields as cron writes them: minute, hour, day of the month, month, day of the week.
    fn from_str(given: &str) -> Result<Self, EngineError> {
        let wrong = || EngineError::Timetable(given.to_owned());
        if given.split_whitespace().count() != 5 {
            return Err(wrong());
        }
        // The library counts seconds first.
        format!("0 {given}").parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Debug for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timetable({})", self.0.source())
    }
}

impl App {
    /// Runs the daily run if it is due. Of several workers one runs it. Answers whether this one
    /// did.
    pub async fn tick(&self, timetable: &Timetable) -> Result<bool, EngineError> {
        let now = self.now();
        // Asked before every turn of every worker: it must not wait for whoever writes.
        let last = self.last_tick().await?;
        let run = match last {
            None => Some(now),
            // The clock was ahead by days and was set right: waiting until it comes there again
            // could mean a year without a daily run.
            Some(last) if last.duration_since(now) > MOST_AHEAD => {
                tracing::warn!(%last, "the last daily run is in the future: the clock was set back");
                Some(now)
            }
            Some(last) => timetable.due(last, now, self.pack.time_zone()),
        };
        let Some(run) = run else { return Ok(false) };
        let mut tx = self.store.begin().await?;
        if !schedules::take_run(&mut tx, DAILY, last, run).await? {
            return Ok(false);
        }
        if let Some(last) = last {
            self.plan_law_changes(&mut tx, self.day(last), self.day(run), now).await?;
        }
        cleanup::cleanup(&mut tx, now).await?;
        tx.commit().await?;
        let planned = self.plan_due(self.day(now), now).await?;
        tracing::info!(planned, "daily run");
        Ok(true)
    }

    /// When the daily run last ran.
    pub(crate) async fn last_tick(&self) -> Result<Option<Timestamp>, EngineError> {
        let mut conn = self.store.read().await?;
        Ok(schedules::last_run(&mut conn, DAILY).await?)
    }

    /// Enqueues everybody whose day has come. The day is cleared in the same transaction; the
    /// work that follows sets the next one.
    async fn plan_due(&self, today: Date, now: Timestamp) -> Result<usize, EngineError> {
        let mut planned = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let some = due::due_until(&mut tx, today, AT_ONCE).await?;
            let mut foretold: BTreeMap<&str, u64> = BTreeMap::new();
            if !some.is_empty() {
                let of = some.iter().map(|it| (it.life_event.clone(), it.subject)).collect();
                let trace = Trace::of(None, EventId::of(&["clock", &today.to_string()]));
                self.note_turn(&mut tx, &Turn::Came { of }, (now, &trace)).await?;
            }
            for one in &some {
                *foretold.entry(&one.life_event).or_default() += 1;
                due::clear(&mut tx, one.subject, &one.life_event).await?;
                look_again(&mut tx, &one.life_event, one.subject, one.on, now).await?;
            }
            for (life_event, count) in foretold {
                tallies::foretell(&mut tx, life_event, today, count).await?;
            }
            tx.commit().await?;
            planned += some.len();
            if some.is_empty() {
                return Ok(planned);
            }
        }
    }

    /// Looks again at the open milestones of every life event whose law changed after `last`, up
    /// to and including `today`.
    async fn plan_law_changes(
        &self,
        conn: &mut Conn,
        last: Date,
        today: Date,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let changed = self.pack.life_events().filter(|life_event| {
            let mut starts = life_event.versions.iter().map(|version| version.in_force.from);
            starts.any(|from| last < from && from <= today)
        });
        let changed: Vec<&str> = changed.map(|life_event| life_event.id.as_str()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut after: Option<MilestoneId> = None;
        loop {
            let page = milestones::page(conn, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let open = page.iter().filter(|it| {
                matches!(it.state, MilestoneState::Reached | MilestoneState::Pending)
                    && changed.contains(&it.life_event.as_str())
            });
            for milestone in open {
                look_again(conn, &milestone.life_event, milestone.subject, today, now).await?;
            }
        }
    }
}

async fn look_again(
    conn: &mut Conn,
    life_event: &str,
    subject: SubjectId,
    on: Date,
    now: Timestamp,
) -> Result<(), EngineError> {
    let (life_event, day) = (life_event.to_owned(), on.to_string());
    // No event led here, so the trace is named by what did: the day of this subject.
    let trace = Trace::of(None, EventId::of(&["clock", &life_event, &subject.to_string(), &day]));
    Work::Due { life_event, subject, on }.enqueue(conn, now, &trace).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    #[test]
    fn missed_runs_are_caught_up_in_one_and_none_is_done_twice() {
        let timetable: Timetable = "5 0 * * *".parse().unwrap();
        let zone = TimeZone::get(domain::VN).unwrap();
        // 00:05 in Hà Nội is 17:05 of the day before in UTC.
        let last = at("2026-11-01T17:05:00Z");
        assert_eq!(timetable.due(last, at("2026-11-02T17:04:59Z"), &zone), None);
        let run = timetable.due(last, at("2026-11-20T03:00:00Z"), &zone).unwrap();
        assert_eq!(run, at("2026-11-19T17:05:00Z"));
        assert_eq!(timetable.due(run, at("2026-11-20T03:00:00Z"), &zone), None);
    }

    #[test]
    fn a_timetable_of_other_than_five_fields_is_refused() {
        for wrong in ["", "daily", "0 5 0 * * *", "61 0 * * *"] {
            let error = wrong.parse::<Timetable>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("five fields"), "{error}");
        }
    }
}
