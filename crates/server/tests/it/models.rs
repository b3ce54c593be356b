//! The models of this machine, asked by other programs: over real HTTP, by the client that we ask
//! other servers with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use inference::embed::Embedder;
use inference::generate::{Grammar, Guide, Options, Sampling};
use inference::remote::{self, Remote, RemoteError};
use inference::serve::{
    Handle, Lane, Prompt, Question, Reading, Role, ServeError, Served, Settings, Turn, Workers,
};
use inference::text::TextModel;
use serde_json::{Value, json};
use server::http;
use server::models::Models;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::JoinSet;
use writer::{Ask, ServedModel, Wording as _};

use crate::http::{get_with, post};
use crate::support::{Answer, Site};
use crate::tiny::{self, GEMMA, LLAMA, Shape};

pub(crate) const PATHS: [&str; 4] =
    ["/v1/models", "/v1/completions", "/v1/chat/completions", "/v1/embeddings"];

/// An error in the form that clients of OpenAI's API read.
pub(crate) fn assert_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], code, "{error}");
    assert!(error["message"].is_string() && error["type"].is_string());
}

/// A tiny model, its workers' handle, and a site that offers it. No other model is there.
async fn tiny_site(settings: Settings) -> (Site, Handle) {
    site_of(&LLAMA, settings).await
}

async fn site_of(shape: &Shape, settings: Settings) -> (Site, Handle) {
    let (folder, path) = tiny::file(shape);
    let model = Arc::new(TextModel::load(&path).unwrap());
    let guide = Arc::new(Guide::new(&model).unwrap());
    let served = Served { name: "tiny".into(), guide, shortlist: None };
    let workers = Workers::start(served, settings, Instant::now).unwrap();
    let handle = workers.handle();
    let models = Models::at_work(folder.path().join("none"), "tiny", workers);
    (Site::offering(models).await, handle)
}

/// The site at an address, as long as this is held.
struct Listening {
    url: String,
    key: String,
    _at_work: JoinSet<()>,
}

impl Listening {
    async fn new(site: &Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (state, key) = (site.state.clone(), site.key(&["models"]).await);
        let mut at_work = JoinSet::new();
        at_work.spawn(async move {
            http::serve(listener, state, 100, std::future::pending()).await.unwrap();
        });
        Self { url, key, _at_work: at_work }
    }

    fn remote(&self, model: &str) -> Remote {
        let settings = remote::Settings {
            key: Some(self.key.clone()),
            ..remote::Settings::of(&self.url, model)
        };
        Remote::new(settings, runtime::Handle::current(), Instant::now).unwrap()
    }
}

fn question(tokens: usize) -> Question {
    let prompt = Prompt::Text { shared: "khai ".to_owned(), own: "sinh".to_owned() };
    let options = Options { max_tokens: tokens, sampling: Sampling::Greedy };
    Question { prompt, grammar: None, options, lane: Lane::Interactive, deadline: None }
}

#[tokio::test]
async fn a_handle_far_away_answers_as_the_one_here() {
    let (site, here) = tiny_site(Settings::default()).await;
    let listening = Listening::new(&site).await;
    let there = Handle::from(listening.remote("tiny"));
    let schema = json!({"type": "object", "properties": {"a": {"type": "boolean"}},
        "required": ["a"], "additionalProperties": false});
    let turns = vec![
        Turn { role: Role::System, text: "khai".to_owned() },
        Turn { role: Role::User, text: "sinh".to_owned() },
    ];
    let random =
        Options { max_tokens: 9, sampling: Sampling::Random { temperature: 0.8, seed: 7 } };
    let questions = [
        question(12),
        Question { lane: Lane::Bulk, options: random, ..question(9) },
        Question { grammar: Some(Grammar::regex("[a-z]{5}")), ..question(40) },
        Question { grammar: Some(Grammar::lark("start: \"khai \" /[0-9]{3}/")), ..question(40) },
        Question { grammar: Some(Grammar::json_schema(schema)), ..question(60) },
        Question { prompt: Prompt::Turns(turns), ..question(12) },
    ];
    for question in questions {
        // Marks between tokens lie where the whole prompt has them, so here it is asked whole.
        let prompt = match question.prompt.clone() {
            Prompt::Text { shared, own } => {
                Prompt::Text { shared: String::new(), own: shared + &own }
            }
            turns @ Prompt::Turns(_) => turns,
        };
        let near = here.ask(Question { prompt, ..question.clone() }).unwrap().await.unwrap();
        let far = there.ask(question).unwrap().await.unwrap();
        assert_eq!((&far.text, far.stop), (&near.text, near.stop));
        assert_eq!((far.input_tokens, far.output_tokens), (near.input_tokens, near.output_tokens));
        let chances = |tokens: &[inference::serve::Token]| {
            tokens.iter().map(|it| it.log_probability).collect::<Vec<_>>()
        };
        assert_eq!(chances(&far.tokens), chances(&near.tokens));
        assert!((far.likelihood.unwrap() - near.likelihood.unwrap()).abs() < 1e-9);
    }
    let reading = Reading {
        before: "khai".to_owned(),
        texts: vec![" sinh con".to_owned(), " 12 khai".to_owned()],
        lane: Lane::Bulk,
        deadline: None,
    };
    let near = here.read(reading.clone()).unwrap().await.unwrap();
    let far = there.read(reading).unwrap().await.unwrap();
    for (near, far) in near.iter().zip(&far) {
        let sum = |it: &[inference::serve::Token]| -> f64 {
            it.iter().filter_map(|it| it.log_probability).sum()
        };
        assert_eq!(near.len(), far.len());
        assert!((sum(near) - sum(far)).abs() < 1e-4, "{near:?} {far:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_by_name() {
    let (site, _) = tiny_site(Settings::default()).await;
    let key = site.key(&["models"]).await;
    let with = |more: Value| {
        let mut body = json!({"model": "tiny", "prompt": "khai"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("/v1/completions", body)
    };
    let chat =
        |messages: Value| ("/v1/chat/completions", json!({"model": "tiny", "messages": messages}));
    let embed = |model: &str| ("/v1/embeddings", json!({"model": model, "input": "khai"}));
    for ((path, body), code, named) in [
        (with(json!({"prompt": ""})), "empty_prompt", "prompt"),
        (with(json!({"prompt": ["a", "b"]})), "invalid_request", "OneText"),
        (with(json!({"prompt": "khai ".repeat(900)})), "context_length_exceeded", "context of 600"),
        (with(json!({"prompt": "k".repeat(2_000_000)})), "context_length_exceeded", "bytes"),
        (with(json!({"model": "gpt"})), "model_not_found", "`tiny`"),
        (with(json!({"stream": true})), "unsupported_parameter", "`stream`"),
        (with(json!({"n": 2})), "unsupported_parameter", "`n`"),
        (with(json!({"top_p": 0.5})), "unsupported_parameter", "`top_p`"),
        (with(json!({"stop": ["x"]})), "unsupported_parameter", "`stop`"),
        (with(json!({"top_k": 40})), "unsupported_parameter", "`top_k`"),
        (with(json!({"logprobs": 5})), "unsupported_parameter", "`logprobs`"),
        (with(json!({"max_tokens": 0})), "invalid_request", "`max_tokens`"),
        (with(json!({"max_tokens": -1})), "invalid_request", "-1"),
        (with(json!({"temperature": 3})), "invalid_request", "`temperature`"),
        (with(json!({"structured_outputs": {"regex": "("}})), "invalid_grammar", "grammar"),
        (
            with(json!({"response_format": {"type": "json_object"}})),
            "invalid_request",
            "json_object",
        ),
        (chat(json!([])), "empty_prompt", "`messages`"),
        (chat(json!([{"role": "user", "content": " "}])), "empty_prompt", "`messages`"),
        (chat(json!([{"role": "tool", "content": "x"}])), "invalid_request", "tool"),
        (chat(json!([{"role": "user", "content": "x", "name": "y"}])), "invalid_request", "name"),
        (embed("tiny"), "model_not_found", "no such model"),
    ] {
        let answer = site.send(post(path, &key, "application/json", body.to_string())).await;
        let status = if code == "model_not_found" { 404 } else { 400 };
        assert_error(&answer, status, code);
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(named), "{named}: {message}");
    }
    for (body, status) in [("{", 400), ("[]", 400), ("", 400)] {
        let answer = site.send(post("/v1/completions", &key, "application/json", body)).await;
        assert_error(&answer, status, "invalid_request");
    }
    let answer = site.send(post("/v1/completions", &key, "text/plain", "khai")).await;
    assert_error(&answer, 415, "invalid_request");
    // What asks for nothing is no reason to refuse.
    let (path, body) =
        with(json!({"stop": [], "stream": false, "n": 1, "tools": null, "user": "u"}));
    let answer = site.send(post(path, &key, "application/json", body.to_string())).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!(answer.json()["choices"][0]["logprobs"], Value::Null);
}

#[tokio::test]
async fn models_are_offered_where_the_settings_say_so_and_to_keys_with_the_scope() {
    let silent = Site::demo().await;
    let key = silent.key(&["models"]).await;
    assert_error(&silent.send(get_with("/v1/models", &key)).await, 404, "not_served");
    let (site, _) = tiny_site(Settings::default()).await;
    let (other, key) = (site.key(&["events"]).await, site.key(&["models", "metrics"]).await);
    assert_error(&site.send(get_with("/v1/models", &other)).await, 403, "scope_missing");
    let list = site.send(get_with("/v1/models", &key)).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], "tiny");
    let body = json!({"model": "tiny", "prompt": "khai", "temperature": 0});
    site.send(post("/v1/completions", &key, "application/json", body.to_string())).await;
    let metrics = site.send(get_with("/metrics", &key)).await.text;
    for line in [
        "gen_ai_client_token_usage_total{gen_ai_request_model=\"tiny\",gen_ai_token_type=\"output\"} 16\n",
        "cotmoc_model_questions_total{gen_ai_request_model=\"tiny\",outcome=\"answered\"} 1\n",
        "cotmoc_queue_limit 1000000\n",
    ] {
        assert!(metrics.contains(line), "no `{line}` in\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n") && metrics.matches("# EOF").count() == 1);
}

#[tokio::test]
async fn a_full_queue_is_told_and_who_hangs_up_frees_the_place() {
    let settings = Settings { batch: 1, queue: 1, ..Settings::default() };
    // So deep that a long text takes it seconds.
    let (site, here) = site_of(&Shape { layers: 60, ..GEMMA }, settings).await;
    let listening = Listening::new(&site).await;
    let there = listening.remote("tiny");
    let long = || Question { grammar: Some(Grammar::regex("[a-z]{580}")), ..question(590) };
    let (mut first, mut second) = (there.ask(long()).unwrap(), there.ask(long()).unwrap());
    let soon = Duration::from_millis(20);
    while here.figures().steps == 0 {
        assert!(tokio::time::timeout(soon, &mut first).await.is_err());
    }
    while here.figures().waiting == 0 {
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
    }
    let deadline = Some(Instant::now() + Duration::from_millis(500));
    let hasty = there.ask(Question { deadline, ..question(3) }).unwrap().await.unwrap_err();
    assert!(matches!(hasty, ServeError::Remote(RemoteError::Overloaded)), "{hasty}");
    drop((first, second));
    // It is asked again after the second that the server names.
    there.ask(question(3)).unwrap().await.unwrap();
    assert!(here.figures().refused >= 1);
    assert_eq!(here.figures().cancelled, 2);
}

/// The folder of the real models, if the default one of `file` is there.
fn real(file: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("COTMOC_MODELS__DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../var/models"),
        PathBuf::from,
    );
    if dir.join(file).is_file() {
        return Some(dir);
    }
    eprintln!("SKIPPED: `{file}` is not there; pull the models first");
    None
}

fn models_in(dir: &Path) -> Arc<Models> {
    let settings = [("COTMOC_MODELS__DIR".to_owned(), dir.display().to_string())];
    Models::new(&server::config::Config::load(None, settings).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_worded_far_away_as_here() {
    let Some(dir) = real("gemma-3-270m/gemma-3-270m-q4_k_m.gguf") else { return };
    let models = models_in(&dir);
    let config = server::config::Config::load(None, []).unwrap();
    let here = models.wording(&config.remote, &runtime::Handle::current()).unwrap();
    let site = Site::offering(Arc::clone(&models)).await;
    let listening = Listening::new(&site).await;
    let there = ServedModel::new(listening.remote("gemma-3-270m").into(), String::new());
    let (here, there) = tokio::task::spawn_blocking(move || {
        let ask = Ask {
            shared: "Thư báo của cơ quan hộ tịch.\n\n",
            own: "Thư:\n",
            grammar: r#"start: "Kính gửi {recipient}, " /[a-zà-ỹ ]{20,60}/ "." (" Xin " ("mời" | "đề nghị") " ông bà" /[a-zà-ỹ ]{5,20}/ ".")?"#,
            samples: 2,
            seed: 0,
        };
        (here.word(&ask).unwrap(), there.word(&ask).unwrap())
    })
    .await
    .unwrap();
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(&there) {
        assert_eq!(here.text, there.text);
        assert!((here.likelihood - there.likelihood).abs() < 1e-6, "{here:?} {there:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_made_far_away_are_those_made_here() {
    let folder = "multilingual-e5-small";
    let Some(dir) = real("multilingual-e5-small/e5-small-q4.bin") else { return };
    let embedder = Embedder::load(&dir.join(folder)).unwrap();
    let site = Site::offering(models_in(&dir)).await;
    let listening = Listening::new(&site).await;
    let texts = ["query: khai sinh", "passage: Đăng ký khai sinh", "Tuyển sinh lớp 1"];
    let far = listening
        .remote(folder)
        .embed(texts.map(str::to_owned).to_vec(), Lane::Interactive, None)
        .unwrap()
        .await
        .unwrap();
    assert_eq!(far[..1], embedder.embed_queries(&["khai sinh"]).unwrap());
    let passages = ["Đăng ký khai sinh", "Tuyển sinh lớp 1"];
    for (far, near) in far[1..].iter().zip(embedder.embed_passages(&passages).unwrap()) {
        let cosine: f32 = far.iter().zip(&near).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.9999, "{cosine}");
    }
    let key = &listening.key;
    let body = json!({"model": folder, "input": texts[0], "encoding_format": "base64"});
    let answer = site.send(post("/v1/embeddings", key, "application/json", body.to_string())).await;
    let text = answer.json()["data"][0]["embedding"].as_str().unwrap().to_owned();
    assert_eq!(text.len(), (far[0].len() * 4).div_ceil(3) * 4);
    let body = json!({"model": folder, "input": vec!["x"; 257]});
    let answer = site.send(post("/v1/embeddings", key, "application/json", body.to_string())).await;
    assert_error(&answer, 400, "input_too_long");
}
