//! Texts to vectors, with multilingual-e5-small.
//!
//! Two forms of the same model are read: the 4-bit file of a Python package and the files of
//! the model hub. Their vectors agree to a cosine of 0.999, not exactly: an index belongs to
//! one of them, which the index's model hash says.
//!
//! # Invariants
//!
//! - **A text's vector depends on that text alone**: not on the texts beside it, their order,
//!   the number of threads or what was embedded before. It is the same to the bit.

mod attend;
mod bert;
mod e5_file;
mod hub_files;
mod pieces;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use unicode_normalization::UnicodeNormalization;

use bert::{Bert, Window, Work};
use pieces::Pieces;

use crate::share::spread;

/// The model was trained with these words before each text; without them it is worse.
const QUERY: &str = "query: ";
const PASSAGE: &str = "passage: ";
/// How many tokens are computed together. Each part of a layer's weights is read once for all
/// of them; more of them would only leave the cache.
const BATCH_TOKENS: usize = 256;
/// Fewer tokens are not shared out among threads: reading the weights would cost more.
const SHARE_TOKENS: usize = 64;
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
    /// The tensor library refused the weights.
    #[error("the weights of the embedding model cannot be read")]
    Tensor(#[from] candle_core::Error),
}

/// An embedding model in memory; share it between threads freely.
///
/// A call computes in the thread that makes it, and in as many more as
/// [`Embedder::on_threads`] allows. Threads share the weights and nothing else.
#[derive(Debug)]
pub struct Embedder {
    bert: Bert,
    words: Words,
    threads: NonZeroUsize,
    /// What was computed in and will be again: new memory would cost a tenth of a question.
    rooms: Mutex<Vec<Work>>,
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

    fn new(bert: Bert, words: Words) -> Self {
        Self { bert, words, threads: NonZeroUsize::MIN, rooms: Mutex::default() }
    }

    /// The same model, whose calls spread many texts over so many threads. It is one unless
    /// this is called.
    #[must_use]
    pub fn on_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
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

    /// Which instructions it computes with.
    #[must_use]
    pub fn instructions(&self) -> &'static str {
        self.bert.instructions()
    }

    fn embed(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let threads = self.threads.get();
        let read = spread(threads, texts, |text| self.tokens(&format!("{prefix}{text}")));
        let mut windows = Vec::new();
        for (text, tokens) in read.into_iter().enumerate() {
            windows.extend(tokens?.chunks(self.bert.window()).map(|part| Window::new(text, part)));
        }
        let means = spread(threads, &batches(&windows, threads), |batch| self.means(batch));
        let mut sums = vec![vec![0.0; self.bert.dims()]; texts.len()];
        for (window, mean) in windows.iter().zip(means.into_iter().flatten()) {
            if let Some(sum) = sums.get_mut(window.text) {
                add(sum, &mean, window.weight());
            }
        }
        for sum in &mut sums {
            normalise(sum);
        }
        Ok(sums)
    }

    fn means(&self, batch: &[Window]) -> Vec<Vec<f32>> {
        let rooms = || self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = rooms().pop().unwrap_or_default();
        let means = self.bert.means(batch, &mut room);
        rooms().push(room);
        means
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

/// The windows in runs that are computed together; as many runs as threads at least, unless
/// they would be small.
fn batches(windows: &[Window], threads: usize) -> Vec<&[Window]> {
    let total: usize = windows.iter().map(Window::len).sum();
    let most = total.div_ceil(threads).clamp(SHARE_TOKENS, BATCH_TOKENS);
    let mut batches = Vec::new();
    let mut rest = windows;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(fitting(rest, most));
        batches.push(batch);
        rest = later;
    }
    batches
}

/// How many of the windows have `most` tokens together; one at least.
fn fitting(windows: &[Window], most: usize) -> usize {
    let mut total = 0;
    let fit = windows.iter().take_while(|window| {
        total += window.len();
        total <= most
    });
    fit.count().max(1)
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
