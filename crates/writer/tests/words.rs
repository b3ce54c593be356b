//! The pack's words: they load, every approved message stands, and a mistake has a place.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::fmt::Write as _;

use domain::MessageSource;
use support::{all_shapes, cases, passages, plan, prompts, root, words};
use writer::{Broken, DeadlineKind, Words, WordsError, Writer, approved, cited_as, prove};

fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("life-events/vn/words")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "yaml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The faults of the pack's words after `from` was replaced by `to` in `file`.
fn faults(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replacen(from, to, 1);
    match Words::read(&files) {
        Err(WordsError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
        Ok(_) => vec![],
    }
}

#[test]
fn the_approved_wording_of_every_shape_is_proved() {
    let (words, prompts) = (words(), prompts());
    let writer = Writer {
        words: &words,
        prompts: &prompts,
        wording: None,
        samples: 0,
        pack: "p",
        index: "i",
    };
    let mut shapes = std::collections::BTreeSet::new();
    for input in all_shapes() {
        let plan = plan(&words, &input);
        for passages in [passages(&input.life_event), vec![]] {
            let template = writer.make_template(&plan, &passages).unwrap();
            assert_eq!(template.source, MessageSource::Template);
            assert_eq!(template.refused_because, None);
            // Laid out and proved again, it is the same.
            let again = prove(&plan, &passages, &template.text).unwrap();
            assert_eq!(again[..], template.evidence[..]);
            shapes.insert(template.shape);
        }
    }
    assert!(shapes.len() > 200, "{} shapes", shapes.len());
}

#[test]
fn every_alternative_is_proved_alone() {
    let words = words();
    for input in all_shapes() {
        let plan = plan(&words, &input);
        for (place, point) in plan.points.iter().enumerate() {
            for phrase in point.alternatives.iter().filter(|p| !p.source().contains("{cite}")) {
                for reading in phrase.readings() {
                    let said = plan.points.iter().enumerate().filter_map(|(other, point)| {
                        let first = point.alternatives.first()?.approved();
                        let own = if other == place { reading.join(" ") } else { first };
                        (!own.contains("{cite}")).then_some(own)
                    });
                    let text = said.collect::<Vec<_>>().join("\n");
                    prove(&plan, &[], &text).unwrap_or_else(|e| panic!("{text}\n{e:?}"));
                }
            }
        }
    }
}

/// Each whole message that people approved, to be read by people when words change.
#[test]
fn the_approved_messages_read_so() {
    let words = words();
    let mut out = String::new();
    for input in cases() {
        for language in [domain::Language::Vi, domain::Language::En] {
            let input = writer::PlanInput { language, ..input.clone() };
            let plan = plan(&words, &input);
            let found = passages(&input.life_event);
            let text = approved(&plan, &found);
            let cited = |id: &str| found.iter().find(|p| p.id == id).map(|p| cited_as(p, language));
            let prompts = prompts();
            let writer = Writer {
                words: &words,
                prompts: &prompts,
                wording: None,
                samples: 0,
                pack: "",
                index: "",
            };
            let template = writer.make_template(&plan, &found).unwrap();
            let message = words.message(&plan, &template, support::to(), &cited).unwrap();
            assert!(prove(&plan, &found, &text).is_ok());
            let _ = writeln!(
                out,
                "===== {} {} {}\n[{}]\n{}\n",
                input.life_event,
                input.role,
                language.tag(),
                message.subject_line,
                message.text
            );
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn an_unknown_slot_is_told_by_place_with_the_near_one() {
    let told = faults("birth.yaml", "sinh con vào {born_on}", "sinh con vào {born_of}");
    assert!(
        told[0].starts_with("birth.yaml:22:13: ")
            && told[0].ends_with("no slot is called `born_of`; did you mean `born_on`?"),
        "{told:?}"
    );
}

#[test]
fn words_that_no_letter_may_hold_do_not_load() {
    let offer = "Nơi tiếp nhận là {authority}.";
    for (wrong, said) in [
        ("Nơi tiếp nhận là {authority}, trong 5 ngày.", "holds the digit `5` outside a slot"),
        (
            "Nơi tiếp nhận là Sơn La, {authority}.",
            "holds the capitalised word `Sơn` outside a slot",
        ),
        (
            "Xin chúc mừng, nơi tiếp nhận là {authority}.",
            "uses `chúc mừng`, which messages do not say",
        ),
        ("Xem tại dichvucong.gov.vn hoặc {authority}.", "holds a link or address"),
        ("Nơi tiếp nhận là {authority.", "has no partner"),
        ("Nơi tiếp nhận là.", "every alternative must hold the same slots"),
        ("Hồ sơ do {authority} tiếp nhận.", "stands there twice"),
        (
            "Nơi tiếp nhận là {authority} và đây là một câu dài hơn mức mà người dân đọc dễ dàng trong một lần đọc duy nhất.",
            "a sentence of",
        ),
    ] {
        let told = faults("common.yaml", &format!("\"{offer}\""), &format!("\"{wrong}\""));
        assert!(told.iter().any(|fault| fault.contains(said)), "{wrong}: {told:?}");
    }
}

#[test]
fn a_misspelt_key_or_missing_part_does_not_load() {
    assert_eq!(
        faults("birth.yaml", "subject_lines:", "subject_line:"),
        ["`birth.yaml` is not a file of words"]
    );
    let told = faults(
        "birth.yaml",
        "vi: \"Đăng ký khai sinh",
        "vi: \"Việc cần làm ngay sau khi sinh: Đăng ký khai sinh",
    );
    assert!(told.iter().any(|fault| fault.contains("characters for lists")), "{told:?}");
    let told = faults("common.yaml", "place: stop", "place: how");
    assert!(told.iter().any(|fault| fault.contains("no point says `Stop`")), "{told:?}");
    let mut files = files();
    files.push(("twin.yaml".into(), files[0].1.clone()));
    let Err(WordsError::Faults(faults)) = Words::read(&files) else { panic!("a twin was taken") };
    assert!(faults.iter().any(|fault| matches!(fault.broken, Broken::Taken(_))));
    files.retain(|(name, _)| name != "common.yaml");
    assert!(matches!(Words::read(&files), Err(WordsError::NoCommon)));
}

#[test]
fn values_are_no_part_of_the_shape_and_what_is_known_is() {
    let words = words();
    let one = plan(&words, &support::birth());
    let mut other = support::birth();
    other.recipient_name = "H'Hen Niê".into();
    other.recipient_sex = None;
    other.authority =
        Some(support::text("Ủy ban nhân dân xã Ea Tul", "People's Committee of Ea Tul"));
    other.facts.insert("child.born_on".into(), domain::Value::Date(jiff::civil::date(2026, 11, 5)));
    assert_eq!(plan(&words, &other).shape(), one.shape());
    let shapes: std::collections::BTreeSet<String> =
        all_shapes().iter().map(|input| plan(&words, input).shape()).collect();
    // Seven cases, four deadlines, three drafts, two authorities, two languages.
    assert_eq!(shapes.len(), 7 * 4 * 3 * 2 * 2);
    assert_eq!(one.deadline, DeadlineKind::Moved);
}
