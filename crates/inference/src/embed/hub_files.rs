//! The files of the model hub: `model.safetensors`, `tokenizer.json` and `config.json`.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::bert::{Bert, Shape, Table, Weights};
use super::{EmbedError, Embedder, Words};

/// The spellings of the control tokens, which the library would find in any text.
const MARKS: [&str; 5] = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"];

/// What is needed of `config.json`, under its own names.
#[derive(Deserialize)]
struct Config {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    layer_norm_eps: f32,
}

pub(super) fn load(folder: &Path) -> Result<Embedder, EmbedError> {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).map_err(|source| EmbedError::Io { path, source })?;
    let config: Config = serde_json::from_str(&text)
        .map_err(|e| EmbedError::Damaged(format!("`config.json`: {e}")))?;
    let shape = Shape {
        width: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        feed_forward: config.intermediate_size,
        words: config.vocab_size,
        positions: config.max_position_embeddings,
        norm_eps: config.layer_norm_eps,
    };
    if let Some(fault) = shape.fault() {
        return Err(EmbedError::Damaged(fault));
    }
    let mut library = tokenizers::Tokenizer::from_file(folder.join("tokenizer.json"))
        .map_err(EmbedError::Tokenizer)?;
    // The windows are cut here, so that a long text is averaged and not cut off.
    library.with_padding(None);
    library.with_truncation(None).map_err(EmbedError::Tokenizer)?;
    let mark = |name: &str| {
        library
            .token_to_id(name)
            .ok_or_else(|| EmbedError::Damaged(format!("`tokenizer.json` lacks `{name}`")))
    };
    let marks = (mark("<s>")?, mark("</s>")?);
    let tensors = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu)?;
    Ok(Embedder {
        bert: Bert::load(shape, marks, &mut HubTensors(tensors))?,
        words: Words::Library(Box::new(library)),
    })
}

pub(super) fn encode(library: &tokenizers::Tokenizer, text: &str) -> Result<Vec<u32>, EmbedError> {
    let mut text = text.to_owned();
    // Again and again: taking one out may leave another.
    while let Some(mark) = MARKS.iter().find(|mark| text.contains(**mark)) {
        text = text.replace(mark, " ");
    }
    let encoding = library.encode_fast(text, false).map_err(EmbedError::Tokenizer)?;
    Ok(encoding.get_ids().to_vec())
}

struct HubTensors(HashMap<String, Tensor>);

impl HubTensors {
    fn get(&mut self, name: &str, dims: &[usize]) -> Result<Tensor, EmbedError> {
        let tensor = self
            .0
            .remove(name)
            .or_else(|| self.0.remove(&format!("bert.{name}")))
            .ok_or_else(|| EmbedError::Damaged(format!("it lacks the tensor `{name}`")))?;
        if tensor.dims() != dims {
            return Err(EmbedError::Damaged(format!(
                "the tensor `{name}` is {:?}, expected {dims:?}",
                tensor.dims()
            )));
        }
        Ok(tensor.to_dtype(DType::F32)?)
    }
}

impl Weights for HubTensors {
    type Error = EmbedError;

    fn words(&mut self, rows: usize, width: usize) -> Result<Table, EmbedError> {
        self.get("embeddings.word_embeddings.weight", &[rows, width]).map(Table::Plain)
    }

    fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<Tensor, EmbedError> {
        let hub = hub_name(name)
            .ok_or_else(|| EmbedError::Damaged(format!("`{name}` has no name on the hub")))?;
        self.get(&hub, dims)
    }
}

/// The hub's name for a name of the 4-bit file.
fn hub_name(name: &str) -> Option<String> {
    let plain = match name {
        "emb.pos" => "embeddings.position_embeddings.weight",
        "emb.type" => "embeddings.token_type_embeddings.weight",
        "emb.ln.w" => "embeddings.LayerNorm.weight",
        "emb.ln.b" => "embeddings.LayerNorm.bias",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(plain.to_owned());
    }
    let mut parts = name.strip_prefix('l')?.split('.');
    let (layer, part, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let part = match part {
        "q" => "attention.self.query",
        "k" => "attention.self.key",
        "v" => "attention.self.value",
        "ao" => "attention.output.dense",
        "aln" => "attention.output.LayerNorm",
        "fi" => "intermediate.dense",
        "fo" => "output.dense",
        "oln" => "output.LayerNorm",
        _ => return None,
    };
    let kind = if kind == "w" { "weight" } else { "bias" };
    Some(format!("encoder.layer.{layer}.{part}.{kind}"))
}
