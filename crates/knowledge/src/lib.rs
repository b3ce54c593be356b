#![doc = include_str!("../README.md")]

mod chunk;
mod corpus;
mod embed;
mod extract;
mod index;
mod lexical;
mod near;
mod procedures;
mod restore;
mod search;
mod source;
mod store;
mod text;

pub use chunk::{Passage, Span};
pub use corpus::{
    Corpus, CorpusError, Document, Fault, InForce, Kind, Place, PlaceError, Problem, Section,
};
pub use embed::{Embed, EmbedError, LoadedModel};
pub use extract::{AskedOf, Asking, AskingError, Extract, Extracts};
pub use index::{Built, Earlier, Index, IndexError, Progress};
pub use procedures::{
    Added, Answer, Bounds, Entry, Everyday, EverydayError, Expansion, Facets, Found, FoundSection,
    LeftOut, MadeOf, Procedures, ProceduresBuild, ProceduresBuilt, ProceduresError, Question,
    Reasons, Ways, Weights, kept_vectors, same_title,
};
pub use restore::{Restored, Restorer};
pub use search::{Hit, Query, Search, SearchError, Why};
pub use source::{
    Format, Level, Manifest, ManifestError, Procedure, Reason as SetAsideReason, SetAside,
};
pub use store::{Asked, Point, Qdrant, QdrantConfig, Scan, StoreError, Synced, VectorStore, sync};
pub use text::{exact_terms, fold, nfc, settle_tones, terms, unmarked};
