//! `POST /v1/events`: what registers tell us.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use engine::intake::{Input, Intake};
use serde::Serialize;
use utoipa::ToSchema;

use super::cloudevents;
use crate::error::ApiError;
use crate::extract::{self, Json};
use crate::http::AppState;
use crate::portal::{Events, Portal};

/// After how many events of a batch the key is asked for again.
const KEY_ASKED_EVERY: usize = 500;

/// What became of the events of one call.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct EventsOut {
    /// How many are new.
    new: usize,
    /// How many were here already.
    repeated: usize,
    /// How many were set aside for a person to look at.
    set_aside: usize,
    /// One entry for each event, in the order in which they came.
    results: Vec<EventOut>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
enum EventOut {
    /// Stored; what follows from it is being worked out.
    New {
        /// Our id for it.
        #[schema(example = "evt_0123456789abcdefghjkmnpqrs")]
        event: String,
        /// What looks wrong in it. The event is kept all the same.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<WarningOut>,
    },
    /// Delivered before; nothing changed.
    Repeated {
        /// Our id for it.
        event: String,
    },
    /// Not understood: kept apart with its reason, and nothing follows from it.
    SetAside {
        /// Why, from a closed list.
        #[schema(example = "unknown_type")]
        reason: String,
        /// What is wrong. Repeats no value.
        detail: String,
        /// Where in the event (JSON Pointer).
        #[serde(skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
    },
}

/// Something in an event that looks wrong and does not stop it.
#[derive(Debug, Serialize, ToSchema)]
struct WarningOut {
    /// Where in the event's data (JSON Pointer).
    pointer: String,
    /// What looks wrong.
    detail: String,
}

/// Accept one event or many.
///
/// CloudEvents 1.0 over HTTP in all three modes: structured (`application/cloudevents+json`),
/// batched (`application/cloudevents-batch+json`) and binary (`ce-*` headers with a JSON
/// body). An event is known by its `source` and `id`: sending it again changes nothing.
/// In a batch, each event stands for itself; one that cannot be read is set aside and the
/// others go on. After a `503`, send the same batch again once the seconds of `Retry-After` are over.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    request_body(
        content((serde_json::Value = "application/cloudevents+json", example = json!({
            "specversion": "1.0",
            "id": "b-2026-000042",
            "source": "urn:vn:register:health",
            "type": "vn.health.birth-certified.v1",
            "time": "2026-11-02T08:30:00+07:00",
            "datacontenttype": "application/json",
            "data": { "gcs_no": "79001.GCS.00042.26" }
        }))),
        description = "A CloudEvent. The schema of `data` depends on `type`."
    ),
    responses((status = 202, description = "What became of each event.", body = EventsOut)),
    security(("key" = ["events"]))
)]
#[tracing::instrument(name = "http.accept_events", skip_all, fields(portal.key = %portal.key))]
pub(super) async fn accept_events(
    State(state): State<AppState>,
    portal: Portal<Events>,
    request: Request,
) -> Result<(StatusCode, Json<EventsOut>), ApiError> {
    let headers = request.headers().clone();
    let bytes = extract::body(request, &state).await?;

    portal.still_holds(&state).await?;
    let events = cloudevents::read(&headers, &bytes)?;
    // All or none: half a batch that is refused would have to be told apart from the other half.
    state.engine.operation.queue.admit(u64::try_from(events.len()).unwrap_or(u64::MAX))?;
    let mut out = EventsOut::default();
    let place = |index| format!("event {} of a call by {}", index + 1, portal.key);
    let inputs: Vec<Input> = events
        .into_iter()
        .enumerate()
        .map(|(index, event)| Input::json(event, place(index)))
        .collect();
    for (turn, some) in inputs.chunks(KEY_ASKED_EVERY).enumerate() {
        if turn > 0 {
            portal.still_holds(&state).await?;
        }
        state.engine.accept_all(some).await?.into_iter().for_each(|intake| out.add(intake));
    }
    Ok((StatusCode::ACCEPTED, Json(out)))
}

impl EventsOut {
    fn add(&mut self, intake: Intake) {
        let result = EventOut::from(intake);
        match result {
            EventOut::New { .. } => self.new += 1,
            EventOut::Repeated { .. } => self.repeated += 1,
            EventOut::SetAside { .. } => self.set_aside += 1,
        }
        self.results.push(result);
    }
}

impl From<Intake> for EventOut {
    fn from(intake: Intake) -> Self {
        match intake {
            Intake::New { id, warnings } => Self::New {
                event: id.to_string(),
                warnings: warnings
                    .into_iter()
                    .map(|odd| WarningOut { pointer: odd.pointer, detail: odd.message })
                    .collect(),
            },
            Intake::Repeat { id } => Self::Repeated { event: id.to_string() },
            Intake::SetAside { reason, detail, pointer } => {
                Self::SetAside { reason: reason.name().to_owned(), detail, pointer }
            }
        }
    }
}
