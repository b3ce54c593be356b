//! The one clock that reads the machine's time. Everything else is handed a
//! [`domain::Clock`], so that every test and the demo can move it.

use jiff::Timestamp;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl domain::Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the ban points to")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
