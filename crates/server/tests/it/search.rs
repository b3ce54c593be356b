//! The search as portals ask it and as an officer tries it.

use std::path::PathBuf;

use axum::http::StatusCode;
use knowledge::ProceduresBuild;
use rules::PackFiles;
use serde_json::Value;
use server::error::ErrorCode;
use server::finder::{Step, Wanted};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::http::get_with;
use crate::support::{Browser, Letters, Site};

const MANIFEST: &str = "title: A portal\nformat: portal-procedures\nfile: p.jsonl\nplace: vn\n\
    source: [portal]\nconfidence: M\nretrieved_on: 2026-07-18\n";
const RECORDS: &str = concat!(
    r#"{"code":"9.1","title":"Cấp giấy phép lái xe","sector":"Đường bộ","level":"Cấp tỉnh","users":["Công dân Việt Nam"],"results":[{"name":"Giấy phép lái xe"}]}"#,
    "\nnot a record\n",
    r#"{"code":"1.001193","title":"Thủ tục đăng ký khai sinh","level":"Cấp xã","users":[],"results":[{"name":"Giấy khai sinh"}]}"#,
    "\n"
);

/// The built-in pack and a small source, indexed.
fn shelf() -> (TempDir, PathBuf, Wanted) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("portal.yaml"), MANIFEST).unwrap();
    std::fs::write(at("p.jsonl"), RECORDS).unwrap();
    let files: PackFiles = server::pack::files(None).unwrap();
    let wanted = Wanted::new(&files, &[at("portal.yaml")]).unwrap();
    let (index, vectors) = (at("procedures.index"), at("procedures.vectors"));
    let mut aside = Vec::new();
    let (_, counts) = wanted
        .build(&Letters, &index, &vectors, &mut |step| {
            if let Step::SetAside(path, error) = step {
                aside.push((path.to_owned(), error.line));
            }
        })
        .unwrap();
    assert_eq!((counts.taken, counts.told_by_pack, counts.set_aside), (1, 1, 1));
    assert_eq!(aside, [(at("p.jsonl"), 2)]);
    (folder, index, wanted)
}

/// As a browser writes it into an address.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}

async fn found(site: &Site, key: &str, question: &str, more: &str) -> Value {
    let path = format!("/v1/search?q={}{more}", encoded(question));
    let answer = site.send(get_with(&path, key)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_portal_finds_procedures_with_what_citing_them_takes() {
    let (_folder, index, _) = shelf();
    let site = Site::finding(&index).await;
    let key = site.key(&["search"]).await;
    let answer = found(&site, &key, "làm giấy khai sinh hết bao nhiêu tiền", "&limit=3").await;
    let first = &answer["documents"][0];
    assert!(first["title"].as_str().unwrap().contains("khai sinh"), "{answer}");
    assert_eq!(answer["documents"].as_array().unwrap().len(), 3);
    assert_eq!(
        (answer["index"].as_str().unwrap().len(), first["hash"].as_str().unwrap().len()),
        (64, 64)
    );
    assert!(first["why"].is_null() && answer["left_out"].is_null());
    let section = &first["sections"][0];
    let length = section["end"].as_u64().unwrap() - section["start"].as_u64().unwrap();
    assert_eq!(length, section["text"].as_str().unwrap().len() as u64);
    assert!(answer["facets"]["place"][0]["count"].as_u64() > Some(1));

    let more = "&explain=true&kind=procedure&level=commune&place=vn-79&codes=1.001193,LE-GRADE1";
    let answer = found(&site, &key, "khai sinh", more).await;
    let birth = &answer["documents"][0];
    assert_eq!(
        (&birth["id"], &birth["levels"][0]),
        (&"birth-registration".into(), &"commune".into())
    );
    assert!(birth["why"]["lexical"].as_f64() > Some(0.0), "{birth}");
    for bound in ["kind", "code", "in_force"] {
        assert!(answer["left_out"][bound].as_u64() > Some(0), "{bound}: {}", answer["left_out"]);
    }
    let bare = found(&site, &key, "giay khai sinh", "").await;
    assert_eq!(bare["read_as"], "giấy khai sinh");
}

#[tokio::test]
async fn a_wrong_question_is_told_and_not_repeated() {
    let (_folder, index, _) = shelf();
    let site = Site::finding(&index).await;
    let key = site.key(&["search"]).await;
    let long = format!("q={}", "a".repeat(10_000));
    for query in [
        "",
        "q=",
        "q=%00%00",
        "q=%FF%FE",
        "q=?!",
        long.as_str(),
        "q=a&limit=0",
        "q=a&limit=51",
        "q=a&limit=-1",
        "q=a&sections=4",
        "q=a&place=Hanoi",
        "q=a&on=2026-02-30",
        "q=a&kind=x",
        "q=a&level=district",
        "q=a&explain=1",
        "q=a&other=1",
    ] {
        let answer = site.send(get_with(&format!("/v1/search?{query}"), &key)).await;
        assert_eq!(answer.status, ErrorCode::InvalidQuery.status(), "{query}: {}", answer.text);
        assert!(answer.text.len() < 600, "the question is repeated: {}", answer.text);
    }
    // What is half readable is read.
    let answer = site.send(get_with("/v1/search?q=khai%FF%00+t%E1%BB%AD", &key)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn without_an_index_of_this_model_it_is_said_what_to_run() {
    let site = Site::demo().await;
    let key = site.key(&["search"]).await;
    let ask = async |site: &Site, key: &str| site.send(get_with("/v1/search?q=a", key)).await;
    let answer = ask(&site, &key).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.json()["detail"].as_str().unwrap().contains("`cotmoc index`"));
    assert!(!answer.text.contains("no/procedures.index"), "a path of this machine is shown");

    // The same server answers once there is one.
    let (_folder, index, _) = shelf();
    let site = Site::finding(&index).await;
    let key = site.key(&["search"]).await;
    let good = std::fs::read(&index).unwrap();
    std::fs::write(&index, &good[..good.len() / 2]).unwrap();
    assert_eq!(ask(&site, &key).await.status, StatusCode::SERVICE_UNAVAILABLE);
    std::fs::write(&index, good).unwrap();
    assert_eq!(ask(&site, &key).await.status, StatusCode::OK);
    let other = site.key(&["suggestions"]).await;
    assert_eq!(ask(&site, &other).await.status, ErrorCode::ScopeMissing.status());
}

#[tokio::test]
async fn an_officer_compares_two_ways_and_the_question_stays_out_of_the_address() {
    let (_folder, index, _) = shelf();
    let mut site = Site::finding(&index).await;
    let mut browser = Browser::new(&site);
    let form = |q: &'static str, left: &'static str| {
        [
            ("q", q),
            ("place", ""),
            ("level", "commune"),
            ("on", ""),
            ("left", left),
            ("right", "bm25"),
        ]
    };
    let page = "/officers/search";
    let sent = browser.send_form(page, page, &form("khai+sinh", "hybrid")).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
    assert!(sent.text.contains("<h3>hybrid</h3>") && sent.text.contains("<h3>bm25</h3>"));
    assert!(sent.text.contains("Đăng ký khai sinh") && sent.text.contains("value=\"khai sinh\""));
    for (q, left, said) in [
        ("%3F", "hybrid", "không có từ nào"),
        ("a", "best", "không đúng"),
        ("a%00%FF", "dense", "<h3>dense</h3>"),
    ] {
        let sent = browser.send_form(page, page, &form(q, left)).await;
        assert!(sent.status == StatusCode::OK && sent.text.contains(said), "{q}: {}", sent.text);
    }
    let foreign = browser.post(page, &form("a", "hybrid")).await;
    assert_eq!(foreign.status, ErrorCode::FormNotOurs.status());

    site.state.finder = site.state.finder.clone().with_page(false);
    let closed = server::http::router(site.state.clone());
    let answer = closed.oneshot(crate::http::get(page)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);

    let site = Site::demo().await;
    let mut browser = Browser::new(&site);
    let sent = browser.send_form(page, page, &form("a", "hybrid")).await;
    assert!(sent.text.contains("`cotmoc index`"), "{}", sent.text);
}

#[test]
fn a_change_of_the_sources_is_seen_and_nothing_named_takes_what_is_there() {
    let (folder, index, wanted) = shelf();
    assert!(wanted.is_at(&index, "letters") && !wanted.is_at(&index, "other"));
    assert!(!wanted.is_at(&folder.path().join("none"), "letters"));
    let files = server::pack::files(None).unwrap();
    assert!(Wanted::new(&files, &[]).unwrap().is_at(&index, "letters"));
    std::fs::write(folder.path().join("p.jsonl"), "{}").unwrap();
    let changed = Wanted::new(&files, &[folder.path().join("portal.yaml")]).unwrap();
    assert!(!changed.is_at(&index, "letters"));
    // An index of the pack alone is not enough where a source is named.
    let alone = folder.path().join("alone.index");
    let build = ProceduresBuild::begin(&[], &Letters, &alone, "x").map(drop);
    assert!(build.is_ok() && !changed.is_at(&alone, "letters"));
}
