#![doc = include_str!("../README.md")]

pub mod bench;
mod chain;
mod chance;
mod compare;
mod expect;
pub mod letters;
mod page;
mod report;
pub mod retrieval;
mod stored;
mod threshold;
mod timing;

pub use chain::{chain, chain_told};
pub use report::{
    Case, ChainReport, Checked, Difference, Events, Examples, FormFields, Found, Messages, Prefill,
    Threshold, Timings,
};
pub use timing::Stage;

/// Why a suite could not be run to its end. A run that ends and is not good enough is no error:
/// its report says so.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The engine failed.
    #[error("the engine did not carry it out")]
    Engine(#[from] engine::EngineError),
    /// The database failed.
    #[error("the database did not answer")]
    Storage(#[from] storage::StorageError),
    /// A database to measure with could not be opened.
    #[error("the database to measure with could not be opened")]
    Open(#[from] storage::OpenError),
    /// A database to measure with could not be prepared.
    #[error("the database to measure with could not be prepared")]
    Migrate(#[from] storage::MigrateError),
    /// A file of this crate does not fit.
    #[error("`eval` {file}: {said}")]
    Data {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        said: String,
    },
    /// An expectation names somebody whom the samples do not know.
    #[error("`eval` chain.yaml names `{key}`, whom the samples do not know")]
    Nobody {
        /// The key.
        key: String,
    },
    /// A request could not be sent, or was not answered.
    #[error("the server did not answer")]
    Http(#[from] reqwest::Error),
    /// A server under load answered otherwise than it should.
    #[error("under load: {0}")]
    Load(String),
    /// An engine under comparison failed.
    #[error("an engine under comparison did not answer")]
    Inference(#[from] bench::inference::EngineError),
    /// The pack's samples do not hold an event that a benchmark varies.
    #[error("the samples hold no event that can be varied")]
    NoSamples,
    /// A text could not be made, not even from the approved wording.
    #[error("no text could be made for {plan}")]
    Text {
        /// The plan.
        plan: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
