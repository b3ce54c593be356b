//! No value of a slot reaches a prompt, a grammar or a template.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::sync::Mutex;

use domain::{Language, Text, Value};
use jiff::civil::date;
use proptest::prelude::*;
use support::{all_shapes, by, cases, passages, plan, prompts, words};
use writer::{
    Ask, By, Candidate, DraftState, PlanInput, Prompt, Prompts, Wording, WordingError, Writer,
};

/// Remembers all that a model would have been told.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Wording for Listener {
    fn hash(&self) -> &'static str {
        "listener"
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        let mut heard = self.0.lock().unwrap();
        heard.extend([ask.shared, ask.own, ask.grammar].map(str::to_owned));
        Ok(vec![])
    }
}

/// Counts that no hash holds by chance: four digits stand in one of a thousand.
const FILLED: usize = 913_791_379;
const TOTAL: usize = 913_991_399;

/// The same input with a canary in every value.
fn with_canaries(mut input: PlanInput, canary: &str, day: jiff::civil::Date) -> PlanInput {
    let both = |name: &str| Text { vi: format!("{canary}{name}"), en: format!("{canary}{name}") };
    input.recipient_name = format!("{canary}name");
    input.authority = Some(both("authority"));
    input.service_name = both("service");
    input.service_code = Some(format!("{canary}code"));
    input.life_event_name = both("event");
    input.draft = Some(DraftState { filled: FILLED, total: TOTAL, missing: vec![both("missing")] });
    input.deadline = match input.deadline {
        By::Known(_) => by(day, day, &format!("{canary}act"), &format!("{canary}article")),
        By::Unknown(_) => By::Unknown(both("because")),
    };
    for value in input.facts.values_mut() {
        *value = match value {
            Value::Date(_) => Value::Date(day),
            _ => Value::Text(format!("{canary}fact")),
        };
    }
    input
}

fn said_for(input: &PlanInput) -> Vec<String> {
    let (words, prompts, listener) = (words(), prompts(), Listener::default());
    let plan = plan(&words, input);
    let writer = Writer {
        words: &words,
        prompts: &prompts,
        wording: Some(&listener),
        samples: 0,
        pack: "p",
        index: "i",
    };
    let template = writer.make_template(&plan, &passages(&input.life_event)).unwrap();
    let mut said = listener.0.into_inner().unwrap();
    assert_eq!(said.len(), 3, "the model was asked");
    said.extend([template.text, template.shape, plan.shape()]);
    // What a log would show. The act is the pack's and stands in the plan itself.
    let act = plan.law.clone().unwrap();
    said.push(format!("{plan:?}").replace(&format!("{act:?}"), ""));
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_reaches_prompt_grammar_or_template(
        case in 0usize..7,
        english in any::<bool>(),
        canary in "Zq[a-z]{6}x",
        days in 100i16..300,
    ) {
        let language = if english { Language::EN } else { Language::VI };
        let day = date(2031, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        let input = with_canaries(PlanInput { language, ..cases().swap_remove(case) }, &canary, day);
        let words = words();
        let manners = words.manners(language);
        let date_texts = [manners.long_date(day), manners.short_date(day)];
        for said in said_for(&input) {
            prop_assert!(!said.contains(&canary), "{}", said);
            for count in [FILLED, TOTAL] {
                let number = Value::Int(i64::try_from(count).unwrap());
                prop_assert!(!said.contains(&count.to_string()), "{}", said);
                prop_assert!(!said.contains(&number.to_string()), "{}", said);
            }
            for day in &date_texts {
                prop_assert!(!said.contains(day), "{}", said);
            }
        }
    }
}

#[test]
fn two_persons_of_one_shape_make_the_same_prompt() {
    let one = said_for(&with_canaries(support::birth(), "Zone", date(2031, 5, 5)));
    let two = said_for(&with_canaries(support::birth(), "Ztwo", date(2031, 6, 6)));
    assert_eq!(one[..3], two[..3]);
    assert!(all_shapes().len() > 300);
}

#[test]
fn a_prompt_file_says_what_it_takes() {
    let good = std::fs::read_to_string(support::root().join("prompts/notice-vi.md")).unwrap();
    assert_eq!(Prompt::parse("notice-vi.md", &good).unwrap().name(), "notice-vi@1");
    for (from, to, said) in [
        ("---\nid", "id", "has no head"),
        ("version: 1", "version: one", "the head of `notice-vi.md` is wrong"),
        ("inputs: [example, ", "inputs: [", "must name `example`"),
        ("<passages>", "passages", "must name `passages`"),
        ("parts]", "parts, name]", "must name `name`"),
    ] {
        let error = Prompt::parse("notice-vi.md", &good.replacen(from, to, 1)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    assert!(Prompts::load(std::path::Path::new("no-such-folder")).is_err());
}
