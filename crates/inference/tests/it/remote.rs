//! What another server may do wrong, done by a listener that is told what to answer: no real
//! server misbehaves on demand. The real ones are asked where the program is there to start them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use inference::generate::{Grammar, Stop};
use inference::remote::{Remote, RemoteError, Settings, SetupError};
use inference::serve::{Handle, Lane, Prompt, Question, Reading, Refused, Role, ServeError, Turn};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::JoinSet;

use crate::serve_tiny;

/// A listener that answers each request with the next text, and nothing when there is none left.
struct Scripted {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
    _at_work: JoinSet<()>,
}

impl Scripted {
    async fn new(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut at_work = JoinSet::new();
        let answers = answers.to_vec();
        let hearing = Arc::clone(&heard);
        at_work.spawn(async move {
            let mut answers = answers.into_iter();
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = request(&mut stream).await;
                hearing.lock().unwrap().push(request);
                if let Some(answer) = answers.next() {
                    stream.write_all(answer.as_bytes()).await.ok();
                    stream.shutdown().await.ok();
                } else {
                    open.push(stream);
                }
            }
        });
        Self { address, heard, _at_work: at_work }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn remote(&self) -> Remote {
        remote(self.settings())
    }

    fn settings(&self) -> Settings {
        Settings::of(&self.address, "tiny")
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.unwrap();
        bytes.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ").map(|it| it.parse::<usize>().unwrap())
        });
        if count == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

fn remote(settings: Settings) -> Remote {
    Remote::new(settings, runtime::Handle::current(), Instant::now).unwrap()
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

fn ok(body: &str) -> String {
    http("200 OK", "", body)
}

fn completion(text: &str) -> String {
    ok(&format!(
        r#"{{"choices":[{{"text":"{text}","finish_reason":"stop","logprobs":
        {{"tokens":["kh","ai"],"token_logprobs":[-0.5,0.0],"text_offset":[40,42]}}}}],
        "usage":{{"prompt_tokens":7,"completion_tokens":2}}}}"#
    ))
}

fn question() -> Question {
    Question { grammar: None, ..serve_tiny::question(Lane::Interactive, 9) }
}

fn remote_error(error: ServeError) -> RemoteError {
    let ServeError::Remote(error) = error else { unreachable!("another error: {error}") };
    error
}

#[tokio::test]
async fn a_text_is_asked_for_and_its_tokens_come_with_it() {
    let server = Scripted::new(&[completion("khai")]).await;
    let settings = Settings {
        key: Some("a key".to_owned()),
        extra: serde_json::from_str(r#"{"cache_prompt":true}"#).unwrap(),
        ..server.settings()
    };
    let handle = Handle::from(remote(settings));
    let written = handle.ask(question()).unwrap().await.unwrap();
    assert_eq!((written.text.as_str(), written.stop), ("khai", Stop::Complete));
    assert_eq!((written.input_tokens, written.output_tokens), (7, 2));
    assert_eq!(written.likelihood, Some(-0.5));
    assert_eq!(written.tokens[1].bytes, b"ai");
    let heard = server.heard().pop().unwrap();
    assert!(heard.starts_with("POST /v1/completions "), "{heard}");
    assert!(heard.contains("authorization: Bearer a key"), "{heard}");
    let body: serde_json::Value =
        serde_json::from_str(heard.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["prompt"], "khai sinh khai");
    assert_eq!((&body["model"], &body["cache_prompt"]), (&"tiny".into(), &true.into()));
    let figures = handle.figures();
    assert_eq!((figures.input_tokens, figures.output_tokens, figures.answered), (7, 2, 1));
    assert_eq!(figures.model, "tiny");
}

#[tokio::test]
async fn a_conversation_goes_to_chat_completions_and_its_grammar_with_it() {
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"{\"a\": 1}"},
        "finish_reason":"stop","logprobs":{"content":[{"token":"x","logprob":-1.0,"bytes":[120]}]}}]}"#;
    let server = Scripted::new(&[ok(body)]).await;
    let turns = vec![Turn { role: Role::User, text: "khai".to_owned() }];
    let schema = serde_json::json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let grammar = Some(Grammar::json_schema(schema));
    let asked = Question { prompt: Prompt::Turns(turns), grammar, ..question() };
    let written = server.remote().ask(asked).unwrap().await.unwrap();
    assert_eq!(written.text, r#"{"a": 1}"#);
    assert_eq!(written.tokens[0].log_probability, Some(-1.0));
    let heard = server.heard().pop().unwrap();
    assert!(heard.starts_with("POST /v1/chat/completions "), "{heard}");
    assert!(heard.contains(r#""messages":[{"role":"user","content":"khai"}]"#), "{heard}");
    assert!(heard.contains(r#""response_format":{"type":"json_schema""#), "{heard}");
}

#[tokio::test]
async fn what_does_not_match_the_grammar_is_not_taken() {
    let server = Scripted::new(&[completion("khai"), completion("khai")]).await;
    let with = |regex| Question { grammar: Some(Grammar::regex(regex)), ..question() };
    let handle = server.remote();
    assert_eq!(handle.ask(with("[a-k]+")).unwrap().await.unwrap().text, "khai");
    let error = handle.ask(with("[a-z]{3}")).unwrap().await.unwrap_err();
    assert_eq!(remote_error(error), RemoteError::Unfit);
    assert!(server.heard()[0].contains(r#""structured_outputs":{"regex":"[a-k]+"}"#));
}

#[tokio::test]
async fn a_server_with_too_much_to_do_is_asked_again_until_the_deadline() {
    let busy = http("429 Too Many Requests", "retry-after: 0\r\n", "");
    let later = http("503 Service Unavailable", "retry-after: 3600\r\n", "");
    let server = Scripted::new(&[busy.clone(), busy, completion("khai")]).await;
    assert_eq!(server.remote().ask(question()).unwrap().await.unwrap().text, "khai");
    assert_eq!(server.heard().len(), 3);

    // There is no use in waiting for longer than the answer is wanted.
    let server = Scripted::new(&[later]).await;
    let began = Instant::now();
    let error = server.remote().ask(question()).unwrap().await.unwrap_err();
    assert_eq!(remote_error(error), RemoteError::Overloaded);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_until_the_deadline() {
    let server = Scripted::new(&[]).await;
    let deadline = Some(Instant::now() + Duration::from_millis(200));
    let handle = server.remote();
    let error = handle.ask(Question { deadline, ..question() }).unwrap().await.unwrap_err();
    assert!(matches!(error, ServeError::Late), "{error}");
    let patient = Settings { patience: Duration::from_millis(200), ..server.settings() };
    let error = remote(patient).ask(question()).unwrap().await.unwrap_err();
    assert!(matches!(error, ServeError::Late), "{error}");
    assert_eq!(handle.figures().late, 1);
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_without_what_it_says() {
    let told = r#"{"error":{"message":"khai sinh khai is odd","type":"invalid_request_error","code":null}}"#;
    let sentence = r#"{"error":{"message":"m","type":"khai sinh khai"}}"#;
    let cases = [
        (http("400 Bad Request", "", told), "answered 400 (invalid_request_error)"),
        (http("422 Unprocessable", "", sentence), "answered 422"),
        (http("302 Found", "location: http://127.0.0.1:1/\r\n", ""), "answered 302"),
        (ok("khai"), "no JSON"),
        (ok("{}"), "no choices"),
        (ok(r#"{"choices":[]}"#), "no choice"),
        (ok(r#"{"choices":[{"text":"khai"}]}"#), "no reason why"),
        (ok(r#"{"choices":[{"finish_reason":"stop"}]}"#), "no text"),
        (ok(&"[".repeat(2000)), "no JSON"),
        (ok(&"khai".repeat(2000)), "more than 4096 bytes"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned(), "broke off"),
        ("khai khai khai\r\n\r\n".to_owned(), "broke off"),
    ];
    for (answer, expected) in cases {
        let server = Scripted::new(&[answer]).await;
        let settings = Settings { longest: 4096, ..server.settings() };
        let error = remote(settings).ask(question()).unwrap().await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("khai"), "{expected}: {error}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = remote(Settings::of(&format!("http://{nobody}/v1/"), "tiny"));
    let error = remote_error(gone.ask(question()).unwrap().await.unwrap_err());
    assert_eq!(error, RemoteError::Unreachable("no connection"));
}

#[tokio::test]
async fn who_goes_away_hangs_up_and_frees_the_place() {
    let server = Scripted::new(&[]).await;
    let handle = remote(Settings { at_once: 1, queue: 1, ..server.settings() });
    let mut first = handle.ask(question()).unwrap();
    let second = handle.ask(question()).unwrap();
    assert_eq!(handle.ask(question()).unwrap_err(), Refused::Overloaded { waiting: 1 });
    assert_eq!(handle.figures().waiting, 1);
    let soon = tokio::time::timeout(Duration::from_millis(200), &mut first).await;
    assert!(soon.is_err());
    assert_eq!(server.heard().len(), 1);
    drop(first);
    let soon = tokio::time::timeout(Duration::from_millis(200), second).await;
    assert!(soon.is_err());
    assert_eq!(server.heard().len(), 2);
    let figures = handle.figures();
    assert_eq!((figures.refused, figures.cancelled, figures.waiting), (1, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_can_wait_too() {
    let server = Scripted::new(&[completion("khai")]).await;
    let answer = server.remote().ask(question()).unwrap();
    let text = tokio::task::spawn_blocking(|| answer.wait()).await.unwrap().unwrap().text;
    assert_eq!(text, "khai");
}

#[tokio::test]
async fn the_tokens_of_a_text_are_those_after_the_border() {
    let echoed = |offsets: &str| {
        ok(&format!(
            r#"{{"choices":[{{"text":"à khai sinh.","finish_reason":"length","logprobs":{{
            "tokens":["à"," khai"," si","nh","."],"text_offset":{offsets},
            "token_logprobs":[null,-1.0,-2.0,-0.5,-3.0]}}}}]}}"#
        ))
    };
    let server =
        Scripted::new(&[echoed("[0,1,6,9,11]"), echoed("[0,1,5,9,11]"), completion("khai")]).await;
    let handle = Handle::from(server.remote());
    let reading = || Reading {
        before: "à khai".to_owned(),
        texts: vec![" sinh".to_owned()],
        lane: Lane::Bulk,
        deadline: None,
    };
    let read = handle.read(reading()).unwrap().await.unwrap();
    let chances: Vec<_> = read[0].iter().map(|it| it.log_probability).collect();
    assert_eq!(chances, [Some(-2.0), Some(-0.5)]);
    for expected in ["border", "no chances"] {
        let error = handle.read(reading()).unwrap().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn there_is_one_sound_vector_for_each_text() {
    let data = |data: &str| ok(&format!(r#"{{"data":[{data}],"usage":{{"prompt_tokens":4}}}}"#));
    let (one, two) = (r#"{"index":0,"embedding":[1,0]}"#, r#"{"index":1,"embedding":[0.5,0.5]}"#);
    let short = r#"{"index":1,"embedding":[0.5]}"#;
    let server = Scripted::new(&[
        data(&format!("{two},{one}")),
        data(one),
        data(&format!("{one},{one}")),
        data(&format!("{one},{short}")),
        data(r#"{"index":0,"embedding":[1e60,0]},{"index":1,"embedding":[1,0]}"#),
    ])
    .await;
    let handle = server.remote();
    let texts = || vec!["query: a".to_owned(), "query: b".to_owned()];
    let vectors = handle.embed(texts(), Lane::Interactive, None).unwrap().await.unwrap();
    assert_eq!(vectors, [[1.0, 0.0], [0.5, 0.5]]);
    for _ in 0..4 {
        let error = handle.embed(texts(), Lane::Bulk, None).unwrap().await.unwrap_err();
        assert!(matches!(remote_error(error), RemoteError::Unreadable(_)));
    }
}

#[tokio::test]
async fn hosts_outside_are_refused_unless_allowed() {
    let new = |url: &str, public| {
        let settings = Settings { public, ..Settings::of(url, "m") };
        Remote::new(settings, runtime::Handle::current(), Instant::now)
    };
    for outside in ["https://1.1.1.1/v1", "http://[2400:cb00::1]/v1", "http://0.0.0.0:1/v1"] {
        assert!(matches!(new(outside, false), Err(SetupError::Outside)), "{outside}");
        assert!(new(outside, true).is_ok(), "{outside}");
    }
    for none in ["", "10.0.0.1:80", "ftp://10.0.0.1/", "file:///v1"] {
        assert!(matches!(new(none, true), Err(SetupError::Address)), "{none}");
    }
    for inside in ["http://127.0.0.1/v1", "http://10.0.0.1:80", "http://a-name:80/v1"] {
        assert!(new(inside, false).is_ok(), "{inside}");
    }
    let shown = format!("{:?}", new("http://user:secret@10.0.0.1/v1", false).unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}
