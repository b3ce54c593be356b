//! How much was done; nothing of what.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Counts since the start. Names follow the semantic conventions of OpenTelemetry for
/// generative models where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The model in place.
    #[serde(rename = "gen_ai.request.model")]
    pub model: String,
    /// Tokens of prompts, shared beginnings included.
    #[serde(rename = "gen_ai.usage.input_tokens")]
    pub input_tokens: u64,
    /// Tokens of texts, forced ones included.
    #[serde(rename = "gen_ai.usage.output_tokens")]
    pub output_tokens: u64,
    /// Questions that were answered, with a text or an error.
    pub answered: u64,
    /// Questions that were refused because too many waited.
    pub refused: u64,
    /// Questions whose caller went away.
    pub cancelled: u64,
    /// Questions whose deadline passed.
    pub late: u64,
    /// Times that a worker failed in a way that nobody foresaw.
    pub panicked: u64,
    /// Questions that wait now.
    pub waiting: usize,
    /// Steps of all workers.
    pub steps: u64,
    /// Texts in those steps: over `steps`, the mean size of a batch.
    pub texts_in_steps: u64,
    /// Shared beginnings that were there already.
    pub prefix_hits: u64,
    /// Shared beginnings that had to be computed.
    pub prefix_misses: u64,
    /// For how many more tokens there is memory.
    pub cache_tokens_left: usize,
}

/// The counters behind [`Figures`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    input: AtomicU64,
    output: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
    cancelled: AtomicU64,
    late: AtomicU64,
    panicked: AtomicU64,
    steps: AtomicU64,
    texts: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Counters {
    /// Counts an answer and logs that there was one.
    pub(crate) fn answered(&self, model: &str, input: usize, output: usize, took: Duration) {
        add(&self.answered, 1);
        add(&self.input, input);
        add(&self.output, output);
        tracing::debug!(
            gen_ai.operation.name = "text_completion",
            gen_ai.request.model = model,
            gen_ai.usage.input_tokens = input,
            gen_ai.usage.output_tokens = output,
            gen_ai.server.request.duration = took.as_secs_f64(),
            "a question was answered"
        );
    }

    pub(crate) fn refused(&self) {
        add(&self.refused, 1);
    }

    pub(crate) fn cancelled(&self) {
        add(&self.cancelled, 1);
    }

    pub(crate) fn late(&self) {
        add(&self.late, 1);
    }

    pub(crate) fn panicked(&self) {
        add(&self.panicked, 1);
    }

    pub(crate) fn stepped(&self, texts: usize) {
        add(&self.steps, 1);
        add(&self.texts, texts);
    }

    pub(crate) fn prefix(&self, hit: bool) {
        add(if hit { &self.hits } else { &self.misses }, 1);
    }

    pub(crate) fn read(&self, model: String, waiting: usize, cache_tokens_left: usize) -> Figures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures {
            model,
            input_tokens: of(&self.input),
            output_tokens: of(&self.output),
            answered: of(&self.answered),
            refused: of(&self.refused),
            cancelled: of(&self.cancelled),
            late: of(&self.late),
            panicked: of(&self.panicked),
            waiting,
            steps: of(&self.steps),
            texts_in_steps: of(&self.texts),
            prefix_hits: of(&self.hits),
            prefix_misses: of(&self.misses),
            cache_tokens_left,
        }
    }
}
