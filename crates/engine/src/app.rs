//! What every use case is given: the state, the pack, the clock, the key, and what words letters.

use std::fmt;
use std::sync::Arc;

use domain::{Clock, LegalBasis, PseudonymKey};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use knowledge::Search;
use rules::{Pack, Purpose};
use storage::{Conn, Store, journal};
use writer::{Prompts, Wording, Words};

use crate::EngineError;
use crate::operation::Operation;

/// How far behind the latest thing that was told a clock may be that we do not follow.
const MOST_BEHIND: SignedDuration = SignedDuration::from_hours(24);
/// The least that storage tells apart.
const TICK: SignedDuration = SignedDuration::from_micros(1);

/// The engine. Cheap to clone; the use cases are its methods, one file each.
#[derive(Clone)]
pub struct App {
    /// Where everything is kept.
    pub store: Store,
    /// The country's life events and all that they need.
    pub pack: Arc<Pack>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What turns identifiers into pseudonyms.
    pub key: PseudonymKey,
    /// What words messages.
    pub writing: Arc<Writing>,
    /// What the operator decides.
    pub operation: Arc<Operation>,
}

/// What words messages. Without a model the approved wording is taken, and without passages
/// nothing is cited: both are said in the template.
pub struct Writing {
    /// The words that people approved.
    pub words: Words,
    /// What a model is told.
    pub prompts: Prompts,
    /// The model.
    pub model: Option<Box<dyn Wording>>,
    /// The passages of procedure and law.
    pub passages: Option<Search>,
    /// How many candidates are drawn beside the likeliest.
    pub samples: u64,
}

/// Who reads a person's data, what for, and on what law (invariant 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who: a portal's name, `engine`, `citizen`.
    pub by: String,
    /// What for, from a closed list.
    pub purpose: String,
    /// Article and act.
    pub legal_basis: String,
}

impl App {
    /// `by`, reading for `purpose`, on the law that the pack names for it.
    #[must_use]
    pub fn reader(&self, by: &str, purpose: Purpose) -> Reader {
        let law = self.pack.head().purposes.get(&purpose);
        Reader {
            by: by.to_owned(),
            purpose: purpose.name().to_owned(),
            legal_basis: law.map(LegalBasis::cite).unwrap_or_default(),
        }
    }

    /// The engine itself, deciding whom to tell of what.
    pub(crate) fn own_reader(&self) -> Reader {
        self.reader("engine", Purpose::ProactiveService)
    }

    /// This moment, as storage keeps it: to the microsecond. Decisions are taken with what can
    /// be stored, or a replay would not arrive at the same bytes.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// This moment, and never one before the database was last told something: a clock that was set
    /// back, or is behind that of another machine, must not make us disbelieve what is stored.
    pub(crate) async fn moment(&self, conn: &mut Conn) -> Result<Timestamp, EngineError> {
        let now = self.now();
        let latest = journal::latest(conn).await?.filter(|latest| {
            // Further off, the clock that stamped it was wrong and not ours.
            now < *latest && latest.duration_since(now) <= MOST_BEHIND
        });
        Ok(latest.unwrap_or(now))
    }

    /// The same for what is told now: later than all that was told before.
    pub(crate) async fn next_moment(&self, conn: &mut Conn) -> Result<Timestamp, EngineError> {
        let (now, moment) = (self.now(), self.moment(conn).await?);
        let next = if moment > now { moment.checked_add(TICK).unwrap_or(moment) } else { now };
        Ok(next)
    }

    /// The day of `now`, as people in the pack's country count days.
    pub(crate) fn day(&self, now: Timestamp) -> Date {
        now.to_zoned(self.pack.time_zone().clone()).date()
    }

    /// Today, as people in the pack's country count days.
    #[must_use]
    pub fn today(&self) -> Date {
        self.day(self.now())
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("pack", &self.pack.version()).finish_non_exhaustive()
    }
}
