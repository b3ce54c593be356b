//! Text models: tokens in, the next token's scores out.
//!
//! candle reads no file here and holds no tensor: its quantised products are slow at the widths
//! of small models, its caches are copied at each step, and its Gemma 3 has the wrong
//! activation, masks and window. Weights are packed once for the [`crate::kernels`]; the
//! new tokens of many sequences go through the layers together; the keys and values of a
//! shared beginning are computed once and kept once.

mod cache;
mod config;
mod forward;
mod head;
mod layer;
mod rope;
mod session;

use std::path::Path;
use std::sync::Arc;

use crate::gguf::{Gguf, GgufError};
use crate::kernels::{Packed, Tier};
use crate::tokenizer::{Tokenizer, TokenizerError};

pub(crate) use cache::Cache;
use cache::Pool;
pub use config::Architecture;
use config::Config;
pub(crate) use forward::{Run, Work};
pub use head::Shortlist;
use layer::Layer;
use rope::Angles;
pub(crate) use session::{CHUNK, SCORE_ROWS};
pub use session::{Prefix, Session};

/// What the keys and values of all sequences may take together, unless the caller says else.
const CACHE_BYTES: usize = 1 << 30;

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
    #[error("{0} is not supported; supported are `gemma3`, `llama`, `qwen2` and `qwen3`")]
    Unsupported(String),
    /// The numbers in the metadata contradict each other.
    #[error("damaged model file: {0}")]
    Damaged(String),
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
    /// All sequences together have as many tokens as there is memory for.
    #[error("the model's memory for {tokens} tokens is in use")]
    CacheFull {
        /// How many tokens all sequences may have together.
        tokens: usize,
    },
}

/// A text model in memory. It has no state of its own: share it between threads freely.
///
/// A call computes in the thread that makes it, and shares out large parts among as many as
/// [`Session::on_threads`] says. Sequences share the weights and the memory for keys and
/// values, and nothing else.
#[derive(Debug)]
pub struct TextModel {
    config: Config,
    tokenizer: Tokenizer,
    tier: Tier,
    words: Packed,
    /// The output table, where it is not that of the words.
    head: Option<Packed>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    angles: Angles,
    pool: Arc<Pool>,
}

impl TextModel {
    /// Reads the GGUF file at `path`.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_with(path, CACHE_BYTES)
    }

    /// Reads the GGUF file at `path`; the keys and values of all sequences together will take
    /// `cache_bytes` at most.
    pub fn load_with(path: &Path, cache_bytes: usize) -> Result<Self, LoadError> {
        let mut file = Gguf::open(path)?;
        let config = Config::read(&file)?;
        let tokenizer = Tokenizer::from_gguf(&file)?;
        let table = (tokenizer.size(), config.width);
        let words = file.packed("token_embd.weight", table)?;
        let own_head = file.has_tensor("output.weight");
        let head = if own_head { Some(file.packed("output.weight", table)?) } else { None };
        let layers = (0..config.layers)
            .map(|layer| Layer::load(&mut file, &config, layer))
            .collect::<Result<_, _>>()?;
        let norm = file.vector("output_norm.weight", config.width)?;
        let slower = if file.has_tensor("rope_freqs.weight") {
            Some(file.vector("rope_freqs.weight", config.head_dim / 2)?)
        } else {
            None
        };
        let angles = Angles::new(&config, slower.as_deref());
        let pool = Pool::new(&config, cache_bytes);
        Ok(Self { tier: Tier::best(), config, tokenizer, words, head, layers, norm, angles, pool })
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

    /// Which instructions it computes with.
    #[must_use]
    pub fn instructions(&self) -> &'static str {
        self.tier.name()
    }

    /// What its weights take in memory, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let head = self.head.as_ref().map_or(0, Packed::bytes);
        self.words.bytes() + head + self.layers.iter().map(Layer::bytes).sum::<usize>()
    }

    /// What a step reads of them, in bytes, however many tokens go through it: of the table of
    /// words no more than their rows, unless it is the output table, too.
    #[must_use]
    pub fn step_bytes(&self) -> usize {
        self.table().bytes() + self.layers.iter().map(Layer::bytes).sum::<usize>()
    }

    /// What the keys and values of a token take, in bytes.
    #[must_use]
    pub fn token_bytes(&self) -> usize {
        self.pool.token_bytes()
    }

    /// An empty cache.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(&self.pool)
    }

    pub(crate) fn owns(&self, cache: &Cache) -> bool {
        cache.is_of(&self.pool)
    }

    /// How many tokens all sequences may have together.
    #[must_use]
    pub fn cache_tokens(&self) -> usize {
        self.pool.tokens()
    }

    /// How many more tokens there is room for now, in whole pages.
    #[must_use]
    pub fn cache_tokens_left(&self) -> usize {
        self.pool.left()
    }

    pub(crate) fn tier(&self) -> Tier {
        self.tier
    }
}
