//! `GET /v1/search`: which procedure a question in everyday words is about, and what it says.
//!
//! A question may hold anybody's name, so it is never logged.

use axum::extract::State;
use jiff::civil::Date;
use knowledge::{
    Answer, Bounds, Document, Facets, Found, FoundSection, Kind, LeftOut, Level, Place, Procedures,
    ProceduresError, Question, Reasons, Ways,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ErrorCode};
use crate::extract::{Json, Query};
use crate::http::AppState;
use crate::portal::{Portal, Search};

/// How many documents an answer may have, and has where nobody says.
const MOST: usize = 50;
const USUAL: usize = 10;
/// How many sections each document may show.
const MOST_SECTIONS: usize = 3;

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum KindIn {
    Procedure,
    Law,
    Guide,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LevelIn {
    Commune,
    Province,
    Ministry,
    Branch,
    Other,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchIn {
    /// The question, with or without Vietnamese marks; 2,000 characters at most.
    #[param(example = "làm giấy khai sinh cho con")]
    q: String,
    /// Only documents of this kind.
    #[param(inline)]
    kind: Option<KindIn>,
    /// Only what holds there: its own, and what holds in all that contain it.
    #[param(value_type = Option<String>, example = "vn-79")]
    place: Option<Place>,
    /// Only what is in force on this day; today where left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-28")]
    on: Option<Date>,
    /// Only what this level handles, and what nobody says of who handles it.
    #[param(inline)]
    level: Option<LevelIn>,
    /// Only what serves one of these procedures or life events, with commas between them.
    #[param(example = "1.001193,LE-BIRTH")]
    codes: Option<String>,
    /// How many documents, 1 to 50; 10 where left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
    /// How many sections of each, 1 to 3; 3 where left out.
    #[param(minimum = 1, maximum = 3)]
    sections: Option<usize>,
    /// Whether to say why each stands where it stands.
    #[serde(default)]
    explain: bool,
}

/// What answers a question.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchOut {
    /// The question as it was read, where that is not as it was typed.
    read_as: Option<String>,
    /// Abbreviations that were written out.
    expansions: Vec<ExpansionOut>,
    /// SHA-256 of the index that was searched.
    index: String,
    /// The best first.
    documents: Vec<FoundOut>,
    /// Counts over the best hundred.
    facets: FacetsOut,
    /// How many documents each filter left out before anything was ranked; with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOutOut>,
}

/// An abbreviation in the question, and what it was read as.
#[derive(Debug, Serialize, ToSchema)]
struct ExpansionOut {
    #[schema(example = "GPLX")]
    short: String,
    #[schema(example = "giấy phép lái xe")]
    long: String,
}

/// A document that answers.
#[derive(Debug, Serialize, ToSchema)]
struct FoundOut {
    /// Its id.
    #[schema(example = "birth-registration")]
    id: String,
    /// `procedure`, `law` or `guide`.
    kind: &'static str,
    /// Its national code, where it has one.
    code: Option<String>,
    title: String,
    /// Where it holds.
    #[schema(example = "vn")]
    place: String,
    /// The first day it holds, where known.
    #[schema(format = Date)]
    in_force_from: Option<String>,
    /// The first day it holds no more, where one is set.
    #[schema(format = Date)]
    in_force_until: Option<String>,
    /// Who handles it; empty where nobody says.
    levels: Vec<&'static str>,
    /// What it is about, in the source's words.
    sector: String,
    /// Where it was read.
    source: Vec<String>,
    /// The day it was last compared with its source.
    #[schema(format = Date)]
    retrieved_on: String,
    /// SHA-256 of the document: once it differs, what was cited of it is no more.
    hash: String,
    /// Comparable within one answer only.
    score: f32,
    /// What of it answers, the best first.
    sections: Vec<FoundSectionOut>,
    /// Why it stands here; with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<WhyOut>,
}

/// A section that answers.
#[derive(Debug, Serialize, ToSchema)]
struct FoundSectionOut {
    #[schema(example = "fee")]
    id: String,
    heading: String,
    text: String,
    /// The first byte of the words in the document.
    start: usize,
    /// The byte after the last.
    end: usize,
    /// SHA-256 of the words.
    hash: String,
}

/// What speaks for a document. All but `dense` are parts of the score.
#[derive(Debug, Serialize, ToSchema)]
struct WhyOut {
    /// Words of the question that it shares.
    lexical: f32,
    /// How much of its title the question says.
    covered: f32,
    /// How near in meaning, as a cosine.
    dense: f32,
    /// What that adds: how far it stands out among all.
    meaning: f32,
    /// Who may ask for it, who handles it, where it holds.
    ahead: f32,
    /// How near it is to what the best have in common.
    feedback: f32,
    /// The question holds its code or one of its names.
    named: f32,
}

/// Counts over the best hundred.
#[derive(Debug, Serialize, ToSchema)]
struct FacetsOut {
    /// By who handles them.
    level: Vec<CountOut>,
    /// By what they are about.
    sector: Vec<CountOut>,
    /// By where they hold.
    place: Vec<CountOut>,
}

/// How many there are of one.
#[derive(Debug, Serialize, ToSchema)]
struct CountOut {
    value: String,
    count: usize,
}

/// How many documents each filter left out, counted at the first that did.
#[derive(Debug, Serialize, ToSchema)]
struct LeftOutOut {
    kind: usize,
    place: usize,
    in_force: usize,
    level: usize,
    code: usize,
}

/// Find the procedure that a question is about.
///
/// Filters leave out before anything is ranked. A section carries what citing it takes: where its
/// words stand and their hash. The question is not logged.
#[utoipa::path(
    get,
    path = "/v1/search",
    tag = "search",
    operation_id = "search",
    params(SearchIn),
    responses(
        (status = 200, description = "What answers.", body = SearchOut),
        (status = 503, description = "There is no index to search, or too many ask.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("key" = ["search"]))
)]
#[tracing::instrument(name = "http.search", skip_all, fields(portal.key = %portal.key))]
pub(super) async fn search(
    State(state): State<AppState>,
    portal: Portal<Search>,
    Query(asked): Query<SearchIn>,
) -> Result<Json<SearchOut>, ApiError> {
    let within = |given: Option<usize>, usual: usize, most: usize, name: &str| match given {
        None => Ok(usual),
        Some(number) if (1..=most).contains(&number) => Ok(number),
        Some(_) => {
            let detail = format!("`{name}` is a number from 1 to {most}");
            Err(ApiError::new(ErrorCode::InvalidQuery, detail))
        }
    };
    let limit = within(asked.limit, USUAL, MOST, "limit")?;
    let sections = within(asked.sections, MOST_SECTIONS, MOST_SECTIONS, "sections")?;
    let today = state.engine.clock.today(state.engine.pack.time_zone());
    let bounds = bounds(&asked, today);
    let found = state.finder.ask(move |procedures| {
        let question = procedures.understand(&asked.q)?;
        let answer = procedures.find(&question, Ways::Hybrid, &bounds, limit);
        told(procedures, &question, &answer, sections, asked.explain)
    });
    Ok(Json(found.await?))
}

fn bounds(asked: &SearchIn, today: Date) -> Bounds {
    let kinds = asked.kind.map(|kind| match kind {
        KindIn::Procedure => Kind::Procedure,
        KindIn::Law => Kind::Law,
        KindIn::Guide => Kind::Guide,
    });
    let level = asked.level.map(|level| match level {
        LevelIn::Commune => Level::Commune,
        LevelIn::Province => Level::Province,
        LevelIn::Ministry => Level::Ministry,
        LevelIn::Branch => Level::Branch,
        LevelIn::Other => Level::Other,
    });
    let codes = asked.codes.as_ref().map(|codes| {
        let codes = codes.split(',').map(str::trim).filter(|code| !code.is_empty());
        codes.map(str::to_owned).collect()
    });
    Bounds {
        kinds: kinds.into_iter().collect(),
        place: asked.place.clone(),
        in_force_on: Some(asked.on.unwrap_or(today)),
        level,
        codes,
    }
}

fn told(
    procedures: &Procedures,
    question: &Question,
    answer: &Answer<'_>,
    sections: usize,
    explain: bool,
) -> Result<SearchOut, ProceduresError> {
    let mut documents = Vec::with_capacity(answer.found.len());
    for found in &answer.found {
        let document = procedures.document(found)?;
        let sections = procedures.sections(&document, question, sections);
        documents.push(FoundOut::new(found, &document, sections, explain));
    }
    Ok(SearchOut {
        read_as: question.changed.then(|| question.read_as.clone()),
        expansions: question
            .expansions
            .iter()
            .map(|it| ExpansionOut { short: it.short.clone(), long: it.long.clone() })
            .collect(),
        index: procedures.hash().to_owned(),
        documents,
        facets: FacetsOut::from(&answer.facets),
        left_out: explain.then(|| answer.left_out.into()),
    })
}

impl FoundOut {
    fn new(
        found: &Found<'_>,
        document: &Document,
        sections: Vec<FoundSection>,
        explain: bool,
    ) -> Self {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        Self {
            id: document.id.clone(),
            kind: document.kind.as_str(),
            code: document.code.clone(),
            title: document.title.clone(),
            place: document.place.to_string(),
            in_force_from: day(document.in_force.from),
            in_force_until: day(document.in_force.until),
            levels: found.entry.levels.iter().map(|level| level.as_str()).collect(),
            sector: found.entry.sector.clone(),
            source: document.source.clone(),
            retrieved_on: document.retrieved_on.to_string(),
            hash: document.hash.clone(),
            score: found.score,
            sections: sections.into_iter().map(FoundSectionOut::from).collect(),
            why: found.reasons.filter(|_| explain).map(WhyOut::from),
        }
    }
}

impl From<FoundSection> for FoundSectionOut {
    fn from(from: FoundSection) -> Self {
        Self {
            id: from.id,
            heading: from.heading,
            text: from.text,
            start: from.span.start,
            end: from.span.end,
            hash: from.hash,
        }
    }
}

impl From<Reasons> for WhyOut {
    fn from(from: Reasons) -> Self {
        let Reasons { lexical, covered, dense, meaning, ahead, feedback, named } = from;
        Self { lexical, covered, dense, meaning, ahead, feedback, named }
    }
}

impl From<LeftOut> for LeftOutOut {
    fn from(from: LeftOut) -> Self {
        let LeftOut { kind, place, in_force, level, code } = from;
        Self { kind, place, in_force, level, code }
    }
}

impl From<&Facets> for FacetsOut {
    fn from(from: &Facets) -> Self {
        /// The most first.
        fn counts<'a>(of: impl Iterator<Item = (&'a str, usize)>) -> Vec<CountOut> {
            let counts = of.map(|(value, count)| CountOut { value: value.to_owned(), count });
            let mut counts: Vec<CountOut> = counts.collect();
            counts.sort_by_key(|it| std::cmp::Reverse(it.count));
            counts
        }
        Self {
            level: counts(from.level.iter().map(|(value, count)| (*value, *count))),
            sector: counts(from.sector.iter().map(|(value, count)| (value.as_str(), *count))),
            place: counts(from.place.iter().map(|(value, count)| (value.as_str(), *count))),
        }
    }
}
