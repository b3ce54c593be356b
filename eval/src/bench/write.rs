//! Wording: letters a second, worded anew and from a template that is kept.

use std::time::{Duration, Instant};

use domain::{Event, Letter, MessageSource, MilestoneId, SubjectId};
use engine::App;
use knowledge::{Passage, Query};
use serde::Serialize;
use writer::{Plan, To, Writer, cited_as};

use super::plans::{KINDS, Kind};
use super::rate;
use crate::EvalError;
use crate::timing::{median, milliseconds};

/// As the engine asks for passages.
const PASSAGES: usize = 12;
/// How often a kept template is taken: once takes too little to be clocked well.
const TAKES: u32 = 20;

/// What the benchmark measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WriteBench {
    /// sha256 of the model, empty without one.
    pub model: String,
    /// Each plan.
    pub plans: Vec<WrittenPlan>,
    /// Letters a second when each must be worded, over all plans.
    pub cold_per_second: f64,
    /// Letters a second from kept templates, over all plans.
    pub cached_per_second: f64,
    /// The middle of wording one anew.
    pub cold_median_ms: f64,
    /// Plans whose letter the model worded and the proof accepted.
    pub by_model: usize,
}

/// One kind of letter.
#[derive(Debug, Clone, Serialize)]
pub struct WrittenPlan {
    /// Life event, service, role and language.
    pub plan: String,
    /// `model` or `template`.
    pub source: MessageSource,
    /// Why the model's text was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_because: Option<String>,
    /// Finding passages, wording, proving.
    pub cold_ms: f64,
    /// With the template kept: finding passages, which are part of its key, proving the text
    /// against this plan and filling it.
    pub cached_ms: f64,
    /// Of that, proving and filling alone.
    pub filled_ms: f64,
}

/// Words one letter of each kind that the samples bring about, and takes each template again and
/// again, as the engine does with one that it finds in the database (whose time is not counted). Without a model this measures the approved wording.
///
/// Blocks for seconds at a time while a model words: call it where nothing else waits.
pub fn write(app: &App, mut progress: impl FnMut(usize, usize)) -> Result<WriteBench, EvalError> {
    let writing = &app.writing;
    let index = writing.passages.as_ref().map(|it| it.index().hash().to_owned());
    let writer = Writer {
        words: &writing.words,
        prompts: &writing.prompts,
        wording: writing.model.as_deref(),
        samples: writing.samples,
        pack: app.pack.hash(),
        index: index.as_deref().unwrap_or_default(),
    };
    let mut plans = Vec::new();
    let (mut cold, mut cached) = (Duration::ZERO, Duration::ZERO);
    for (done, kind) in KINDS.iter().enumerate() {
        progress(done, KINDS.len());
        let Some(plan) = plan(app, kind)? else { continue };
        let (written, worded, filled) = one(app, &writer, kind, &plan)?;
        cold += worded;
        cached += filled;
        plans.push(written);
    }
    progress(KINDS.len(), KINDS.len());
    let count = plans.len() as u64;
    Ok(WriteBench {
        model: writing.model.as_ref().map(|it| it.hash().to_owned()).unwrap_or_default(),
        cold_per_second: rate(count, cold),
        cached_per_second: rate(count, cached),
        cold_median_ms: median(plans.iter().map(|it| it.cold_ms).collect()),
        by_model: plans.iter().filter(|it| it.source == MessageSource::Model).count(),
        plans,
    })
}

fn one(
    app: &App,
    writer: &Writer<'_>,
    kind: &Kind,
    plan: &Plan,
) -> Result<(WrittenPlan, Duration, Duration), EvalError> {
    let started = Instant::now();
    let passages = passages_for(app, plan).map_err(|error| failed(kind, error))?;
    let template = writer.make_template(plan, &passages).map_err(|error| failed(kind, error))?;
    let cold = started.elapsed();

    let cited = |id: &str| {
        let passage = app.writing.passages.as_ref()?.index().passage(id)?;
        Some(cited_as(passage, &plan.manners))
    };
    let nobody = Event::id_of("bench", "write").to_string();
    let milestone = MilestoneId::of(&[&nobody]);
    let recipient = SubjectId::of(&[&nobody]);
    let mut filling = Duration::ZERO;
    let started = Instant::now();
    for _ in 0..TAKES {
        let passages = passages_for(app, plan).map_err(|error| failed(kind, error))?;
        let key = writer.key(plan, &passages);
        debug_assert_eq!(key, template.shape, "the same question finds the same passages");
        let to = To { milestone, recipient, letter: Letter::First };
        let began = Instant::now();
        let message = app.writing.words.message(plan, &template, to, &cited);
        message.map_err(|error| failed(kind, error))?;
        filling += began.elapsed();
    }
    let cached = started.elapsed() / TAKES;
    let written = WrittenPlan {
        plan: kind.name(),
        source: template.source,
        refused_because: template.refused_because,
        cold_ms: milliseconds(cold),
        cached_ms: milliseconds(cached),
        filled_ms: milliseconds(filling / TAKES),
    };
    Ok((written, cold, cached))
}

fn plan(app: &App, kind: &Kind) -> Result<Option<Plan>, EvalError> {
    let Some(input) = kind.input(app) else { return Ok(None) };
    app.writing.words.plan(&input).map(Some).map_err(|error| failed(kind, error))
}

/// The passages that the engine would offer for this plan.
fn passages_for(app: &App, plan: &Plan) -> Result<Vec<Passage>, knowledge::SearchError> {
    let Some(search) = &app.writing.passages else { return Ok(Vec::new()) };
    let name = app.pack.service(&plan.service).map(|it| it.name.vi.clone());
    let query = Query {
        codes: Some(vec![plan.life_event.clone(), plan.service.clone()]),
        place: Some(plan.place.clone()),
        limit: PASSAGES,
        ..Query::new(name.unwrap_or_else(|| plan.service.clone()), plan.written_on)
    };
    let hits = search.find(&query)?;
    Ok(hits.into_iter().map(|hit| Passage::clone(&hit.passage)).collect())
}

fn failed(kind: &Kind, error: impl std::error::Error + Send + Sync + 'static) -> EvalError {
    EvalError::Text { plan: kind.name(), source: Box::new(error) }
}
