//! Text messages and notifications through an HTTP gateway, whichever it is: the settings give
//! its address, its token and the JSON that it takes.

use std::fmt;

use engine::carrier::{Carrier, Carrying, NotCarried, Parcel};
use reqwest::{Client, Url};
use serde_json::Value;

use super::http::{client, send};

/// The slots that a body may have.
const SLOTS: [&str; 4] = ["{id}", "{to}", "{title}", "{text}"];

/// Calls one gateway, which the operator named: it may well be inside.
pub struct Gateway {
    url: Url,
    token: Option<String>,
    body: Value,
    client: Client,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Not an address.
    #[error("the address of the gateway is none")]
    Address(#[source] <Url as std::str::FromStr>::Err),
    /// Not a body.
    #[error("`body` must be a JSON object, as in {{\"to\": \"{{to}}\", \"text\": \"{{text}}\"}}")]
    Body,
    /// A body that leaves out what it is for.
    #[error(
        "`body` must have a text `{{to}}` and a text `{{text}}`; it may have `{{id}}` and `{{title}}`"
    )]
    Slots,
    /// No client.
    #[error("no HTTP client could be made")]
    Client(#[source] reqwest::Error),
}

impl Gateway {
    /// Calls `url` with `token` as bearer; `body` is JSON whose texts have slots.
    ///
    /// # Errors
    /// When the address or the body cannot be used.
    pub fn new(url: &str, token: Option<&str>, body: &str) -> Result<Self, GatewayError> {
        let url = url.parse().map_err(GatewayError::Address)?;
        let body: Value = serde_json::from_str(body).map_err(|_| GatewayError::Body)?;
        if !body.is_object() {
            return Err(GatewayError::Body);
        }
        let text = body.to_string();
        if !(text.contains("{to}") && text.contains("{text}")) {
            return Err(GatewayError::Slots);
        }
        let client = client(false).map_err(GatewayError::Client)?;
        Ok(Self { url, token: token.map(str::to_owned), body, client })
    }

    async fn call(&self, parcel: &Parcel) -> Result<(), NotCarried> {
        let Some(to) = &parcel.address else {
            return Err(NotCarried::Never { why: "there is no address".to_owned() });
        };
        let id = parcel.id.to_string();
        let values = [id.as_str(), to.as_str(), parcel.title.as_str(), parcel.text.as_str()];
        let mut body = self.body.clone();
        fill(&mut body, &values);
        let mut request = self
            .client
            .post(self.url.clone())
            .header("idempotency-key", &id)
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        send(request).await
    }
}

/// Fills the slots of every text in `json`. Each text is filled once: a value that looks like a
/// slot stays as it is.
fn fill(json: &mut Value, values: &[&str; 4]) {
    match json {
        Value::String(text) => *text = filled(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(entries) => entries.values_mut().for_each(|value| fill(value, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn filled(text: &str, values: &[&str; 4]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, slot) = rest.split_at(at);
        out.push_str(before);
        let found = SLOTS.iter().zip(values).find(|(name, _)| slot.starts_with(**name));
        let (value, length) = found.map_or(("{", 1), |(name, value)| (*value, name.len()));
        out.push_str(value);
        rest = slot.get(length..).unwrap_or_default();
    }
    out + rest
}

impl Carrier for Gateway {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(self.call(parcel))
    }
}

/// Without the address, which may hold a token, and without the token.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("body", &self.body).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_once_and_escaped_as_json() {
        let mut body =
            serde_json::json!({"m": [{"to": "tel:{to}", "t": "{title}: {text}"}], "n": 1});
        fill(&mut body, &["d", "+84\"1", "{text}", "a {b} \n"]);
        assert_eq!(body.to_string(), r#"{"m":[{"to":"tel:+84\"1","t":"{text}: a {b} \n"}],"n":1}"#);
    }

    #[test]
    fn a_body_that_cannot_work_is_refused_at_the_start() {
        let make = |body: &str| Gateway::new("http://sms.inner/send", Some("t"), body);
        assert!(matches!(make("to={to}"), Err(GatewayError::Body)));
        assert!(matches!(make("[\"{to}{text}\"]"), Err(GatewayError::Body)));
        assert!(matches!(make("{\"to\": \"{to}\"}"), Err(GatewayError::Slots)));
        let made = make("{\"to\": \"{to}\", \"text\": \"{text}\"}").unwrap();
        assert!(!format!("{made:?}").contains("inner"));
    }
}
