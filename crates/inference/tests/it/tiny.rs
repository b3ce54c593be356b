//! Models of a few thousand weights, made from a seed.

use std::io::Cursor;
use std::path::PathBuf;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

/// Numbers that look like chance and are always the same.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((self.0 >> 40) as f32 / (1u64 << 24) as f32) * 2.0 - 1.0
    }

    pub(crate) fn tensor(&mut self, dims: &[usize], scale: f32) -> Tensor {
        let values: Vec<f32> = (0..dims.iter().product()).map(|_| self.next() * scale).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) architecture: &'static str,
    pub(crate) layers: usize,
    pub(crate) window: usize,
    pub(crate) context: usize,
    pub(crate) seed: u64,
}

pub(crate) const GEMMA: Shape =
    Shape { architecture: "gemma3", layers: 7, window: 6, context: 600, seed: 1 };
pub(crate) const LLAMA: Shape =
    Shape { architecture: "llama", layers: 2, window: 0, context: 600, seed: 2 };
pub(crate) const QWEN: Shape =
    Shape { architecture: "qwen2", layers: 2, window: 0, context: 600, seed: 3 };

pub(crate) const QWEN3: Shape =
    Shape { architecture: "qwen3", layers: 2, window: 0, context: 600, seed: 4 };

const WIDTH: usize = 64;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD: usize = 32;
const INNER: usize = 96;

/// A GGUF file in memory.
pub(crate) fn gguf(shape: &Shape) -> Vec<u8> {
    let mut seeded = Seeded(shape.seed);
    let mut metadata = vocabulary(shape.architecture);
    let vocab = match &metadata.iter().find(|(key, _)| key == "tokenizer.ggml.tokens").unwrap().1 {
        Value::Array(tokens) => tokens.len(),
        _ => unreachable!("the tokens are an array"),
    };
    metadata.extend(sizes(shape));
    let mut tensors: Vec<(String, QTensor)> = Vec::new();
    let mut add = |name: String, dims: &[usize], dtype, offset: f64, scale| {
        let plain = (seeded.tensor(dims, scale) + offset).unwrap();
        tensors.push((name, QTensor::quantize(&plain, dtype).unwrap()));
    };
    add("token_embd.weight".into(), &[vocab, WIDTH], GgmlDType::Q8_0, 0.0, 0.3);
    add("output_norm.weight".into(), &[WIDTH], GgmlDType::F32, 1.0, 0.2);
    for layer in 0..shape.layers {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let mut linear = |part: &str, outputs, inputs, dtype| {
            add(name(&format!("{part}.weight")), &[outputs, inputs], dtype, 0.0, 0.3);
        };
        linear("attn_q", HEADS * HEAD, WIDTH, GgmlDType::Q5_0);
        linear("attn_k", KV_HEADS * HEAD, WIDTH, GgmlDType::Q8_0);
        linear("attn_v", KV_HEADS * HEAD, WIDTH, GgmlDType::Q4_1);
        linear("attn_output", WIDTH, HEADS * HEAD, GgmlDType::Q4_0);
        linear("ffn_gate", INNER, WIDTH, GgmlDType::Q8_0);
        linear("ffn_up", INNER, WIDTH, GgmlDType::Q5_0);
        linear("ffn_down", WIDTH, INNER, GgmlDType::Q8_0);
        let mut norm = |part: &str, length| {
            add(name(&format!("{part}.weight")), &[length], GgmlDType::F32, 1.0, 0.2);
        };
        norm("attn_norm", WIDTH);
        norm("ffn_norm", WIDTH);
        if shape.architecture == "gemma3" {
            norm("post_attention_norm", WIDTH);
            norm("post_ffw_norm", WIDTH);
        }
        if matches!(shape.architecture, "gemma3" | "qwen3") {
            norm("attn_q_norm", HEAD);
            norm("attn_k_norm", HEAD);
        }
        if shape.architecture == "qwen2" {
            for (part, length) in [("attn_q", HEADS), ("attn_k", KV_HEADS), ("attn_v", KV_HEADS)] {
                add(name(&format!("{part}.bias")), &[length * HEAD], GgmlDType::F32, 0.0, 0.5);
            }
        }
    }
    let mut out = Cursor::new(Vec::new());
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
    gguf_file::write(&mut out, &metadata, &tensors).unwrap();
    out.into_inner()
}

/// A GGUF file on the disk; it goes when the folder is dropped.
pub(crate) fn file(shape: &Shape) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tiny.gguf");
    std::fs::write(&path, gguf(shape)).unwrap();
    (dir, path)
}

fn sizes(shape: &Shape) -> Vec<(String, Value)> {
    let name = shape.architecture;
    let mut out = vec![("general.architecture".to_owned(), Value::String(name.to_owned()))];
    let mut size = |part: &str, n: usize| {
        out.push((format!("{name}.{part}"), Value::U32(u32::try_from(n).unwrap())));
    };
    size("context_length", shape.context);
    size("embedding_length", WIDTH);
    size("block_count", shape.layers);
    size("feed_forward_length", INNER);
    size("attention.head_count", HEADS);
    size("attention.head_count_kv", KV_HEADS);
    size("attention.key_length", HEAD);
    if shape.window > 0 {
        size("attention.sliding_window", shape.window);
    }
    out.push((format!("{name}.rope.freq_base"), Value::F32(10_000.0)));
    out.push((format!("{name}.attention.layer_norm_rms_epsilon"), Value::F32(1e-6)));
    out
}

fn vocabulary(architecture: &str) -> Vec<(String, Value)> {
    if architecture == "gemma3" { sentence_pieces() } else { byte_pairs(architecture) }
}

fn key(name: &str, value: Value) -> (String, Value) {
    (format!("tokenizer.ggml.{name}"), value)
}

fn texts(list: &[String]) -> Value {
    Value::Array(list.iter().cloned().map(Value::String).collect())
}

fn sentence_pieces() -> Vec<(String, Value)> {
    let mut tokens: Vec<(String, i32, f32)> = Vec::new();
    for name in ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>"] {
        tokens.push((name.to_owned(), 3, -1000.0));
    }
    for text in ["\n", "\n\n"] {
        tokens.push((text.to_owned(), 4, -1000.0));
    }
    for byte in 0..=255u8 {
        tokens.push((format!("<0x{byte:02X}>"), 6, -1000.0));
    }
    let pieces = [
        "▁", "k", "h", "a", "i", "s", "n", "á", "ờ", "<", ">", "ai", "kh", "▁kh", "▁khai", "inh",
        "in", "▁s", "▁sinh", "  ",
    ];
    for (rank, piece) in pieces.iter().enumerate() {
        tokens.push(((*piece).to_owned(), 1, -(rank as f32)));
    }
    let names: Vec<String> = tokens.iter().map(|token| token.0.clone()).collect();
    vec![
        key("model", Value::String("llama".into())),
        key("tokens", texts(&names)),
        key("token_type", Value::Array(tokens.iter().map(|t| Value::I32(t.1)).collect())),
        key("scores", Value::Array(tokens.iter().map(|t| Value::F32(t.2)).collect())),
        key("bos_token_id", Value::U32(2)),
        key("eos_token_id", Value::U32(1)),
        key("add_bos_token", Value::Bool(true)),
        key("add_space_prefix", Value::Bool(false)),
    ]
}

fn byte_pairs(architecture: &str) -> Vec<(String, Value)> {
    let mut names = vec!["<|endoftext|>".to_owned(), "<|im_start|>".into(), "<|im_end|>".into()];
    // GPT-2's spelling of bytes, written out the slow way.
    let mut other = 256u32;
    for byte in 0..=255u32 {
        let prints = (33..=126).contains(&byte) || (161..=172).contains(&byte) || byte >= 174;
        let code = if prints { byte } else { other };
        other += u32::from(!prints);
        names.push(char::from_u32(code).unwrap().to_string());
    }
    let merges = ["k h", "a i", "kh ai", "Ġ khai", "Ġ s", "i n", "in h", "Ġs inh", "1 2"];
    names.extend(merges.iter().map(|merge| merge.replace(' ', "")));
    let merges: Vec<String> = merges.iter().map(ToString::to_string).collect();
    let types = names.iter().enumerate().map(|(i, _)| Value::I32(if i < 3 { 3 } else { 1 }));
    let pre = if architecture.starts_with("qwen") { "qwen2" } else { "smollm" };
    vec![
        key("model", Value::String("gpt2".into())),
        key("pre", Value::String(pre.into())),
        key("token_type", Value::Array(types.collect())),
        key("tokens", texts(&names)),
        key("merges", texts(&merges)),
        key("bos_token_id", Value::U32(1)),
        key("eos_token_id", Value::U32(2)),
        key("add_bos_token", Value::Bool(false)),
    ]
}
