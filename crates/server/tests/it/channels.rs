//! The channels against real servers of their protocols, in this process.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Clock, DeliveryId, FixedClock, Language, MessageId, SubjectId};
use engine::carrier::{Carrier as _, NotCarried, Parcel};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use server::channels::{Gateway, Mail, Webhook};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const MOMENT: i64 = 1_793_000_000;

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at(jiff::Timestamp::from_second(MOMENT).unwrap()))
}

fn parcel(address: Option<&str>) -> Parcel {
    Parcel {
        id: DeliveryId::of(&["d"]),
        message: MessageId::of(&["m"]),
        recipient: SubjectId::of(&["s"]),
        address: address.map(str::to_owned),
        language: Language::VI,
        title: "Hạn làm giấy khai sinh".to_owned(),
        text: "Ông/bà có 1 thông báo \"mới\".".to_owned(),
    }
}

/// An HTTP server that keeps what it is sent and answers with one status.
struct Sink {
    base: String,
    got: Arc<Mutex<Vec<(String, HeaderMap, String)>>>,
    _tasks: JoinSet<()>,
}

impl Sink {
    async fn answering(status: u16, headers: &[(&'static str, &'static str)]) -> Self {
        type Got = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;
        let got = Got::default();
        let headers = headers.to_vec();
        let keep = async move |State(got): State<Got>, uri: Uri, sent: HeaderMap, body: Bytes| {
            let body = String::from_utf8(body.to_vec()).unwrap();
            got.lock().unwrap().push((uri.path().to_owned(), sent, body));
            let mut answer: Response = StatusCode::from_u16(status).unwrap().into_response();
            for (name, value) in &headers {
                answer.headers_mut().insert(*name, value.parse().unwrap());
            }
            answer
        };
        let router = Router::new().fallback(keep).with_state(Arc::clone(&got));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, got, _tasks: tasks }
    }

    fn got(&self) -> Vec<(String, HeaderMap, String)> {
        self.got.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_webhook_is_signed_with_each_secret_and_a_repeat_is_the_same() {
    let sink = Sink::answering(204, &[]).await;
    let secrets = format!("{SECRET}\n{OLD_SECRET}\n");
    let webhook = Webhook::new(&format!("{}/hooks", sink.base), &secrets, true, clock()).unwrap();
    for _ in 0..2 {
        webhook.carry(&parcel(None)).await.unwrap();
    }
    let got = sink.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0], got[1], "the same moment, so the same in every byte");
    let (path, headers, body) = &got[0];
    assert_eq!(path, "/hooks");
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("webhook-id"), DeliveryId::of(&["d"]).to_string());
    assert_eq!(header("webhook-timestamp"), MOMENT.to_string());
    assert_eq!(header("content-type"), "application/cloudevents+json");
    let signed = format!("{}.{MOMENT}.{body}", header("webhook-id"));
    let expected: Vec<String> = [SECRET, OLD_SECRET]
        .map(|secret| {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            mac.update(signed.as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        })
        .into();
    assert_eq!(header("webhook-signature"), expected.join(" "));
    let event: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(event["id"], header("webhook-id"));
    assert_eq!(event["data"]["recipient"], SubjectId::of(&["s"]).to_string());
    assert!(!body.contains("thông báo") && !body.contains("khai sinh"), "thin: {body}");
}

#[tokio::test]
async fn what_the_other_side_answers_is_understood() {
    let answered = async |status, headers: &[(&'static str, &'static str)]| {
        let sink = Sink::answering(status, headers).await;
        let webhook = Webhook::new(&sink.base, SECRET, true, clock()).unwrap();
        let result = webhook.carry(&parcel(None)).await;
        assert_eq!(sink.got().len(), 1, "called once whatever it answers");
        result.unwrap_err()
    };
    let later = |status: u16, seconds: Option<i64>| NotCarried::Later {
        why: format!("answered {status}"),
        after: seconds.map(SignedDuration::from_secs),
    };
    assert_eq!(answered(500, &[]).await, later(500, None));
    assert_eq!(answered(503, &[("retry-after", "120")]).await, later(503, Some(120)));
    assert_eq!(answered(429, &[("retry-after", "9")]).await, later(429, Some(9)));
    assert_eq!(answered(429, &[("retry-after", "4294967295")]).await, later(429, Some(86_400)));
    assert_eq!(answered(429, &[("retry-after", "soon")]).await, later(429, None));
    assert_eq!(answered(410, &[]).await, NotCarried::Gone { why: "answered 410".into() });
    assert_eq!(answered(404, &[]).await, NotCarried::Never { why: "answered 404".into() });
    let elsewhere = answered(302, &[("location", "http://169.254.169.254/")]).await;
    assert_eq!(elsewhere, NotCarried::Never { why: "answered 302".into() }, "never followed");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_a_name_that_leads_inside_is_not_called() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://localhost:{port}/");
    let guarded = Webhook::new(&url, SECRET, false, clock()).unwrap();
    let refused = NotCarried::Later { why: "no connection".into(), after: None };
    assert_eq!(guarded.carry(&parcel(None)).await.unwrap_err(), refused);
    let called = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(called.await.is_err(), "a connection was made to what is inside");
    drop(listener);
    let nobody = Webhook::new(&format!("http://127.0.0.1:{port}/"), SECRET, true, clock()).unwrap();
    assert_eq!(nobody.carry(&parcel(None)).await.unwrap_err(), refused);
}

#[tokio::test]
async fn a_gateway_gets_its_own_json_its_token_and_the_id_twice() {
    let sink = Sink::answering(200, &[]).await;
    let body = r#"{"msisdn": "{to}", "content": "{text}", "ref": ["{id}"], "kind": 1}"#;
    let gateway = Gateway::new(&format!("{}/send", sink.base), Some("t0ken"), body).unwrap();
    gateway.carry(&parcel(Some("+84900000001"))).await.unwrap();
    let (_, headers, sent) = &sink.got()[0];
    let id = DeliveryId::of(&["d"]).to_string();
    assert_eq!(headers[header::AUTHORIZATION], "Bearer t0ken");
    assert_eq!(headers["idempotency-key"], id.as_str());
    let sent: serde_json::Value = serde_json::from_str(sent).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({
            "msisdn": "+84900000001", "content": "Ông/bà có 1 thông báo \"mới\".",
            "ref": [id], "kind": 1,
        })
    );
    assert!(matches!(gateway.carry(&parcel(None)).await, Err(NotCarried::Never { .. })));
}

/// A mail server that takes one letter, or refuses the recipient with `code`.
async fn mail_server(listener: TcpListener, code: Option<u16>) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut heard = Vec::new();
    say(&mut stream, "220 sink.example ESMTP").await;
    loop {
        let line = hear(&mut stream).await;
        heard.push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250 sink.example").await,
            "RCPT" => match code {
                Some(code) => say(&mut stream, &format!("{code} no <ng@example.vn> here")).await,
                None => say(&mut stream, "250 OK").await,
            },
            "DATA" => {
                say(&mut stream, "354 go on").await;
                loop {
                    let line = hear(&mut stream).await;
                    if line == "." {
                        break;
                    }
                    heard.push(line);
                }
                say(&mut stream, "250 taken").await;
            }
            "QUIT" | "" => {
                say(&mut stream, "221 bye").await;
                return heard;
            }
            _ => say(&mut stream, "250 OK").await,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) {
    // Whoever hung up already does not hear the goodbye.
    let _ = stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await;
}

async fn hear(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.trim_end_matches(['\r', '\n']).to_owned()
}

async fn mailed(code: Option<u16>) -> (Result<(), NotCarried>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let mail = Mail::new(&url, "Cột Mốc <tb@example.vn>", clock()).unwrap();
    let parcel = parcel(Some("ng@example.vn"));
    let sending = async {
        let result = mail.carry(&parcel).await;
        drop(mail);
        result
    };
    tokio::join!(sending, mail_server(listener, code))
}

#[tokio::test]
async fn a_letter_by_mail_has_one_id_and_says_nothing_else() {
    let (result, heard) = mailed(None).await;
    result.unwrap();
    let said = heard.join("\n");
    assert!(said.contains("RCPT TO:<ng@example.vn>"), "{said}");
    assert!(
        said.contains(&format!("Message-ID: <{}@example.vn>", DeliveryId::of(&["d"]))),
        "{said}"
    );
    assert!(
        said.contains("Date: Mon, 26 Oct 2026 07:33:20"),
        "of the clock that was given: {said}"
    );
    assert!(said.contains("text/plain; charset=utf-8"), "{said}");
}

#[tokio::test]
async fn a_mail_server_s_refusal_is_told_by_its_code_alone() {
    let (result, _) = mailed(Some(550)).await;
    assert_eq!(result.unwrap_err(), NotCarried::Never { why: "code 550".into() });
    let (result, _) = mailed(Some(451)).await;
    assert_eq!(result.unwrap_err(), NotCarried::Later { why: "code 451".into(), after: None });
    let broken = Mail::new("smtp://user:s3cret@[bad", "a@example.vn", clock()).unwrap_err();
    assert!(!broken.to_string().contains("s3cret"));
    let nowhere = parcel(Some("not an address"));
    let mail = Mail::new("smtp://127.0.0.1:1", "a@example.vn", clock()).unwrap();
    assert!(matches!(mail.carry(&nowhere).await, Err(NotCarried::Never { .. })));
}
