//! The API for registers and portals, one file an endpoint.
//!
//! Routes are registered with `routes!` alone, so that none can be there without its
//! description. Errors follow one envelope and are described once, here.

use axum::Router;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Fault, Problem};
use crate::http::AppState;

mod accept_events;
mod ask_question;
mod cloudevents;
mod docs;
mod health;
mod list_suggestions;
mod metrics;
mod models;
mod openapi;
mod problems;
mod purpose;
mod read_draft;
mod record_outcome;
mod search;
mod views;

pub(crate) use metrics::OPEN_METRICS;
pub use openapi::Document;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cột Mốc",
        description = include_str!("api/introduction.md"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "events", description = "What registers tell us."),
        (name = "suggestions", description = "What a person may get or must do, and the drafts prepared for it."),
        (name = "search", description = "Which procedure a question is about, and what it says."),
        (name = "models", description = "The models of this machine, as OpenAI's API has them. Off unless `models.serve` is set."),
        (name = "health", description = "For whoever runs the service."),
        (name = "about", description = "This description itself. Open to all."),
    ),
    components(schemas(Problem, Fault)),
    modifiers(&Common),
)]
struct Api;

/// What all operations share: the key, and the envelope of errors.
struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description =
            Some("A key that the operator issued: `Authorization: Bearer cmk_…`".to_owned());
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let problem = ResponseBuilder::new()
            .description("Anything else: a problem document (RFC 9457).")
            .content("application/problem+json", content)
            .build();
        components.responses.insert("Problem".to_owned(), problem.into());
    }
}

/// The routes and their description.
pub fn router() -> (Router<AppState>, Document) {
    let (router, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(accept_events::accept_events))
        .routes(routes!(list_suggestions::list_suggestions))
        .routes(routes!(ask_question::ask_question))
        .routes(routes!(read_draft::read_draft))
        .routes(routes!(record_outcome::record_outcome))
        .routes(routes!(search::search))
        .routes(routes!(models::list))
        .routes(routes!(models::complete))
        .routes(routes!(models::chat))
        .routes(routes!(models::embed))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::openapi))
        .routes(routes!(docs::docs))
        .routes(routes!(problems::problems))
        .routes(routes!(problems::problem))
        .split_for_parts();
    let paths = api.paths.paths.values_mut();
    let operations = paths.flat_map(|item| [&mut item.get, &mut item.post]).flatten();
    // The models' part has errors of its own form, and describes them itself.
    let ours = |tags: &Option<Vec<String>>| tags.iter().flatten().any(|tag| tag == "models");
    for operation in operations.filter(|operation| !ours(&operation.tags)) {
        let problem = Ref::from_response_name("Problem");
        operation.responses.responses.insert("default".to_owned(), problem.into());
    }
    (router, Document(api))
}

/// The description of the API (OpenAPI 3.1), as `cotmoc openapi` prints it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    router().1.0
}
