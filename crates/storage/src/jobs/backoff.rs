//! How long a job that failed waits before it is tried again.
//!
//! Fixed tables, so that an operator knows what comes, and a spread on top, so that a thousand
//! jobs that failed together do not come back together. The spread is made from the job itself
//! and not from chance: a replay waits as long.

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::Job;

/// No job is tried more often, whichever table it goes by: one that kills its workers says
/// nothing about itself and ends here.
pub const MOST_ATTEMPTS: u32 = 8;

/// A table of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// For work within: 10 s, 1 min, 5 min, 30 min, then it is dead.
    Work,
    /// For what another machine must take: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, then it is
    /// dead. The table of the Standard Webhooks' reference server.
    Sending,
}

impl Backoff {
    fn seconds(self) -> &'static [i64] {
        match self {
            Self::Work => &[10, 60, 300, 1_800],
            Self::Sending => &[5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
        }
    }

    /// How long `job` waits after this failure; `None` after the last.
    #[must_use]
    pub fn delay(self, job: &Job) -> Option<SignedDuration> {
        let failed = usize::try_from(job.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let base = *self.seconds().get(failed)?;
        // Up to a quarter more, to the millisecond.
        let most = base.saturating_mul(250);
        let extra = i64::try_from(spread(job) % u64::try_from(most + 1).unwrap_or(1)).unwrap_or(0);
        Some(SignedDuration::from_millis(base.saturating_mul(1_000).saturating_add(extra)))
    }
}

/// A number that differs between jobs and between the attempts of one.
fn spread(job: &Job) -> u64 {
    let mut hash = Sha256::new();
    hash.update(job.id.to_string());
    hash.update(job.attempt.to_be_bytes());
    hash.finalize().iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use domain::{EventId, JobId, Trace};
    use jiff::Timestamp;

    use super::*;

    fn job(name: &str, attempt: u32) -> Job {
        Job {
            id: JobId::of(&[name]),
            kind: "detect".into(),
            payload: serde_json::Value::Null,
            lane: "work/a".into(),
            priority: 0,
            run_at: Timestamp::UNIX_EPOCH,
            attempt,
            worker: "w".into(),
            lease_until: Timestamp::UNIX_EPOCH,
            trace: Trace::of(None, EventId::of(&["a"])),
        }
    }

    #[test]
    fn each_delay_is_its_table_s_and_at_most_a_quarter_more() {
        for (table, seconds) in [
            (Backoff::Work, &[10, 60, 300, 1_800][..]),
            (Backoff::Sending, &[5, 300, 1_800, 7_200, 18_000, 36_000, 36_000][..]),
        ] {
            for (attempt, base) in (1..).zip(seconds) {
                for n in 0..50 {
                    let delay = table.delay(&job(&n.to_string(), attempt)).unwrap().as_millis();
                    let base = i128::from(*base) * 1_000;
                    assert!((base..=base * 5 / 4).contains(&delay), "{attempt}: {delay}");
                }
            }
            let last = u32::try_from(seconds.len()).unwrap() + 1;
            assert_eq!(table.delay(&job("a", last)), None);
            assert!(last <= MOST_ATTEMPTS);
        }
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart_and_a_replay_alike() {
        let delays: std::collections::BTreeSet<_> =
            (0..100).map(|n| Backoff::Work.delay(&job(&n.to_string(), 1))).collect();
        assert!(delays.len() > 90, "{}", delays.len());
        assert_eq!(Backoff::Work.delay(&job("a", 2)), Backoff::Work.delay(&job("a", 2)));
    }
}
