//! Everyone may refuse proactive service, per event, per group or wholly, and loses no
//! ordinary service by it (Decree 224/2026/NĐ-CP art. 17).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SubjectId;

/// How much a person refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalScope {
    /// Everything proactive.
    All,
    /// A group of life events, as the portal groups them (`COCONNHO`).
    Group(String),
    /// One life event (`LE-BIRTH`).
    LifeEvent(String),
}

impl RefusalScope {
    /// Whether it covers `life_event`, which belongs to `groups`.
    #[must_use]
    pub fn covers(&self, life_event: &str, groups: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => groups.contains(group),
            Self::LifeEvent(refused) => refused == life_event,
        }
    }

    /// One text that names the scope: `all`, `group:COCONNHO`, `life-event:LE-BIRTH`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Group(group) => format!("group:{group}"),
            Self::LifeEvent(event) => format!("life-event:{event}"),
        }
    }

    /// Reads what [`RefusalScope::key`] wrote.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        match key.split_once(':') {
            None if key == "all" => Some(Self::All),
            Some(("group", group)) => Some(Self::Group(group.to_owned())),
            Some(("life-event", event)) => Some(Self::LifeEvent(event.to_owned())),
            _ => None,
        }
    }
}

/// A refusal in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Who refuses.
    pub subject: SubjectId,
    /// What.
    pub scope: RefusalScope,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_covers_its_scope_and_reads_back() {
        let groups = ["COCONNHO".to_owned()];
        for (scope, covers) in [
            (RefusalScope::All, true),
            (RefusalScope::Group("COCONNHO".into()), true),
            (RefusalScope::Group("HOCTAP".into()), false),
            (RefusalScope::LifeEvent("LE-BIRTH".into()), true),
            (RefusalScope::LifeEvent("LE-GRADE1".into()), false),
        ] {
            assert_eq!(scope.covers("LE-BIRTH", &groups), covers, "{scope:?}");
            assert_eq!(RefusalScope::from_key(&scope.key()), Some(scope));
        }
        assert_eq!(RefusalScope::from_key("everything"), None);
    }
}
