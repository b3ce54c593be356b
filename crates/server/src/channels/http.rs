//! One HTTP call and what its answer means: taken, later, never, gone.

use std::sync::Arc;
use std::time::Duration;

use engine::carrier::NotCarried;
use inference::reach::Reach;
use jiff::SignedDuration;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

/// How long the other side may take to let us in, and to answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// The longest patience that the other side may ask for.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// A client that follows no redirect and no proxy; with `guarded` it reaches nothing inside.
pub(super) fn client(guarded: bool) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .user_agent(concat!("cotmoc/", env!("CARGO_PKG_VERSION")));
    if guarded { builder.dns_resolver(Arc::new(Reach::Public)) } else { builder }.build()
}

/// Sends the request. Of the answer only the status and `Retry-After` are read: what else it says
/// may hold anything.
pub(super) async fn send(request: RequestBuilder) -> Result<(), NotCarried> {
    match request.send().await {
        Ok(answer) => verdict(&answer),
        // The library's text names the address, which may hold a token.
        Err(error) if error.is_timeout() => Err(later("no answer in time", None)),
        Err(error) if error.is_connect() => Err(later("no connection", None)),
        Err(_) => Err(later("the connection broke off", None)),
    }
}

fn verdict(answer: &Response) -> Result<(), NotCarried> {
    let status = answer.status();
    let why = format!("answered {}", status.as_u16());
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::GONE => Err(NotCarried::Gone { why }),
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
            Err(later(&why, asked_to_wait(answer)))
        }
        _ if status.is_server_error() => Err(later(&why, asked_to_wait(answer))),
        // A redirect too: it would lead where nobody allowed us to go.
        _ => Err(NotCarried::Never { why }),
    }
}

fn later(why: &str, after: Option<SignedDuration>) -> NotCarried {
    NotCarried::Later { why: why.to_owned(), after }
}

/// The seconds of `Retry-After`. Its other form, a date, is rare and its clock not ours.
fn asked_to_wait(answer: &Response) -> Option<SignedDuration> {
    let seconds: u32 = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(seconds)).min(LONGEST_WAIT))
}
