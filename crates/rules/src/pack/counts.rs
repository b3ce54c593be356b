//! How much is in a pack, told also of one that does not load.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::files::PackFiles;
use super::life_event::Kind;
use super::yaml::Reader;

/// How much is in a pack. Of files that cannot be read, examples and kinds are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PackCounts {
    /// Life events.
    pub life_events: KindCounts,
    /// Public procedures.
    pub services: usize,
    /// Forms.
    pub forms: usize,
    /// Examples of all life events.
    pub examples: usize,
}

/// Life events by whose they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KindCounts {
    /// Those of people.
    pub citizen: usize,
    /// Those of businesses.
    pub business: usize,
}

/// The one entry of a life event that is counted by; the others are not read.
#[derive(Deserialize)]
struct OfKind {
    kind: Kind,
}

impl PackCounts {
    /// Counts what `files` hold.
    #[must_use]
    pub fn of(files: &PackFiles) -> Self {
        let mut counts = Self {
            services: files.in_folder("services", ".yaml").count(),
            forms: files.in_folder("forms", ".yaml").count(),
            ..Self::default()
        };
        let mut reader = Reader::default();
        for (path, text) in files.iter() {
            if path.ends_with("/life-event.yaml") {
                match reader.read::<OfKind>(text).map(|it| it.kind) {
                    Ok(Kind::Citizen) => counts.life_events.citizen += 1,
                    Ok(Kind::Business) => counts.life_events.business += 1,
                    Err(_) => {}
                }
            } else if path.ends_with("/examples.yaml") {
                let examples = reader.read::<Vec<IgnoredAny>>(text);
                counts.examples += examples.map_or(0, |examples| examples.len());
            }
        }
        counts
    }
}
