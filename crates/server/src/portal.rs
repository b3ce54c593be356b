//! Keys of portals and registers: who calls the API, and what they may do.
//!
//! A handler says what it needs in its signature, as in `Portal<Events>`, and cannot run
//! without it. A key is shown once, when it is made; only its SHA-256 is kept.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use storage::Store;
use storage::portal_keys::{self, PortalKey};

use crate::chance;
use crate::error::{ApiError, ErrorCode};
use crate::http::AppState;

/// What every key begins with, so that a leaked one is recognised.
pub const KEY_PREFIX: &str = "cmk_";

/// Something a key may do.
pub trait Scope: Send + Sync {
    /// Its name, in storage and in the documentation.
    const NAME: &'static str;
}

macro_rules! scope {
    ($(#[$doc:meta])* $name:ident, $text:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Scope for $name {
            const NAME: &'static str = $text;
        }
    };
}

scope!(/** Send events. */ Events, "events");
scope!(/** Read suggestions. */ Suggestions, "suggestions");
scope!(/** Read drafts. */ Drafts, "drafts");
scope!(/** Say what a person did. */ Outcomes, "outcomes");
scope!(/** Read what is counted. */ Metrics, "metrics");
scope!(/** Ask the models. */ Models, "models");
scope!(/** Look for procedures. */ Search, "search");

/// The names of all scopes.
pub const SCOPES: [&str; 7] = [
    Events::NAME,
    Suggestions::NAME,
    Drafts::NAME,
    Outcomes::NAME,
    Metrics::NAME,
    Models::NAME,
    Search::NAME,
];

/// A caller whose key allows `S`. Only a valid key makes one.
pub struct Portal<S> {
    /// The key's id, for logs.
    pub key: String,
    /// Whose key it is, for the log of readings that people see.
    pub name: String,
    hash: [u8; 32],
    scope: PhantomData<S>,
}

impl<S: Scope> Portal<S> {
    /// An error where the key was revoked since: a body may take a minute to come and a batch to
    /// be taken in, and a key that leaked must open nothing from the moment that it is revoked.
    pub(crate) async fn still_holds(&self, state: &AppState) -> Result<(), ApiError> {
        look_up(state, &self.hash).await.map(|_| ())
    }
}

/// The key with this hash, where it is in force.
async fn look_up(state: &AppState, hash: &[u8; 32]) -> Result<PortalKey, ApiError> {
    let mut conn = state.engine.store.read().await?;
    let key = portal_keys::by_hash(&mut conn, hash).await?;
    let detail = "the key is not known or was revoked";
    key.ok_or_else(|| ApiError::new(ErrorCode::KeyNeeded, detail))
}

impl<S> fmt::Debug for Portal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal")
            .field("key", &self.key)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<S: Scope> FromRequestParts<AppState> for Portal<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let needed = |why: &'static str| ApiError::new(ErrorCode::KeyNeeded, why);
        let given = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| needed("there is no `Authorization: Bearer` header"))?;
        let hash = hash(given);
        let key = look_up(state, &hash).await?;
        if !key.scopes.iter().any(|scope| scope == S::NAME) {
            let detail = format!("the key has no scope `{}`", S::NAME);
            return Err(ApiError::new(ErrorCode::ScopeMissing, detail));
        }
        Ok(Self { key: key.id, name: key.name, hash, scope: PhantomData })
    }
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// There is no such scope.
    #[error(
        "`{0}` is no scope: there are `events`, `suggestions`, `drafts`, `outcomes`, `metrics`, `models` and `search`"
    )]
    Scope(String),
    /// No random bytes.
    #[error(transparent)]
    Chance(#[from] chance::ChanceError),
    /// It could not be stored.
    #[error("could not store the key")]
    Storage(#[from] storage::StorageError),
}

/// Makes a key for `name`. The answer is the only time that it is shown.
pub async fn issue(
    store: &Store,
    at: Timestamp,
    name: &str,
    scopes: &[&str],
) -> Result<String, IssueError> {
    if let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(scope)) {
        return Err(IssueError::Scope((*unknown).to_owned()));
    }
    let key = format!("{KEY_PREFIX}{}", chance::token::<32>()?);
    let row = PortalKey {
        id: format!("key_{}", chance::token::<6>()?),
        name: name.to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        created_at: at,
        revoked_at: None,
    };
    let mut tx = store.begin().await?;
    portal_keys::add(&mut tx, &row, &hash(&key)).await?;
    tx.commit().await?;
    Ok(key)
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
