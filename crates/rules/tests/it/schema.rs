//! The schemas for editors accept what the engine reads, and mark what it refuses.

use std::path::Path;

use rules::{FileKind, PackFiles};

use crate::{files, with};

fn read(text: &str) -> serde_json::Value {
    serde_saphyr::from_str(text).unwrap()
}

fn validator(kind: FileKind) -> jsonschema::Validator {
    let schema = kind.schema();
    let dialect = schema.get("$schema").and_then(serde_json::Value::as_str);
    assert_eq!(dialect, Some("https://json-schema.org/draft/2020-12/schema"));
    // As editors do it.
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Every file of a pack that the schema of its kind refuses, with the reason; and the kinds seen.
fn refused(files: &PackFiles) -> (Vec<String>, Vec<FileKind>) {
    let validators = FileKind::ALL.map(|kind| (kind, validator(kind)));
    let (mut refused, mut seen) = (Vec::new(), Vec::new());
    for (path, text) in files.iter() {
        let Some(kind) = FileKind::of_path(path) else { continue };
        let (_, validator) = validators.iter().find(|(own, _)| *own == kind).unwrap();
        let json = read(text);
        let faults = validator.iter_errors(&json);
        refused.extend(faults.map(|fault| format!("{path}: {}: {fault}", fault.instance_path())));
        seen.push(kind);
    }
    (refused, seen)
}

#[test]
fn every_file_of_both_packs_fits_the_schema_of_its_kind() {
    let vn = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
    let (refused_vn, seen) = refused(&PackFiles::read(&vn).unwrap());
    assert!(refused_vn.is_empty(), "{refused_vn:#?}");
    for kind in FileKind::ALL.into_iter().filter(|kind| *kind != FileKind::Overlay) {
        assert!(seen.contains(&kind), "no file is a {}", kind.name());
    }
    let (refused, _) = refused(&files());
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn a_slip_is_marked() {
    let life_event = "move/life-event.yaml";
    let slips = [
        (life_event, "groups:", "group:"),
        (life_event, "level: 2", "level: 5"),
        (life_event, "unit: calendar_days", "unit: calender_days"),
        (life_event, "count: 60", "count: sixty"),
        (life_event, "confidence: M", "confidence: X"),
        (life_event, "{text: {vi: mẹ, en: mother}}", "{txt: {vi: mẹ, en: mother}}"),
        (life_event, "from: 2026-09-01", "from: soon"),
        ("move/examples.yaml", "verdict: met", "verdict: mett"),
        ("move/examples.yaml", "filled:", "fild:"),
        ("services/help.yaml", "fee: {unknown: true", "fee: {unknwon: true"),
        ("forms/REG.yaml", "includes:", "include:"),
        ("facts/all.yaml", "person:", "persn:"),
        ("facts/all.yaml", "type: bool", "type: boolean"),
        ("events/birth.yaml", "facts:", "fact:"),
        ("parameters/plan.yaml", "values:", "value:"),
        ("calendar/2026.yaml", "complete: true", "complete: maybe"),
        ("pack.yaml", "time_zone:", "timezone:"),
        ("pack.yaml", "own_data:", "owndata:"),
        ("registers.yaml", "legal_basis:", "law:"),
    ];
    for (path, from, to) in slips {
        let (refused, _) = refused(&with(path, from, to));
        assert!(!refused.is_empty(), "`{to}` in {path} is not marked");
        assert!(refused.iter().all(|line| line.starts_with(path)), "{refused:?}");
    }
}

#[test]
fn an_overlay_has_a_schema_too() {
    let overlay = r#"
- place: "79"
  in_force: {from: 2026-09-08}
  legal_basis: {act: {vi: Nghị quyết, en: Resolution}, confidence: H}
  drop: ["1"]
  services: [{service: "2", for: buyer, main: true, level: 1, deadline_unknown: {vi: không, en: none}}]
"#;
    assert_eq!(FileKind::of_path("land-transfer/places/79.yaml"), Some(FileKind::Overlay));
    let validator = validator(FileKind::Overlay);
    assert!(validator.is_valid(&read(overlay)));
    assert!(!validator.is_valid(&read(&overlay.replace("drop:", "drops:"))));
}
