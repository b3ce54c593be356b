//! What the metadata says about a model's shape, checked before any weight is read.

use super::LoadError;
use crate::gguf::Gguf;
use crate::kernels::attention::{MOST_SHARED, RUN};
use crate::kernels::rows::{Gate, Pairing};

/// The kinds of text model that are built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Gemma 3: norms around every part, local and global layers.
    Gemma3,
    /// Llama and what has its shape (`SmolLM2`).
    Llama,
    /// Qwen 2 and 2.5: Llama with biases on queries, keys and values.
    Qwen2,
    /// Qwen 3: Llama with norms of each head's query and key.
    Qwen3,
}

/// Gemma 3 looks at everything in each sixth layer and at a window in the others.
const GEMMA3_PATTERN: usize = 6;
/// The base of the rotation in Gemma 3's local layers, which its files do not state.
const GEMMA3_LOCAL_BASE: f64 = 10_000.0;
/// The number of layers of Gemma 3 27B, which scales its attention in another way.
const GEMMA3_27B_LAYERS: usize = 62;

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) architecture: Architecture,
    pub(super) context: usize,
    pub(super) layers: usize,
    pub(super) width: usize,
    pub(super) feed_forward: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    pub(super) norm_eps: f32,
    /// Gemma multiplies its word vectors by this before the first layer.
    pub(super) word_scale: f32,
    /// The base of the rotation where a layer sees everything, and where it sees a window.
    pub(super) rope_bases: [f64; 2],
    /// Positions are divided by this where a layer sees everything.
    pub(super) rope_factor: f64,
    /// How far a local layer looks back, its own token included.
    pub(super) window: Option<usize>,
}

impl Config {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a model's width and its epsilon are far inside what a float holds"
    )]
    pub(super) fn read(file: &Gguf) -> Result<Self, LoadError> {
        let name = file.text("general.architecture")?;
        let architecture = match name {
            "gemma3" => Architecture::Gemma3,
            "llama" => Architecture::Llama,
            "qwen2" => Architecture::Qwen2,
            "qwen3" => Architecture::Qwen3,
            other => return Err(LoadError::Unsupported(format!("architecture `{other}`"))),
        };
        let key = |part: &str| format!("{name}.{part}");
        let count = |part: &str| file.count(&key(part));
        let width = count("embedding_length")?;
        let heads = count("attention.head_count")?;
        let own_head_dim = width.checked_div(heads).unwrap_or(0);
        let gemma = architecture == Architecture::Gemma3;
        let base = file.float(&key("rope.freq_base")).unwrap_or(10_000.0);
        let config = Self {
            architecture,
            context: count("context_length")?,
            layers: count("block_count")?,
            width,
            feed_forward: count("feed_forward_length")?,
            heads,
            kv_heads: count("attention.head_count_kv").unwrap_or(heads),
            head_dim: count("attention.key_length").unwrap_or(own_head_dim),
            norm_eps: file.float(&key("attention.layer_norm_rms_epsilon"))? as f32,
            word_scale: if gemma { (width as f32).sqrt() } else { 1.0 },
            rope_bases: [base, if gemma { GEMMA3_LOCAL_BASE } else { base }],
            rope_factor: rope_factor(file, name)?,
            window: if gemma { Some(count("attention.sliding_window")?) } else { None },
        };
        config.check(file, name)?;
        Ok(config)
    }

    fn check(&self, file: &Gguf, name: &str) -> Result<(), LoadError> {
        let positive = [
            self.context,
            self.layers,
            self.width,
            self.feed_forward,
            self.heads,
            self.kv_heads,
            self.head_dim,
            self.window.unwrap_or(1),
        ];
        // Larger than any model; keeps every product below far from overflow.
        if positive.iter().any(|n| *n == 0 || *n > 1 << 24) {
            return Err(LoadError::Damaged(format!("a size is absurd in {self:?}")));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let heads = format!("{} heads share {}", self.heads, self.kv_heads);
            return Err(LoadError::Damaged(heads));
        }
        if self.heads / self.kv_heads > MOST_SHARED {
            let shared = format!("more than {MOST_SHARED} heads that share keys");
            return Err(LoadError::Unsupported(shared));
        }
        let uneven = [self.width, self.feed_forward, self.head_dim]
            .into_iter()
            .find(|size| !size.is_multiple_of(RUN));
        if let Some(size) = uneven {
            let size = format!("a width of {size}, no multiple of {RUN},");
            return Err(LoadError::Unsupported(size));
        }
        let key = |part: &str| format!("{name}.{part}");
        let other_dim = |part: &str| file.count(&key(part)).is_ok_and(|dim| dim != self.head_dim);
        if other_dim("attention.value_length") || other_dim("rope.dimension_count") {
            return Err(LoadError::Unsupported("a head whose parts differ in size".to_owned()));
        }
        if self.window.is_some() && self.layers == GEMMA3_27B_LAYERS {
            return Err(LoadError::Unsupported("Gemma 3 27B".to_owned()));
        }
        Ok(())
    }

    /// How far `layer` looks back, if not over everything.
    pub(super) fn window_of(&self, layer: usize) -> Option<usize> {
        self.window.filter(|_| !(layer + 1).is_multiple_of(GEMMA3_PATTERN))
    }

    /// The factor on the products of queries and keys.
    #[expect(clippy::cast_precision_loss, reason = "a head has a few hundred dimensions")]
    pub(super) fn attention_scale(&self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }

    /// What the gate of the feed-forward part goes through. Gemma's is the tanh form of GELU;
    /// with any other its texts are three times less probable.
    pub(super) fn gate(&self) -> Gate {
        match self.architecture {
            Architecture::Gemma3 => Gate::Gelu,
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => Gate::Silu,
        }
    }

    /// How a head is rotated. The converter to GGUF permutes Llama's weights for the other way.
    pub(super) fn pairing(&self) -> Pairing {
        match self.architecture {
            Architecture::Llama => Pairing::Neighbours,
            Architecture::Gemma3 | Architecture::Qwen2 | Architecture::Qwen3 => Pairing::Halves,
        }
    }

    /// Whether each head's query and key go through a norm.
    pub(super) fn norms_heads(&self) -> bool {
        matches!(self.architecture, Architecture::Gemma3 | Architecture::Qwen3)
    }
}

fn rope_factor(file: &Gguf, name: &str) -> Result<f64, LoadError> {
    match file.text(&format!("{name}.rope.scaling.type")) {
        Err(_) | Ok("none") => Ok(1.0),
        Ok("linear") => Ok(file.float(&format!("{name}.rope.scaling.factor"))?),
        Ok(other) => Err(LoadError::Unsupported(format!("rotation scaling `{other}`"))),
    }
}
