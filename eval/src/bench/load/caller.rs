//! What a register and a portal do, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::SubjectId;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Load;
use crate::EvalError;

/// How long a suggestion is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// When it is looked for first.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// Slower than so many a second nothing is measured.
const SLOWEST: f64 = 0.1;
/// How many requests are under way at once; others wait, and their time runs.
const CONNECTIONS: usize = 256;
/// The purpose that portals read for.
const PURPOSE: &str = "proactive_service";

/// Calls one server.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    client: Client,
    address: String,
    key: String,
    room: Arc<Semaphore>,
}

impl Caller {
    pub(super) fn new(load: &Load<'_>) -> Result<Self, EvalError> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        Ok(Self { client, address: load.address.clone(), key: load.key.clone(), room })
    }

    /// One event.
    pub(super) async fn tell(&self, event: &Value) -> Result<(), EvalError> {
        let body = event.to_string().into_bytes();
        let answer = self.post("application/cloudevents+json", body).await?;
        count(&answer, "new", 1)
    }

    /// Many events, in one body.
    pub(super) async fn batch(&self, body: Vec<u8>) -> Result<(), EvalError> {
        let answer = self.post("application/cloudevents-batch+json", body).await?;
        count(&answer, "set_aside", 0)
    }

    async fn post(&self, kind: &str, body: Vec<u8>) -> Result<Value, EvalError> {
        let _place = self.room.acquire().await;
        let request = self.client.post(format!("{}/v1/events", self.address));
        let request = request.bearer_auth(&self.key).header("content-type", kind).body(body);
        answered(request.send().await?, StatusCode::ACCEPTED).await
    }

    /// How many suggestions a person has.
    pub(super) async fn read(&self, person: SubjectId) -> Result<usize, EvalError> {
        let address = format!("{}/v1/suggestions?subject={person}&purpose={PURPOSE}", self.address);
        let _place = self.room.acquire().await;
        let response = self.client.get(address).bearer_auth(&self.key).send().await?;
        let answer = answered(response, StatusCode::OK).await?;
        Ok(answer.get("suggestions").and_then(Value::as_array).map_or(0, Vec::len))
    }

    /// Looks until the person has a suggestion.
    pub(super) async fn wait_for(&self, person: SubjectId) -> Result<(), EvalError> {
        let began = Instant::now();
        while self.read(person).await? == 0 {
            if began.elapsed() > PATIENCE {
                return Err(EvalError::Load("no suggestion came".to_owned()));
            }
            // What is waited for longer is looked for less often: within a tenth of the truth.
            tokio::time::sleep(FIRST_LOOK.max(began.elapsed() / 10)).await;
        }
        Ok(())
    }
}

async fn answered(response: Response, expected: StatusCode) -> Result<Value, EvalError> {
    let status = response.status();
    let bytes = response.bytes().await?;
    if status != expected {
        let said = String::from_utf8_lossy(&bytes);
        return Err(EvalError::Load(format!("{status}: {said}")));
    }
    serde_json::from_slice(&bytes).map_err(|error| EvalError::Load(error.to_string()))
}

fn count(answer: &Value, of: &str, expected: u64) -> Result<(), EvalError> {
    let counted = answer.get(of).and_then(Value::as_u64);
    if counted == Some(expected) {
        return Ok(());
    }
    Err(EvalError::Load(format!("`{of}` is {counted:?}, not {expected}")))
}

/// Does something `per_second` times a second for so long, each time when its time has come, and
/// answers what came of each and how long it took from then on.
pub(super) async fn paced<T, F>(
    per_second: f64,
    lasts: Duration,
    mut what: impl FnMut(usize) -> F,
) -> Vec<(Result<T, EvalError>, Duration)>
where
    T: Send + 'static,
    F: Future<Output = Result<T, EvalError>> + Send + 'static,
{
    let gap = Duration::from_secs_f64(1.0 / per_second.max(SLOWEST));
    let began = tokio::time::Instant::now();
    let mut due = began;
    let mut under_way = JoinSet::new();
    let mut place = 0;
    while due - began < lasts {
        tokio::time::sleep_until(due).await;
        let doing = what(place);
        under_way.spawn(async move { (doing.await, due.elapsed()) });
        place += 1;
        due += gap;
    }
    under_way.join_all().await
}
