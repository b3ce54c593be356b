//! Which language a person reads: what they asked for, what they chose before, what their
//! browser says, and Vietnamese otherwise.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use domain::Language;

use super::set_cookie;
use crate::sign_in::cookie;

const COOKIE: &str = "cotmoc_lang";
const YEAR: i64 = 365 * 24 * 3600;

/// The language for the request to `uri`.
pub(super) fn chosen(uri: &Uri, headers: &HeaderMap) -> Language {
    asked(uri)
        .or_else(|| cookie(headers, COOKIE).as_deref().and_then(tag))
        .or_else(|| {
            let accepted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
            accepted.split(',').find_map(|range| tag(range.split([';', '-']).next()?.trim()))
        })
        .unwrap_or_default()
}

/// The cookie that remembers `?lang=`.
pub(crate) fn language_cookie(uri: &Uri, behind_tls: bool) -> Option<HeaderValue> {
    set_cookie(COOKIE, asked(uri)?.tag(), Some(YEAR), behind_tls)
}

fn asked(uri: &Uri) -> Option<Language> {
    uri.query()?.split('&').find_map(|pair| tag(pair.strip_prefix("lang=")?))
}

fn tag(text: &str) -> Option<Language> {
    match text {
        "vi" => Some(Language::VI),
        "en" => Some(Language::EN),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_choice_wins() {
        for (uri, pairs, want) in [
            ("/", &[][..], Language::VI),
            ("/", &[("accept-language", "fr, en-GB;q=0.8, vi;q=0.1")], Language::EN),
            ("/", &[("accept-language", "en"), ("cookie", "cotmoc_lang=vi")], Language::VI),
            ("/?a=b&lang=en", &[("cookie", "cotmoc_lang=vi")], Language::EN),
            ("/?lang=tlh", &[("cookie", "cotmoc_lang=en")], Language::EN),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(chosen(&uri.parse().unwrap(), &headers), want, "{uri} {pairs:?}");
        }
        assert!(language_cookie(&"/inbox?lang=en".parse().unwrap(), false).is_some());
        assert!(language_cookie(&"/inbox".parse().unwrap(), false).is_none());
    }
}
