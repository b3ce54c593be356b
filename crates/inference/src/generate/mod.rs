//! Text under a grammar: the model chooses only where the grammar leaves a choice.
//!
//! Many texts are generated together, each at its own place: in every step, one token that was
//! chosen and the tokens that the grammar forces after it go through the model for each of them.
//! What the grammar forces is not sampled; where it leaves few tokens, only their rows of the
//! output table are computed; a text's result does not depend on the texts beside it.

mod batch;
mod chance;
mod guide;
mod text;

use std::sync::Arc;

use crate::text::{Prefix, Session, Shortlist, TextError};

pub use batch::Batch;
pub(crate) use guide::Source;
pub use guide::{Grammar, Guide};

/// Why no text was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The grammar does not compile.
    #[error("grammar does not compile: {0}")]
    Grammar(String),
    /// The vocabulary cannot be guided.
    #[error("the model's vocabulary cannot be guided: {0}")]
    Vocabulary(String),
    /// The grammar engine failed on the way.
    #[error("grammar engine failed: {0}")]
    Guide(String),
    /// The model failed.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// How a token is chosen among those that the grammar allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// The likeliest.
    Greedy,
    /// By chance, in proportion to `exp(logit / temperature)`.
    Random {
        /// Above zero; below 1 sharper, above 1 flatter.
        temperature: f32,
        /// The same seed gives the same text.
        seed: u64,
    },
}

/// How to generate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Stop after so many tokens, forced ones included.
    pub max_tokens: usize,
    /// How to choose.
    pub sampling: Sampling,
}

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The grammar is fulfilled.
    Complete,
    /// The limit on tokens was reached: the text is cut off and need not match the grammar.
    Limit,
}

/// A generated text.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text itself.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// How many of them the grammar forced.
    pub forced: usize,
    /// How many of them the model chose.
    pub sampled: usize,
    /// The sum of the log-probabilities of the chosen tokens, each among those that were
    /// allowed at its place. Texts whose forced parts differ are compared with
    /// [`crate::score`] instead.
    pub log_probability: f64,
    /// The same for each token; 0 for those that the grammar forced.
    pub log_probabilities: Vec<f64>,
    /// Why it ended.
    pub stop: Stop,
}

/// What is asked for: a text that continues a prefix and a prompt.
#[derive(Debug, Clone)]
pub struct Request {
    /// The beginning that other requests share, computed once.
    pub prefix: Option<Arc<Prefix>>,
    /// The tokens after it. Prefix and prompt together must not be empty.
    pub prompt: Vec<u32>,
    /// What the text may look like; anything up to the model's own end if there is none.
    pub grammar: Option<Grammar>,
    /// How to generate.
    pub options: Options,
}

impl Guide {
    /// Continues `session` with a text that matches `grammar`.
    ///
    /// The session is used up: tokens are computed only once a choice depends on them, so what
    /// the grammar forces after the last choice never is.
    pub fn generate(
        &self,
        session: Session<'_>,
        grammar: &Grammar,
        options: &Options,
    ) -> Result<Generated, GenerateError> {
        let request = Request {
            prefix: Some(Arc::new(session.into_prefix())),
            prompt: Vec::new(),
            grammar: Some(grammar.clone()),
            options: *options,
        };
        self.generate_all(vec![request], None).pop().unwrap_or(Err(TextError::Empty.into()))
    }

    /// Generates all texts together, in the calling thread, weighing the tokens of `shortlist`
    /// as [`Batch::new`] says. The results are in the order of the requests.
    #[must_use]
    pub fn generate_all(
        &self,
        requests: Vec<Request>,
        shortlist: Option<&Arc<Shortlist>>,
    ) -> Vec<Result<Generated, GenerateError>> {
        let count = requests.len();
        let mut batch = Batch::new(self, shortlist.cloned());
        let mut results: Vec<(usize, _)> = Vec::with_capacity(count);
        for (at, request) in requests.into_iter().enumerate() {
            if let Err(error) = batch.join(at, request) {
                results.push((at, Err(error)));
            }
        }
        while !batch.is_empty() {
            results.extend(batch.step());
        }
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }
}
