//! The style sheet and the mark, built in. Their address changes with what they say, so a
//! browser may keep them for ever.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use sha2::{Digest, Sha256};

use crate::chance::hex;

const STYLE: &str = include_str!("../../templates/style.css");
const MARK: &str = include_str!("../../templates/mark.svg");

static HREF: LazyLock<String> = LazyLock::new(|| {
    let hash = hex(&Sha256::digest(STYLE));
    format!("/static/style.css?v={}", hash.get(..12).unwrap_or(&hash))
});

/// Where the style sheet lies.
pub(crate) fn style_href() -> &'static str {
    &HREF
}

pub(super) async fn style() -> impl IntoResponse {
    kept("text/css; charset=utf-8", STYLE)
}

pub(super) async fn mark() -> impl IntoResponse {
    kept("image/svg+xml", MARK)
}

fn kept(kind: &'static str, body: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first view, uncompressed: a page, the sheet and the mark in 100 KB.
    #[test]
    fn the_style_sheet_and_the_mark_leave_room_for_a_page() {
        assert!(STYLE.len() + MARK.len() < 40_000, "{}", STYLE.len());
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"), "nothing from elsewhere");
        assert!(style_href().starts_with("/static/style.css?v="));
    }

    /// WCAG 2.2, 1.4.3: 4.5:1 for text, in the light and in the dark scheme.
    #[test]
    fn text_stands_out_from_what_it_stands_on() {
        let (light, dark) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for (scheme, css) in [("light", light), ("dark", dark)] {
            for (text, ground) in [
                ("ink", "paper"),
                ("ink", "card"),
                ("ink", "wash"),
                ("soft", "paper"),
                ("soft", "card"),
                ("teal", "paper"),
                ("teal", "card"),
                ("teal", "wash"),
                ("on-teal", "teal"),
                ("you", "paper"),
                ("you", "card"),
                ("you", "you-wash"),
                ("agency", "card"),
                ("nobody", "card"),
                ("card", "late"),
            ] {
                let ratio = contrast(colour(css, text), colour(css, ground));
                assert!(ratio >= 4.5, "{scheme}: {text} on {ground} has {ratio:.2}:1");
            }
        }
    }

    /// The value of `--name`, as three parts from 0 to 1.
    fn colour(css: &str, name: &str) -> [f64; 3] {
        let at = css.find(&format!("--{name}: #")).unwrap() + name.len() + 5;
        let part = |n: usize| u8::from_str_radix(&css[at + n..at + n + 2], 16).unwrap();
        [part(0), part(2), part(4)].map(|byte| f64::from(byte) / 255.0)
    }

    /// WCAG's contrast ratio of two colours.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let light = |colour: [f64; 3]| {
            let [r, g, b] = colour.map(|part| {
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (one, other) = (light(one), light(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}
