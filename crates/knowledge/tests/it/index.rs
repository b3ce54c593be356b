//! The index file: same bytes for the same input, only what changed is embedded, and damage
//! is noticed.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use knowledge::{Built, Corpus, Earlier, Index, IndexError, Progress};

use crate::support::{HashModel, corpus, files};

fn build(corpus: &Corpus, model: &HashModel, path: &Path) -> (Index, Built) {
    Index::build(corpus, model, path, &mut |_| {}).unwrap()
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("deep/one.index"), folder.path().join("two.index"));
    let model = HashModel::default();
    let (index, built) = build(&corpus(), &model, &one);
    assert!(matches!(built.earlier, Earlier::None));
    build(&corpus(), &model, &two);
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let opened = Index::open(&one).unwrap();
    assert_eq!(opened, index);
    assert_eq!(opened.hash().len(), 64);
    assert_eq!(opened.dimensions(), 256);
    assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing left behind");
}

#[test]
fn only_what_changed_is_embedded_and_the_file_is_as_if_built_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.index");
    let model = HashModel::default();
    let (first, built) = build(&corpus(), &model, &path);
    let all = first.passages().len();
    assert_eq!((built.embedded, built.reused, built.dropped), (all, 0, 0));

    let (same, built) = build(&corpus(), &model, &path);
    assert_eq!((built.embedded, built.reused), (0, all));
    assert_eq!(same.hash(), first.hash());

    let mut files = files();
    let removed = Corpus::parse(&files)
        .unwrap()
        .documents()
        .iter()
        .find(|d| d.id == "guide-levels")
        .unwrap()
        .sections
        .len();
    files.remove("corpus/guide-levels.md");
    let fee = files.get_mut("corpus/birth-registration.md").unwrap();
    *fee = fee.replace("8.000 đồng", "9.000 đồng");
    let changed = Corpus::parse(&files).unwrap();
    let before = model.embedded.load(Ordering::Relaxed);
    let (index, built) = build(&changed, &model, &path);
    assert_eq!((built.embedded, built.reused, built.dropped), (1, all - removed - 1, removed));
    assert_eq!(model.embedded.load(Ordering::Relaxed) - before, 1);
    assert!(matches!(built.earlier, Earlier::Used));
    assert_ne!(index.hash(), first.hash());

    let fresh = folder.path().join("fresh.index");
    build(&changed, &model, &fresh);
    assert_eq!(fs::read(&path).unwrap(), fs::read(&fresh).unwrap());
}

#[test]
fn another_model_shares_no_vector() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.index");
    build(&corpus(), &HashModel::default(), &path);
    let (_, built) = build(&corpus(), &HashModel { name: "other", ..HashModel::default() }, &path);
    assert_eq!(built.reused, 0);
}

#[test]
fn progress_counts_every_passage_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let path = folder.path().join("a.index");
    Index::build(&corpus(), &HashModel::default(), &path, &mut |p| seen.push(p)).unwrap();
    let total = corpus().passages().len();
    assert!(seen.is_sorted_by(|a, b| a.done <= b.done));
    assert_eq!(seen.first(), Some(&Progress { done: 0, total }));
    assert_eq!(seen.last(), Some(&Progress { done: total, total }));
}

#[test]
fn damage_is_noticed_wherever_it_is_and_a_build_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.index");
    assert!(matches!(Index::open(&path), Err(IndexError::Missing { .. })));
    let model = HashModel::default();
    build(&corpus(), &model, &path);
    let good = fs::read(&path).unwrap();

    for length in [0, 5, 8, 11, 15, 40, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        let error = Index::open(&path).unwrap_err();
        assert!(matches!(error, IndexError::Damaged { .. }), "{length}: {error}");
        assert!(error.to_string().contains("build it anew with `cotmoc index`"), "{error}");
    }
    for place in [0, 14, 100, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(&path, bad).unwrap();
        let error = Index::open(&path).unwrap_err();
        assert!(matches!(error, IndexError::Damaged { .. }), "{place}: {error}");
    }
    let mut newer = good.clone();
    newer[8] = 9;
    fs::write(&path, newer).unwrap();
    assert!(matches!(Index::open(&path), Err(IndexError::Version { found: 9, .. })));

    let (_, built) = build(&corpus(), &model, &path);
    assert!(matches!(built.earlier, Earlier::Replaced(IndexError::Version { .. })));
    assert_eq!(fs::read(&path).unwrap(), good);
}

#[test]
fn an_empty_corpus_and_an_unwritable_place_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let model = HashModel::default();
    let path = folder.path().join("a.index");
    let error = Index::build(&Corpus::default(), &model, &path, &mut |_| {}).unwrap_err();
    assert!(matches!(error, IndexError::Empty));
    fs::write(folder.path().join("file"), "").unwrap();
    let under_a_file = folder.path().join("file/a.index");
    let error = Index::build(&corpus(), &model, &under_a_file, &mut |_| {}).unwrap_err();
    assert!(matches!(error, IndexError::Read { .. } | IndexError::Write { .. }), "{error}");
}
