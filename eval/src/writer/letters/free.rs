//! What a model makes of the same cases where it writes the whole letter itself, values and all: the
//! way of those who let a model write and judge afterwards. Nothing that comes of it is ever sent.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use domain::{Language, Sex};
use engine::{App, Shape};
use serde::Serialize;
use writer::{Ask, LetterKind, PlanInput, Wording, WordingError, Words};

use super::{people, templates, to, with_office};
use crate::writer::spread;

/// As long as any letter; what goes on beyond it has not ended.
const MOST: usize = 1_800;
/// What is told of the case, in this order: the slot and how a writer is told of it.
const FACTS: [(&str, &str); 13] = [
    ("sender", "Cơ quan gửi"),
    ("recipient", "Người nhận"),
    ("life_event", "Sự việc"),
    ("service", "Thủ tục cần làm"),
    ("authority", "Nơi tiếp nhận"),
    ("deadline", "Hạn cuối"),
    ("deadline_safe", "Nên làm trước"),
    ("deadline_reason", "Chưa rõ hạn vì"),
    ("law", "Căn cứ"),
    ("total", "Số mục của tờ khai"),
    ("filled", "Số mục đã điền sẵn"),
    ("missing_count", "Số mục còn thiếu"),
    ("missing", "Các mục còn thiếu"),
];
const TASK: &str = "Viết thư báo của cơ quan nhà nước gửi người dân bằng tiếng Việt: trang trọng, rõ ràng, \
    câu ngắn. Dùng đúng và đủ các dữ kiện, không thêm dữ kiện nào khác.";

/// What a case begins with.
const NEXT: &str = "\nDữ kiện:";

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Free {
    /// Vietnamese first letters, evenly spread over all shapes.
    pub cases: usize,
    /// Texts that came to an end.
    pub ended: usize,
    /// Of these, with every value that the letter owes, as its reader should see it.
    pub with_all_values: usize,
    /// Of these, without a number that the case has not.
    pub without_other_numbers: usize,
    /// Of these, with both and without a word that letters do not say. Whether the words between
    /// the values are true is not even asked.
    pub right: usize,
    /// Letters of the same cases that code filled from approved phrases and that pass the same look.
    pub filled_right: usize,
    /// Time for one text.
    pub seconds_per_case: f64,
    /// The texts, each with what is wrong with it.
    pub told: Vec<String>,
}

/// Has `wording` write the letters of about `most` cases.
///
/// # Errors
/// When the model fails.
pub fn free(
    app: &App,
    shapes: &[Shape],
    wording: &dyn Wording,
    most: usize,
    on: &mut dyn FnMut(usize),
) -> Result<Free, WordingError> {
    let first =
        |it: &&Shape| it.input.language == Language::VI && it.input.letter == LetterKind::First;
    let shapes: Vec<Shape> = shapes.iter().filter(first).cloned().collect();
    let words = &app.writing.words;
    // One more: each shows the next one how such a letter reads.
    let cases: Vec<Case> = spread(shapes, most + 1)
        .into_iter()
        .filter_map(|shape| Case::of(app, words, &shape))
        .collect();
    let mut out = Free::default();
    let began = Instant::now();
    for (example, case) in cases.iter().zip(cases.iter().skip(1)) {
        on(out.cases);
        out.cases += 1;
        out.filled_right += usize::from(case.faults(words, &case.letter).is_empty());
        let shared = format!("{TASK}\n{NEXT}\n{}\nThư:\n{}\n", example.told, example.letter);
        let own = format!("{NEXT}\n{}\nThư:\n", case.told);
        let grammar = format!("start: TEXT\nTEXT: /[^{{}}]{{1,{MOST}}}/\n");
        let ask = Ask { shared: &shared, own: &own, grammar: &grammar, samples: 0, seed: 0 };
        let text = wording.word(&ask)?.into_iter().next().map(|it| it.text).unwrap_or_default();
        // Having written one letter it may go on to the next case: that is its end.
        let text = text.split_once(NEXT).map_or(&*text, |(letter, _)| letter);
        let faults = case.faults(words, text);
        let has = |fault| faults.contains(&fault);
        let ended = !has(Fault::Endless);
        out.ended += usize::from(ended);
        out.with_all_values += usize::from(ended && !has(Fault::Value));
        out.without_other_numbers += usize::from(ended && !has(Fault::Number));
        out.right += usize::from(faults.is_empty());
        out.told.push(format!("{faults:?}: {text}"));
    }
    let cases = u32::try_from(out.cases.max(1)).unwrap_or(u32::MAX);
    out.seconds_per_case = (began.elapsed() / cases).as_secs_f64();
    Ok(out)
}

/// What is wrong with a text, as far as it can be seen without understanding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// It goes on and on, or there is none.
    Endless,
    /// A value is not there.
    Value,
    /// A number is there that the case has not.
    Number,
    /// A word is there that letters do not say.
    Word,
}

/// A case with what its reader should see.
struct Case {
    /// The values that a letter owes, as they are written.
    owed: Vec<String>,
    /// All that may be said, a line each.
    told: String,
    /// The letter as code fills it.
    letter: String,
}

impl Case {
    fn of(app: &App, words: &Words, shape: &Shape) -> Option<Self> {
        let input = PlanInput {
            recipient_name: "Nguyễn Thị Mẫu".to_owned(),
            recipient_sex: Some(Sex::Female),
            ..with_office(&shape.input)
        };
        let values = people::expected(&input, words.sender(Language::VI));
        let plan = words.plan(&input).ok()?;
        let template = templates(app, std::slice::from_ref(shape)).pop().flatten()?;
        let letter = words.message(&plan, &template, to(input.letter), &|_| None).ok()?.text;
        let line = |(slot, name): &(&str, &str)| Some(format!("- {name}: {}\n", values.get(slot)?));
        let mut told: String = FACTS.iter().filter_map(line).collect();
        let life_event = app.pack.life_event(&input.life_event)?;
        for (path, _) in words.facts_shown(&input.life_event) {
            let label = app.pack.label(life_event, path).map(|label| label.get(Language::VI));
            if let Some((label, value)) = label.zip(input.facts.get(path)) {
                let _ = writeln!(told, "- {label}: {}", people::fact(value, Language::VI));
            }
        }
        let owed = people::owed(&input);
        let owed = owed.iter().filter_map(|slot| values.get(slot).cloned()).collect();
        Some(Self { owed, told, letter })
    }

    fn faults(&self, words: &Words, text: &str) -> BTreeSet<Fault> {
        let mut out = BTreeSet::new();
        if text.trim().is_empty() || text.chars().count() >= MOST {
            out.insert(Fault::Endless);
        }
        if !self.owed.iter().all(|value| text.contains(value)) {
            out.insert(Fault::Value);
        }
        let known: BTreeSet<&str> = numbers(&self.told).collect();
        if numbers(text).any(|number| !known.contains(number)) {
            out.insert(Fault::Number);
        }
        let spaced = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
        let said = format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "));
        // Values may say what free words may not.
        let banned = &words.manners(Language::VI).banned;
        let told = self.told.to_lowercase();
        if banned
            .iter()
            .any(|word| said.contains(&format!(" {word} ")) && !told.contains(word.as_str()))
        {
            out.insert(Fault::Word);
        }
        out
    }
}

/// The runs of digits in `text`.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_right_only_with_its_values_and_without_others() {
        let words = Words::load(std::path::Path::new("../life-events/vn/words")).unwrap();
        let case = Case {
            owed: vec!["Lò Thị Mẫu".to_owned(), "04/01".to_owned()],
            told: "- Người nhận: Lò Thị Mẫu\n- Hạn: 04/01\n".to_owned(),
            letter: String::new(),
        };
        let faults = |text: &str| case.faults(&words, text).into_iter().collect::<Vec<_>>();
        assert_eq!(faults("Gửi bà Lò Thị Mẫu, hạn 04/01."), []);
        assert_eq!(faults("Gửi bà Lò Thị Mẫu, hạn 05/01."), [Fault::Value, Fault::Number]);
        assert_eq!(faults("Chúc mừng bà Lò Thị Mẫu! Hạn 04/01."), [Fault::Word]);
        assert_eq!(faults(" ")[0], Fault::Endless);
        assert_eq!(faults(&"Lò Thị Mẫu 04/01 ".repeat(200)), [Fault::Endless]);
    }
}
