//! One question to another server: sent again while it has too much to do, and read with care.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value};

use super::{Inner, RemoteError};
use crate::serve::ServeError;

/// How long to wait before the first and at most before any retry, where the server names no
/// time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

impl Inner {
    /// Sends `body` to `path` until the server has time for it or `until` is too near.
    pub(super) async fn call(
        &self,
        path: &str,
        mut body: Map<String, Value>,
        until: Instant,
    ) -> Result<Value, ServeError> {
        body.insert("model".to_owned(), self.settings.model.as_str().into());
        for (key, value) in &self.settings.extra {
            body.insert(key.clone(), value.clone());
        }
        let body = Value::Object(body).to_string();
        // `base` ends with a slash, so this cannot fail.
        let url = self.base.join(path).map_err(|_| RemoteError::Unreachable("no address"))?;
        let mut pause = FIRST_PAUSE;
        loop {
            let mut request = self
                .client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
            if let Some(key) = &self.settings.key {
                request = request.bearer_auth(key);
            }
            let answer = request.send().await.map_err(|error| unreachable(&error))?;
            let status = answer.status();
            if status.is_success() {
                let bytes = self.read_whole(answer).await?;
                let value = serde_json::from_slice(&bytes);
                return Ok(value.map_err(|_| RemoteError::Unreadable("no JSON"))?);
            }
            if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                return Err(self.refusal(answer).await.into());
            }
            let wait = asked_to_wait(&answer).unwrap_or(pause);
            drop(answer);
            if (self.now)() + wait >= until {
                return Err(RemoteError::Overloaded.into());
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn read_whole(&self, mut answer: Response) -> Result<Vec<u8>, RemoteError> {
        let longest = self.settings.longest;
        let mut bytes = Vec::new();
        while let Some(some) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + some.len() > longest {
                return Err(RemoteError::TooLong(longest));
            }
            bytes.extend_from_slice(&some);
        }
        Ok(bytes)
    }

    /// The status and the server's own word for it, where it is a plain word: its sentences may
    /// repeat the question.
    async fn refusal(&self, answer: Response) -> RemoteError {
        let status = answer.status().as_u16();
        let body = self.read_whole(answer).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let word = |pointer| body.pointer(pointer)?.as_str().filter(|it| is_plain(it));
        let code = word("/error/code").or_else(|| word("/error/type"));
        RemoteError::Status { status, code: code.map(str::to_owned) }
    }
}

fn is_plain(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// The seconds of `Retry-After`. Its other form, a date, is rare and its clock not ours.
fn asked_to_wait(answer: &Response) -> Option<Duration> {
    let seconds: u32 = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(u64::from(seconds)).max(FIRST_PAUSE))
}

/// The library's text names the address, which may hold a key.
fn unreachable(error: &reqwest::Error) -> RemoteError {
    RemoteError::Unreachable(if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke off"
    })
}
