//! Payloads of the small pack: checked, read, and never shown.

use domain::{Event, EventKind, PersonalNumberWarning, PseudonymKey, SubjectKind, Trace, Value};
use jiff::civil::date;
use rules::{Pack, ReadError, Reading, SchemaFault};
use serde_json::{Value as Json, json};

use crate::fixture;

fn event(kind: &str, data: Json) -> Event {
    let id = Event::id_of("urn:xx:register:health", "1");
    Event {
        id,
        source: "urn:xx:register:health".to_owned(),
        source_event_id: "1".to_owned(),
        kind: EventKind(kind.to_owned()),
        occurred_at: "2026-11-02T20:00:00Z".parse().unwrap(),
        received_at: "2026-11-03T01:00:00Z".parse().unwrap(),
        trace: Trace::of(None, id),
        data,
    }
}

fn birth() -> Json {
    json!({
        "cert": "99901.GCS.00001.26",
        "record": "H-7",
        "born_at": "2026-11-02T23:30:00Z",
        "weight": 3100,
        "tags": ["Đo\u{323}c"],
        "commune": null,
        "mother": {"pin": "999196100011", "name": " Tra\u{302}\u{300}n An ", "born_on": "1996-04-12", "sex": "Nữ"},
    })
}

fn key() -> PseudonymKey {
    PseudonymKey::new(b"a test key")
}

fn read(pack: &Pack, data: Json) -> Result<Reading, ReadError> {
    let event = event("xx.health.birth.v1", data);
    pack.event_type(&event.kind).unwrap().read(&event, &key())
}

fn check(pack: &Pack, data: &Json) -> Vec<SchemaFault> {
    let kind = EventKind("xx.health.birth.v1".to_owned());
    pack.event_type(&kind).unwrap().check(data).err().unwrap_or_default()
}

#[test]
fn a_payload_becomes_facts_with_their_source() {
    let reading = read(&fixture(), birth()).unwrap();
    let child = &reading.subjects["child"];
    let mother = &reading.subjects["mother"];
    assert_eq!(child.identifier.reveal(), "cert:99901.GCS.00001.26");
    assert_eq!(mother.id, key().subject(SubjectKind::Person, "999196100011"));
    let fact = |attribute: &str| {
        let found = reading.facts.iter().find(|fact| fact.attribute == attribute);
        found.unwrap_or_else(|| panic!("no {attribute}"))
    };
    // Half past eleven in London is the next morning in Hà Nội.
    assert_eq!(fact("born_on").value, Value::Date(date(2026, 11, 3)));
    assert_eq!(fact("weight").value, Value::Int(3100));
    assert_eq!(fact("mother").value, Value::Subject(mother.id));
    assert_eq!(fact("name").value, Value::Text("Trần An".to_owned()), "NFC, no space around");
    assert_eq!(fact("tags").value, Value::List(vec![Value::Text("Đọc".to_owned())]));
    let source = &fact("weight").source;
    assert_eq!((source.register.as_str(), source.record.as_deref()), ("HLT", Some("H-7")));
    assert_eq!(source.legal_basis, "Luật Y tế");
    assert_eq!(fact("weight").valid.from, date(2026, 11, 3));
    assert_eq!(fact("weight").known_from, "2026-11-03T01:00:00Z".parse().unwrap());
}

#[test]
fn what_is_not_told_is_no_fact() {
    let reading = read(&fixture(), birth()).unwrap();
    assert!(!reading.subjects.contains_key("father"));
    assert!(
        reading.facts.iter().all(|fact| fact.attribute != "residence.commune"),
        "null is silence"
    );
    let mut blank = birth();
    blank["mother"]["name"] = json!("  ");
    let reading = read(&fixture(), blank).unwrap();
    assert!(reading.facts.iter().all(|fact| fact.attribute != "name"));
}

#[test]
fn a_personal_number_of_the_wrong_form_is_refused_without_showing_it() {
    let mut data = birth();
    data["mother"]["pin"] = json!("9991961000");
    let error = read(&fixture(), data).unwrap_err();
    assert_eq!(error.to_string(), "the personal number at `/mother/pin` is not one");
    let shown = format!("{error:?} {:?}", std::error::Error::source(&error));
    assert!(!shown.contains("9991961000"), "{shown}");
}

#[test]
fn a_personal_number_that_disagrees_is_kept_with_a_warning() {
    let mut data = birth();
    data["mother"]["born_on"] = json!("1995-04-12");
    data["mother"]["sex"] = json!("male");
    let reading = read(&fixture(), data).unwrap();
    let warnings: Vec<_> =
        reading.warnings.iter().map(|warning| (warning.pointer.as_str(), warning.what)).collect();
    assert_eq!(
        warnings,
        [
            ("/mother/pin", PersonalNumberWarning::BirthYear),
            ("/mother/pin", PersonalNumberWarning::Sex)
        ]
    );
    assert!(read(&fixture(), birth()).unwrap().warnings.is_empty());
}

#[test]
fn identifiers_are_not_printed() {
    let shown = format!("{:?}", read(&fixture(), birth()).unwrap().subjects);
    assert!(!shown.contains("999196100011") && !shown.contains("GCS"), "{shown}");
}

#[test]
fn a_schema_fault_names_the_place_and_no_value() {
    let pack = fixture();
    assert_eq!(check(&pack, &birth()), []);
    for (pointer, value, message) in [
        ("/weight", json!("secret"), "value is not of type \"integer\""),
        ("/weight", json!(-77_777), "value is less than the minimum of 1"),
        ("/born_at", json!("secret"), "value is not a \"date-time\""),
        ("/mother/born_on", json!("2026-02-30"), "value is not a \"date\""),
    ] {
        let mut data = birth();
        *data.pointer_mut(pointer).unwrap() = value;
        let faults = check(&pack, &data);
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].pointer.as_str(), faults[0].message.as_str()), (pointer, message));
    }
}

#[test]
fn the_name_of_an_unknown_entry_is_not_shown() {
    let mut data = birth();
    data["999196100011"] = json!(1);
    data["mother"].as_object_mut().unwrap().remove("pin");
    let faults = check(&fixture(), &data);
    let shown = format!("{faults:?}");
    assert_eq!(faults.len(), 2, "both are told: {shown}");
    assert!(shown.contains("entries that the schema does not have: 1"), "{shown}");
    assert!(!shown.contains("999196100011"), "{shown}");
}

#[test]
fn a_withdrawal_names_what_it_takes_back() {
    let pack = fixture();
    let cancelled = |data| event("xx.health.birth-cancelled.v1", data);
    let kind = pack.event_type(&EventKind("xx.health.birth-cancelled.v1".to_owned())).unwrap();
    let own = kind.withdraws(&cancelled(json!({"withdraws": {"id": "7"}}))).unwrap();
    assert_eq!(own.event(), Event::id_of("urn:xx:register:health", "7"));
    let other = json!({"withdraws": {"id": "7", "source": "urn:other"}});
    assert_eq!(kind.withdraws(&cancelled(other)).unwrap().source, "urn:other");
    assert_eq!(kind.withdraws(&cancelled(json!({}))), None);
    let told = pack.event_type(&EventKind("xx.health.birth.v1".to_owned())).unwrap();
    assert_eq!(told.withdraws(&event("xx.health.birth.v1", birth())), None);
}

#[test]
fn only_its_register_may_send_an_event() {
    let pack = fixture();
    let birth = pack.event_type(&EventKind("xx.health.birth.v1".to_owned())).unwrap();
    assert!(pack.may_send("urn:xx:register:health", birth));
    assert!(pack.may_send("urn:xx:register:health/hospital-7", birth));
    assert!(!pack.may_send("urn:xx:register:healthy", birth));
    assert!(!pack.may_send("urn:xx:register:population", birth));
}
