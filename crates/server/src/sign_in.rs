//! Signing in: the one place that says who a person is.
//!
//! In the demo a picker of sample persons stands here, and it exists only there. For real
//! use an issuer (OIDC) takes its place; its settings are read already and this
//! version says that it does not sign in with them yet. Nothing else in the server asks how
//! somebody signed in: pages take a [`Citizen`], forms an [`OurForm`].
//!
//! A session's token is random and only its hash is stored. A form carries a token made
//! from the session's, so that a page elsewhere cannot send it in the person's name.

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use domain::SubjectId;
use jiff::ToSpan as _;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::chance;
use crate::error::{ApiError, ErrorCode};
use crate::extract;
use crate::http::AppState;

/// How long a session lasts.
const SESSION_HOURS: i64 = 8;
const SESSION: &str = "cotmoc_session";
/// Names a browser before it signs in, so that the sign-in form has something to be bound to.
const VISIT: &str = "cotmoc_visit";

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The demo: anybody picks one of the sample persons.
    DemoPicker,
    /// An issuer (OIDC). Not enabled in this version: the first page says so.
    Oidc(Oidc),
}

/// The issuer that people will sign in with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oidc {
    /// Its address, where one is set.
    pub issuer: Option<String>,
    /// Our id there.
    pub client_id: Option<String>,
}

impl From<&crate::config::SignIn> for SignIn {
    fn from(settings: &crate::config::SignIn) -> Self {
        Self::Oidc(Oidc {
            issuer: settings.oidc_issuer.clone(),
            client_id: settings.oidc_client_id.clone(),
        })
    }
}

/// Somebody who is signed in. Only this module makes one from a request.
#[derive(Debug, Clone)]
pub struct Citizen {
    /// Who.
    pub subject: SubjectId,
    /// What the forms of this session carry.
    pub form_token: String,
}

impl FromRequestParts<AppState> for Citizen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let needed = || ApiError::new(ErrorCode::SignInNeeded, "nobody is signed in");
        let token = cookie(&parts.headers, SESSION).ok_or_else(needed)?;
        let mut conn = state.engine.store.read().await?;
        let now = state.engine.clock.now();
        let subject =
            storage::sessions::find(&mut conn, &hash(&token), now).await?.ok_or_else(needed)?;
        Ok(Self { subject, form_token: form_token(&token) })
    }
}

/// A browser that has not signed in: what its sign-in form carries, and the cookie to set
/// where it has none yet.
#[derive(Debug)]
pub struct Visitor {
    /// What the sign-in form carries.
    pub form_token: String,
    /// The cookie to set.
    pub set_cookie: Option<HeaderValue>,
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // A session that has ended may have left its cookie: then forms are bound to that.
        let held = cookie(&parts.headers, SESSION).or_else(|| cookie(&parts.headers, VISIT));
        if let Some(token) = held {
            return Ok(Self { form_token: form_token(&token), set_cookie: None });
        }
        let token = chance::token::<16>()?;
        let set_cookie = set_cookie(VISIT, &token, None, state.behind_tls);
        Ok(Self { form_token: form_token(&token), set_cookie })
    }
}

/// Signs `subject` in. Answers the cookie to set.
pub async fn begin(state: &AppState, subject: SubjectId) -> Result<HeaderValue, ApiError> {
    let token = chance::token::<32>()?;
    let now = state.engine.clock.now();
    let until = now.checked_add(SESSION_HOURS.hours()).map_err(ApiError::internal)?;
    let mut tx = state.engine.store.begin().await?;
    storage::sessions::open(&mut tx, &hash(&token), subject, now, until).await?;
    tx.commit().await?;
    set_cookie(SESSION, &token, Some(SESSION_HOURS * 3600), state.behind_tls)
        .ok_or_else(|| ApiError::new(ErrorCode::Internal, "no cookie could be set"))
}

/// Signs out whoever `headers` belong to. Answers the cookie that forgets the session.
pub async fn end(state: &AppState, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
    if let Some(token) = cookie(headers, SESSION) {
        let mut tx = state.engine.store.begin().await?;
        storage::sessions::close(&mut tx, &hash(&token)).await?;
        tx.commit().await?;
    }
    Ok(set_cookie(SESSION, "", Some(0), state.behind_tls))
}

/// A form that was sent from our own page.
#[derive(Debug)]
pub struct OurForm<T>(pub T);

#[derive(serde::Deserialize)]
struct Token {
    form_token: String,
}

impl<T: DeserializeOwned + Send> FromRequest<AppState> for OurForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let headers = request.headers().clone();
        let refused = |why: &'static str| ApiError::new(ErrorCode::FormNotOurs, why);
        if came_from_elsewhere(&headers) {
            return Err(refused("the form was sent from another site"));
        }
        let held = cookie(&headers, SESSION).or_else(|| cookie(&headers, VISIT));
        let held = held.ok_or_else(|| refused("the form came without its cookie"))?;
        let bytes = extract::body(request, state).await?;
        let Token { form_token: given } =
            read(&bytes).await.ok_or_else(|| refused("the form came without its token"))?;
        // Hashes of secrets are compared, so the time it takes tells nothing about them.
        if hash(&given) != hash(&form_token(&held)) {
            return Err(refused("the form's token is not this session's"));
        }
        let form = read(&bytes).await;
        form.map(Self)
            .ok_or_else(|| ApiError::new(ErrorCode::InvalidBody, "a field of the form is missing"))
    }
}

async fn read<T: DeserializeOwned>(bytes: &axum::body::Bytes) -> Option<T> {
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(bytes.clone()))
        .ok()?;
    Form::from_request(request, &()).await.ok().map(|Form(form)| form)
}

/// Whether the browser says that another site sent this. Old browsers say nothing, and some
/// say `null` because our pages ask for no referrer; then the token alone decides.
fn came_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    match text("origin") {
        None | Some("null") => false,
        Some(origin) => {
            let from = origin.split_once("://").map(|(_, host)| host);
            from.is_none() || from != text("host")
        }
    }
}

/// The value of the cookie `name`.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// A `Set-Cookie` that scripts cannot read and other sites do not send along.
#[must_use]
pub fn set_cookie(
    name: &str,
    value: &str,
    seconds: Option<i64>,
    behind_tls: bool,
) -> Option<HeaderValue> {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if behind_tls { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    HeaderValue::from_str(&line).ok()
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn form_token(secret: &str) -> String {
    chance::hex(&Sha256::new().chain_update("form\0").chain_update(secret).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let map = headers(&[("cookie", "a=1; cotmoc_session=xyz; b=2")]);
        assert_eq!(cookie(&map, SESSION).as_deref(), Some("xyz"));
        assert_eq!(cookie(&map, "session"), None);
        assert_eq!(cookie(&headers(&[("cookie", "cotmoc_session=")]), SESSION), None);
    }

    #[test]
    fn a_form_from_elsewhere_is_told_by_its_headers() {
        for (given, elsewhere) in [
            (&[("sec-fetch-site", "same-origin")][..], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("origin", "http://127.0.0.1:8466"), ("host", "127.0.0.1:8466")], false),
            (&[("origin", "http://evil.example"), ("host", "127.0.0.1:8466")], true),
            (&[("origin", "null")], false),
            (&[], false),
        ] {
            assert_eq!(came_from_elsewhere(&headers(given)), elsewhere, "{given:?}");
        }
    }

    #[test]
    fn a_form_token_does_not_tell_the_session() {
        let token = form_token("secret");
        assert_eq!(token, form_token("secret"));
        assert_ne!(token, form_token("other"));
        assert_ne!(token, chance::hex(&hash("secret")));
    }

    #[test]
    fn a_cookie_is_marked_secure_behind_tls_only() {
        let line = |tls| set_cookie("a", "b", Some(1), tls).unwrap().to_str().unwrap().to_owned();
        assert_eq!(line(false), "a=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=1");
        assert!(line(true).ends_with("; Secure"));
    }
}
