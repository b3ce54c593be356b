//! The HTTP face: one router for the API and the pages, and the server that runs it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::{ApiError, ErrorCode};
use crate::extract::BODY_LIMIT;
use crate::finder::Finder;
use crate::models::Offer;
use crate::questions::Questions;
use crate::sign_in::SignIn;
use crate::wiring::Country;
use crate::{api, pages};

mod answer;
mod door;

pub use answer::RequestId;

/// What every handler is given. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The use cases.
    pub engine: engine::App,
    /// How people sign in.
    pub sign_in: Arc<SignIn>,
    /// Whether people reach us over https only.
    pub behind_tls: bool,
    /// The models that other programs may ask, where they may.
    pub models: Option<Offer>,
    /// What finds procedures.
    pub finder: Finder,
    /// What answers questions about services.
    pub questions: Arc<Questions>,
    /// The pack for whose letters phrases are decided about, where there is a page for it.
    pub phrases: Option<Arc<Country>>,
}

impl AppState {
    /// Whether this is the demo, where anybody may be any of the sample persons.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        *self.sign_in == SignIn::DemoPicker
    }
}

/// The API and the pages.
pub fn router(state: AppState) -> Router {
    let (api, document) = api::router();
    api.merge(pages::router(&state))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || {
            ApiError::new(ErrorCode::MethodNotAllowed, "this path does not know that method")
        })
        .layer(axum::Extension(Arc::new(document)))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        // What a panic says may hold anything, so nothing of it is passed on.
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::new(ErrorCode::Internal, "the request could not be carried out")
                .into_response()
        }))
        .layer(middleware::from_fn_with_state(state.clone(), answer::finish))
        .with_state(state)
}

/// What a worker tells those who watch it: that it lives, and what it counts. Open to whoever
/// reaches the address, which is why it has one of its own.
pub fn watch_router(engine: engine::App) -> Router {
    Router::new()
        .route("/health/live", get(async || "ok"))
        .route(
            "/metrics",
            get(async |State(engine): State<engine::App>| {
                let text = engine.measured().await.map_err(ApiError::from)?;
                Ok::<_, ApiError>(([(header::CONTENT_TYPE, api::OPEN_METRICS)], text))
            }),
        )
        .with_state(engine)
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port.
    #[error(
        "port {} on {} is taken by another program: stop it, or choose another with `server.listen`, as in COTMOC_SERVER__LISTEN={}:{}",
        .0.port(), .0.ip(), .0.ip(), .0.port().wrapping_add(1)
    )]
    PortTaken(SocketAddr),
    /// This user may not open the port, or the machine has no such address.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// It ran and stopped by itself.
    #[error("the server stopped")]
    Stopped(#[source] std::io::Error),
}

/// Takes the port, so that a taken one is known before any other work.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::PortTaken(address),
        _ => ServeError::Listen { address, source },
    })
}

/// Answers requests on at most so many connections until `stop` is done, and then finishes those
/// that it began.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    connections: usize,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    door::serve(listener, router(state), connections, stop).await.map_err(ServeError::Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_told_with_what_to_do() {
        let first = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let taken = first.local_addr().unwrap();
        let error = listen(taken).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {} on 127.0.0.1 is taken", taken.port())));
        assert!(error.contains("COTMOC_SERVER__LISTEN=127.0.0.1:"), "{error}");
    }

    #[tokio::test]
    async fn an_address_that_is_not_ours_is_told_apart() {
        let error = listen("192.0.2.1:80".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, ServeError::Listen { .. }), "{error}");
    }
}
