//! A site with a database in memory and a clock that stands still, and a browser to visit it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::{Clock, FixedClock, SubjectId};
use engine::view::SamplePerson;
use engine::{Operation, Queue};
use jiff::ToSpan as _;
use knowledge::{Embed, EmbedError};
use serde_json::Value;
use server::finder::Finder;
use server::http::AppState;
use server::models::{Models, Offer};
use server::portal;
use server::questions::Questions;
use server::sign_in::SignIn;
use server::wiring::Country;
use tower::ServiceExt as _;

mod app;

/// The sample timeline's event at `place`.
pub(crate) fn event(place: usize) -> Value {
    let lines = include_str!("../../../../../life-events/vn/samples/timeline.jsonl");
    serde_json::from_str(lines.lines().nth(place).unwrap()).unwrap()
}

/// A running site.
pub(crate) struct Site {
    pub(crate) state: AppState,
    clock: Arc<FixedClock>,
    router: Router,
}

impl Site {
    pub(crate) async fn demo() -> Self {
        Self::signing_in(SignIn::DemoPicker).await
    }

    pub(crate) async fn signing_in(sign_in: SignIn) -> Self {
        let site = Self::bare(sign_in).await;
        site.state.engine.store.migrate().await.unwrap();
        site
    }

    pub(crate) async fn without_tables() -> Self {
        Self::bare(SignIn::DemoPicker).await
    }

    async fn bare(sign_in: SignIn) -> Self {
        let clock = Arc::new(FixedClock::at("2026-11-23T03:00:00Z".parse().unwrap()));
        let engine = app::engine(Arc::clone(&clock)).await;
        let finder = Finder::new(Path::new("no/procedures.index"), || Ok(Arc::new(Letters)));
        let finder = finder.with_page(true);
        let sign_in = Arc::new(sign_in);
        let files = server::pack::files(None).unwrap();
        let questions = Arc::new(Questions::of(&files).unwrap());
        let phrases = Some(Arc::new(Country { files, pack: Arc::clone(&engine.pack) }));
        let (behind_tls, models) = (false, None);
        let state = AppState { engine, sign_in, behind_tls, models, finder, questions, phrases };
        let router = server::http::router(state.clone());
        Self { state, clock, router }
    }

    /// The demo whose models other programs may ask.
    pub(crate) async fn offering(models: Arc<Models>) -> Self {
        let mut site = Self::demo().await;
        site.state.models = Some(Offer::of(models));
        site.router = server::http::router(site.state.clone());
        site
    }

    /// The demo that finds what is in the index at `index`.
    pub(crate) async fn finding(index: &Path) -> Self {
        let mut site = Self::demo().await;
        site.state.finder = Finder::new(index, || Ok(Arc::new(Letters))).with_page(true);
        site.router = server::http::router(site.state.clone());
        site
    }

    /// The demo in which so many jobs may wait.
    pub(crate) async fn with_a_queue_of(jobs: u64) -> Self {
        let mut site = Self::demo().await;
        let operation = Operation { queue: Queue::up_to(jobs), ..Operation::default() };
        site.state.engine.operation = Arc::new(operation);
        site.router = server::http::router(site.state.clone());
        site
    }

    /// The demo with its people known, and no message yet.
    pub(crate) async fn with_people() -> Self {
        let site = Self::demo().await;
        app::add_people(&site.state.engine).await;
        site
    }

    /// The demo where the first person has a message with a draft, and the second has none of it.
    pub(crate) async fn with_a_message() -> Self {
        let site = Self::with_people().await;
        app::add_a_message(&site.state.engine).await;
        site
    }

    pub(crate) async fn person(&self, place: usize) -> SamplePerson {
        app::person(&self.state.engine, place).await
    }

    pub(crate) async fn key(&self, scopes: &[&str]) -> String {
        let engine = &self.state.engine;
        portal::issue(&engine.store, engine.clock.now(), "Cổng thử", scopes).await.unwrap()
    }

    pub(crate) fn wait_hours(&self, hours: i64) {
        self.clock.set(self.clock.now() + hours.hours());
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

/// A model of ten lines: texts are near that have letters in common.
pub(crate) struct Letters;

impl Embed for Letters {
    fn model(&self) -> String {
        "letters".to_owned()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vector = |text: &&str| {
            let folded = knowledge::fold(text);
            let count = |letter: char| folded.chars().filter(|it| *it == letter).count();
            ('a'..='z').map(|letter| u16::try_from(count(letter)).unwrap().into()).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed_passages(texts)
    }
}

/// Somebody whom no register knows.
pub(crate) fn nobody() -> SubjectId {
    SubjectId::of(&["nobody"])
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The first address on the page that begins with `start`.
    pub(crate) fn link(&self, start: &str) -> String {
        let at = self.text.find(&format!("\"{start}")).unwrap_or_else(|| panic!("no {start}"));
        self.text[at + 1..].split('"').next().unwrap().to_owned()
    }
}

/// Keeps cookies and fills in forms, as a browser does.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        Self { site, cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("http://localhost", path, fields).await
    }

    pub(crate) async fn post_from(
        &mut self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        // Nothing that these tests send needs escaping but the colon, which may stand as it is.
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(pairs.join("&"))).await
    }

    /// Opens `page`, takes its form's token and sends the form to `path`.
    pub(crate) async fn send_form(
        &mut self,
        path: &str,
        page: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let token = self.form_token(page).await;
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    pub(crate) async fn form_token(&mut self, page: &str) -> String {
        let text = self.get(page).await.text;
        let mark = "name=\"form_token\" value=\"";
        let at = text.find(mark).unwrap_or_else(|| panic!("no form on {page}")) + mark.len();
        text[at..].split('"').next().unwrap().to_owned()
    }

    pub(crate) async fn sign_in(&mut self, person: &SamplePerson) -> Answer {
        let subject = person.subject.to_string();
        let answer = self.send_form("/sign-in", "/", &[("subject", &subject)]).await;
        assert_eq!(answer.header("location"), Some("/inbox"), "{}", answer.text);
        answer
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let line: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, line.join("; ")).body(body).unwrap();
        let answer = self.site.send(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
