//! Model files that are damaged, or made to do harm: each is refused in words or gives a model
//! that works, and none makes the program take memory that the file does not pay for.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use inference::embed::Embedder;
use inference::text::TextModel;

use crate::tiny::{self, GEMMA, LLAMA, QWEN, QWEN3, Seeded};
use crate::tiny_e5;

/// How often each file is damaged.
const ROUNDS: usize = 1_500;
/// The most bytes that may be held for each byte of the file while it is read and tried: the
/// names in a vocabulary of one-letter words stand in several tables.
const FACTOR: u64 = 24;
/// What may be held besides: buffers for reading, what the first answer is computed in, and the
/// empty table of angles of a model that says that it looks back on sixteen million tokens.
const FLOOR: u64 = 24 << 20;
/// Numbers at which sizes overflow, or nearly do.
const SIZES: [u64; 12] = [
    0,
    1,
    3,
    33,
    1 << 20,
    1 << 24,
    (1 << 24) + 32,
    u32::MAX as u64,
    1 << 40,
    i64::MAX as u64,
    u64::MAX / 18,
    u64::MAX,
];

/// Damages that are the same in every run.
struct Chance(Seeded);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        (f64::midpoint(f64::from(self.0.next()), 1.0) * end as f64) as usize % end.max(1)
    }

    /// A place in the file, most often in its first half, where its tables are.
    fn place(&mut self, length: usize) -> usize {
        let end = if self.below(4) > 0 { length / 2 } else { length };
        self.below(end)
    }

    /// One to three damages.
    fn damage(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(3) {
            self.once(&mut bytes);
        }
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>) {
        let at = self.place(bytes.len());
        let length = (1 + self.below(64)).min(bytes.len() - at);
        let size = SIZES[self.below(SIZES.len())].to_le_bytes();
        match self.below(7) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.below(256) as u8,
            2 => overwrite(bytes, at, &size[..4]),
            3 => overwrite(bytes, at, &size),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let copy = bytes[at..at + length].to_vec();
                let to = self.place(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(at),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, new) in bytes[at..].iter_mut().zip(with) {
        *byte = *new;
    }
}

/// Lets `try_file` try every damaged form of `whole`. It says whether the file was refused.
fn survives(name: &str, whole: &[u8], forms: &[Vec<u8>], try_file: impl Fn(&Path) -> bool) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e5-small-q4.bin");
    let run = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let mut refused = Ok(false);
        let held = allocation_counter::measure(|| {
            refused = catch_unwind(AssertUnwindSafe(|| try_file(&path)));
        });
        let most = FLOOR + FACTOR * bytes.len() as u64;
        assert!(held.bytes_max <= most, "{name}, {what}: {} bytes of memory", held.bytes_max);
        assert!(refused.is_ok(), "{name}, {what}: it panicked");
        refused.unwrap()
    };
    assert!(!run(whole, "whole"), "{name} is refused as it is");
    let mut chance = Chance(Seeded(41));
    let mut refused = 0;
    for round in 0..ROUNDS {
        let bytes = chance.damage(whole);
        refused += usize::from(run(&bytes, &format!("damage {round}")));
    }
    for (at, bytes) in forms.iter().enumerate() {
        assert!(run(bytes, &format!("form {at}")), "{name}: form {at} is not refused");
    }
    println!("{name}: {refused} of {ROUNDS} damaged files were refused");
    assert!(refused > ROUNDS / 4, "{name}: only {refused} damages were noticed");
}

fn try_text(path: &Path) -> bool {
    let model = match TextModel::load(path) {
        Ok(model) => model,
        Err(error) => {
            assert!(error.to_string().len() > 10, "{error}");
            return true;
        }
    };
    let size = model.tokenizer().size() as u32;
    let tokens: Vec<u32> = (0..20).map(|id| id * 7 % size.max(1)).collect();
    let mut session = model.session();
    if session.extend(&tokens).is_ok() {
        let _ = inference::text::Session::likeliest(&mut [&mut session], None);
    }
    let _ = model.tokenizer().encode_start("khai sinh").map(|ids| model.tokenizer().decode(&ids));
    false
}

fn try_embedding(path: &Path) -> bool {
    match Embedder::load(path) {
        Ok(embedder) => {
            let vectors = embedder.embed_passages(&["khai sinh", "", "á"]).unwrap();
            assert!(vectors.iter().all(|vector| vector.len() == embedder.dims()));
            false
        }
        Err(error) => {
            assert!(error.to_string().len() > 10, "{error}");
            true
        }
    }
}

#[test]
fn a_damaged_gguf_file_is_refused_or_works() {
    for shape in [GEMMA, LLAMA, QWEN, QWEN3] {
        let whole = tiny::gguf(&shape);
        let forms = [
            absurd(&whole, &format!("{}.context_length", shape.architecture), u32::MAX),
            absurd(&whole, &format!("{}.block_count", shape.architecture), 1 << 24),
            absurd(&whole, &format!("{}.embedding_length", shape.architecture), 1 << 24),
            absurd(&whole, &format!("{}.attention.head_count", shape.architecture), 1 << 23),
            absurd(&whole, &format!("{}.attention.key_length", shape.architecture), 1 << 24),
            overlapping_gguf(&whole),
        ];
        survives(shape.architecture, &whole, &forms, try_text);
    }
}

#[test]
fn a_damaged_embedding_file_is_refused_or_works() {
    let whole = tiny_e5::model().0;
    let forms = [overlapping_e5(&whole)];
    survives("e5", &whole, &forms, try_embedding);
}

/// The file with another number under `key`, which has 32 bits.
fn absurd(whole: &[u8], key: &str, value: u32) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let at = find(&bytes, key.as_bytes()) + key.len() + 4;
    overwrite(&mut bytes, at, &value.to_le_bytes());
    bytes
}

/// The file with all of its tensors in one place, and that place alone: were it allowed, a table
/// of a megabyte could ask for as much memory as there is.
fn overlapping_gguf(whole: &[u8]) -> Vec<u8> {
    let content = Content::read(&mut Cursor::new(whole)).unwrap();
    let mut bytes = whole.to_vec();
    for (name, info) in &content.tensor_infos {
        // Behind the name: the dimensions and how many there are, and the type.
        let at = find(whole, name.as_bytes()) + name.len() + 4 + 8 * info.shape.rank() + 4;
        overwrite(&mut bytes, at, &0u64.to_le_bytes());
    }
    // The table of words stands first, and is the largest.
    let table = &content.tensor_infos["token_embd.weight"];
    assert_eq!(table.offset, 0);
    let blocks = table.shape.elem_count() / table.ggml_dtype.block_size();
    let end = content.tensor_data_offset as usize + blocks * table.ggml_dtype.type_size();
    bytes.truncate(end);
    bytes
}

/// As [`overlapping_gguf`].
fn overlapping_e5(whole: &[u8]) -> Vec<u8> {
    // Behind a name: the type and the number of elements.
    let entry = |name: &str| find(whole, name.as_bytes()) + name.len() + 5;
    let place = |at: usize| whole[at..at + 8].try_into().map(u64::from_le_bytes).unwrap();
    let table = place(entry("emb.word"));
    let mut bytes = whole.to_vec();
    for (name, ..) in tiny_e5::plan() {
        overwrite(&mut bytes, entry(&name), &table.to_le_bytes());
    }
    // The largest tensor is that of the positions.
    bytes.truncate(table as usize + 4 * tiny_e5::POSITIONS * tiny_e5::WIDTH);
    bytes
}

fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}
