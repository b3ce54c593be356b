//! The rules over everybody: what they open is what the worker proposed, and what a change of the
//! pack does is counted by whom it does it to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{AsOf, SubjectId, SuggestionState, Verdict};
use engine::Purpose;
use engine::population::{About, Counts, Sweep, Tally, diff};
use rules::Pack;
use rules::population::Finding;

use crate::support::{Office, pack_with, timeline};

/// A service, who is told, whether facts are missing.
type Proposed = (String, SubjectId, bool);

#[derive(Default)]
struct All(BTreeSet<Proposed>);

impl Tally for All {
    fn count(&mut self, about: &About<'_, '_>) {
        for it in about.decided.iter().flatten().flat_map(|it| &it.decided.opened) {
            let unknown = it.finding == Finding::Unknown;
            self.0.insert((it.entry.service.value.clone(), it.recipient, unknown));
        }
    }

    fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

fn sweep(office: &Office, packs: &[&Arc<Pack>], now: &str) -> Sweep {
    let known = now.parse().unwrap();
    let today = office.app.today();
    Sweep {
        store: office.app.store.clone(),
        packs: packs.iter().map(|pack| Arc::clone(pack)).collect(),
        as_of: AsOf { occurred: today, known, law: today },
        reader: office.app.reader("test", Purpose::Accountability),
        now: known,
        parts: 3,
    }
}

#[tokio::test]
async fn a_sweep_opens_what_the_worker_proposed() {
    let now = "2026-11-20T03:00:00Z";
    let office = Office::at(now).await;
    office.told(&timeline()).await;
    let stored = office.suggestions().await;
    let open = stored.into_iter().filter(|it| it.state == SuggestionState::Open);
    let stored: BTreeSet<Proposed> = open
        .map(|it| (it.service, it.recipient, matches!(it.verdict, Verdict::Unknown { .. })))
        .collect();
    let done = Arc::new(AtomicU64::new(0));
    let sweep = sweep(&office, &[&office.app.pack], now);
    let All(swept) = sweep.run(&done).await.unwrap();
    assert_eq!(done.load(Ordering::Relaxed), sweep.subjects().await.unwrap());
    let lost: Vec<_> = stored.difference(&swept).collect();
    assert!(lost.is_empty() && !stored.is_empty(), "{lost:?}");
    // A life event that the clock brings is only noticed once its day was planned; a sweep sees
    // it at once.
    let clocked = |service: &str| {
        office.app.pack.life_events().filter(|it| it.begins.clock.is_some()).any(|it| {
            let entries = it.versions.iter().flat_map(|version| &version.services);
            entries.into_iter().any(|entry| *entry.service == *service)
        })
    };
    let new: Vec<_> = swept.difference(&stored).filter(|it| !clocked(&it.0)).collect();
    assert!(new.is_empty(), "{new:?}");
}

#[tokio::test]
async fn a_diff_says_who_loses_what_and_logs_every_reading() {
    let now = "2026-11-20T03:00:00Z";
    let office = Office::at(now).await;
    office.told(&timeline()).await;
    let change = ("mother.insurance.months_of_12 >= 6", "mother.insurance.months_of_12 >= 600");
    let new = pack_with(&[("birth/life-event.yaml", change.0, change.1)]);
    let sweep = sweep(&office, &[&office.app.pack, &new], now);
    let done = Arc::new(AtomicU64::new(0));
    let diff = diff(&sweep, &done).await.unwrap();
    assert_eq!(diff.subjects, done.load(Ordering::Relaxed));
    let (changed, same): (Vec<_>, Vec<_>) =
        diff.changes.iter().partition(|change| change.size() != (0, 0));
    let [benefit] = changed.as_slice() else { panic!("{changed:?}") };
    assert_eq!((benefit.service.as_str(), benefit.role.as_str()), ("1.014166", "mother"));
    assert!(benefit.met.lose > 0 && benefit.met.get == 0, "{benefit:?}");
    assert_eq!(benefit.met.lose, benefit.unknown.get);
    let sample = &benefit.samples[0];
    assert_eq!((sample.was, sample.is, sample.who.len()), ("met", "unknown", 10));
    assert!(sample.age.is_some() && sample.province.is_some(), "{sample:?}");
    assert!(
        same.iter().all(|it| it.met.lose + it.met.get == 0 && it.met != Counts::default()
            || it.unknown.keep > 0)
    );
    let mother = office.person("999196100011");
    let mut conn = office.app.store.read().await.unwrap();
    let log = storage::access_log::of_subject(&mut conn, mother, now.parse().unwrap(), 99);
    let log = log.await.unwrap();
    let own = log.iter().find(|it| it.reader == "test" && it.purpose == "accountability").unwrap();
    assert!(own.what == "facts" && !own.legal_basis.is_empty());
}
