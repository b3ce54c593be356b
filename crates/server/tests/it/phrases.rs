//! The pages on which people decide about phrases.

use axum::http::StatusCode;
use domain::Language;
use jiff::Timestamp;
use server::error::ErrorCode;
use storage::phrases::{self, Phrase, PhraseState};
use tower::ServiceExt as _;
use writer::{Home, phrase_id};

use crate::support::{Browser, Site};

const TEXT: &str = "Thư đó không còn giá trị. {address} không phải làm theo thư đó.";

/// The id of a phrase for all letters, which two people must approve.
async fn proved(site: &Site) -> String {
    let home = Home {
        of: "common".to_owned(),
        point: "nothing-to-do".to_owned(),
        variant: 0,
        language: Language::VI,
    };
    let words = server::pack::words(&site.state.phrases.as_ref().unwrap().files).unwrap();
    let phrase = Phrase {
        id: phrase_id(&home, TEXT),
        approved: words.saying(&home).unwrap().hash(),
        life_event: home.of,
        point: home.point,
        variant: 0,
        language: home.language,
        text: TEXT.to_owned(),
        state: PhraseState::Proved,
        evidence: serde_json::json!([]),
        measures: serde_json::json!({}),
        model: String::new(),
        prompt: String::new(),
        seed: 0,
        created_at: Timestamp::UNIX_EPOCH,
    };
    let mut tx = site.state.engine.store.begin().await.unwrap();
    phrases::put(&mut tx, &phrase).await.unwrap();
    tx.commit().await.unwrap();
    phrase.id
}

#[tokio::test]
async fn two_people_approve_a_phrase_on_its_page_and_one_takes_it_out() {
    let mut site = Site::demo().await;
    let id = proved(&site).await;
    let page = format!("/officers/words/{id}");
    let mut browser = Browser::new(&site);
    let list = browser.get("/officers/words").await;
    assert!(list.text.contains(&page) && list.text.contains("không còn giá trị"), "{}", list.text);
    let shown = browser.get(&page).await.text;
    assert!(shown.contains("Cần 2 người khác nhau duyệt") && shown.contains("<ins>"), "{shown}");

    let form = |action: &'static str, by: &'static str, because: &'static str| {
        [("action", action), ("by", by), ("because", because)]
    };
    let taken = async |browser: &mut Browser<'_>, form: &[(&str, &str)]| {
        let sent = browser.send_form(&page, &page, form).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        browser.get(sent.header("location").unwrap().split('#').next().unwrap()).await.text
    };
    let after = taken(&mut browser, &form("approve", "Lan", "hay")).await;
    assert!(after.contains("role=\"status\"") && after.contains("Lan: duyệt"), "{after}");
    for (fields, said) in [
        (form("approve", "+lan+", "hay"), "đã duyệt rồi"),
        (form("approve", "Minh", "+"), "cả họ tên và lý do"),
        (form("retire", "Minh", "hay"), "không còn ở tình trạng"),
    ] {
        let sent = browser.send_form(&page, &page, &fields).await;
        assert!(sent.status == StatusCode::OK && sent.text.contains(said), "{}", sent.text);
        // What was typed is still there.
        assert!(sent.text.contains("value=\"hay\"") || sent.text.contains("value=\"Minh\""));
    }
    let unknown = browser.send_form(&page, &page, &form("delete", "Minh", "hay")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let foreign = browser.post(&page, &form("approve", "Minh", "hay")).await;
    assert_eq!(foreign.status, ErrorCode::FormNotOurs.status());

    let after = taken(&mut browser, &form("approve", "Minh", "hay")).await;
    assert!(after.contains("value=\"retire\"") && !after.contains("Không có trong thư nào"));
    let list = browser.get("/officers/words?state=approved").await.text;
    assert!(list.contains(&page), "{list}");
    let after = taken(&mut browser, &form("retire", "Lan", "sai")).await;
    assert!(after.contains("Đã rút") && !after.contains("name=\"action\""), "{after}");

    assert_eq!(browser.get("/officers/words/phr_none").await.status, StatusCode::NOT_FOUND);
    let wrong = browser.get("/officers/words?state=lost").await;
    assert_eq!(wrong.status, ErrorCode::InvalidQuery.status());

    site.state.phrases = None;
    let closed = server::http::router(site.state.clone());
    for path in ["/officers/words", &page] {
        let answer = closed.clone().oneshot(crate::http::get(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
