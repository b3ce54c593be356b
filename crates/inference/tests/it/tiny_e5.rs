//! A tiny embedding model, as the 4-bit file and as the files of the hub.

use std::collections::HashMap;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::tiny::Seeded;

pub(crate) const WIDTH: usize = 64;
pub(crate) const INNER: usize = 96;
pub(crate) const POSITIONS: usize = 20;
pub(crate) const WORDS: usize = 40;
pub(crate) const LAYERS: usize = 2;
pub(crate) const HEADS: usize = 2;
const MARKS: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];
const PIECES: [&str; 20] = [
    "▁",
    "q",
    "u",
    "e",
    "r",
    "y",
    ":",
    "p",
    "a",
    "s",
    "g",
    "k",
    "h",
    "i",
    "n",
    "▁khai",
    "▁sinh",
    "á",
    "▁query:",
    "▁passage:",
];

/// Names, sizes and whether they are quantised, in the order of the format.
pub(crate) fn plan() -> Vec<(String, Vec<usize>, bool)> {
    let mut out = vec![
        ("emb.word".to_owned(), vec![WORDS, WIDTH], true),
        ("emb.pos".to_owned(), vec![POSITIONS, WIDTH], false),
        ("emb.type".to_owned(), vec![2, WIDTH], false),
        ("emb.ln.w".to_owned(), vec![WIDTH], false),
        ("emb.ln.b".to_owned(), vec![WIDTH], false),
    ];
    for layer in 0..LAYERS {
        let mut add = |part: &str, dims: &[usize]| {
            out.push((format!("l{layer}.{part}"), dims.to_vec(), dims.len() == 2));
        };
        for part in ["q", "k", "v", "ao"] {
            add(&format!("{part}.w"), &[WIDTH, WIDTH]);
            add(&format!("{part}.b"), &[WIDTH]);
        }
        add("aln.w", &[WIDTH]);
        add("aln.b", &[WIDTH]);
        add("fi.w", &[INNER, WIDTH]);
        add("fi.b", &[INNER]);
        add("fo.w", &[WIDTH, INNER]);
        add("fo.b", &[WIDTH]);
        add("oln.w", &[WIDTH]);
        add("oln.b", &[WIDTH]);
    }
    out
}

/// A 4-bit file, and the same weights at full width.
pub(crate) fn model() -> (Vec<u8>, HashMap<String, Tensor>) {
    let mut seeded = Seeded(11);
    let mut plain = HashMap::new();
    let mut blobs = Vec::new();
    for (name, dims, quantised) in plan() {
        let tensor = seeded.tensor(&dims, 0.4);
        if quantised {
            let tensor = QTensor::quantize(&tensor, GgmlDType::Q4_0).unwrap();
            blobs.push((
                name.clone(),
                1u8,
                dims.iter().product::<usize>(),
                tensor.data().unwrap().to_vec(),
            ));
            plain.insert(name, tensor.dequantize(&Device::Cpu).unwrap());
        } else {
            let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            blobs.push((name.clone(), 0u8, values.len(), bytes));
            plain.insert(name, tensor);
        }
    }
    (e5_file(&blobs), plain)
}

fn e5_file(blobs: &[(String, u8, usize, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"E5S1".to_vec();
    let u32s = |out: &mut Vec<u8>, values: &[usize]| {
        out.extend(values.iter().flat_map(|n| u32::try_from(*n).unwrap().to_le_bytes()));
    };
    u32s(&mut out, &[1, WIDTH, LAYERS, HEADS, INNER, WORDS, POSITIONS, 2]);
    out.extend(1e-12f32.to_le_bytes());
    let pieces: Vec<&str> = MARKS.iter().chain(&PIECES).copied().collect();
    u32s(&mut out, &[32, pieces.len(), 0, 2, 1, 3]);
    out.extend((pieces.concat().len() as u64).to_le_bytes());
    let mut end = 0;
    u32s(&mut out, &[0]);
    for piece in &pieces {
        end += piece.len();
        u32s(&mut out, &[end]);
    }
    out.extend((0..pieces.len()).flat_map(|id| score(id).to_le_bytes()));
    out.extend(pieces.concat().bytes());
    // One entry of the map: U+FF4B becomes `k`.
    u32s(&mut out, &[1, 9, 0xff4b]);
    out.push(1);
    u32s(&mut out, &['k' as usize]);
    u32s(&mut out, &[blobs.len()]);
    let table: usize = blobs.iter().map(|blob| 2 + blob.0.len() + 1 + 4 + 8 + 8).sum();
    let mut at = (out.len() + table).next_multiple_of(64);
    let start = at;
    for (name, kind, elements, bytes) in blobs {
        out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend(name.bytes());
        out.push(*kind);
        u32s(&mut out, &[*elements]);
        out.extend((at as u64).to_le_bytes());
        out.extend((bytes.len() as u64).to_le_bytes());
        at = (at + bytes.len()).next_multiple_of(64);
    }
    out.resize(start, 0);
    for blob in blobs {
        out.extend(&blob.3);
        out.resize(out.len().next_multiple_of(64), 0);
    }
    out
}

fn score(id: usize) -> f32 {
    if id < MARKS.len() { 0.0 } else { -1.0 - id as f32 / 8.0 }
}

/// The hub's files for the same weights.
pub(crate) fn hub_folder(plain: &HashMap<String, Tensor>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let tensors: HashMap<String, Tensor> =
        plain.iter().map(|(name, tensor)| (hub_name(name), tensor.clone())).collect();
    candle_core::safetensors::save(&tensors, dir.path().join("model.safetensors")).unwrap();
    let config = serde_json::json!({
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "intermediate_size": INNER, "vocab_size": WORDS, "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-12, "model_type": "bert",
    });
    std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let names = MARKS.iter().chain(&PIECES).enumerate();
    let vocab: Vec<_> = names.map(|(id, name)| serde_json::json!([name, score(id)])).collect();
    let marks: Vec<_> = MARKS
        .iter()
        .enumerate()
        .map(|(id, name)| {
            serde_json::json!({
                "id": id, "content": name, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            })
        })
        .collect();
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": marks,
        "normalizer": null,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": null, "decoder": null,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": false},
    });
    std::fs::write(dir.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    dir
}

fn hub_name(name: &str) -> String {
    match name {
        "emb.word" => return "embeddings.word_embeddings.weight".into(),
        "emb.pos" => return "embeddings.position_embeddings.weight".into(),
        "emb.type" => return "embeddings.token_type_embeddings.weight".into(),
        "emb.ln.w" => return "embeddings.LayerNorm.weight".into(),
        "emb.ln.b" => return "embeddings.LayerNorm.bias".into(),
        _ => {}
    }
    let name = name.replacen('l', "bert.encoder.layer.", 1);
    [
        (".q.", ".attention.self.query."),
        (".k.", ".attention.self.key."),
        (".v.", ".attention.self.value."),
        (".ao.", ".attention.output.dense."),
        (".aln.", ".attention.output.LayerNorm."),
        (".fi.", ".intermediate.dense."),
        (".fo.", ".output.dense."),
        (".oln.", ".output.LayerNorm."),
    ]
    .iter()
    .fold(name, |name, (short, long)| name.replace(short, long))
    .replace(".w", ".weight")
    .replace(".b", ".bias")
    .replace("bert.encoder", "encoder")
    .replace(".biasert", ".bert")
}
