//! The embedding model: what must hold for any weights, and the agreement of its two forms.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use candle_core::{Device, IndexOp, Tensor};
use inference::embed::{EmbedError, Embedder};

use crate::tiny_e5::{HEADS, LAYERS, POSITIONS, WIDTH, hub_folder, model};

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
        assert_eq!(vector.len(), embedder.dims());
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
        assert_eq!(&embedder.embed_passages(&[text]).unwrap()[0], vector, "{text:?}");
    }
    assert!(cosine(&batch[0], &batch[2]) < 0.9999, "all vectors are alike");
    assert!(embedder.embed_queries(&[]).unwrap().is_empty());
}

#[test]
fn threads_and_order_change_no_bit_of_a_vector() {
    // Of all lengths, up to several windows; enough for several batches on each thread.
    let texts: Vec<String> = (0..60).map(|n| "khai sinh á ".repeat(n * 7 % 31)).collect();
    let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let want = embedder().embed_passages(&texts).unwrap();
    for threads in [2, 3, 16] {
        let embedder = embedder().on_threads(NonZeroUsize::new(threads).unwrap());
        assert!(embedder.embed_passages(&texts).unwrap() == want, "{threads} threads");
        assert!(embedder.embed_passages(&texts).unwrap() == want, "again, with used memory");
    }
    texts.reverse();
    let mut turned = embedder().embed_passages(&texts).unwrap();
    turned.reverse();
    assert!(turned == want);
}

#[test]
fn vectors_agree_with_the_same_model_computed_plainly() {
    let (bytes, plain) = model();
    let (_dir, path) = written(&bytes);
    let embedder = Embedder::load(&path).unwrap();
    for words in 1..POSITIONS {
        let text = "khai sinh á ".repeat(words);
        // `▁query:`, and what each word is (see `tiny_e5`).
        let mut ids = vec![0, 22];
        ids.extend([&[19][..], &[20], &[4, 21]].iter().cycle().take(words).copied().flatten());
        ids.push(2);
        let text = text.split(' ').take(words).collect::<Vec<_>>().join(" ");
        if ids.len() > POSITIONS {
            break;
        }
        let own = &embedder.embed_queries(&[&text]).unwrap()[0];
        let cosine = cosine(own, &plainly(&plain, &ids).unwrap());
        // Activations are rounded to 1/254 of the largest of thirty-two.
        assert!(cosine > 0.999, "{cosine} for {words} words");
    }
}

/// The vector of these ids, in candle's own arithmetic.
fn plainly(weights: &HashMap<String, Tensor>, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
    let get = |name: &str| &weights[name];
    let linear = |x: &Tensor, name: &str| {
        x.matmul(&get(&format!("{name}.w")).t()?)?.broadcast_add(get(&format!("{name}.b")))
    };
    let norm = |x: &Tensor, name: &str| {
        let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
        let spread = (centred.sqr()?.mean_keepdim(1)? + 1e-12)?.sqrt()?;
        let normed = centred.broadcast_div(&spread)?;
        normed.broadcast_mul(get(&format!("{name}.w")))?.broadcast_add(get(&format!("{name}.b")))
    };
    let count = ids.len();
    let words = get("emb.word").index_select(&Tensor::new(ids, &Device::Cpu)?, 0)?;
    let places = get("emb.pos").narrow(0, 0, count)?;
    let mut x = (words + places)?.broadcast_add(&get("emb.type").i(0)?)?;
    x = norm(&x, "emb.ln")?;
    for layer in 0..LAYERS {
        let name = |part: &str| format!("l{layer}.{part}");
        let heads = |part: &str| {
            let rows = linear(&x, &name(part))?.reshape((count, HEADS, WIDTH / HEADS))?;
            rows.transpose(0, 1)?.contiguous()
        };
        let (queries, keys, values) = (heads("q")?, heads("k")?, heads("v")?);
        let scores = (queries.matmul(&keys.t()?)? / ((WIDTH / HEADS) as f64).sqrt())?.exp()?;
        let chances = scores.broadcast_div(&scores.sum_keepdim(2)?)?;
        let mixed = chances.matmul(&values)?.transpose(0, 1)?.reshape((count, WIDTH))?;
        x = norm(&(&x + linear(&mixed, &name("ao"))?)?, &name("aln"))?;
        let inner = linear(&x, &name("fi"))?.gelu_erf()?;
        x = norm(&(&x + linear(&inner, &name("fo"))?)?, &name("oln"))?;
    }
    let mean = x.mean(0)?;
    mean.broadcast_div(&mean.sqr()?.sum_all()?.sqrt()?)?.to_vec1()
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
        // The hub's weights become eight bits, those of the file stay the four that they are.
        assert!(cosine(&a, &b) > 0.999, "{}", cosine(&a, &b));
    }
    assert_eq!(hub.count_tokens("khai</s>").unwrap(), hub.count_tokens("khai ").unwrap());
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
