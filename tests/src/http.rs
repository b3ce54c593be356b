//! A client as simple as a browser without scripts: it keeps cookies, follows redirects and
//! looks at the answer itself, whatever its status.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by lower-case name; of a repeated one the last.
    pub headers: BTreeMap<String, String>,
    /// The text of the body.
    pub body: String,
    /// The path that answered in the end.
    pub path: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("{} answered {}: {}", self.path, self.status, self.body))
    }

    /// The header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One visitor of one server.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A visitor without cookies of `base`, such as `http://127.0.0.1:8466`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let agent = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .into();
        Self {
            agent,
            base: base.trim_end_matches('/').to_owned(),
            cookies: Mutex::default(),
            headers: Vec::new(),
        }
    }

    /// The same visitor, who sends this header with every request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads a page or a resource.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.follow("GET", path, None)
    }

    /// Sends a body of `kind`.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn post(&self, path: &str, kind: &str, body: &str) -> Result<Answer> {
        self.follow("POST", path, Some((kind, body)))
    }

    /// Sends a form as a browser does.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn submit(&self, path: &str, fields: &[(String, String)]) -> Result<Answer> {
        let fields = fields.iter().map(|(k, v)| format!("{}={}", encoded(k), encoded(v)));
        let body = fields.collect::<Vec<_>>().join("&");
        self.post(path, "application/x-www-form-urlencoded", &body)
    }

    /// Ends something.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.follow("DELETE", path, None)
    }

    fn follow(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Result<Answer> {
        let mut answer = self.once(method, path, body)?;
        for _ in 0..5 {
            if ![301, 302, 303].contains(&answer.status) {
                return Ok(answer);
            }
            let target = answer.header("location").to_owned();
            let path = target.strip_prefix(&self.base).unwrap_or(&target).to_owned();
            if !path.starts_with('/') {
                bail!("{} leads away to `{target}`", answer.path);
            }
            answer = self.once("GET", &path, None)?;
        }
        bail!("{path} leads in circles")
    }

    fn once(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !cookies.is_empty() {
            let pairs = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
            request = request.header("cookie", pairs.join("; "));
        }
        let response = match body {
            Some((kind, text)) => {
                // Browsers say where a form came from; servers may insist on it.
                let request = request.header("content-type", kind).header("origin", &self.base);
                self.agent.run(request.body(text.to_owned())?)
            }
            None => self.agent.run(request.body(())?),
        };
        self.read(path, response.with_context(|| format!("{method} {}{path}", self.base))?)
    }

    fn read(&self, path: &str, mut response: Response<ureq::Body>) -> Result<Answer> {
        let mut jar = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                jar.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let headers = response.headers().iter();
        Ok(Answer {
            status: response.status().as_u16(),
            headers: headers
                .map(|(k, v)| (k.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into()))
                .collect(),
            body: response.body_mut().with_config().limit(64 << 20).read_to_string()?,
            path: path.to_owned(),
        })
    }
}

/// A form of a page, as a browser without scripts would send it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Its hidden fields.
    pub fields: Vec<(String, String)>,
    /// Name and value of each button that has them.
    pub buttons: Vec<(String, String)>,
}

impl Answer {
    /// The forms of the page that are sent with `POST`.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let forms = self.body.split("<form").skip(1).filter_map(|it| it.split("</form>").next());
        forms.filter(|it| attribute(it, "method").eq_ignore_ascii_case("post")).map(form).collect()
    }

    /// The paths to which the page's links lead, within this server.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let links = self.body.split("<a ").skip(1).map(|it| attribute(it, "href"));
        links.filter(|it| it.starts_with('/')).collect()
    }
}

fn form(text: &str) -> Form {
    let mut form = Form { action: attribute(text, "action"), ..Form::default() };
    for tag in text.split("<input").skip(1) {
        let hidden = attribute(tag, "type") == "hidden";
        let checked = tag.split('>').next().is_some_and(|it| it.contains(" checked"));
        if hidden || checked {
            form.fields.push((attribute(tag, "name"), attribute(tag, "value")));
        }
    }
    for tag in text.split("<button").skip(1) {
        let pair = (attribute(tag, "name"), attribute(tag, "value"));
        if !pair.0.is_empty() {
            form.buttons.push(pair);
        }
    }
    form
}

/// The value of `name` in the tag at whose inside `text` begins.
fn attribute(text: &str, name: &str) -> String {
    let tag = text.split('>').next().unwrap_or_default();
    let found = tag.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
    found.unwrap_or_default().replace("&amp;", "&")
}

/// Percent-encoded, as forms and query texts need it.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|it| match it {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(it).to_string()
            }
            it => format!("%{it:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_sends_it() {
        let body = r#"<form method="get" action="/q"></form><form method="post" action="/o">
            <input type="hidden" name="t" value="a&amp;b"><input name="free" type="text">
            <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
            <button name="kind" value="done">Xong</button></form>"#;
        let answer = Answer {
            status: 200,
            headers: BTreeMap::new(),
            body: body.to_owned(),
            path: String::new(),
        };
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let expected = Form {
            action: "/o".to_owned(),
            fields: vec![pair("t", "a&b"), pair("r", "2")],
            buttons: vec![pair("kind", "done")],
        };
        assert_eq!(answer.forms(), [expected]);
    }

    #[test]
    fn vietnamese_is_encoded_byte_by_byte() {
        assert_eq!(encoded("đơn 1"), "%C4%91%C6%A1n%201");
    }
}
