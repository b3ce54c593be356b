//! `GET /v1/search`: which procedure a question in everyday words is about, and what it says.
//!
//! A question may hold anybody's name, so it is never logged.

use axum::extract::State;
use jiff::civil::Date;
use knowledge::{Bounds, Kind, Level, Place, Ways};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::answer::SearchOut;
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
        let answer = procedures.find(&question, Ways::Hybrid, &bounds, limit)?;
        SearchOut::told(procedures, &question, &answer, sections, asked.explain)
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
