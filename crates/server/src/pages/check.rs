//! What must hold of every page: checked on the HTML itself, so that no template can forget.

use std::collections::BTreeSet;

use askama::Template;
use domain::Language;

use super::Frame;

/// Renders the page that `make` builds in both languages and checks each.
pub(super) fn in_both<T: Template>(make: impl Fn(Frame) -> T) -> (String, String) {
    let [vi, en] = [Language::VI, Language::EN].map(|language| {
        let html = make(Frame::of(language)).render().unwrap();
        page(&html, language);
        html
    });
    (vi, en)
}

fn page(html: &str, language: Language) {
    let tags = tags(html);
    let named = |name: &str| tags.iter().filter(|tag| tag.name == name).collect::<Vec<_>>();

    assert_eq!(named("html")[0].get("lang"), Some(language.tag()), "the language of the page");
    for part in ["header", "main", "footer", "h1", "title"] {
        assert!(!named(part).is_empty(), "a page has a <{part}>");
    }
    assert_eq!(named("main").len(), 1);
    assert_eq!(named("h1").len(), 1, "one <h1>");
    assert_eq!(named("a")[0].get("href"), Some("#main"), "the first link skips to the content");

    // The policy of the answer forbids these, and a reader of the page does not need them.
    for tag in &tags {
        assert_ne!(tag.name, "script", "no script");
        assert_ne!(tag.name, "style", "no inline style sheet");
        assert!(tag.get("style").is_none(), "no inline style on <{}>", tag.name);
        assert!(!tag.attributes.iter().any(|(name, _)| name.starts_with("on")), "no handler");
    }
    for tag in named("img") {
        assert!(tag.get("alt").is_some(), "a picture has an alternative");
    }
    headings_go_down_one_step_at_a_time(&tags);
    ids_are_unique_and_found(&tags);
    closed_as_opened(html);

    // Each form is bound to the session.
    let posts = named("form").iter().filter(|form| form.get("method") == Some("post")).count();
    let tokens = named("input").iter().filter(|i| i.get("name") == Some("form_token")).count();
    assert_eq!(posts, tokens, "each form carries its token");
    for time in named("time") {
        let day = time.get("datetime").unwrap_or_default();
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "`{day}` is a day");
    }
    assert!(html.len() < 60_000, "a page is light: {} bytes", html.len());
    assert!(!html.contains("{{") && !html.contains("Some("), "a template left its own text");
}

fn headings_go_down_one_step_at_a_time(tags: &[Tag]) {
    let mut last = 0;
    for tag in tags {
        let level = match tag.name.as_str() {
            "h1" => 1,
            "h2" => 2,
            "h3" => 3,
            "h4" => 4,
            _ => continue,
        };
        assert!(level <= last + 1, "<{}> comes after <h{last}>", tag.name);
        last = level;
    }
}

fn ids_are_unique_and_found(tags: &[Tag]) {
    let ids: Vec<_> = tags.iter().filter_map(|tag| tag.get("id")).collect();
    let set: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), set.len(), "an id is there twice: {ids:?}");
    for tag in tags {
        let linked = tag.get("href").and_then(|href| href.strip_prefix('#'));
        for id in [tag.get("aria-labelledby"), linked].into_iter().flatten() {
            assert!(set.contains(id), "`{id}` is pointed to and not there");
        }
    }
}

/// Elements are closed in the order in which they were opened.
fn closed_as_opened(html: &str) {
    const VOID: [&str; 5] = ["meta", "link", "img", "input", "br"];
    let mut open: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let name = piece.split(|c: char| c.is_whitespace() || c == '>').next().unwrap();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes what was opened last");
        } else if !VOID.contains(&name) && !name.starts_with('!') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The opening tags, in order. Our templates quote every value and escape `<` in texts.
fn tags(html: &str) -> Vec<Tag> {
    html.split('<')
        .skip(1)
        .filter(|piece| piece.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|piece| {
            let (name, rest) =
                piece.split_at(piece.find(|c: char| c.is_whitespace() || c == '>').unwrap());
            let inside = rest.split('>').next().unwrap();
            let mut parts = inside.split('"');
            let mut attributes = Vec::new();
            while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                attributes.push((key.trim().trim_end_matches('=').to_owned(), value.to_owned()));
            }
            Tag { name: name.to_owned(), attributes }
        })
        .collect()
}
