//! One layer: attention over what came before, then the feed-forward part.

use candle_core::quantized::QMatMul;
use candle_core::{Device, Module, Result, Tensor};

use super::cache::Cache;
use super::config::{Architecture, Config};
use super::rope::Angles;
use crate::gguf::{Gguf, GgufError};
use crate::text::LoadError;

/// What a layer needs to know of the step that is being computed.
pub(super) struct Step<'a> {
    pub(super) config: &'a Config,
    pub(super) angles: &'a Angles,
    pub(super) layer: usize,
}

#[derive(Debug)]
pub(super) struct Block {
    attention: Attention,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct Attention {
    norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    /// Gemma norms each head's query and key, and what attention gives.
    head_norms: Option<(Tensor, Tensor)>,
    after: Option<Tensor>,
}

#[derive(Debug)]
struct FeedForward {
    norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
    after: Option<Tensor>,
}

#[derive(Debug)]
struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Block {
    pub(super) fn load(
        file: &mut Gguf,
        config: &Config,
        layer: usize,
    ) -> std::result::Result<Self, LoadError> {
        let mut part = Part { file, layer };
        Ok(Self {
            attention: Attention::load(&mut part, config)?,
            feed_forward: FeedForward::load(&mut part, config)?,
        })
    }

    pub(super) fn forward(
        &self,
        hidden: &Tensor,
        cache: &mut Cache,
        step: &Step<'_>,
    ) -> Result<Tensor> {
        let hidden = (hidden + self.attention.forward(hidden, cache, step)?)?;
        &hidden + self.feed_forward.forward(&hidden, step.config)?
    }
}

impl Attention {
    fn load(part: &mut Part<'_>, config: &Config) -> std::result::Result<Self, LoadError> {
        let (width, dim) = (config.width, config.head_dim);
        let (queries, keys) = (config.heads * dim, config.kv_heads * dim);
        let gemma = config.architecture == Architecture::Gemma3;
        let biased = config.architecture == Architecture::Qwen2;
        Ok(Self {
            norm: part.norm("attn_norm", width)?,
            query: part.linear("attn_q", queries, width, biased)?,
            key: part.linear("attn_k", keys, width, biased)?,
            value: part.linear("attn_v", keys, width, biased)?,
            out: part.linear("attn_output", width, queries, false)?,
            head_norms: if gemma {
                Some((part.norm("attn_q_norm", dim)?, part.norm("attn_k_norm", dim)?))
            } else {
                None
            },
            after: if gemma { Some(part.norm("post_attention_norm", width)?) } else { None },
        })
    }

    fn forward(&self, hidden: &Tensor, cache: &mut Cache, step: &Step<'_>) -> Result<Tensor> {
        let config = step.config;
        let window = config.window_of(step.layer);
        let tokens = hidden.dim(0)?;
        let normed = rms_norm(hidden, &self.norm, config)?;
        let split = |flat: Tensor, heads: usize| {
            flat.reshape((tokens, heads, config.head_dim))?.transpose(0, 1)?.contiguous()
        };
        let mut queries = split(self.query.forward(&normed)?, config.heads)?;
        let mut keys = split(self.key.forward(&normed)?, config.kv_heads)?;
        let values = split(self.value.forward(&normed)?, config.kv_heads)?;
        if let Some((query_norm, key_norm)) = &self.head_norms {
            queries = rms_norm(&queries, query_norm, config)?;
            keys = rms_norm(&keys, key_norm, config)?;
        }
        let queries = step.angles.rotate(&queries, window.is_some())?;
        let keys = step.angles.rotate(&keys, window.is_some())?;
        let start = cache.len();
        // The first token that any of these rows may see.
        let from = window.map_or(0, |window| (start + 1).saturating_sub(window));
        let (keys, values) = cache.extend(step.layer, &keys, &values, from)?;
        let mixed = attend(&queries, &keys, &values, config, |scores| {
            match mask(start, tokens, from, window)? {
                Some(mask) => scores.broadcast_add(&mask),
                None => Ok(scores),
            }
        })?;
        let out = self.out.forward(&mixed)?;
        match &self.after {
            Some(norm) => rms_norm(&out, norm, config),
            None => Ok(out),
        }
    }
}

/// Softmax of queries against keys, times values: `[tokens, heads * dims]`.
///
/// Query heads that share a key head are stacked as rows, so that no key is copied.
fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    config: &Config,
    masked: impl Fn(Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let (heads, tokens, dims) = queries.dims3()?;
    let seen = keys.dim(1)?;
    let stacked = queries.reshape((config.kv_heads, heads / config.kv_heads * tokens, dims))?;
    let scores = (stacked.matmul(&keys.t()?)? * config.attention_scale())?;
    let scores = masked(scores.reshape((heads, tokens, seen))?)?;
    let chances = candle_nn::ops::softmax_last_dim(&scores)?;
    chances
        .reshape((config.kv_heads, heads / config.kv_heads * tokens, seen))?
        .matmul(values)?
        .reshape((heads, tokens, dims))?
        .transpose(0, 1)?
        .reshape((tokens, heads * dims))
}

/// Minus infinity where a row may not look: at later tokens, and beyond its window.
/// `None` where every row may see every column.
fn mask(start: usize, tokens: usize, from: usize, window: Option<usize>) -> Result<Option<Tensor>> {
    if tokens == 1 {
        return Ok(None);
    }
    let end = start + tokens;
    let mut values = Vec::with_capacity(tokens * (end - from));
    for row in start..end {
        let first = window.map_or(0, |window| (row + 1).saturating_sub(window));
        values.extend(
            (from..end).map(
                |column| {
                    if column <= row && column >= first { 0.0 } else { f32::NEG_INFINITY }
                },
            ),
        );
    }
    Tensor::from_vec(values, (tokens, end - from), &Device::Cpu).map(Some)
}

impl FeedForward {
    fn load(part: &mut Part<'_>, config: &Config) -> std::result::Result<Self, LoadError> {
        let (width, inner) = (config.width, config.feed_forward);
        Ok(Self {
            norm: part.norm("ffn_norm", width)?,
            gate: part.linear("ffn_gate", inner, width, false)?,
            up: part.linear("ffn_up", inner, width, false)?,
            down: part.linear("ffn_down", width, inner, false)?,
            after: match config.architecture {
                Architecture::Gemma3 => Some(part.norm("post_ffw_norm", width)?),
                Architecture::Llama | Architecture::Qwen2 => None,
            },
        })
    }

    fn forward(&self, hidden: &Tensor, config: &Config) -> Result<Tensor> {
        let normed = rms_norm(hidden, &self.norm, config)?;
        let gate = config.activate(&self.gate.forward(&normed)?)?;
        let out = self.down.forward(&(gate * self.up.forward(&normed)?)?)?;
        match &self.after {
            Some(norm) => rms_norm(&out, norm, config),
            None => Ok(out),
        }
    }
}

impl Linear {
    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let out = self.weight.forward(rows)?;
        match &self.bias {
            Some(bias) => out.broadcast_add(bias),
            None => Ok(out),
        }
    }
}

fn rms_norm(rows: &Tensor, weight: &Tensor, config: &Config) -> Result<Tensor> {
    candle_nn::ops::rms_norm(rows, weight, config.norm_eps)
}

/// The tensors of one layer in the file.
struct Part<'a> {
    file: &'a mut Gguf,
    layer: usize,
}

impl Part<'_> {
    fn norm(&mut self, name: &str, length: usize) -> std::result::Result<Tensor, GgufError> {
        self.file.vector(&self.path(name, "weight"), length)
    }

    fn linear(
        &mut self,
        name: &str,
        outputs: usize,
        inputs: usize,
        biased: bool,
    ) -> std::result::Result<Linear, LoadError> {
        let weight = self.file.quantised(&self.path(name, "weight"), (outputs, inputs))?;
        let bias =
            if biased { Some(self.file.vector(&self.path(name, "bias"), outputs)?) } else { None };
        Ok(Linear { weight: QMatMul::from_qtensor(weight)?, bias })
    }

    fn path(&self, name: &str, what: &str) -> String {
        format!("blk.{}.{name}.{what}", self.layer)
    }
}
