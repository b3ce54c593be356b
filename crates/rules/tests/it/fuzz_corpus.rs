//! The first corpus of the fuzz targets: conditions and files of both packs, and the cases of
//! CEL's own specification. Written where `COTMOC_FUZZ_CORPUS` says; `fuzz/run` does.

use std::collections::BTreeSet;
use std::path::Path;

use rules::{LifeEvent, Pack};

use crate::conformance;
use crate::pack_vn::country;
use crate::{files, fixture};

/// Every condition that a life event's author wrote.
fn conditions(event: &LifeEvent) -> Vec<&str> {
    let mut all = Vec::new();
    for version in &event.versions {
        all.extend(&version.when);
        all.extend(version.transition.iter().map(|one| &one.when));
        all.extend(version.services.iter().filter_map(|entry| entry.when.as_ref()));
    }
    let overlays = event.overlays.iter().flat_map(|overlay| &overlay.services);
    all.extend(overlays.filter_map(|entry| entry.when.as_ref()));
    all.extend(event.guards.sensitive.as_ref().and_then(|it| it.when.as_ref()));
    all.into_iter().map(|when| when.as_str()).collect()
}

/// Texts that are expressions, right or wrong.
fn expressions(packs: &[&Pack]) -> BTreeSet<String> {
    let events = packs.iter().flat_map(|pack| pack.life_events());
    let mut all: BTreeSet<String> = events.flat_map(conditions).map(ToOwned::to_owned).collect();
    let cases = std::fs::read_to_string(conformance::tests()).unwrap_or_default();
    all.extend(cases.lines().filter_map(|line| {
        let case: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(case.get("expr")?.as_str()?.to_owned())
    }));
    all
}

/// Files as the target reads them: the path, a line feed, the text.
fn texts() -> BTreeSet<String> {
    let (own, whole) = (files(), country());
    // Of the country what stands alone: a life event of its own would name much that the small
    // pack has not.
    let alone = ["services/", "forms/", "parameters/", "calendar/", "events/"];
    let of_country = whole.iter().filter(|(path, text)| {
        alone.iter().any(|folder| path.starts_with(folder)) && text.len() < 1_000
    });
    own.iter().chain(of_country).map(|(path, text)| format!("{path}\n{text}")).collect()
}

fn write(folder: &Path, seeds: &BTreeSet<String>) {
    std::fs::create_dir_all(folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:04}")), seed).unwrap();
    }
}

#[test]
fn there_is_something_to_begin_with() {
    let (small, whole) = (fixture(), crate::load(&country()).unwrap());
    let (expressions, texts) = (expressions(&[&small, &whole]), texts());
    assert!(expressions.len() > 50 && texts.len() > 50, "{} {}", expressions.len(), texts.len());
    if let Some(folder) = std::env::var_os("COTMOC_FUZZ_CORPUS") {
        let folder = Path::new(&folder);
        write(&folder.join("expression"), &expressions);
        write(&folder.join("pack"), &texts);
    }
}
