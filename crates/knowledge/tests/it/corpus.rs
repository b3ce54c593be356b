//! The pack's corpus is right, and a wrong one is told by file and line.

use std::collections::BTreeMap;

use knowledge::{Corpus, Kind};

use crate::support::{DAY, corpus, files};

const HEAD: &str = "---\nid: a\nkind: law\ntitle: Luật\nplace: vn\nin_force: {}\nsource: [S1]\n\
                    confidence: H\nretrieved_on: 2026-11-22\n---\n";

fn fault(text: &str) -> String {
    let files = BTreeMap::from([("a.md".to_owned(), text.to_owned())]);
    Corpus::parse(&files).unwrap_err().to_string()
}

#[test]
fn every_passage_stands_where_it_says() {
    let files = files();
    for passage in corpus().passages() {
        let words = &files[&passage.path][passage.span.start..passage.span.end];
        assert_eq!(words, passage.text);
        assert!(!passage.source.is_empty() && passage.id.contains('#'));
    }
}

#[test]
fn the_three_life_events_have_procedures_law_and_guides() {
    let passages = corpus().passages();
    for event in ["LE-BIRTH", "LE-GRADE1", "LE-LAND-TRANSFER"] {
        for kind in [Kind::Procedure, Kind::Law, Kind::Guide] {
            let found = passages.iter().any(|p| {
                p.kind == kind && p.codes.iter().any(|c| c == event) && p.in_force.contains(DAY)
            });
            assert!(found, "{event} {kind:?}");
        }
    }
    for code in ["3.000722", "1.001193", "1.004222", "1.013831", "1.007674", "1.007277", "2.002854"]
    {
        assert!(corpus().codes().contains(code), "{code}");
    }
}

#[test]
fn sentences_are_short() {
    for passage in corpus().passages() {
        for sentence in passage.text.split(['.', '?', '!', '\n']).map(str::trim) {
            // Syllables: about twenty words. A full stop inside a code ends a piece early, which
            // can hide a long sentence but never blames a short one.
            let syllables = sentence.split_whitespace().count();
            assert!(syllables <= 25, "{}: {sentence}", passage.id);
        }
    }
}

#[test]
fn a_document_reads_into_sections_with_hashes() {
    let text =
        format!("{HEAD}\n## Một {{#one}}\nLời một.\n\n## Hai {{#two}}\n\nLời hai.\nDòng nữa.\n");
    let files = BTreeMap::from([
        ("x/a.md".to_owned(), text.clone()),
        ("x/notes.txt".to_owned(), "not a document".to_owned()),
    ]);
    let corpus = Corpus::parse(&files).unwrap();
    let document = &corpus.documents()[0];
    let ids: Vec<_> = document.sections.iter().map(|s| (s.id.as_str(), s.line)).collect();
    assert_eq!(ids, [("one", 12), ("two", 15)]);
    assert_eq!(document.sections[1].text, "Lời hai.\nDòng nữa.");

    let before = corpus.passages();
    let changed = text.replace("Lời hai", "Lời ba").replacen("\n\n## Một", "\n\n\n## Một", 1);
    let files = BTreeMap::from([("x/a.md".to_owned(), changed)]);
    let after = Corpus::parse(&files).unwrap();
    assert_ne!(after.documents()[0].hash, document.hash);
    let after = after.passages();
    assert_eq!(before[0].hash, after[0].hash, "moving a passage does not change it");
    assert_ne!(before[1].hash, after[1].hash);
}

#[test]
fn faults_are_told_by_file_and_line() {
    for (text, wanted) in [
        ("no head", "a.md:1: a document begins with a head"),
        (&HEAD.replace("kind: law", "kind: lore"), "a.md:3: the head cannot be read"),
        (&HEAD.replace("title:", "titel:"), "a.md:4: the head cannot be read"),
        (&HEAD.replace("2026-11-22", "2026-13-22"), "a.md:9: the head cannot be read"),
        (&HEAD.replace("place: vn", "place: Việt Nam"), "a.md:5: the head cannot be read"),
        (&HEAD.replace("id: a", "id: b"), "a.md:1: the id `b` must be the name of the file"),
        (&HEAD.replace("[S1]", "[]"), "a.md:1: a document names at least one source"),
        (
            &HEAD.replace("{}", "{ from: 2026-09-01, until: 2026-09-01 }"),
            "a.md:1: in force until 2026-09-01, which is not after 2026-09-01",
        ),
        (HEAD, "a.md:1: a document has at least one section"),
        (&format!("{HEAD}Lời\n"), "a.md:11: text before the first"),
        (&format!("{HEAD}## Một\nLời\n"), "a.md:11: `## Một` is no section heading"),
        (&format!("{HEAD}### Một {{#one}}\nLời\n"), "a.md:11: `### Một {#one}` is no section"),
        (&format!("{HEAD}## Một {{#one}}\n\n"), "a.md:11: the section `one` is empty"),
        (
            &format!("{HEAD}## Một {{#one}}\nLời\n## Hai {{#one}}\nLời\n"),
            "a.md:13: the section `one` stands here twice",
        ),
        (
            &format!("{HEAD}## Một {{#one}}\n{}\n", "Lời. ".repeat(300)),
            "a.md:11: the section `one` has 1499 characters, more than 1400",
        ),
        (
            &format!("{}## Một {{#one}}\nLời\n", HEAD.replace("kind: law", "kind: procedure")),
            "a.md:11: a procedure has no section `one`: use one of what, who",
        ),
        (
            &format!("{HEAD}## Một {{#one}}\nLo\u{300}i\n"),
            "a.md:12: the text is not in Unicode form NFC",
        ),
    ] {
        let said = fault(text);
        assert!(said.starts_with(wanted), "wanted `{wanted}`, got `{said}`");
    }
}

#[test]
fn all_faults_are_told_at_once_and_twins_are_found() {
    let said = fault(&format!("{HEAD}Lời\n## Một\n"));
    assert_eq!(said.lines().count(), 2, "{said}");
    let good = format!("{HEAD}## Một {{#one}}\nLời\n");
    let files = BTreeMap::from([("x/a.md".to_owned(), good.clone()), ("y/a.md".to_owned(), good)]);
    let said = Corpus::parse(&files).unwrap_err().to_string();
    assert_eq!(said, "y/a.md:1: the id `a` is taken by x/a.md");
}
