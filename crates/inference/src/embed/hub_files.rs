//! The files of the model hub: `model.safetensors`, `tokenizer.json` and `config.json`.
//!
//! candle reads the weights, at whatever width they have. Matrices become eight bits with a
//! scale for each thirty-two, as everything plain does that is packed for the
//! [`crate::kernels`].

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::bert::{Bert, Shape, Weights};
use super::{EmbedError, Embedder, Words};
use crate::kernels::{Kind, Packed, Packing};

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
    let bert = Bert::load(shape, marks, &mut HubTensors(tensors))?;
    Ok(Embedder::new(bert, Words::Library(Box::new(library))))
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
    /// The numbers of a tensor whose dimensions are `right`.
    fn take(
        &mut self,
        name: &str,
        right: impl Fn(&[usize]) -> bool,
    ) -> Result<Vec<f32>, EmbedError> {
        let hub = hub_name(name)
            .ok_or_else(|| EmbedError::Damaged(format!("`{name}` has no name on the hub")))?;
        let tensor = self
            .0
            .remove(&hub)
            .or_else(|| self.0.remove(&format!("bert.{hub}")))
            .ok_or_else(|| EmbedError::Damaged(format!("it lacks the tensor `{hub}`")))?;
        if !right(tensor.dims()) {
            let dims = format!("the tensor `{hub}` is {:?}, which does not fit", tensor.dims());
            return Err(EmbedError::Damaged(dims));
        }
        let numbers: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        if !numbers.iter().all(|x| x.is_finite()) {
            return Err(EmbedError::Damaged(format!("a number in `{hub}` is not finite")));
        }
        Ok(numbers)
    }
}

impl Weights for HubTensors {
    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Packed, EmbedError> {
        let numbers = self.take(name, |dims| dims == [outputs, inputs])?;
        let refused = |fault| EmbedError::Damaged(format!("the tensor `{name}`: {fault}"));
        let mut packing = Packing::new(Kind::F32, outputs, inputs).map_err(refused)?;
        let mut bytes = Vec::new();
        for row in numbers.chunks(inputs) {
            bytes.clear();
            bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
            packing.rows(&bytes);
        }
        packing.finish().map_err(refused)
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, EmbedError> {
        self.take(name, |dims| dims.iter().product::<usize>() == length)
    }
}

/// The hub's name for a name of the 4-bit file.
fn hub_name(name: &str) -> Option<String> {
    let plain = match name {
        "emb.word" => "embeddings.word_embeddings.weight",
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
