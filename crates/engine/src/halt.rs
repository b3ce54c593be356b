//! Stopping at once what goes wrong: everything that is sent, a life event, a channel.
//!
//! What is stopped waits; nothing is lost, and events are still taken in and decided. A halt of a
//! life event also stops its suggestions and letters from being made. It is asked when jobs are
//! claimed, so that what is stopped costs nothing, and once more in the transaction that claims a
//! delivery, so that nothing is sent after the halt was stored.

use std::fmt;

use domain::Channel;
use storage::halts::{self, Halt};

use crate::{App, EngineError};

/// What is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaltScope {
    /// Everything that is sent, and every suggestion and letter that is made.
    All,
    /// One life event, by its id.
    LifeEvent(String),
    /// One channel.
    Channel(Channel),
}

/// As stored and as an operator writes it: `all`, `life-event:LE-BIRTH`, `channel:sms`.
impl fmt::Display for HaltScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::LifeEvent(id) => write!(f, "life-event:{id}"),
            Self::Channel(channel) => write!(f, "channel:{}", channel.name()),
        }
    }
}

impl HaltScope {
    /// Reads what [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        match key.split_once(':') {
            None if key == "all" => Some(Self::All),
            Some(("life-event", id)) if !id.is_empty() => Some(Self::LifeEvent(id.to_owned())),
            Some(("channel", name)) => Channel::named(name).map(Self::Channel),
            _ => None,
        }
    }

    /// The keys of all halts that stop a letter about `life_event` on `channel`.
    pub(crate) fn that_stop(life_event: &str, channel: Channel) -> Vec<String> {
        let life_event = Self::LifeEvent(life_event.to_owned());
        [Self::All, life_event, Self::Channel(channel)].map(|scope| scope.to_string()).into()
    }

    /// Whether it stops the jobs of `lane`. What registers tell is taken in whatever is stopped.
    fn stops(&self, lane: &str) -> bool {
        let Some((_, of)) = lane.split_once('/') else { return false };
        let (channel, life_event) = match of.split_once('/') {
            Some(("from", _)) => return false,
            Some((channel, life_event)) => (Some(channel), life_event),
            None => (None, of),
        };
        match self {
            Self::All => true,
            Self::LifeEvent(id) => life_event == id,
            Self::Channel(stopped) => channel == Some(stopped.name()),
        }
    }
}

/// `lanes` without those that are stopped.
pub(crate) fn open(mut lanes: Vec<String>, stopped: &[String]) -> Vec<String> {
    let scopes: Vec<HaltScope> =
        stopped.iter().filter_map(|key| HaltScope::from_key(key)).collect();
    lanes.retain(|lane| !scopes.iter().any(|scope| scope.stops(lane)));
    lanes
}

impl App {
    /// Stops `scope`, from the next claim on. Answers whether it was not stopped already.
    pub(crate) async fn halt(
        &self,
        scope: &HaltScope,
        by_whom: &str,
        because: &str,
    ) -> Result<bool, EngineError> {
        let halt = Halt {
            scope: scope.to_string(),
            since: self.now(),
            by_whom: by_whom.to_owned(),
            because: because.to_owned(),
            ended_at: None,
        };
        let mut tx = self.store.begin().await?;
        let stored = halts::set(&mut tx, &halt).await?;
        tx.commit().await?;
        if stored.is_news() {
            tracing::error!(scope = halt.scope, by_whom, because, "stopped");
        }
        Ok(stored.is_news())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_stops_its_own_lanes_and_no_event() {
        let lanes = || -> Vec<String> {
            [
                "work/from/urn:vn:register:health",
                "work/LE-BIRTH",
                "work/LE-DEATH",
                "work/inbox/LE-BIRTH",
                "write/LE-BIRTH",
                "post/sms/LE-BIRTH",
                "post/sms/LE-DEATH",
            ]
            .map(str::to_owned)
            .into()
        };
        let left = |key: &str| open(lanes(), &[key.to_owned()]);
        assert_eq!(left("all"), ["work/from/urn:vn:register:health"]);
        assert_eq!(
            left("life-event:LE-BIRTH"),
            ["work/from/urn:vn:register:health", "work/LE-DEATH", "post/sms/LE-DEATH"]
        );
        assert_eq!(left("channel:sms").len(), 5);
        assert_eq!(left("channel:fax"), lanes(), "a scope that this program does not know");
        assert_eq!(open(lanes(), &[]), lanes());
    }

    #[test]
    fn a_scope_reads_back() {
        for key in ["all", "life-event:LE-BIRTH", "channel:webhook"] {
            assert_eq!(HaltScope::from_key(key).unwrap().to_string(), key);
        }
        for wrong in ["", "everything", "channel:fax", "life-event:"] {
            assert_eq!(HaltScope::from_key(wrong), None, "{wrong}");
        }
    }
}
