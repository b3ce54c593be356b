//! Text models of three architectures: what must hold for any weights.

use std::sync::Arc;

use inference::generate::{GenerateError, Grammar, Guide, Options, Sampling, Stop};
use inference::score::{perplexity, score};
use inference::text::{LoadError, TextError, TextModel};

use crate::tiny::{self, GEMMA, LLAMA, QWEN, QWEN3, Seeded, Shape};

const SHAPES: [Shape; 4] = [GEMMA, LLAMA, QWEN, QWEN3];

fn model(shape: &Shape) -> Arc<TextModel> {
    let (_dir, path) = tiny::file(shape);
    Arc::new(TextModel::load(&path).unwrap())
}

fn tokens(count: usize) -> Vec<u32> {
    let mut seeded = Seeded(7);
    (0..count).map(|_| 5 + ((seeded.next() + 1.0) * 130.0) as u32).collect()
}

fn logits(model: &TextModel, tokens: &[u32]) -> Vec<f32> {
    model.session().append(tokens).unwrap().to_vec()
}

#[test]
fn chunks_of_any_size_give_the_same_as_the_whole() {
    // More tokens than go through the layers at once.
    let all = tokens(300);
    for shape in SHAPES {
        let model = model(&shape);
        let whole = logits(&model, &all);
        for size in [1, 7, 150, 299] {
            let mut session = model.session();
            for chunk in all.chunks(size) {
                session.append(chunk).unwrap();
            }
            assert_eq!(whole, session.logits(), "{} in chunks of {size}", shape.architecture);
            assert_eq!(session.len(), all.len());
        }
    }
}

#[test]
fn a_shared_prefix_is_as_good_as_computing_it_anew() {
    let all = tokens(40);
    let (head, tail) = all.split_at(25);
    for shape in SHAPES {
        let model = model(&shape);
        let prefix = model.prefill(head).unwrap();
        let mut first = model.resume(&prefix).unwrap();
        first.append(tail).unwrap();
        assert_eq!(logits(&model, &all), first.logits());
        // What one session appends must not be seen by another.
        let mut second = model.resume(&prefix).unwrap();
        assert_eq!(second.len(), 25);
        second.append(tail).unwrap();
        assert_eq!(first.logits(), second.logits());
    }
}

#[test]
fn a_local_layer_sees_its_window_and_no_further() {
    let shape = Shape { layers: 1, window: 5, ..GEMMA };
    let model = model(&shape);
    let base = tokens(20);
    let at_once = |tokens: &[u32]| logits(&model, tokens);
    let one_by_one = |tokens: &[u32]| {
        let mut session = model.session();
        for token in tokens {
            session.append(&[*token]).unwrap();
        }
        session.logits().to_vec()
    };
    for run in [&at_once as &dyn Fn(&[u32]) -> Vec<f32>, &one_by_one] {
        let before = run(&base);
        let changed_at = |place: usize| {
            let mut other = base.clone();
            other[place] = 200;
            run(&other) != before
        };
        // The last token is the 19th; a window of five holds 15 to 19.
        assert!(!changed_at(14), "it sees beyond its window");
        assert!(changed_at(15), "it does not see the whole of its window");
    }
}

#[test]
fn every_sixth_layer_sees_everything() {
    let base = tokens(60);
    let mut other = base.clone();
    other[0] = 200;
    // Five local layers with a window of 3 look back ten tokens in all.
    for (layers, sees) in [(5, false), (6, true)] {
        let model = model(&Shape { layers, window: 3, ..GEMMA });
        assert_eq!(logits(&model, &base) != logits(&model, &other), sees, "{layers} layers");
    }
}

#[test]
fn order_matters_to_every_architecture() {
    for shape in SHAPES {
        let model = model(&shape);
        assert_ne!(logits(&model, &[20, 30, 40]), logits(&model, &[30, 20, 40]));
    }
}

#[test]
fn scoring_a_run_agrees_with_scoring_token_by_token() {
    let all = tokens(50);
    for shape in SHAPES {
        let model = model(&shape);
        let prefix = model.prefill(&all[..10]).unwrap();
        let at_once = model.resume(&prefix).unwrap().append_scored(&all[10..]).unwrap();
        let mut session = model.resume(&prefix).unwrap();
        for (token, scored) in all[10..].iter().zip(at_once) {
            let logits: Vec<f64> = session.logits().iter().map(|x| f64::from(*x)).collect();
            let sum: f64 = logits.iter().map(|x| x.exp()).sum();
            let expected = logits[*token as usize] - sum.ln();
            assert!((scored - expected).abs() < 2e-3, "{scored} and {expected}");
            session.append(&[*token]).unwrap();
        }
    }
}

#[test]
fn texts_are_scored_independently_of_each_other() {
    let model = model(&GEMMA);
    let prefix = model.prefill(&model.tokenizer().encode_start("khai").unwrap()).unwrap();
    let together = score(&model, &prefix, &[" sinh", " khai sinh", ""]).unwrap();
    for (text, scored) in [" sinh", " khai sinh", ""].iter().zip(&together) {
        assert_eq!(&score(&model, &prefix, &[text]).unwrap()[0], scored);
    }
    assert!(together[0].log_probability < 0.0);
    assert_eq!((together[2].tokens, together[2].log_probability), (0, 0.0));
    assert!(perplexity(&model, "khai sinh").unwrap() > 1.0);
}

#[test]
fn misuse_is_an_error() {
    let gemma = model(&Shape { context: 16, ..GEMMA });
    let mut session = gemma.session();
    assert!(matches!(session.append(&[]), Err(TextError::Empty)));
    assert!(matches!(session.append_scored(&[9]), Err(TextError::Empty)));
    assert!(matches!(session.append(&[9_999_999]), Err(TextError::UnknownToken(9_999_999))));
    session.append(&tokens(16)).unwrap();
    let full = session.append(&[9]);
    assert!(matches!(full, Err(TextError::ContextFull { tokens: 17, context: 16 })));
    let llama = model(&LLAMA);
    let prefix = llama.prefill(&[9]).unwrap();
    assert!(matches!(gemma.resume(&prefix), Err(TextError::ForeignPrefix)));
    assert!(matches!(perplexity(&llama, ""), Err(TextError::Empty)));
}

#[test]
fn a_missing_file_names_itself() {
    let error = TextModel::load(std::path::Path::new("no/such.gguf")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `no/such.gguf`");
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.gguf");
    let whole = tiny::gguf(&LLAMA);
    for end in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..end]).unwrap();
        let error = TextModel::load(&path).unwrap_err();
        assert!(matches!(error, LoadError::File(_)), "cut at {end}: {error}");
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.gguf");
    let mut refused = 0;
    for shape in [GEMMA, QWEN] {
        let whole = tiny::gguf(&Shape { layers: 1, ..shape });
        // The names of the tensors end the header; what follows are weights.
        let header = whole.len() - whole.iter().rev().take_while(|byte| **byte != b'.').count();
        let header = header.min(24_000);
        // Each place in turn gets another value: all of them everywhere would take a minute.
        let values = [0, 1, 0x7f, 0xff].into_iter().cycle();
        for (at, value) in (0..header).step_by(5).zip(values) {
            let mut bytes = whole.clone();
            bytes[at] = value;
            std::fs::write(&path, &bytes).unwrap();
            match TextModel::load(&path) {
                Ok(model) => drop(model.session().append(&[5, 6]).map(drop)),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 100, "only {refused} damages were noticed");
}

#[test]
fn what_is_not_built_is_said() {
    let (dir, _) = tiny::file(&GEMMA);
    let path = dir.path().join("other.gguf");
    let bytes = tiny::gguf(&GEMMA);
    let mut other = bytes.clone();
    let name = bytes.windows(14).position(|w| w == b"\x06\0\0\0\0\0\0\0gemma3").unwrap();
    other[name + 8..name + 14].copy_from_slice(b"mamba9");
    std::fs::write(&path, other).unwrap();
    let error = TextModel::load(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        "architecture `mamba9` is not supported; supported are `gemma3`, `llama`, `qwen2` and `qwen3`"
    );
}

const GREEDY: Options = Options { max_tokens: 60, sampling: Sampling::Greedy };

fn generated(
    shape: &Shape,
    grammar: &Grammar,
    options: &Options,
) -> inference::generate::Generated {
    let model = model(shape);
    let guide = Guide::new(&model).unwrap();
    let prefix = model.prefill(&model.tokenizer().encode_start("khai").unwrap()).unwrap();
    guide.generate(model.resume(&prefix).unwrap(), grammar, options).unwrap()
}

#[test]
fn what_the_grammar_forces_is_not_sampled() {
    for shape in SHAPES {
        let grammar = Grammar::lark(r#"start: " khai sinh, ngày <start_of_turn>""#);
        let out = generated(&shape, &grammar, &GREEDY);
        assert_eq!(out.text, " khai sinh, ngày <start_of_turn>");
        assert_eq!((out.sampled, out.stop), (0, Stop::Complete), "{}", shape.architecture);
        assert_eq!(out.forced, out.tokens.len());
        assert!(out.log_probability.abs() < f64::EPSILON);
    }
}

#[test]
fn a_choice_is_one_of_the_choices() {
    for shape in SHAPES {
        let grammar = Grammar::lark(r#"start: " A " ("x" | "khai" | "sinh") /[a-c]{3,9}/ ".""#);
        for seed in 0..8 {
            let sampling = Sampling::Random { temperature: 1.5, seed };
            let out = generated(&shape, &grammar, &Options { max_tokens: 60, sampling });
            let rest = out.text.strip_prefix(" A ").unwrap().strip_suffix('.').unwrap();
            let choice = ["x", "khai", "sinh"].iter().find_map(|word| rest.strip_prefix(word));
            let letters = choice.unwrap();
            assert!((3..=9).contains(&letters.len()), "{}", out.text);
            assert!(letters.chars().all(|c| ('a'..='c').contains(&c)), "{}", out.text);
            assert_eq!(out.stop, Stop::Complete);
            assert!(out.sampled > 0 && out.log_probability < 0.0);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_text_and_another_seed_another() {
    let grammar = Grammar::regex("[a-z]{20}");
    let text = |seed| {
        let sampling = Sampling::Random { temperature: 1.0, seed };
        generated(&GEMMA, &grammar, &Options { max_tokens: 60, sampling }).text
    };
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
    assert_eq!(generated(&GEMMA, &grammar, &GREEDY), generated(&GEMMA, &grammar, &GREEDY));
}

#[test]
fn the_limit_on_tokens_holds_in_forced_runs_too() {
    for (grammar, limit) in
        [("start: \" khai sinh khai sinh khai sinh\"", 3), ("start: /[a-z]+/", 5)]
    {
        let options = Options { max_tokens: limit, ..GREEDY };
        let out = generated(&GEMMA, &Grammar::lark(grammar), &options);
        assert_eq!((out.tokens.len(), out.stop), (limit, Stop::Limit));
    }
}

#[test]
fn a_grammar_that_does_not_compile_says_where() {
    let guide = Guide::new(&model(&GEMMA)).unwrap();
    for bad in [Grammar::lark("start: nowhere"), Grammar::lark("start: \"a"), Grammar::regex("(")] {
        let error = guide.check(&bad).unwrap_err();
        assert!(matches!(error, GenerateError::Grammar(_)), "{error}");
    }
    let error = guide.check(&Grammar::lark("start: nowhere")).unwrap_err().to_string();
    assert!(error.contains("nowhere") && error.contains("1(8)"), "{error}");
    guide.check(&Grammar::regex("[a-z]+")).unwrap();
}
