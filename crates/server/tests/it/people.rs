//! People with browsers: signing in, their own pages, forms.

use axum::http::StatusCode;
use server::sign_in::{Oidc, SignIn};

use crate::http::get;
use crate::support::{Browser, Site, nobody};

#[tokio::test]
async fn a_personal_page_needs_somebody_signed_in() {
    let site = Site::demo().await;
    let message = format!("/messages/{}", domain::MessageId::of(&["x"]));
    for path in ["/inbox", "/settings", message.as_str()] {
        let answer = site.send(get(path)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), Some("/"), "{path}");
    }
}

#[tokio::test]
async fn a_sample_person_signs_in_reads_and_signs_out() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    let person = site.person(0).await;
    browser.sign_in(&person).await;

    let inbox = browser.get("/inbox").await;
    assert_eq!(inbox.status, StatusCode::OK);
    assert!(inbox.text.contains(&person.name));
    assert_eq!(browser.get("/settings").await.status, StatusCode::OK);

    let cookie = browser.cookies.clone();
    assert_eq!(browser.send_form("/sign-out", "/inbox", &[]).await.status, StatusCode::SEE_OTHER);
    browser.cookies = cookie;
    let after = browser.get("/inbox").await;
    assert_eq!(after.header("location"), Some("/"), "the old cookie opens nothing");
}

#[tokio::test]
async fn a_session_ends_after_its_time() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    browser.sign_in(&site.person(0).await).await;
    assert_eq!(browser.get("/inbox").await.status, StatusCode::OK);
    site.wait_hours(9);
    assert_eq!(browser.get("/inbox").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_and_other_sites() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    let answer = browser.sign_in(&site.person(0).await).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let token = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(token.len(), 64);
}

#[tokio::test]
async fn nobody_becomes_a_person_who_is_no_sample() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    let subject = nobody().to_string();
    let answer = browser.send_form("/sign-in", "/", &[("subject", &subject)]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_picker_exists_in_the_demo_only() {
    let oidc = Oidc { issuer: Some("https://id.example".to_owned()), client_id: None };
    let site = Site::signing_in(SignIn::Oidc(oidc)).await;
    let page = site.send(get("/")).await;
    assert!(page.text.contains("chưa bật đăng nhập") && page.text.contains("https://id.example"));
    assert!(!page.text.contains("/sign-in") && !page.text.contains("sbj_"));
    let mut browser = Browser::new(&site);
    browser.get("/").await;
    let subject = nobody().to_string();
    let answer = browser.post("/sign-in", &[("subject", &subject)]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_not_ours_changes_nothing() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    browser.sign_in(&site.person(0).await).await;
    let outcome = format!("/suggestions/{}/outcome", domain::SuggestionId::of(&["x"]));
    let token = browser.form_token("/settings").await;
    for path in [
        "/sign-out",
        "/settings/refuse",
        "/settings/allow",
        "/settings/detail",
        "/settings/language",
        outcome.as_str(),
    ] {
        let fields = [("scope", "all"), ("kind", "filed")];
        let without = browser.post(path, &fields).await;
        assert_eq!(without.status, StatusCode::FORBIDDEN, "{path} without a token");
        let [scope, kind] = fields;
        let wrong = browser.post(path, &[("form_token", "guessed"), scope, kind]).await;
        assert_eq!(wrong.status, StatusCode::FORBIDDEN, "{path} with a wrong token");
        let elsewhere = browser
            .post_from("https://evil.example", path, &[("form_token", &token), scope, kind])
            .await;
        assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "{path} from another site");
        assert!(elsewhere.text.contains("Chưa ghi nhận được thao tác"));
    }
    let settings = browser.get("/settings").await;
    assert_eq!(settings.status, StatusCode::OK, "still signed in");
    assert!(!settings.text.contains("/settings/allow"), "nothing was refused");
}

#[tokio::test]
async fn a_refusal_is_recorded_and_taken_back() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    browser.sign_in(&site.person(0).await).await;
    let scope = [("scope", "life-event:LE-BIRTH")];
    let done = browser.send_form("/settings/refuse", "/settings", &scope).await;
    assert_eq!(done.header("location"), Some("/settings?saved=1#said"), "{}", done.text);
    assert!(browser.get("/settings?saved=1").await.text.contains("Đã từ chối từ ngày"));
    browser.send_form("/settings/allow", "/settings", &scope).await;
    assert!(!browser.get("/settings").await.text.contains("Đã từ chối từ ngày"));
    let unknown = browser.send_form("/settings/refuse", "/settings", &[("scope", "x")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_language_of_letters_is_chosen_and_stays() {
    let site = Site::with_people().await;
    let mut browser = Browser::new(&site);
    browser.sign_in(&site.person(0).await).await;
    let choose = [("language", "fr")];
    let done = browser.send_form("/settings/language", "/settings", &choose).await;
    assert_eq!(done.header("location"), Some("/settings?saved=1#said"), "{}", done.text);
    let page = browser.get("/settings").await.text;
    assert!(page.contains("<option value=\"fr\" lang=\"fr\" selected>Français</option>"), "{page}");
    let other = browser.send_form("/settings/language", "/settings", &[("language", "de")]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_person_reads_their_own_message_and_nobody_elses() {
    let site = Site::with_a_message().await;
    let (owner, other) = (site.person(0).await, site.person(1).await);
    let mut browser = Browser::new(&site);
    browser.sign_in(&owner).await;
    let inbox = browser.get("/inbox").await;
    let message = inbox.link("/messages/");
    let page = browser.get(&message).await;
    assert_eq!(page.status, StatusCode::OK);
    let draft = page.link("/drafts/");
    assert_eq!(browser.get(&draft).await.status, StatusCode::OK);

    let mut stranger = Browser::new(&site);
    stranger.sign_in(&other).await;
    for path in [&message, &draft] {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text.contains(&owner.name));
    }
}

#[tokio::test]
async fn one_press_records_what_the_person_did() {
    let site = Site::with_a_message().await;
    let mut browser = Browser::new(&site);
    browser.sign_in(&site.person(0).await).await;
    let message = browser.get("/inbox").await.link("/messages/");
    let page = browser.get(&message).await;
    let action = page.link("/suggestions/");
    let id = message.trim_start_matches("/messages/");
    let fields = [("message", id), ("kind", "rated"), ("stars", "5")];
    let done = browser.send_form(&action, &message, &fields).await;
    let back = done.header("location").unwrap();
    assert_eq!(back, format!("{message}?said=rated#said"), "{}", done.text);
    let after = browser.get(back.split('#').next().unwrap()).await;
    assert!(after.text.contains("Cảm ơn ông/bà đã đánh giá"));
    let odd = [("message", id), ("kind", "rated"), ("stars", "6")];
    let refused = browser.send_form(&action, &message, &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_language_is_chosen_once_and_remembered() {
    let site = Site::demo().await;
    let mut browser = Browser::new(&site);
    assert!(browser.get("/privacy").await.text.contains("<html lang=\"vi\">"));
    assert!(browser.get("/privacy?lang=en").await.text.contains("<html lang=\"en\">"));
    assert!(browser.get("/privacy").await.text.contains("<html lang=\"en\">"));
    assert!(browser.get("/nowhere").await.text.contains("Not found"));
}
