//! The real pack: it loads, its examples come out as their authors expect, and every event of
//! its samples can be read.

use std::path::Path;

use domain::{Event, EventKind, PseudonymKey, Trace};
use rules::{Pack, PackFiles, run_examples};

/// The files of the real pack.
pub(crate) fn country() -> PackFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    PackFiles::read(&folder).unwrap()
}

fn vn() -> Pack {
    Pack::load(&country()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_example_of_the_pack_comes_out_as_expected() {
    let pack = vn();
    let results = run_examples(&pack);
    for event in pack.life_events() {
        let count = results.iter().filter(|result| result.life_event == *event.id.value).count();
        assert!(count >= 3, "{} has {count} examples", event.id.value);
    }
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn nothing_in_the_pack_had_expired_when_it_was_compared_with_the_law() {
    let pack = vn();
    let expired = pack.expired_on(pack.head().checked_on);
    assert!(expired.is_empty(), "{}", rules::PackErrors(expired));
}

#[test]
fn every_sample_event_fits_its_schema_and_is_read() {
    let pack = vn();
    let key = PseudonymKey::new(b"a test key");
    assert!(!pack.samples().timeline.is_empty());
    for line in &pack.samples().timeline {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let id = Event::id_of(&text("source"), &text("id"));
        let event = Event {
            id,
            source: text("source"),
            source_event_id: text("id"),
            kind: EventKind(text("type")),
            occurred_at: text("time").parse().unwrap(),
            received_at: text("time").parse().unwrap(),
            trace: Trace::of(None, id),
            data: json["data"].clone(),
        };
        let kind = pack.event_type(&event.kind).unwrap_or_else(|| panic!("{line}"));
        assert!(pack.may_send(&event.source, kind), "{line}");
        kind.check(&event.data).unwrap_or_else(|faults| panic!("{line}\n{faults:?}"));
        if kind.is_withdrawal() {
            assert!(kind.withdraws(&event).is_some(), "{line}");
        } else {
            let reading = kind.read(&event, &key).unwrap_or_else(|error| panic!("{line}\n{error}"));
            assert!(!reading.facts.is_empty(), "{line}");
        }
    }
}
