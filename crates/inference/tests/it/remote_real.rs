//! A real server that is not ours: the one that llama-cpp-python brings.
//!
//! `COTMOC_PEER_PYTHON` names a Python in which `llama-cpp-python[server]` is installed (see
//! `eval/inference`). Skipped, loudly, without it or without the models.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use inference::generate::{Grammar, Options, Sampling, Stop};
use inference::remote::{Remote, RemoteError, Settings};
use inference::score::score;
use inference::serve::{Handle, Lane, Prompt, Question, Reading, Role, ServeError, Turn};
use inference::text::TextModel;
use tokio::net::TcpStream;
use tokio::runtime;

const GEMMA: &str = "gemma-3-270m/gemma-3-270m-q4_k_m.gguf";
const SMOLLM: &str = "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";

/// The server, which ends when this is dropped.
struct Peer {
    child: Child,
    url: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn model(file: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../var/models");
    let dir = std::env::var_os("COTMOC_MODELS__DIR").map_or(root, PathBuf::from);
    Some(dir.join(file)).filter(|path| path.is_file())
}

impl Peer {
    /// The server with the model in `file`, or nothing where one of the two is not there.
    async fn with(file: &str, options: &[&str]) -> Option<(Self, PathBuf)> {
        let (python, path) = (std::env::var_os("COTMOC_PEER_PYTHON"), model(file));
        let (Some(python), Some(path)) = (python, path) else {
            eprintln!("SKIPPED: set COTMOC_PEER_PYTHON, and COTMOC_MODELS__DIR where `{file}` is");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(python)
            .args(["-m", "llama_cpp.server", "--host", "127.0.0.1", "--n_threads", "2"])
            .args(["--model".as_ref(), path.as_os_str()])
            .args(["--port", &port.to_string()])
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let peer = Self { child, url: format!("http://127.0.0.1:{port}/v1") };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(began.elapsed() < Duration::from_mins(2), "the peer does not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some((peer, path))
    }

    /// With the chances as the model has them: its own defaults bend them.
    fn remote(&self) -> Remote {
        let extra = r#"{"repeat_penalty": 1.0, "top_k": 0, "min_p": 0.0}"#;
        let extra = serde_json::from_str(extra).unwrap();
        let settings = Settings { extra, ..Settings::of(&self.url, "any") };
        Remote::new(settings, runtime::Handle::current(), Instant::now).unwrap()
    }
}

fn question(prompt: Prompt) -> Question {
    let options = Options { max_tokens: 8, sampling: Sampling::Greedy };
    Question { prompt, grammar: None, options, lane: Lane::Interactive, deadline: None }
}

#[tokio::test]
async fn a_foreign_server_continues_and_judges_texts_as_we_do() {
    let options = ["--n_ctx", "128", "--n_batch", "128", "--logits_all", "true"];
    let Some((peer, path)) = Peer::with(GEMMA, &options).await else { return };
    let there = Handle::from(peer.remote());
    let ours = TextModel::load(&path).unwrap();
    let before = "Thủ tục đăng ký khai sinh: cha, mẹ";
    let prompt = Prompt::Text { shared: before.to_owned(), own: String::new() };

    let far = there.ask(question(prompt.clone())).unwrap().await.unwrap();
    assert_eq!((far.stop, far.output_tokens, far.tokens.len()), (Stop::Limit, 8, 8));
    let prefix = ours.prefill(&ours.tokenizer().encode_start(before).unwrap()).unwrap();
    // Two engines may choose otherwise where two words are nearly as likely, but they agree on how
    // likely what was chosen is.
    let near = score(&ours, &prefix, &[&far.text]).unwrap()[0].mean();
    let there_says = far.likelihood.unwrap();
    println!("{:?}: there {there_says:.3} a token, here {near:.3}", far.text);
    assert!((there_says / near - 1.0).abs() < 0.05);

    let texts = [" phải nộp tờ khai.", " phải nộp tờ tờ khai.", " phai nop to khai."];
    let reading = Reading {
        before: before.to_owned(),
        texts: texts.map(str::to_owned).to_vec(),
        lane: Lane::Bulk,
        deadline: None,
    };
    let read = there.read(reading).unwrap().await.unwrap();
    for (read, near) in read.iter().zip(score(&ours, &prefix, &texts).unwrap()) {
        let far: f64 = read.iter().map(|it| it.log_probability.unwrap()).sum();
        println!("{} tokens: there {far:.3}, here {:.3}", read.len(), near.log_probability);
        assert_eq!(read.len(), near.tokens);
        assert!((far / near.log_probability - 1.0).abs() < 0.05);
    }

    // It does not know this form of a grammar, and its text is not taken for one that matches.
    let grammar = Some(Grammar::regex("[0-9]{5}"));
    let options = Options { max_tokens: 20, sampling: Sampling::Greedy };
    let far = there.ask(Question { grammar, options, ..question(prompt) }).unwrap().await;
    let unfit = matches!(far, Err(ServeError::Remote(RemoteError::Unfit)));
    assert!(unfit || far.as_ref().is_ok_and(|it| it.stop == Stop::Limit), "{far:?}");
    println!("{:?}", there.figures());
}

#[tokio::test]
async fn a_foreign_server_converses_and_what_are_no_vectors_of_texts_is_told() {
    let options = ["--n_ctx", "512", "--embedding", "true"];
    let Some((peer, _)) = Peer::with(SMOLLM, &options).await else { return };
    // It tells chances only where it keeps all scores.
    let settings = Settings { chances: false, ..Settings::of(&peer.url, "any") };
    let there = Remote::new(settings, runtime::Handle::current(), Instant::now).unwrap();
    let turns = vec![Turn { role: Role::User, text: "Name the capital of Vietnam.".to_owned() }];
    let options = Options { max_tokens: 40, sampling: Sampling::Greedy };
    let asked = Question { options, ..question(Prompt::Turns(turns)) };
    let far = there.ask(asked).unwrap().await.unwrap();
    println!("{:?}", far.text);
    assert!(far.text.contains("Hanoi") && far.stop == Stop::Complete);
    assert!(far.output_tokens > 0 && far.tokens.is_empty() && far.likelihood.is_none());
    // Of a text model it gives a vector for each token, and none of the text.
    let texts = vec!["khai sinh".to_owned(), "birth registration".to_owned()];
    let error = there.embed(texts, Lane::Interactive, None).unwrap().await.unwrap_err();
    let none = matches!(&error, ServeError::Remote(RemoteError::Unreadable("no vectors")));
    assert!(none, "{error}");
}
