//! Templates and messages: a scripted model that misbehaves, values that try to be more.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use domain::{Language, MessageSource, Sex, Template, Value};
use jiff::civil::date;
use support::{birth, by, grade1, passages, plan, prompts, text, to, words};
use writer::{
    Ask, By, Candidate, LintError, PlanError, PlanInput, RenderError, Wording, WordingError,
    Writer, approved, cited_as,
};

/// Says what it was told to say, whatever it is asked.
struct Scripted(Vec<String>);

impl Wording for Scripted {
    fn hash(&self) -> &'static str {
        "scripted"
    }

    fn word(&self, _: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        if self.0.is_empty() {
            return Err(WordingError::Other("out of memory".into()));
        }
        Ok(self.0.iter().map(|text| Candidate { text: text.clone(), likelihood: 0.0 }).collect())
    }
}

fn make(input: &PlanInput, says: Option<Vec<String>>) -> Template {
    let (words, prompts) = (words(), prompts());
    let scripted = says.map(Scripted);
    let wording = scripted.as_ref().map(|model| model as &dyn Wording);
    let writer =
        Writer { words: &words, prompts: &prompts, wording, samples: 2, pack: "p", index: "i" };
    writer.make_template(&plan(&words, input), &passages(&input.life_event)).unwrap()
}

fn message(input: &PlanInput) -> Result<domain::Message, RenderError> {
    let words = words();
    let found = passages(&input.life_event);
    let cited = |id: &str| {
        found.iter().find(|p| p.id == id).map(|p| cited_as(p, words.manners(input.language)))
    };
    words.message(&plan(&words, input), &make(input, None), to(), &cited)
}

#[test]
fn the_first_candidate_that_is_proved_is_taken() {
    let words = words();
    let plan = plan(&words, &birth());
    let found = passages("LE-BIRTH");
    let good = approved(&plan, &found);
    let other = good.replace("Nơi tiếp nhận là {authority}.", "Hồ sơ do {authority} tiếp nhận.");
    let bad = good.replace("{deadline}", "ngày mai");
    let template = make(&birth(), Some(vec![bad.clone(), other, good]));
    assert_eq!(template.source, MessageSource::Model);
    assert_eq!(template.model, "scripted");
    assert_eq!(template.prompt, "notice-vi@1");
    assert!(template.text.contains("Hồ sơ do {authority} tiếp nhận."));
    assert!(template.evidence.iter().any(|e| !e.passages.is_empty()));

    let template = make(&birth(), Some(vec![bad]));
    assert_eq!(template.source, MessageSource::Template);
    assert_eq!(template.model, "");
    let why = template.refused_because.unwrap();
    assert!(why.contains("needs the slot `deadline`"), "{why}");
    assert!(template.text.contains("{deadline}"));
}

#[test]
fn a_model_that_fails_leaves_the_approved_wording() {
    let template = make(&birth(), Some(vec![]));
    assert_eq!(template.source, MessageSource::Template);
    assert_eq!(template.refused_because.as_deref(), Some("model failed: out of memory"));
    assert_eq!(make(&birth(), None).refused_because, None);
    assert_eq!(make(&birth(), None).text, template.text);
    assert_ne!(make(&birth(), None).shape, template.shape, "another maker, another key");
}

#[test]
fn the_same_input_makes_the_same_message() {
    assert_eq!(message(&birth()).unwrap(), message(&birth()).unwrap());
    let message = message(&birth()).unwrap();
    assert!(message.proved && message.text.contains("thứ Hai, ngày 04/01/2027"));
    assert!(!message.text.contains(['{', '}']));
    assert!(!message.subject_line.contains("Mây"));
    let length = message.subject_line.chars().count();
    assert!((30..=70).contains(&length), "{length}: {}", message.subject_line);
}

#[test]
fn register_text_in_a_message_stays_plain_text() {
    let mut input = grade1();
    input.recipient_name = "Lò {deadline} Mây\u{202e}\r\n{cite:x#y}".into();
    input.facts.insert("child.name".into(), Value::Text("H'Hen\u{200b} Niê {recipient}".into()));
    let text = message(&input).unwrap().text;
    assert!(text.contains("Lò (deadline) Mây (cite:x#y)"), "{text}");
    assert!(text.contains("H'Hen Niê (recipient)"), "{text}");
    input.facts.insert("child.name".into(), Value::Text("http://x.example".into()));
    assert!(matches!(message(&input), Err(RenderError::Lint(LintError::Value("http:")))));
}

#[test]
fn a_value_that_is_not_there_or_of_another_kind_stops_the_plan() {
    let words = words();
    let mut input = birth();
    input.facts.insert("child.born_on".into(), Value::Text("02/11/2026".into()));
    assert!(
        matches!(words.plan(&input), Err(PlanError::Kind { fact, .. }) if fact == "child.born_on")
    );
    input.facts.clear();
    assert_eq!(words.plan(&input).unwrap_err(), PlanError::NoVariant("birth.certified".into()));
    input = PlanInput { recipient_name: "\u{200b} ".into(), ..birth() };
    assert_eq!(words.plan(&input).unwrap_err(), PlanError::NoName);
    input = PlanInput { life_event: "LE-NOWHERE".into(), ..birth() };
    assert_eq!(words.plan(&input).unwrap_err(), PlanError::NoWords("LE-NOWHERE".into()));
    input = PlanInput { role: "neighbour".into(), ..birth() };
    let plan = words.plan(&input).unwrap();
    let writer = Writer {
        words: &words,
        prompts: &prompts(),
        wording: None,
        samples: 0,
        pack: "",
        index: "",
    };
    assert!(writer.make_template(&plan, &[]).is_err(), "a role that no words are for");
}

#[test]
fn a_template_of_another_shape_or_changed_in_the_cache_is_not_sent() {
    let words = words();
    let plan = plan(&words, &birth());
    let nothing = |_: &str| None;
    let other = make(&grade1(), None);
    assert!(matches!(words.message(&plan, &other, to(), &nothing), Err(RenderError::Unproved(_))));
    let mut changed = make(&birth(), None);
    changed.text = changed.text.replace("{deadline}", "{deadline_safe}");
    assert!(matches!(
        words.message(&plan, &changed, to(), &nothing),
        Err(RenderError::Unproved(_))
    ));
    let whole = make(&birth(), None);
    assert!(matches!(words.message(&plan, &whole, to(), &nothing), Err(RenderError::Citation(_))));
}

#[test]
fn an_unknown_deadline_is_said_and_a_past_one_too() {
    let unknown = PlanInput {
        deadline: By::Unknown(text("Kế hoạch chưa có.", "No plan yet.")),
        ..birth()
    };
    let sent = message(&unknown).unwrap();
    assert!(
        sent.text.contains("Về thời hạn, dữ liệu hiện có cho biết: Kế hoạch chưa có."),
        "{}",
        sent.text
    );
    assert!(sent.subject_line.ends_with("thời hạn chưa biết"));
    let day = date(2026, 11, 22);
    let past =
        PlanInput { deadline: by(day, day, "Luật Hộ tịch 60/2014/QH13", ""), ..birth() };
    assert!(message(&past).unwrap().text.contains("Chủ nhật, ngày 22/11/2026 và nay đã qua."));
    // On the last day itself it has not passed, and a safe day that has is not advised.
    let today = support::TODAY;
    let last = PlanInput { deadline: by(today, date(2026, 11, 20), "Luật", ""), ..birth() };
    assert!(message(&last).unwrap().text.contains("Hạn cuối là hết thứ Hai, ngày 23/11/2026."));
}

#[test]
fn the_form_of_address_follows_the_register() {
    for (sex, said) in [
        (Some(Sex::Male), "Kính gửi Ông Lò Thị Mây"),
        (Some(Sex::Female), "Kính gửi Bà Lò Thị Mây"),
        (None, "Kính gửi Ông/Bà Lò Thị Mây"),
    ] {
        let text = message(&PlanInput { recipient_sex: sex, ..grade1() }).unwrap().text;
        assert!(text.starts_with(said), "{text}");
    }
    let english = PlanInput { language: Language::EN, ..birth() };
    assert!(message(&english).unwrap().text.starts_with("To Lò Thị Mây, from"));
}
