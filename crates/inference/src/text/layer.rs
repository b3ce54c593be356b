//! The weights of one layer, and how rows go through its two parts.

use std::sync::PoisonError;

use super::LoadError;
use super::config::{Architecture, Config};
use super::forward::{BLOCK_ROWS, Block, Step, Work};
use crate::gguf::{Gguf, GgufError};
use crate::kernels::attention::{self, Ends, Head};
use crate::kernels::{Packed, rows};
use crate::share::share;

#[derive(Debug)]
pub(super) struct Layer {
    attention: Attention,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct Attention {
    norm: Vec<f32>,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    /// What each head's query and key are normed with.
    head_norms: Option<(Vec<f32>, Vec<f32>)>,
    /// Gemma norms what a part gives before it is added.
    after: Option<Vec<f32>>,
}

#[derive(Debug)]
struct FeedForward {
    norm: Vec<f32>,
    gate: Linear,
    up: Linear,
    down: Linear,
    after: Option<Vec<f32>>,
}

#[derive(Debug)]
pub(super) struct Linear {
    weight: Packed,
    bias: Option<Vec<f32>>,
}

impl Layer {
    pub(super) fn load(file: &mut Gguf, config: &Config, layer: usize) -> Result<Self, LoadError> {
        let mut part = Part { file, layer };
        Ok(Self {
            attention: Attention::load(&mut part, config)?,
            feed_forward: FeedForward::load(&mut part, config)?,
        })
    }

    /// Takes `work.hidden` through the layer.
    pub(super) fn forward(&self, step: &mut Step<'_, '_>, work: &mut Work) {
        self.attention.forward(step, work);
        self.feed_forward.forward(step, work);
    }

    /// What its weights take in memory.
    pub(super) fn bytes(&self) -> usize {
        let Self { attention, feed_forward } = self;
        let Attention { query, key, value, out, .. } = attention;
        let FeedForward { gate, up, down, .. } = feed_forward;
        [query, key, value, out, gate, up, down].iter().map(|linear| linear.weight.bytes()).sum()
    }
}

impl Attention {
    fn load(part: &mut Part<'_>, config: &Config) -> Result<Self, LoadError> {
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
            head_norms: if config.norms_heads() {
                Some((part.norm("attn_q_norm", dim)?, part.norm("attn_k_norm", dim)?))
            } else {
                None
            },
            after: if gemma { Some(part.norm("post_attention_norm", width)?) } else { None },
        })
    }

    fn forward(&self, step: &mut Step<'_, '_>, work: &mut Work) {
        let config = step.config;
        work.read(step, &self.norm);
        self.query.forward(step, &work.acts, &mut work.queries);
        self.key.forward(step, &work.acts, &mut work.keys);
        self.value.forward(step, &work.acts, &mut work.values);
        if let Some((query_norm, key_norm)) = &self.head_norms {
            rows::norm_in_place(step.tier, &mut work.queries, query_norm, config.norm_eps);
            rows::norm_in_place(step.tier, &mut work.keys, key_norm, config.norm_eps);
        }
        let local = config.window_of(step.layer).is_some();
        place(step, work, local);
        work.mixed.resize(work.queries.len(), 0.0);
        let stride = config.heads * config.head_dim;
        let shared = config.heads / config.kv_heads;
        let (tier, layer) = (step.tier, step.layer);
        let Work { queries, mixed, rooms, .. } = work;
        let (queries, rooms, runs) = (&*queries, &*rooms, &*step.runs);
        let blocks = step.plan.blocks(local).iter().zip(mixed.chunks_mut(BLOCK_ROWS * stride));
        share(step.threads, blocks.collect(), |(block, out): (&Block, &mut [f32])| {
            let rooms = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
            let mut room = rooms().pop().unwrap_or_default();
            let rows = block.first * stride..(block.first + block.sights.len()) * stride;
            for head in 0..config.kv_heads {
                let pages = block.sources.iter().filter_map(|(run, at)| {
                    runs.get(*run).map(|run| run.cache.view(*at, layer, head))
                });
                let pages: Vec<_> = pages.collect();
                let asked = Head {
                    shared,
                    dim: config.head_dim,
                    scale: config.attention_scale(),
                    sights: &block.sights,
                    visits: &block.visits,
                    pages: &pages,
                };
                let ends = Ends {
                    queries: queries.get(rows.clone()).unwrap_or_default(),
                    out: &mut *out,
                    stride,
                    start: head * shared * config.head_dim,
                    step: config.head_dim,
                };
                attention::attend(tier, &asked, ends, &mut room);
            }
            rooms().push(room);
        });
        work.acts.set(step.tier, &work.mixed, stride);
        self.out.forward(step, &work.acts, &mut work.normed);
        work.keep(step, self.after.as_deref());
    }
}

/// Rotates queries and keys to their places and keeps keys and values.
fn place(step: &mut Step<'_, '_>, work: &mut Work, local: bool) {
    let config = step.config;
    let (dim, pairing) = (config.head_dim, config.pairing());
    let queries = work.queries.chunks_exact_mut(config.heads * dim);
    let keys = work.keys.chunks_exact_mut(config.kv_heads * dim);
    let values = work.values.chunks_exact(config.kv_heads * dim);
    let mut rows = queries.zip(keys.zip(values));
    for run in &mut *step.runs {
        for at in 0..run.tokens.len() {
            let Some((queries, (keys, values))) = rows.next() else { return };
            let angles = step.angles.at(run.cache.len() + at, local);
            rows::rotate(step.tier, pairing, queries, angles);
            rows::rotate(step.tier, pairing, keys, angles);
            run.cache.write(step.layer, at, keys, values);
        }
    }
}

impl FeedForward {
    fn load(part: &mut Part<'_>, config: &Config) -> Result<Self, LoadError> {
        let (width, inner) = (config.width, config.feed_forward);
        Ok(Self {
            norm: part.norm("ffn_norm", width)?,
            gate: part.linear("ffn_gate", inner, width, false)?,
            up: part.linear("ffn_up", inner, width, false)?,
            down: part.linear("ffn_down", width, inner, false)?,
            after: match config.architecture {
                Architecture::Gemma3 => Some(part.norm("post_ffw_norm", width)?),
                Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => None,
            },
        })
    }

    fn forward(&self, step: &mut Step<'_, '_>, work: &mut Work) {
        work.read(step, &self.norm);
        self.gate.forward(step, &work.acts, &mut work.gates);
        self.up.forward(step, &work.acts, &mut work.ups);
        rows::gate(step.tier, step.config.gate(), &mut work.gates, &work.ups);
        work.acts.set(step.tier, &work.gates, step.config.feed_forward);
        self.down.forward(step, &work.acts, &mut work.normed);
        work.keep(step, self.after.as_deref());
    }
}

impl Linear {
    fn forward(&self, step: &Step<'_, '_>, acts: &crate::kernels::Activations, out: &mut Vec<f32>) {
        out.resize(acts.rows() * self.weight.outputs(), 0.0);
        let tiles = 0..self.weight.tiles();
        crate::kernels::product((step.tier, step.threads), acts, &self.weight, tiles, out);
        if let Some(bias) = &self.bias {
            rows::add_each(bias, out);
        }
    }
}

/// The tensors of one layer in the file.
struct Part<'a> {
    file: &'a mut Gguf,
    layer: usize,
}

impl Part<'_> {
    fn norm(&mut self, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
        self.file.vector(&self.path(name, "weight"), length)
    }

    fn linear(
        &mut self,
        name: &str,
        outputs: usize,
        inputs: usize,
        biased: bool,
    ) -> Result<Linear, LoadError> {
        let weight = self.file.packed(&self.path(name, "weight"), (outputs, inputs))?;
        let bias =
            if biased { Some(self.file.vector(&self.path(name, "bias"), outputs)?) } else { None };
        Ok(Linear { weight, bias })
    }

    fn path(&self, name: &str, what: &str) -> String {
        format!("blk.{}.{name}.{what}", self.layer)
    }
}
