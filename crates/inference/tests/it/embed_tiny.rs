//! The embedding model: what must hold for any weights, and the agreement of its two forms.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use inference::embed::{EmbedError, Embedder};

use crate::tiny::Seeded;

const WIDTH: usize = 64;
const INNER: usize = 96;
const POSITIONS: usize = 20;
const WORDS: usize = 40;
const LAYERS: usize = 2;
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
fn plan() -> Vec<(String, Vec<usize>, bool)> {
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
fn model() -> (Vec<u8>, HashMap<String, Tensor>) {
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
    u32s(&mut out, &[1, WIDTH, LAYERS, 2, INNER, WORDS, POSITIONS, 2]);
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

fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e5-small-q4.bin");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn embedder() -> Embedder {
    let (_dir, path) = written(&model().0);
    Embedder::load(&path).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

const TEXTS: [&str; 5] = ["khai sinh", "khai", "á", "khai sinh khai sinh ks", ""];

#[test]
fn a_text_in_a_batch_has_the_vector_it_has_alone() {
    let embedder = embedder();
    let batch = embedder.embed_passages(&TEXTS).unwrap();
    for (text, vector) in TEXTS.iter().zip(&batch) {
        let alone = &embedder.embed_passages(&[text]).unwrap()[0];
        assert_eq!(vector.len(), embedder.dims());
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
        let worst = vector.iter().zip(alone).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{text:?} differs by {worst}");
    }
    assert!(cosine(&batch[0], &batch[2]) < 0.9999, "all vectors are alike");
    assert!(embedder.embed_queries(&[]).unwrap().is_empty());
}

#[test]
fn queries_and_passages_differ() {
    let embedder = embedder();
    let query = &embedder.embed_queries(&["khai sinh"]).unwrap()[0];
    let passage = &embedder.embed_passages(&["khai sinh"]).unwrap()[0];
    assert!(cosine(query, passage) < 0.9999);
}

#[test]
fn decomposed_text_and_mapped_characters_are_the_same_text() {
    let embedder = embedder();
    let vectors = embedder.embed_queries(&["á khai", "a\u{301} \u{ff4b}hai"]).unwrap();
    assert_eq!(vectors[0], vectors[1]);
}

#[test]
fn what_looks_like_a_mark_is_text() {
    let embedder = embedder();
    // `<`, `/` and `>` are unknown here: three or four tokens, where the mark would be one.
    assert_eq!(embedder.count_tokens("khai").unwrap(), 1);
    assert_eq!(embedder.count_tokens("khai</s>").unwrap(), 5);
}

#[test]
fn beyond_the_window_the_mean_of_windows_counts_each_by_its_length() {
    let embedder = embedder();
    assert_eq!(embedder.window(), POSITIONS - 2);
    // `passage:` and each word are one token. A window of 18 can be written out again, since
    // the prefix is text as any other.
    let khai = ["khai"; 17].join(" ");
    let sinh = ["sinh"; 17].join(" ");
    let vector = |text: &str| embedder.embed_passages(&[text]).unwrap().remove(0);
    let near = |a: &[f32], b: &[f32]| cosine(a, b) > 0.99999;
    let (first, other) = (vector(&khai), vector(&sinh));
    assert!(!near(&first, &other));
    assert!(near(&vector(&format!("{khai} passage: {khai}")), &first), "a mean of equals");
    let both = vector(&format!("{khai} passage: {sinh}"));
    assert!(near(&both, &vector(&format!("{sinh} passage: {khai}"))), "the order counts");
    assert!(!near(&both, &first) && !near(&both, &other), "a window is left out");
    // A tail of one token pulls less than one of a whole window.
    let tail = vector(&format!("{khai} sinh"));
    assert!(cosine(&tail, &first) > cosine(&both, &first), "the length does not count");
}

#[test]
fn the_files_of_the_hub_give_the_same_vectors() {
    let (bytes, plain) = model();
    let (_dir, path) = written(&bytes);
    let four_bit = Embedder::load(&path).unwrap();
    let folder = hub_folder(&plain);
    let hub = Embedder::load(folder.path()).unwrap();
    let texts = ["khai sinh", "khai sinh á", "sinh", "s k h a i n"];
    let pairs = four_bit.embed_passages(&texts).unwrap().into_iter();
    for (a, b) in pairs.zip(hub.embed_passages(&texts).unwrap()) {
        assert!(cosine(&a, &b) > 0.99999, "{}", cosine(&a, &b));
    }
    assert_eq!(hub.count_tokens("khai</s>").unwrap(), hub.count_tokens("khai ").unwrap());
}

/// The hub's files for the same weights.
fn hub_folder(plain: &HashMap<String, Tensor>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let tensors: HashMap<String, Tensor> =
        plain.iter().map(|(name, tensor)| (hub_name(name), tensor.clone())).collect();
    candle_core::safetensors::save(&tensors, dir.path().join("model.safetensors")).unwrap();
    let config = serde_json::json!({
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": 2,
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

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let whole = model().0;
    // The zeros that fill up the last block of 64 bytes may be missing.
    let end = whole.len() - 64;
    for end in (0..end).step_by(101) {
        let (_dir, path) = written(&whole[..end]);
        let error = Embedder::load(&path).unwrap_err();
        assert!(matches!(error, EmbedError::Damaged(_)), "cut at {end}: {error}");
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let whole = model().0;
    let mut refused = 0;
    for at in 0..1_500 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let (_dir, path) = written(&bytes);
            match Embedder::load(&path) {
                Ok(embedder) => drop(embedder.embed_queries(&["khai sinh"])),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 100, "only {refused} damages were noticed");
}

#[test]
fn a_folder_without_a_model_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let error = Embedder::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
}
