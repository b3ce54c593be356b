//! The real model words real plans. Skipped, loudly, where the model is not there.
//!
//! `COTMOC_NIGHTLY=1` takes every shape that the words allow; without it, each life event and
//! role once, languages in turn.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use domain::{Language, MessageSource};
use inference::generate::Grammar;
use inference::serve::{Settings, Workers};
use inference::text::TextModel;
use support::{all_shapes, birth, cases, passages, plan, prompts, root, words};
use writer::{
    Ask, PlanInput, Range, ServedModel, Vocabulary, Wording, Writer, grammar, prove,
    rephrase_grammar, served,
};

const MODEL: &str = "gemma-3-270m/gemma-3-270m-q4_k_m.gguf";

fn model() -> Option<Arc<TextModel>> {
    let dir = std::env::var("COTMOC_MODELS__DIR").map(PathBuf::from);
    let path = dir.unwrap_or_else(|_| root().join("var/models")).join(MODEL);
    if !path.is_file() {
        eprintln!("SKIPPED: `{MODEL}` is not there; pull the models first");
        return None;
    }
    Some(Arc::new(TextModel::load(&path).unwrap()))
}

fn inputs() -> Vec<PlanInput> {
    if std::env::var("COTMOC_NIGHTLY").is_ok() {
        return all_shapes();
    }
    let languages = [Language::VI, Language::EN].into_iter().cycle();
    cases().into_iter().zip(languages).map(|(it, language)| PlanInput { language, ..it }).collect()
}

#[test]
fn what_the_model_words_is_proved() {
    let Some(model) = model() else { return };
    let tokens = |text: &str| model.tokenizer().encode(text).unwrap().len();
    for name in ["notice-vi.md", "notice-en.md"] {
        let prompt = std::fs::read_to_string(root().join("prompts").join(name)).unwrap();
        eprintln!("{name}: {} tokens without its inputs", tokens(&prompt));
    }
    let served = served("gemma", &model).unwrap();
    let guide = Arc::clone(&served.guide);
    let workers = Workers::start(served, Settings::default(), Instant::now).unwrap();
    let local = ServedModel::new(workers.handle(), "gemma".to_owned());
    let (words, prompts) = (words(), prompts());
    let writer = Writer {
        words: &words,
        prompts: &prompts,
        wording: Some(&local),
        samples: 0,
        pack: "p",
        index: "i",
    };
    let (mut worded, mut own, mut count) = (0, 0, 0);
    let started = Instant::now();
    for input in inputs() {
        let plan = plan(&words, &input);
        let found = passages(&input.life_event);
        guide.check(&Grammar::lark(&grammar(&plan, &found))).unwrap();
        let one = Instant::now();
        let template = writer.make_template(&plan, &found).unwrap();
        count += 1;
        assert_eq!(
            template.refused_because, None,
            "the grammar allows nothing that the proof refuses"
        );
        worded += usize::from(template.source == MessageSource::Model);
        let unaided = Writer { wording: None, ..writer };
        own += usize::from(unaided.make_template(&plan, &found).unwrap().text != template.text);
        eprintln!(
            "{} {} {} {:?} {:.2} s",
            input.life_event,
            input.role,
            plan.language.tag(),
            template.source,
            one.elapsed().as_secs_f64()
        );
        if count < 3 {
            eprintln!("{}\n", template.text);
        }
    }
    let seconds = started.elapsed().as_secs_f64() / f64::from(u32::try_from(count).unwrap());
    eprintln!(
        "worded by the model {worded} of {count}, other than as approved {own}, {seconds:.2} s each"
    );
    assert_eq!(worded, count);
}

/// Whatever is asked for can be: a grammar that the guide refuses would word nothing.
#[test]
fn a_phrase_is_written_under_its_grammar() {
    let Some(model) = model() else { return };
    let served = served("gemma", &model).unwrap();
    let guide = Arc::clone(&served.guide);
    let workers = Workers::start(served, Settings::default(), Instant::now).unwrap();
    let local = ServedModel::new(workers.handle(), "gemma".to_owned());
    let words = words();
    let vocabulary = |language: Language| {
        let file = format!("life-events/vn/support/{}.yaml", language.tag());
        Vocabulary::parse(&file, &std::fs::read_to_string(root().join(&file)).unwrap()).unwrap()
    };
    for language in [Language::VI, Language::EN] {
        let vocabulary = vocabulary(language);
        for (place, saying) in words.sayings(language).iter().enumerate() {
            for range in [Range::Any, Range::Near] {
                let lark = rephrase_grammar(&words, saying, range, &vocabulary);
                let Some(lark) = lark else {
                    assert_eq!(range, Range::Near, "{}: nothing may be written", saying.home);
                    continue;
                };
                guide.check(&Grammar::lark(&lark)).unwrap();
                if place > 0 {
                    continue;
                }
                let ask = Ask { shared: "", own: "Câu:", grammar: &lark, samples: 2, seed: 1 };
                let wanted = slots_of(&saying.alternatives[0].approved());
                for candidate in local.word(&ask).unwrap() {
                    assert_eq!(slots_of(&candidate.text), wanted, "{}", candidate.text);
                    assert!(!candidate.text.contains(|c: char| c.is_numeric()));
                }
            }
        }
    }
}

/// The slots of `text`, sorted, whichever form of address it has.
fn slots_of(text: &str) -> Vec<String> {
    let after = text.split('{').skip(1);
    let names = after.filter_map(|rest| rest.split('}').next());
    let mut names: Vec<String> = names.map(|name| name.replace("pronoun", "address")).collect();
    names.sort();
    names
}

#[test]
fn the_same_ask_gives_the_same_words() {
    let Some(model) = model() else { return };
    let served = served("gemma", &model).unwrap();
    let workers = Workers::start(served, Settings::default(), Instant::now).unwrap();
    let local = ServedModel::new(workers.handle(), "gemma".to_owned());
    let plan = plan(&words(), &birth());
    let found = passages("LE-BIRTH");
    let lark = grammar(&plan, &found);
    let ask = Ask { shared: "Thư báo.\n", own: "Thư:\n", grammar: &lark, samples: 1, seed: 0 };
    let first = local.word(&ask).unwrap();
    assert_eq!(first, local.word(&ask).unwrap());
    assert!(first.windows(2).all(|pair| pair[0].likelihood >= pair[1].likelihood));
    for candidate in &first {
        prove(&plan, &found, &candidate.text).unwrap();
    }
}
