//! What a change of the pack does to people: who newly gets, loses or keeps which suggestion.
//!
//! A suggestion is counted once for each milestone and recipient that it has: a mother of two
//! newborns is told twice, so she counts twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::{SubjectId, Value, full_years};
use jiff::civil::Date;
use rules::population::Finding;
use serde::Serialize;

use super::{About, Known, Sweep, Tally};
use crate::EngineError;

/// How many samples of one change are kept.
const SAMPLES: usize = 5;
/// How much of a pseudonym is shown: enough to tell samples apart, too little to look one up by.
const SHOWN: usize = 10;
/// The first ages of bands. A day of birth would name a person.
const BANDS: [i64; 8] = [0, 3, 6, 14, 18, 25, 40, 60];

/// What two packs differ in over everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// How many subjects were looked at.
    pub subjects: u64,
    /// Each suggestion that either pack makes, the greatest change first.
    pub changes: Vec<Change>,
}

/// What happens to one suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The life event's id.
    pub life_event: String,
    /// The service's key.
    pub service: String,
    /// The role of who is told.
    pub role: String,
    /// Where the rule is met.
    pub met: Counts,
    /// Where facts are missing and are asked for.
    pub unknown: Counts,
    /// Some of those for whom it changes.
    pub samples: Vec<Sample>,
}

impl Change {
    /// For how many it changes.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        (self.met.changed(), self.unknown.changed())
    }
}

/// How many come to it, leave it, stay with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Under the new pack only.
    pub get: u64,
    /// Under the old pack only.
    pub lose: u64,
    /// Under both.
    pub keep: u64,
}

impl Counts {
    fn changed(self) -> u64 {
        self.get + self.lose
    }

    fn count(&mut self, old: bool, new: bool) {
        match (old, new) {
            (true, true) => self.keep += 1,
            (true, false) => self.lose += 1,
            (false, true) => self.get += 1,
            (false, false) => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.get += other.get;
        self.lose += other.lose;
        self.keep += other.keep;
    }
}

/// Somebody for whom it changes, so that an author can see what kind of person that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Sample {
    /// The beginning of the pseudonym.
    pub who: String,
    /// `met`, `unknown` or `none`.
    pub was: &'static str,
    /// The same, under the new pack.
    pub is: &'static str,
    /// The ages of the band, as in `25-39`, where the rules read the day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// The code of the province of residence, where the rules read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
}

/// Compares the second pack of `sweep` with the first over everybody.
pub async fn diff(sweep: &Sweep, done: &Arc<AtomicU64>) -> Result<Diff, EngineError> {
    let counted: Counted = sweep.run(done).await?;
    let mut changes: Vec<Change> = counted.changes.into_values().collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.size()));
    Ok(Diff { subjects: counted.subjects, changes })
}

#[derive(Default)]
struct Counted {
    subjects: u64,
    changes: BTreeMap<Key, Change>,
}

/// A life event, a service, a role.
type Key = (String, String, String);

impl Tally for Counted {
    fn count(&mut self, about: &About<'_, '_>) {
        self.subjects += 1;
        let [old, new] = about.decided else { return };
        let mut found: BTreeMap<(&str, &str, &str, SubjectId), [Option<Finding>; 2]> =
            BTreeMap::new();
        for (pack, reached) in [old, new].into_iter().enumerate() {
            for it in reached {
                for opened in &it.decided.opened {
                    // A service cannot be more certain than what it follows from.
                    let finding = match it.decided.finding {
                        Finding::Met => opened.finding,
                        other => other,
                    };
                    let service = opened.entry.service.as_str();
                    let key = (it.life_event, service, opened.role, opened.recipient);
                    if let Some(place) = found.entry(key).or_default().get_mut(pack) {
                        *place = Some(finding);
                    }
                }
            }
        }
        for ((life_event, service, role, recipient), [old, new]) in found {
            let key = (life_event.to_owned(), service.to_owned(), role.to_owned());
            let change = self.changes.entry(key).or_insert_with_key(Change::none);
            change.met.count(old == Some(Finding::Met), new == Some(Finding::Met));
            change.unknown.count(old == Some(Finding::Unknown), new == Some(Finding::Unknown));
            if old != new {
                change.sample(|| sample(recipient, old, new, about.known));
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.subjects += other.subjects;
        for (key, more) in other.changes {
            let change = self.changes.entry(key).or_insert_with_key(Change::none);
            change.met.add(more.met);
            change.unknown.add(more.unknown);
            for sample in more.samples {
                change.sample(|| sample);
            }
        }
    }
}

impl Change {
    fn none((life_event, service, role): &Key) -> Self {
        Self {
            life_event: life_event.clone(),
            service: service.clone(),
            role: role.clone(),
            met: Counts::default(),
            unknown: Counts::default(),
            samples: Vec::new(),
        }
    }

    /// Keeps the first by pseudonym, so that the same run shows the same people.
    fn sample(&mut self, sample: impl FnOnce() -> Sample) {
        self.samples.push(sample());
        self.samples.sort_unstable();
        self.samples.truncate(SAMPLES);
    }
}

fn sample(
    recipient: SubjectId,
    old: Option<Finding>,
    new: Option<Finding>,
    known: &[Known<'_, '_>],
) -> Sample {
    let mut all = known.iter().rev();
    let told = |attribute: &str| {
        let mut all = known.iter().rev();
        all.find_map(|it| it.population.value(it.person(recipient)?, attribute))
    };
    let head = all.next().map(|it| (it.population.pack(), it.population.as_of().occurred));
    let age = head.and_then(|(pack, today)| {
        let attribute = pack.head().person.born_on.as_ref()?;
        band(told(attribute).and_then(Value::as_date)?, today)
    });
    let province = head.and_then(|(pack, _)| {
        let code = told(&pack.head().person.province)?.as_text()?;
        Some(pack.province_today(code).to_owned())
    });
    let who = recipient.to_string().chars().take(SHOWN).collect();
    Sample { who, was: word(old), is: word(new), age, province }
}

fn word(finding: Option<Finding>) -> &'static str {
    match finding {
        Some(Finding::Met) => "met",
        Some(Finding::Unknown) => "unknown",
        Some(Finding::Unmet) | None => "none",
    }
}

/// The band of ages in which somebody born on `born_on` is; none of who is not born yet.
fn band(born_on: Date, today: Date) -> Option<String> {
    if born_on > today {
        return None;
    }
    let age = full_years(born_on, today);
    let first = BANDS.iter().rev().find(|first| **first <= age)?;
    Some(match BANDS.iter().find(|next| *next > first) {
        Some(next) => format!("{first}-{}", next - 1),
        None => format!("{first}+"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn ages_are_told_in_bands() {
        let band = |born_on| band(born_on, date(2026, 11, 20));
        assert_eq!(band(date(2026, 11, 19)).as_deref(), Some("0-2"));
        assert_eq!(band(date(2008, 11, 20)).as_deref(), Some("18-24"));
        assert_eq!(band(date(2008, 11, 21)).as_deref(), Some("14-17"));
        assert_eq!(band(date(1940, 1, 1)).as_deref(), Some("60+"));
        assert_eq!(band(date(2026, 11, 21)), None);
    }

    #[test]
    fn the_first_samples_by_pseudonym_are_kept() {
        let mut change = Change::none(&Key::default());
        for n in [7, 3, 9, 1, 8, 2, 4] {
            let who = n.to_string();
            change.sample(|| Sample { who, was: "none", is: "met", age: None, province: None });
        }
        let kept: Vec<&str> = change.samples.iter().map(|it| it.who.as_str()).collect();
        assert_eq!(kept, ["1", "2", "3", "4", "7"]);
    }
}
