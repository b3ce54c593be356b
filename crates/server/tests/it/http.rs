//! The router as its callers meet it: registers and portals with keys, people with browsers.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use server::error::ErrorCode;
use server::portal;

use crate::models;
use crate::support::{self, Answer, Site, nobody};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, key: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, kind)
        .body(body.into())
        .unwrap()
}

pub(crate) fn get_with(path: &str, key: &str) -> Request<Body> {
    Request::get(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Body::empty())
        .unwrap()
}

/// The answer is the problem `code`, in the one envelope that all problems share.
fn assert_problem(answer: &Answer, code: ErrorCode) {
    assert_eq!(answer.status, code.status(), "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let body = answer.json();
    assert_eq!(body["type"], format!("/problems/{}", code.name()));
    assert_eq!(body["status"], code.status().as_u16());
    assert!(body["title"].is_string() && body["detail"].is_string());
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
}

// Keys

#[tokio::test]
async fn no_endpoint_but_health_and_the_description_is_open() {
    let site = Site::demo().await;
    let document = serde_json::to_value(server::api::document()).unwrap();
    let mut closed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = path.replace("{id}", "x").replace("{code}", "not-found");
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(&path)
                .body(Body::empty())
                .unwrap();
            let answer = site.send(request).await;
            if models::PATHS.contains(&path.as_str()) {
                models::assert_error(&answer, 401, "invalid_api_key");
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                closed += 1;
            } else if path.starts_with("/v1/") || path == "/metrics" {
                assert_problem(&answer, ErrorCode::KeyNeeded);
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                closed += 1;
            } else {
                assert_eq!(answer.status, StatusCode::OK, "{path}");
            }
        }
    }
    assert_eq!(closed, 11);
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_name_until_it_is_revoked() {
    let site = Site::demo().await;
    let key = site.key(&["suggestions"]).await;
    let answer = site.send(post("/v1/events", &key, STRUCTURED, "{}")).await;
    assert_problem(&answer, ErrorCode::ScopeMissing);
    assert!(answer.json()["detail"].as_str().unwrap().contains("`events`"));

    let path = format!("/v1/suggestions?subject={}&purpose=proactive_service", nobody());
    assert_eq!(site.send(get_with(&path, &key)).await.status, StatusCode::OK);

    let mut tx = site.state.engine.store.begin().await.unwrap();
    for row in storage::portal_keys::list(&mut tx).await.unwrap() {
        let at = site.state.engine.clock.now();
        storage::portal_keys::revoke(&mut tx, &row.id, at).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_problem(&site.send(get_with(&path, &key)).await, ErrorCode::KeyNeeded);
    assert_problem(&site.send(get_with(&path, "cmk_guessed")).await, ErrorCode::KeyNeeded);
}

#[tokio::test]
async fn a_key_is_stored_as_its_hash_alone_and_unknown_scopes_are_refused() {
    let site = Site::demo().await;
    let key = site.key(&portal::SCOPES).await;
    assert!(key.starts_with("cmk_") && key.len() == 68);
    let mut conn = site.state.engine.store.read().await.unwrap();
    let rows = storage::portal_keys::list(&mut conn).await.unwrap();
    assert!(!format!("{rows:?}").contains(&key));
    drop(conn);

    let at = site.state.engine.clock.now();
    let refused = portal::issue(&site.state.engine.store, at, "x", &["all"]).await.unwrap_err();
    assert!(refused.to_string().starts_with("`all` is no scope"));
}

// Events

#[tokio::test]
async fn malformed_json_is_told_with_its_place() {
    let site = Site::demo().await;
    let key = site.key(&["events"]).await;
    let answer = site.send(post("/v1/events", &key, STRUCTURED, "{\n  \"id\": nope\n}")).await;
    assert_problem(&answer, ErrorCode::MalformedJson);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the body is not JSON at line 2, column 10");
}

#[tokio::test]
async fn the_same_event_in_any_mode_is_one_event() {
    let site = Site::demo().await;
    let key = site.key(&["events"]).await;
    let event = support::event(0);
    let answer = site.send(post("/v1/events", &key, STRUCTURED, event.to_string())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let first = answer.json();
    assert_eq!((&first["new"], &first["repeated"]), (&json!(1), &json!(0)));
    assert_eq!(first["results"][0]["status"], "new");

    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    let binary = Request::post("/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("ce-specversion", "1.0")
        .header("ce-id", text("id"))
        .header("ce-source", text("source"))
        .header("ce-type", text("type"))
        .header("ce-time", text("time"))
        .body(Body::from(event["data"].to_string()))
        .unwrap();
    let again = site.send(binary).await.json();
    assert_eq!((&again["new"], &again["repeated"]), (&json!(0), &json!(1)), "{again}");
    assert_eq!(again["results"][0]["event"], first["results"][0]["event"]);
}

#[tokio::test]
async fn what_is_wrong_in_a_batch_does_not_lose_what_is_right() {
    let site = Site::demo().await;
    let key = site.key(&["events"]).await;
    let mut unknown = support::event(0);
    unknown["type"] = json!("vn.unheard.of.v1");
    unknown["id"] = json!("another");
    let batch = json!([support::event(0), unknown, 7, support::event(1), support::event(0)]);
    let answer = site.send(post("/v1/events", &key, BATCHED, batch.to_string())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let body = answer.json();
    let states: Vec<_> =
        body["results"].as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!(states, ["new", "set_aside", "set_aside", "new", "repeated"], "{body}");
    assert_eq!(body["results"][1]["reason"], "unknown_type");
    assert_eq!(body["results"][1]["pointer"], "/type");
    assert_eq!(
        (&body["new"], &body["repeated"], &body["set_aside"]),
        (&json!(2), &json!(1), &json!(2))
    );
}

#[tokio::test]
async fn a_body_of_another_kind_or_size_is_refused() {
    let site = Site::demo().await;
    let key = site.key(&["events"]).await;
    let plain = post("/v1/events", &key, "text/plain", "hello");
    assert_problem(&site.send(plain).await, ErrorCode::MediaTypeUnsupported);
    let object = post("/v1/events", &key, BATCHED, "{}");
    assert_problem(&site.send(object).await, ErrorCode::InvalidBody);
    let long = post("/v1/events", &key, BATCHED, vec![b' '; 17 * 1024 * 1024]);
    assert_problem(&site.send(long).await, ErrorCode::BodyTooLarge);
    let mut bare = post("/v1/events", &key, "application/json", "{}");
    bare.headers_mut().insert("ce-specversion", "%GG".parse().unwrap());
    assert_problem(&site.send(bare).await, ErrorCode::InvalidEventHeaders);
}

#[tokio::test]
async fn a_full_queue_refuses_events_and_says_when_to_come_again() {
    let site = Site::with_a_queue_of(2).await;
    let key = site.key(&["events"]).await;
    let batch = json!([support::event(0), support::event(1), support::event(2)]).to_string();
    let answer = site.send(post("/v1/events", &key, BATCHED, batch)).await;
    assert_problem(&answer, ErrorCode::Overloaded);
    assert_eq!(answer.header("retry-after"), Some("30"));
    let one = post("/v1/events", &key, STRUCTURED, support::event(0).to_string());
    assert_eq!(site.send(one).await.status, StatusCode::ACCEPTED, "none of the batch was kept");
}

// Suggestions, drafts, outcomes

#[tokio::test]
async fn a_reading_names_a_person_and_a_purpose_or_is_refused() {
    let site = Site::demo().await;
    let key = site.key(&["suggestions", "drafts"]).await;
    let nobody = nobody();
    for query in [
        String::new(),
        format!("subject={nobody}"),
        format!("subject={nobody}&purpose=curiosity"),
        "subject=evt_1&purpose=proactive_service".to_owned(),
        format!("subject={nobody}&purpose=proactive_service&all=1"),
    ] {
        let answer = site.send(get_with(&format!("/v1/suggestions?{query}"), &key)).await;
        assert_problem(&answer, ErrorCode::InvalidQuery);
    }
    let path = format!("/v1/drafts/nonsense?subject={nobody}&purpose=proactive_service");
    assert_problem(&site.send(get_with(&path, &key)).await, ErrorCode::InvalidPath);
    let draft = domain::DraftId::of(&["none"]);
    let path = format!("/v1/drafts/{draft}?subject={nobody}&purpose=proactive_service");
    assert_problem(&site.send(get_with(&path, &key)).await, ErrorCode::NotFound);
}

#[tokio::test]
async fn an_outcome_that_does_not_fit_together_is_told_where() {
    let site = Site::demo().await;
    let key = site.key(&["outcomes"]).await;
    let nobody = nobody();
    let path = format!("/v1/suggestions/{}/outcome", domain::SuggestionId::of(&["none"]));
    let say = async |body: Value| {
        site.send(post(&path, &key, "application/json", body.to_string())).await
    };
    let wrong = say(json!({"subject": nobody, "kind": "rated", "stars": 9})).await;
    assert_problem(&wrong, ErrorCode::InvalidBody);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/stars");
    let wrong = say(json!({"subject": nobody, "kind": "filed", "field": "name"})).await;
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/field");
    assert_problem(&say(json!({"subject": nobody, "kind": "sold"})).await, ErrorCode::InvalidBody);
    assert_problem(&say(json!({"subject": nobody, "kind": "seen"})).await, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_question_names_a_person_and_a_purpose_and_is_short() {
    let site = Site::demo().await;
    let key = site.key(&["suggestions"]).await;
    let nobody = nobody();
    let path = format!("/v1/suggestions/{}/questions", domain::SuggestionId::of(&["none"]));
    let ask = async |body: Value| {
        site.send(post(&path, &key, "application/json", body.to_string())).await
    };
    let asked = |question: &str| json!({"subject": nobody, "purpose": "proactive_service", "question": question});
    let long = ask(asked(&"a".repeat(501))).await;
    assert_problem(&long, ErrorCode::InvalidBody);
    assert_eq!(long.json()["errors"][0]["pointer"], "/question");
    assert_problem(&ask(asked("Lệ phí bao nhiêu?")).await, ErrorCode::NotFound);
    let curious = json!({"subject": nobody, "purpose": "curiosity", "question": "?"});
    assert_problem(&ask(curious).await, ErrorCode::InvalidBody);
    let other = site.key(&["drafts"]).await;
    let body = asked("Lệ phí bao nhiêu?").to_string();
    let refused = site.send(post(&path, &other, "application/json", body)).await;
    assert_problem(&refused, ErrorCode::ScopeMissing);
}

// Every answer

#[tokio::test]
async fn every_answer_keeps_the_browser_safe_and_has_an_id() {
    let site = Site::demo().await;
    for path in ["/", "/inbox", "/docs", "/nowhere", "/v1/nowhere", "/health/live"] {
        let answer = site.send(get(path)).await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-request-id").unwrap().len(), 16);
    }
    let style = site.send(get("/static/style.css")).await;
    assert!(style.header("cache-control").unwrap().contains("immutable"));
}

#[tokio::test]
async fn the_callers_own_request_id_is_kept_where_it_is_a_plain_one() {
    let site = Site::demo().await;
    let with = |id: &str| {
        Request::get("/health/live").header("x-request-id", id).body(Body::empty()).unwrap()
    };
    assert_eq!(
        site.send(with("portal-2026-1")).await.header("x-request-id"),
        Some("portal-2026-1")
    );
    assert_ne!(site.send(with("a b")).await.header("x-request-id"), Some("a b"));
}

#[tokio::test]
async fn a_program_gets_a_problem_and_a_person_gets_a_page() {
    let site = Site::demo().await;
    assert_problem(&site.send(get("/v1/nowhere")).await, ErrorCode::NotFound);
    let delete = Request::delete("/v1/events").body(Body::empty()).unwrap();
    assert_problem(&site.send(delete).await, ErrorCode::MethodNotAllowed);
    let page = site.send(get("/nowhere")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("<html lang=\"vi\">") && page.text.contains("Không tìm thấy"));
    for code in ErrorCode::ALL {
        let page = site.send(get(&format!("/problems/{}", code.name()))).await;
        assert_eq!(page.status, StatusCode::OK, "{}", code.name());
    }
}

#[tokio::test]
async fn health_tells_a_database_without_tables_apart() {
    let site = Site::demo().await;
    assert_eq!(site.send(get("/health/ready")).await.status, StatusCode::OK);
    let empty = Site::without_tables().await;
    assert_eq!(empty.send(get("/health/live")).await.status, StatusCode::OK);
    let answer = empty.send(get("/health/ready")).await;
    assert_problem(&answer, ErrorCode::Unavailable);
    assert_eq!(answer.header("retry-after"), Some("5"));
}

/// Compare with the file that is checked in. A change of the API is a change of that file,
/// so that nobody changes a promise without seeing it.
#[tokio::test]
async fn the_description_is_the_one_that_is_checked_in() {
    let site = Site::demo().await;
    let served = site.send(get("/openapi.json")).await.json();
    assert_eq!(served["openapi"], "3.1.0");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(served == kept, "the API changed: run `cotmoc openapi > crates/server/openapi.json`");
    for (path, item) in served["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for part in ["operationId", "summary", "responses"] {
                assert!(!operation[part].is_null(), "{method} {path} has no {part}");
            }
            let responses = &operation["responses"];
            if operation["tags"][0] == "models" {
                assert!(responses["4XX"]["content"]["application/json"].is_object(), "{path}");
                assert!(responses["default"].is_null(), "{path} has errors of its own form");
            } else {
                assert_eq!(responses["default"]["$ref"], "#/components/responses/Problem");
            }
        }
    }
}

#[tokio::test]
async fn the_docs_page_shows_every_operation_and_takes_nothing_from_elsewhere() {
    let site = Site::demo().await;
    let page = site.send(get("/docs")).await.text;
    let document = serde_json::to_value(server::api::document()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(path.as_str()), "{path}");
    }
    assert!(page.contains("vn.health.birth-certified.v1"), "an example to paste");
    assert!(!page.contains("<script") && !page.contains("src=\"http"));
}

// The door

#[tokio::test]
async fn the_server_answers_and_stops_when_told() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let site = Site::demo().await;
    let listener = server::http::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let client = async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let ask = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        stop.send(()).unwrap();
        text
    };
    let serve = server::http::serve(listener, site.state.clone(), 8, async {
        let _ = stopped.await;
    });
    let (served, text) = tokio::join!(serve, client);
    served.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("\"status\":\"ok\""));
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_is_told_at_once() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let site = Site::demo().await;
    let listener = server::http::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serve = server::http::serve(listener, site.state.clone(), 1, async {
        let _ = stopped.await;
    });
    let client = async move {
        let connect = async || tokio::net::TcpStream::connect(address).await.unwrap();
        let mut first = connect().await;
        first.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut one = [0; 15];
        first.read_exact(&mut one).await.unwrap();
        let mut told = String::new();
        connect().await.read_to_string(&mut told).await.unwrap();
        drop(first);
        // The place is free again once the server has seen that the first is gone.
        for _ in 0..100 {
            let mut again = connect().await;
            let ask = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let _ = again.write_all(ask).await;
            let mut text = String::new();
            let _ = again.read_to_string(&mut text).await;
            if text.starts_with("HTTP/1.1 200 OK") {
                stop.send(()).unwrap();
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the place stayed taken")
    };
    let (served, told) = tokio::join!(serve, client);
    served.unwrap();
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after: 5"), "{told}");
}

#[tokio::test]
async fn a_body_that_is_packed_or_in_another_script_is_called_that() {
    let site = Site::demo().await;
    let key = site.key(&["events"]).await;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-type", "application/cloudevents+json; charset=utf-16"),
        ("content-type", "application/cloudevents+json; Charset=\"TCVN-5712\""),
    ] {
        let mut request = post("/v1/events", &key, STRUCTURED, support::event(0).to_string());
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_problem(&site.send(request).await, ErrorCode::MediaTypeUnsupported);
    }
    let mut request = post("/v1/events", &key, STRUCTURED, support::event(0).to_string());
    request.headers_mut().insert("content-encoding", "identity".parse().unwrap());
    let kind = "application/cloudevents+json; charset=UTF-8";
    request.headers_mut().insert("content-type", kind.parse().unwrap());
    assert_eq!(site.send(request).await.status, StatusCode::ACCEPTED);
    let latin = post("/v1/events", &key, STRUCTURED, b"{\"id\": \"\xe9\"}".to_vec());
    assert_problem(&site.send(latin).await, ErrorCode::MalformedJson);
}

#[tokio::test]
async fn what_is_counted_needs_a_key_and_names_nobody() {
    let site = Site::with_a_message().await;
    assert_problem(&site.send(get("/metrics")).await, ErrorCode::KeyNeeded);
    let other = site.key(&["events"]).await;
    assert_problem(&site.send(get_with("/metrics", &other)).await, ErrorCode::ScopeMissing);
    let key = site.key(&["metrics"]).await;
    // Paths with ids in them, and methods that nobody knows, must not become labels.
    let mother = site.person(0).await;
    site.send(get(&format!("/messages/{}", mother.subject))).await;
    site.send(get(&format!("/{}", mother.subject))).await;
    let odd = Request::builder().method("999196100011").uri("/").body(Body::empty()).unwrap();
    site.send(odd).await;
    let answer = site.send(get_with("/metrics", &key)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in [
        "cotmoc_inputs_total{result=\"new\"}",
        "cotmoc_jobs_total{kind=\"deliver\",outcome=\"done\"}",
        "cotmoc_letters_total{channel=\"inbox\",outcome=\"sent\"}",
        "cotmoc_jobs_waiting{state=\"queued\"} 0",
        "cotmoc_queue_limit 1000000",
        "route=\"/messages/{id}\"",
        "method=\"other\"",
    ] {
        assert!(answer.text.contains(line), "no `{line}` in\n{}", answer.text);
    }
    assert!(!answer.text.contains(&mother.subject.to_string()), "a pseudonym");
    assert!(!answer.text.contains("sbj_"), "a pseudonym");
    for person in &site.state.engine.pack.samples().families.as_ref().unwrap().families {
        for person in &person.people {
            assert!(!answer.text.contains(&person.pin.value), "a personal number");
            for part in person.name.split(' ').filter(|part| !part.is_ascii()) {
                assert!(!answer.text.contains(part), "a part of a name: {part}");
            }
        }
    }
}
