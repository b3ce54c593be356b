//! The brake: a life event that suddenly concerns far more people than ever is stopped until
//! somebody looked.
//!
//! A register that sends everything twice, a rule that was changed for the worse, a unit that was
//! misread: each shows as a count. The forecast is the life event's own history, the largest day of
//! the last weeks, and on top of it what the calendar has due today, which is known for certain: on
//! the day on which a school year begins a whole age group is no anomaly. Without enough history
//! there is no forecast and nothing is stopped: unknown is not wrong.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};
use storage::halts;
use storage::tallies::{self, Tally};
use storage::{Conn, schedules};

use crate::halt::HaltScope;
use crate::{App, EngineError};

/// Under which name its last look is remembered, and who stops.
const BRAKE: &str = "brake";
/// How often it looks.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

/// When a life event is stopped by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// How many times the forecast is too many; 0 never stops anything.
    pub factor: u32,
    /// Fewer than so many a day are never too many.
    pub least: u64,
    /// How many days back the history goes.
    pub history_days: u32,
    /// How many days of it there must be.
    pub known_days: u32,
}

impl Default for Brake {
    fn default() -> Self {
        Self { factor: 3, least: 500, history_days: 35, known_days: 7 }
    }
}

impl Brake {
    /// How many today would be too many; `None` where too little is known to say.
    fn limit(self, days: &[Tally], today: Date) -> Option<u64> {
        let before = || days.iter().filter(|tally| tally.day < today);
        let first = before().map(|tally| tally.day).min()?;
        let known = first.until(today).ok()?.get_days();
        if self.factor == 0 || u32::try_from(known).unwrap_or(0) < self.known_days {
            return None;
        }
        // What the calendar foretold says nothing about a day on which it foretells less.
        let largest = before().map(|tally| tally.reached.saturating_sub(tally.foretold)).max()?;
        let foretold = days.iter().find(|tally| tally.day == today).map_or(0, |it| it.foretold);
        let forecast = largest.saturating_add(foretold);
        Some(forecast.saturating_mul(u64::from(self.factor)).max(self.least))
    }
}

impl App {
    /// Looks once a minute, one program for all, and answers which life events it stopped.
    pub async fn watch_for_too_many(&self) -> Result<Vec<String>, EngineError> {
        let now = self.now();
        let last = schedules::last_run(&mut *self.store.read().await?, BRAKE).await?;
        if last.is_some_and(|last| now.duration_since(last).abs() < EVERY) {
            return Ok(Vec::new());
        }
        let mut tx = self.store.begin().await?;
        if !schedules::take_run(&mut tx, BRAKE, last, now).await? {
            return Ok(Vec::new());
        }
        tallies::gather(&mut tx).await?;
        let brake = self.operation.brake;
        let today = self.day(now);
        let from = today.saturating_sub(i64::from(brake.history_days).days());
        let too_many = too_many(brake, &tallies::since(&mut tx, from).await?, today);
        let lifted = self.lifted_today(&mut tx, today).await?;
        tx.commit().await?;
        let mut stopped = Vec::new();
        for (life_event, (reached, limit)) in too_many {
            let scope = HaltScope::LifeEvent(life_event);
            // Somebody looked today and let it go on.
            if lifted.contains(&scope.to_string()) {
                continue;
            }
            let because = format!(
                "{reached} were newly reached today, and more than {limit} are far above the forecast"
            );
            if self.halt(&scope, BRAKE, &because).await? {
                stopped.push(scope.to_string());
            }
        }
        Ok(stopped)
    }

    /// What the brake stopped today and somebody let go on.
    async fn lifted_today(&self, conn: &mut Conn, today: Date) -> Result<Vec<String>, EngineError> {
        let all = halts::list(conn).await?.into_iter();
        let lifted = all.filter(|halt| {
            halt.by_whom == BRAKE && halt.ended_at.is_some() && self.day(halt.since) == today
        });
        Ok(lifted.map(|halt| halt.scope).collect())
    }
}

/// The life events of which too many were reached today: how many, and how many would be too many.
fn too_many(
    brake: Brake,
    tallies: &BTreeMap<String, Vec<Tally>>,
    today: Date,
) -> BTreeMap<String, (u64, u64)> {
    let over = tallies.iter().filter_map(|(life_event, days)| {
        let reached = days.iter().find(|tally| tally.day == today)?.reached;
        let limit = brake.limit(days, today)?;
        (reached > limit).then(|| (life_event.clone(), (reached, limit)))
    });
    over.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str, reached: u64, foretold: u64) -> Tally {
        Tally { day: text.parse().unwrap(), reached, foretold }
    }

    fn limit(days: &[Tally]) -> Option<u64> {
        Brake::default().limit(days, "2026-11-23".parse().unwrap())
    }

    #[test]
    fn the_forecast_is_the_largest_day_and_what_the_calendar_has_due() {
        let quiet = [day("2026-11-10", 90, 0), day("2026-11-20", 30, 0), day("2026-11-23", 9, 0)];
        assert_eq!(limit(&quiet), Some(500), "few are never too many");
        let busy = [day("2026-11-10", 400, 0), day("2026-11-20", 300, 0)];
        assert_eq!(limit(&busy), Some(1_200));
        // A whole age group on one day is foretold, and no measure for other days.
        let school = [day("2026-11-10", 1_000_400, 1_000_000), day("2026-11-20", 300, 0)];
        assert_eq!(limit(&school), Some(1_200));
        let today = [day("2026-11-10", 400, 0), day("2026-11-23", 900_000, 1_000_000)];
        assert_eq!(limit(&today), Some(3 * 1_000_400));
    }

    #[test]
    fn what_is_unknown_stops_nothing() {
        assert_eq!(limit(&[]), None);
        assert_eq!(limit(&[day("2026-11-23", 1_000_000, 0)]), None, "the first day");
        assert_eq!(limit(&[day("2026-11-17", 5, 0)]), None, "six days");
        assert_eq!(limit(&[day("2026-11-16", 5, 0)]), Some(500), "seven");
        let off = Brake { factor: 0, ..Brake::default() };
        assert_eq!(off.limit(&[day("2026-11-01", 5, 0)], "2026-11-23".parse().unwrap()), None);
    }
}
