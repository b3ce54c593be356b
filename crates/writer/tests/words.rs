//! The pack's words: they load, every approved message stands, and a mistake has a place.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::{Language, Message, MessageSource};
use support::{all_shapes, cases, passages, plan, prompts, root, words};
use writer::{
    Broken, DeadlineKind, PlanInput, Words, WordsError, Writer, approved, cited_as, prove,
};

fn files() -> Vec<(String, String)> {
    let folder = root().join("life-events/vn/words");
    let mut files = Vec::new();
    for dir in ["", "vi/", "en/", "fr/"] {
        for entry in std::fs::read_dir(folder.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ext| ext == "yaml") {
                let name = path.file_name().unwrap().to_string_lossy();
                files.push((format!("{dir}{name}"), std::fs::read_to_string(path).unwrap()));
            }
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
        for language in [domain::Language::VI, domain::Language::EN] {
            let input = writer::PlanInput { language, ..input.clone() };
            let plan = plan(&words, &input);
            let found = passages(&input.life_event);
            let text = approved(&plan, &found);
            let cited = |id: &str| {
                found.iter().find(|p| p.id == id).map(|p| cited_as(p, words.manners(language)))
            };
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

/// A further language comes from its folder alone, and a letter is wholly in it or wholly in another.
#[test]
fn a_letter_is_told_in_a_further_language_where_all_of_it_is_there() {
    let (words, prompts) = (words(), prompts());
    let french: Language = "fr".parse().unwrap();
    assert!(words.speaks(french, "LE-BIRTH") && !words.speaks(french, "LE-GRADE1"));
    let writer =
        Writer { words: &words, prompts: &prompts, wording: None, samples: 0, pack: "", index: "" };
    let mut told = BTreeMap::new();
    for input in all_shapes().into_iter().filter(|it| it.language == Language::EN) {
        let plan = plan(&words, &PlanInput { language: french, ..input.clone() });
        let birth = input.life_event == "LE-BIRTH";
        assert_eq!(plan.language, if birth { french } else { Language::EN });
        // Where it is told in English, it is the letter that readers of English get.
        assert_eq!(plan.shape() == self::plan(&words, &input).shape(), !birth);
        let template = writer.make_template(&plan, &[]).unwrap();
        let message = words.message(&plan, &template, support::to(), &|_| None).unwrap();
        assert_eq!(message.language, plan.language);
        told.entry(birth).or_insert(message);
    }
    let Message { text, subject_line, .. } = &told[&true];
    assert_eq!(subject_line, "Déclarer la naissance avant la fin du 4 janvier 2027");
    for said in [
        "À Lò Thị Mây, de la part de : Services publics proactifs Cột Mốc.",
        "Le dernier jour est le lundi 4 janvier 2027.",
        "La base légale est : article 15 alinéa 1, ",
        "Seul le texte vietnamien a valeur légale.",
    ] {
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_language_that_lacks_something_does_not_load() {
    for (file, from, to, said) in [
        ("fr/birth.yaml", "  birth.why-father:", "  birth.why-uncle:", "have no `birth.why-uncle`"),
        (
            "fr/birth.yaml",
            "  birth.why-father:",
            "  birth.why-uncle:",
            "`birth.why-father` has not",
        ),
        ("fr/birth.yaml", "LE-BIRTH", "LE-NOTHING", "have no `LE-NOTHING`"),
        ("fr/birth.yaml", "  mother:", "  sister:", "`subject_lines.mother` is not said"),
        ("fr/common.yaml", "    - [\"Le dernier jour était", "#", "`deadline` has not"),
        ("fr/common.yaml", "{authority}.", "ici.", "must hold the same slots"),
        ("fr/common.yaml", "{authority}.", "{authority}, là-bas à Huế.", "capitalised word `Huế`"),
        ("fr/common.yaml", "l’enfant", "l'enfant", "a quotation mark"),
        ("fr/language.yaml", "language: fr", "language: de", "the name of the folder"),
        ("fr/language.yaml", "novembre, décembre", "novembre", "twelve months"),
        ("vi/language.yaml", "title: Ông/Bà", "sex: male, title: Ông/Bà", "that fits everybody"),
        ("vi/language.yaml", "banned:", "bans:", "is not a file of words"),
    ] {
        let told = faults(file, from, to);
        assert!(told.iter().any(|it| it.contains(said)), "{file}: {from} as {to}: {told:?}");
    }
    let without = |name: &str| {
        let mut files = files();
        files.retain(|(it, _)| it != name);
        Words::read(&files).unwrap_err().to_string()
    };
    assert_eq!(without("fr/language.yaml"), "there is no `fr/language.yaml` among the words");
    assert_eq!(without("en/language.yaml"), "there is no `en/language.yaml` among the words");
    assert!(without("fr/common.yaml").contains("`common.yaml` is not said in this language"));
    let mut files = files();
    let (_, birth) = files.iter().find(|(name, _)| name == "fr/birth.yaml").unwrap();
    files.push(("fr/twin.yaml".into(), birth.clone()));
    assert!(Words::read(&files).unwrap_err().to_string().contains("`LE-BIRTH` is there already"));
}

/// By the pack's own file: those who are known to be under eighteen, and nobody else.
#[test]
fn the_young_are_addressed_as_such_and_nobody_is_taken_for_young() {
    let words = words();
    let title = |born: Option<&str>| {
        let recipient_born_on = born.map(|born| born.parse().unwrap());
        let input = PlanInput { recipient_born_on, ..support::birth() };
        plan(&words, &input).slots["address"].value().to_string()
    };
    assert_eq!([None, Some("1996-04-12"), Some("2012-01-05")].map(title), ["Bà", "Bà", "Bạn"]);
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
