//! Texts that are generated together say what each would say alone.

use std::sync::Arc;

use inference::generate::{
    Batch, GenerateError, Generated, Grammar, Guide, Options, Request, Sampling, Stop,
};
use inference::text::{TextError, TextModel};

use crate::tiny::{self, GEMMA, LLAMA, QWEN, QWEN3, Seeded, Shape};

const SHAPES: [Shape; 4] = [GEMMA, LLAMA, QWEN, QWEN3];

fn guide(shape: &Shape) -> Guide {
    let (_dir, path) = tiny::file(shape);
    Guide::new(&Arc::new(TextModel::load(&path).unwrap())).unwrap()
}

fn tokens(count: usize, seed: u64) -> Vec<u32> {
    let mut seeded = Seeded(seed);
    (0..count).map(|_| 8 + ((seeded.next() + 1.0) * 120.0) as u32).collect()
}

/// Requests of every kind: guided or free, greedy or by chance, of different lengths.
fn requests() -> Vec<Request> {
    let grammars = [
        Some(Grammar::lark(r#"start: " khai " ("sinh" | "khai" | "x") /[a-c]{2,9}/ " hết.""#)),
        Some(Grammar::regex("[a-z ]{12}")),
        None,
        Some(Grammar::lark(r#"start: "forced from beginning to end""#)),
    ];
    (0..12u64)
        .map(|at| Request {
            prefix: None,
            prompt: tokens(1 + (at as usize * 37) % 300, at),
            grammar: grammars[at as usize % 4].clone(),
            options: Options {
                max_tokens: 20 + at as usize,
                sampling: if at % 3 == 0 {
                    Sampling::Greedy
                } else {
                    Sampling::Random { temperature: 1.2, seed: at }
                },
            },
        })
        .collect()
}

fn alone(guide: &Guide, request: &Request) -> Generated {
    guide.generate_all(vec![request.clone()], None).pop().unwrap().unwrap()
}

#[test]
fn a_text_does_not_depend_on_the_texts_beside_it() {
    for shape in SHAPES {
        let guide = guide(&shape);
        let requests = requests();
        let together = guide.generate_all(requests.clone(), None);
        for (request, text) in requests.iter().zip(&together) {
            let text = text.as_ref().unwrap();
            assert_eq!(text, &alone(&guide, request), "{}", shape.architecture);
        }
        assert!(together.iter().any(|text| text.as_ref().unwrap().sampled > 5));
    }
}

#[test]
fn texts_that_join_late_or_leave_change_nothing_for_the_others() {
    let guide = guide(&GEMMA);
    let requests = requests();
    let mut batch = Batch::new(&guide, None);
    let mut done = Vec::new();
    let mut coming = requests.iter().enumerate().rev();
    for step in 0.. {
        if step % 2 == 0
            && let Some((key, request)) = coming.next()
        {
            batch.join(key, request.clone()).unwrap();
            // A caller that goes away at once, in the middle of everything.
            batch.join(100 + key, request.clone()).unwrap();
        }
        if step % 3 == 0 {
            batch.retain(|key| *key < 100);
        }
        done.extend(batch.step().into_iter().filter(|(key, _)| *key < 100));
        if batch.is_empty() && done.len() == requests.len() {
            break;
        }
    }
    done.sort_by_key(|(key, _)| *key);
    for (request, (_, text)) in requests.iter().zip(done) {
        assert_eq!(text.unwrap(), alone(&guide, request));
    }
}

#[test]
fn threads_that_share_a_model_say_the_same() {
    let guide = guide(&QWEN3);
    let requests = requests();
    let one = guide.generate_all(requests.clone(), None);
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..3).map(|_| scope.spawn(|| guide.generate_all(requests.clone(), None))).collect();
        for thread in threads {
            for (a, b) in thread.join().unwrap().iter().zip(&one) {
                assert_eq!(a.as_ref().unwrap(), b.as_ref().unwrap());
            }
        }
    });
}

#[test]
fn a_shared_beginning_is_as_good_as_its_tokens() {
    for shape in SHAPES {
        let guide = guide(&shape);
        let shared = tokens(41, 99);
        let prefix = Arc::new(guide.model().prefill(&shared).unwrap());
        for request in requests() {
            let whole = [shared.clone(), request.prompt.clone()].concat();
            let plain = Request { prompt: whole, ..request.clone() };
            let shared = Request { prefix: Some(prefix.clone()), ..request };
            assert_eq!(alone(&guide, &plain), alone(&guide, &shared), "{}", shape.architecture);
        }
    }
}

#[test]
fn memory_comes_back_when_texts_end_or_are_dropped() {
    let guide = guide(&LLAMA);
    let model = guide.model();
    let all = model.cache_tokens_left();
    assert_eq!(all, model.cache_tokens());
    let mut batch = Batch::new(&guide, None);
    for (key, request) in requests().into_iter().enumerate() {
        batch.join(key, request).unwrap();
    }
    batch.step();
    assert!(model.cache_tokens_left() < all);
    batch.retain(|_| false);
    assert_eq!(model.cache_tokens_left(), all);
    drop(guide.generate_all(requests(), None));
    assert_eq!(model.cache_tokens_left(), all);
}

#[test]
fn too_little_memory_delays_texts_and_does_not_change_them() {
    let (_dir, path) = tiny::file(&LLAMA);
    let roomy = guide(&LLAMA);
    let page = roomy.model().cache_tokens();
    // Room for 25 pages: the longest request alone takes up to 22.
    let bytes = (1 << 30) / (page / 16) * 26;
    let tight = Arc::new(TextModel::load_with(&path, bytes).unwrap());
    assert!((350..500).contains(&tight.cache_tokens()), "{}", tight.cache_tokens());
    let tight = Guide::new(&tight).unwrap();
    for (a, b) in
        tight.generate_all(requests(), None).iter().zip(roomy.generate_all(requests(), None))
    {
        assert_eq!(a.as_ref().unwrap(), &b.unwrap());
    }
    let long = Request { prompt: tokens(500, 1), ..requests()[2].clone() };
    let refused = tight.generate_all(vec![long], None).pop().unwrap();
    let full = matches!(&refused, Err(GenerateError::Text(TextError::CacheFull { .. })));
    assert!(full, "{refused:?}");
}

#[test]
fn what_cannot_be_generated_is_an_error_of_that_text_alone() {
    let guide = guide(&Shape { context: 64, ..GEMMA });
    let good = Request { prompt: tokens(9, 1), ..requests()[0].clone() };
    let empty = Request { prompt: Vec::new(), ..good.clone() };
    let long = Request { prompt: tokens(65, 1), ..good.clone() };
    let unknown = Request { prompt: vec![9_999_999], ..good.clone() };
    let bad = Request { grammar: Some(Grammar::lark("start: nowhere")), ..good.clone() };
    let nothing = Grammar::lark("start: NO\nNO: /a/ & /b/");
    let nothing = Request { grammar: Some(nothing), ..good.clone() };
    let all = vec![good.clone(), empty, long, unknown, bad, nothing, good];
    let results = guide.generate_all(all, None);
    assert!(matches!(results[1], Err(GenerateError::Text(TextError::Empty))));
    let full = TextError::ContextFull { tokens: 65, context: 64 };
    assert_eq!(results[2].as_ref().unwrap_err().to_string(), full.to_string());
    let id = matches!(results[3], Err(GenerateError::Text(TextError::UnknownToken(9_999_999))));
    assert!(id, "{:?}", results[3]);
    assert!(matches!(results[4], Err(GenerateError::Grammar(_))));
    assert!(results[5].is_err(), "{:?}", results[5]);
    assert_eq!(results[0].as_ref().unwrap(), results[6].as_ref().unwrap());
}

#[test]
fn a_text_ends_with_the_context_at_the_latest() {
    let guide = guide(&Shape { context: 40, ..LLAMA });
    let options = Options { max_tokens: 1000, sampling: Sampling::Greedy };
    let grammar = Some(Grammar::regex("[a-z]{100}"));
    let request = Request { prefix: None, prompt: tokens(30, 1), grammar, options };
    let text = alone(&guide, &request);
    assert_eq!((text.tokens.len(), text.stop), (10, Stop::Limit));
}

#[test]
fn a_shortlist_narrows_only_what_is_weighed() {
    for shape in SHAPES {
        let guide = guide(&shape);
        let list = Arc::new(guide.model().shortlist("áờ", 200));
        let size = guide.model().tokenizer().size();
        assert!((150..size).contains(&list.len()), "{} of {size}", list.len());
        assert!(list.has(guide.model().tokenizer().end()));
        for request in requests() {
            let text =
                guide.generate_all(vec![request.clone()], Some(&list)).pop().unwrap().unwrap();
            let plain = alone(&guide, &request);
            if request.grammar.is_none() {
                assert!(text.tokens.iter().all(|token| list.has(*token)));
            }
            if plain.sampled == 0 {
                assert_eq!(text, plain, "what is forced needs no list");
            }
        }
    }
}
