//! Texts to vectors, with multilingual-e5-small.
//!
//! Two forms of the same model are read: the 4-bit file of a Python package and the files of
//! the model hub. Their vectors agree to a cosine of 0.999, not exactly: an index belongs to
//! one of them, which the index's model hash says.

mod bert;
mod e5_file;
mod hub_files;
mod pieces;

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use bert::{Bert, Window};
use pieces::Pieces;

/// The model was trained with these words before each text; without them it is worse.
const QUERY: &str = "query: ";
const PASSAGE: &str = "passage: ";
/// How many tokens are computed at once. Rows of several texts make larger products, which
/// two cores share better; more would only leave the cache.
const BATCH_TOKENS: usize = 512;
/// The name of the 4-bit file in a model's folder.
const E5_FILE: &str = "e5-small-q4.bin";

/// Why an embedding model cannot be loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("damaged embedding model: {0}")]
    Damaged(String),
    /// The tokenizer library refused its file or a text.
    #[error("the tokenizer of the embedding model failed")]
    Tokenizer(#[source] tokenizers::Error),
    /// The tensor library failed.
    #[error("the embedding model failed to compute")]
    Tensor(#[from] candle_core::Error),
}

/// An embedding model in memory; share it between threads freely.
#[derive(Debug)]
pub struct Embedder {
    bert: Bert,
    words: Words,
}

#[derive(Debug)]
enum Words {
    Pieces(Pieces),
    Library(Box<tokenizers::Tokenizer>),
}

impl Embedder {
    /// Loads the 4-bit file at `path`, or what the folder at `path` holds: the 4-bit file, or
    /// else `model.safetensors` with `tokenizer.json` and `config.json`.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        if !path.is_dir() {
            return e5_file::load(path);
        }
        let file = path.join(E5_FILE);
        if file.exists() { e5_file::load(&file) } else { hub_files::load(path) }
    }

    /// How many numbers a vector has.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.bert.dims()
    }

    /// Vectors of what people look for, each of length 1.
    pub fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed(QUERY, texts)
    }

    /// Vectors of what can be found, each of length 1. A text longer than the model's window
    /// is embedded in pieces, whose mean counts each by its length.
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed(PASSAGE, texts)
    }

    /// How many tokens `text` has, without any prefix. One window holds [`Embedder::window`].
    pub fn count_tokens(&self, text: &str) -> Result<usize, EmbedError> {
        Ok(self.tokens(text)?.len())
    }

    /// How many tokens are read at once, prefix included.
    #[must_use]
    pub fn window(&self) -> usize {
        self.bert.window()
    }

    fn embed(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut windows = Vec::new();
        for (text, content) in texts.iter().enumerate() {
            let tokens = self.tokens(&format!("{prefix}{content}"))?;
            windows.extend(tokens.chunks(self.bert.window()).map(|chunk| Window::new(text, chunk)));
        }
        let mut sums = vec![vec![0.0; self.bert.dims()]; texts.len()];
        let mut rest = windows.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(fitting(rest));
            for (window, mean) in batch.iter().zip(self.bert.means(batch)?) {
                if let Some(sum) = sums.get_mut(window.text) {
                    add(sum, &mean, window.weight());
                }
            }
            rest = later;
        }
        for sum in &mut sums {
            normalise(sum);
        }
        Ok(sums)
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        // The model never saw decomposed Vietnamese: its vectors would be off by a tenth.
        let text: String = text.nfc().collect();
        match &self.words {
            Words::Pieces(pieces) => Ok(pieces.encode(&text)),
            Words::Library(library) => hub_files::encode(library, &text),
        }
    }
}

/// How many of the windows go into one batch; one at least.
fn fitting(windows: &[Window]) -> usize {
    let mut total = 0;
    let fit = windows
        .iter()
        .take_while(|window| {
            total += window.len();
            total <= BATCH_TOKENS
        })
        .count();
    fit.max(1)
}

fn add(sum: &mut [f32], vector: &[f32], weight: f32) {
    for (total, x) in sum.iter_mut().zip(vector) {
        *total += weight * x;
    }
}

fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x /= length;
        }
    }
}
