//! The language in which engines are given work: a job is a line of JSON, and so is its answer.
//!
//! `eval/inference/peer.py` speaks it too. An answer of `{"error": …}` says why a job
//! was not done.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What an engine is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The GGUF file, or an embedding model's folder; an engine loads it at its first job and
    /// keeps it.
    pub model: PathBuf,
    /// How many threads may compute.
    pub threads: usize,
    /// Weigh the tokens of the writer's shortlist alone. Engines that have none leave it out.
    #[serde(default)]
    pub shortlist: bool,
    /// The work itself.
    #[serde(flatten)]
    pub work: Work,
}

/// The kinds of work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Work {
    /// Load the model: [`Loaded`].
    Load,
    /// Cut a text into tokens, as at the start of a document: [`Tokens`].
    Tokens {
        /// The text, read as text alone.
        text: String,
    },
    /// Read a prompt, then go on for some tokens, alone: [`Single`].
    Single {
        /// The prompt.
        ids: Vec<u32>,
        /// How many tokens to go on for.
        decode: usize,
    },
    /// Write many texts that share a beginning: [`Messages`].
    Messages {
        /// The beginning, which is not timed.
        prefix: Vec<u32>,
        /// What follows it in each text.
        owns: Vec<Vec<u32>>,
        /// How many tokens to write of each.
        out: usize,
        /// How many of them come at once: the first is chosen, the others are forced.
        run: usize,
        /// How many texts go through the model together.
        batch: usize,
        /// How an engine that has the choice keeps keys and values.
        #[serde(flatten)]
        memory: Memory,
    },
    /// Read a text and say how likely each of its tokens was: [`Scores`].
    Score {
        /// The text.
        ids: Vec<u32>,
    },
    /// Make vectors of texts: [`Embedded`].
    Embed {
        /// The texts.
        texts: Vec<String>,
        /// Whether they are what people look for, or what can be found.
        queries: bool,
        /// How many are given to the engine at once.
        batch: usize,
        /// Whether the answer is to have the vectors.
        vectors: bool,
    },
    /// Say which of these tokens the shortlist has: [`Tokens`].
    Listed {
        /// The tokens, which may come more than once.
        ids: Vec<u32>,
    },
    /// Choose the likeliest token after each prompt, again and again: [`Choices`].
    Choices {
        /// The prompts.
        prompts: Vec<Vec<u32>>,
        /// What is written after each prompt in place of what was chosen; nothing, where it is
        /// what was chosen.
        follow: Vec<Vec<u32>>,
        /// How many tokens to choose.
        count: usize,
    },
}

/// Ways to keep keys and values that llama.cpp leaves to its caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// All texts in one buffer, or a buffer for each.
    pub unified: bool,
    /// Scores and mix of attention in one pass.
    pub flash: bool,
}

/// Seconds of the processor and of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Took(pub f64, pub f64);

impl Took {
    /// What counts with so many threads: for one, the seconds of the processor, which other
    /// work on the machine lengthens least; for several, those of the clock.
    #[must_use]
    pub fn seconds(self, threads: usize) -> f64 {
        if threads == 1 { self.0 } else { self.1 }
    }
}

/// Which seconds these are, in a word.
pub(super) fn seconds_of(threads: usize) -> &'static str {
    if threads == 1 { "processor" } else { "clock" }
}

/// A loaded model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Loaded {
    /// The engine, with what it computes with.
    pub engine: String,
    /// What loading took.
    pub load: Took,
    /// What a step reads of the weights, in bytes, where the engine says so.
    #[serde(default)]
    pub step_bytes: usize,
    /// What a token's keys and values take, in bytes, where the engine says so.
    #[serde(default)]
    pub token_bytes: usize,
}

/// A text's tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// Their ids.
    pub ids: Vec<u32>,
}

/// A prompt that was read and gone on from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Single {
    /// Reading.
    pub prefill: Took,
    /// Going on.
    pub decode: Took,
    /// The most memory that the process ever held, in mebibytes.
    pub peak_mib: f64,
}

/// Texts that were written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Messages {
    /// Writing all of them.
    pub messages: Took,
}

/// Texts that were made vectors of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Embedded {
    /// Embedding all of them.
    pub embeddings: Took,
    /// What loading took.
    pub load: Took,
    /// How many tokens each text has, the two marks around it not counted.
    pub tokens: Vec<usize>,
    /// The vectors, where they were asked for.
    #[serde(default)]
    pub vectors: Vec<Vec<f64>>,
    /// The most memory that the process ever held, in mebibytes.
    pub peak_mib: f64,
    /// The engine.
    pub engine: String,
}

/// What an engine thinks of a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scores {
    /// The natural log-probability of each token after the first.
    pub log_probabilities: Vec<f64>,
    /// The same among the tokens of the shortlist; none for a token that it lacks.
    #[serde(default)]
    pub listed: Vec<Option<f64>>,
    /// What would have been chosen in the place of each token after the first.
    pub likeliest: Vec<u32>,
}

/// What was chosen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Choices {
    /// Tokens after each prompt.
    pub choices: Vec<Vec<u32>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_reads_back_as_it_was_written() {
        let memory = Memory { unified: true, flash: false };
        let owns = vec![vec![3], vec![4, 5]];
        let work = Work::Messages { prefix: vec![1, 2], owns, out: 60, run: 10, batch: 2, memory };
        let job = Job { model: "a.gguf".into(), threads: 2, shortlist: true, work };
        let line = serde_json::to_value(&job).unwrap();
        assert_eq!((&line["kind"], &line["unified"]), (&"messages".into(), &true.into()));
        let back: Job = serde_json::from_value(line.clone()).unwrap();
        assert_eq!(serde_json::to_value(back).unwrap(), line);
    }

    #[test]
    fn one_thread_counts_by_the_processor_and_several_by_the_clock() {
        let took: Took = serde_json::from_str("[1.5, 2.0]").unwrap();
        assert_eq!((took.seconds(1), took.seconds(2)), (1.5, 2.0));
    }

    #[test]
    fn an_answer_that_lacks_its_part_is_no_answer() {
        assert!(serde_json::from_str::<Single>(r#"{"prefill": [1, 1], "peak_mib": 3}"#).is_err());
        assert!(serde_json::from_str::<Took>("[1]").is_err());
    }
}
