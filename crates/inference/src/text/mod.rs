//! Text models: tokens in, the next token's scores out.
//!
//! Written against candle's tensors and quantised products, not its model zoo: its Gemma 3
//! has the wrong activation, masks and sliding window. Weights stay quantised; the word
//! table is never expanded; the keys and values of a shared prefix are computed once.

mod block;
mod cache;
mod config;
mod rope;

use std::path::Path;

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use crate::gguf::{Gguf, GgufError};
use crate::tokenizer::{Tokenizer, TokenizerError};

use block::{Block, Step};
use cache::Cache;
pub use config::Architecture;
use config::Config;
use rope::Angles;

/// How many tokens go through the layers at once: enough to fill the processor, few enough
/// that the scores of a long prompt do not fill the memory.
const CHUNK: usize = 256;
/// How many rows of output scores are held at once when every position is wanted.
const SCORE_ROWS: usize = 16;

/// Why a text model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is missing, damaged or lacks a part.
    #[error(transparent)]
    File(#[from] GgufError),
    /// The vocabulary in the file is unusable.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The file holds a kind of model that is not built here.
    #[error("{0} is not supported; supported are `gemma3`, `llama` and `qwen2`")]
    Unsupported(String),
    /// The numbers in the metadata contradict each other.
    #[error("damaged model file: {0}")]
    Damaged(String),
    /// The tensor library refused a weight.
    #[error("the weights cannot be used")]
    Tensor(#[from] candle_core::Error),
}

/// Why a loaded text model cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// More tokens than the model was trained to look back on.
    #[error("{tokens} tokens do not fit the model's context of {context}")]
    ContextFull {
        /// How many there would be.
        tokens: usize,
        /// How many may be.
        context: usize,
    },
    /// An id that the vocabulary does not have.
    #[error("token {0} is not in the vocabulary")]
    UnknownToken(u32),
    /// There is nothing to compute on.
    #[error("no tokens were given")]
    Empty,
    /// A prefix made by another model.
    #[error("the prefix was made by another model")]
    ForeignPrefix,
    /// A text cannot be tokenised.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tensor library failed.
    #[error("the model failed to compute")]
    Tensor(#[from] candle_core::Error),
}

/// A text model in memory. It has no state of its own: share it between threads freely.
#[derive(Debug)]
pub struct TextModel {
    config: Config,
    tokenizer: Tokenizer,
    words: std::sync::Arc<QTensor>,
    head: QMatMul,
    blocks: Vec<Block>,
    norm: Tensor,
}

/// Tokens that were computed once, to be continued many times; share it in an `Arc`.
#[derive(Debug)]
pub struct Prefix {
    cache: Cache,
    logits: Vec<f32>,
}

/// One growing sequence of tokens.
#[derive(Debug)]
pub struct Session<'m> {
    model: &'m TextModel,
    cache: Cache,
    logits: Vec<f32>,
}

impl TextModel {
    /// Reads the GGUF file at `path`.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let mut file = Gguf::open(path)?;
        let config = Config::read(&file)?;
        let tokenizer = Tokenizer::from_gguf(&file)?;
        let table = (tokenizer.size(), config.width);
        let words = std::sync::Arc::new(file.quantised("token_embd.weight", table)?);
        let head = if file.has_tensor("output.weight") {
            QMatMul::from_qtensor(file.quantised("output.weight", table)?)?
        } else {
            QMatMul::from_arc(words.clone())?
        };
        let blocks = (0..config.layers)
            .map(|layer| Block::load(&mut file, &config, layer))
            .collect::<Result<_, _>>()?;
        let norm = file.vector("output_norm.weight", config.width)?;
        Ok(Self { config, tokenizer, words, head, blocks, norm })
    }

    /// Its tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What kind of model it is.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        self.config.architecture
    }

    /// How many tokens a sequence may have.
    #[must_use]
    pub fn context(&self) -> usize {
        self.config.context
    }

    /// An empty sequence.
    pub fn session(&self) -> Result<Session<'_>, TextError> {
        Ok(Session { model: self, cache: Cache::new(&self.config)?, logits: Vec::new() })
    }

    /// Computes `tokens` once, so that many sequences can begin with them.
    pub fn prefill(&self, tokens: &[u32]) -> Result<Prefix, TextError> {
        let mut session = self.session()?;
        session.append(tokens)?;
        Ok(session.into_prefix())
    }

    /// A sequence that begins with `prefix`; nothing of it is computed again.
    pub fn resume(&self, prefix: &Prefix) -> Result<Session<'_>, TextError> {
        if !prefix.cache.fits(&self.config) || prefix.logits.len() != self.tokenizer.size() {
            return Err(TextError::ForeignPrefix);
        }
        Ok(Session { model: self, cache: prefix.cache.fork()?, logits: prefix.logits.clone() })
    }

    /// The hidden states of `tokens`, which follow what is in `cache`.
    fn forward(&self, cache: &mut Cache, tokens: &[u32]) -> Result<Tensor, TextError> {
        let size = self.tokenizer.size();
        if let Some(id) = tokens.iter().find(|id| **id as usize >= size) {
            return Err(TextError::UnknownToken(*id));
        }
        let after = cache.len() + tokens.len();
        if after > self.config.context {
            return Err(TextError::ContextFull { tokens: after, context: self.config.context });
        }
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut hidden = (self.words.embedding(&ids)? * self.config.word_scale)?;
        let angles = Angles::new(&self.config, cache.len(), tokens.len())?;
        cache.reserve(tokens.len())?;
        for (layer, block) in self.blocks.iter().enumerate() {
            let step = Step { config: &self.config, angles: &angles, layer };
            hidden = block.forward(&hidden, cache, &step)?;
        }
        cache.advance(tokens.len());
        Ok(hidden)
    }

    /// The scores of the whole vocabulary after each row of `hidden`.
    fn logits(&self, hidden: &Tensor) -> Result<Tensor, TextError> {
        let normed =
            candle_nn::ops::rms_norm(&hidden.contiguous()?, &self.norm, self.config.norm_eps)?;
        Ok(self.head.forward(&normed)?)
    }
}

impl Prefix {
    /// How many tokens it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Session<'_> {
    /// Adds `tokens` and returns the scores (logits) of every candidate for the next one.
    pub fn append(&mut self, tokens: &[u32]) -> Result<&[f32], TextError> {
        let mut last = None;
        for chunk in tokens.chunks(CHUNK) {
            let hidden = self.model.forward(&mut self.cache, chunk)?;
            last = Some(hidden.narrow(0, chunk.len() - 1, 1)?);
        }
        let last = last.ok_or(TextError::Empty)?;
        self.logits = self.model.logits(&last)?.flatten_all()?.to_vec1()?;
        Ok(&self.logits)
    }

    /// Adds `tokens` and returns the log-probability that each had at its place.
    ///
    /// The session must not be empty: the first token's chance comes from what stands
    /// before it.
    pub fn append_scored(&mut self, tokens: &[u32]) -> Result<Vec<f64>, TextError> {
        if self.logits.is_empty() || tokens.is_empty() {
            return Err(TextError::Empty);
        }
        let mut out = Vec::with_capacity(tokens.len());
        for chunk in tokens.chunks(CHUNK) {
            let hidden = self.model.forward(&mut self.cache, chunk)?;
            let mut scored = 0;
            while scored < chunk.len() {
                let rows = SCORE_ROWS.min(chunk.len() - scored);
                let logits = self.model.logits(&hidden.narrow(0, scored, rows)?)?;
                let targets = chunk.iter().skip(scored);
                for (row, target) in logits.to_vec2::<f32>()?.into_iter().zip(targets) {
                    out.push(log_probability(&self.logits, *target));
                    self.logits = row;
                }
                scored += rows;
            }
        }
        Ok(out)
    }

    /// The scores after the last token; empty before the first.
    #[must_use]
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// How many tokens it holds, its prefix included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes what was computed so far a prefix for others.
    #[must_use]
    pub fn into_prefix(self) -> Prefix {
        Prefix { cache: self.cache, logits: self.logits }
    }
}

/// The natural logarithm of the softmax of `logits` at `token`.
#[must_use]
pub(crate) fn log_probability(logits: &[f32], token: u32) -> f64 {
    let Some(own) = logits.get(token as usize) else {
        return f64::NEG_INFINITY;
    };
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // In f32 a quarter of a million terms lose digits; the sum needs the wider type.
    let sum: f64 = logits.iter().map(|x| f64::from((x - top).exp())).sum();
    f64::from(own - top) - sum.ln()
}
