//! Our text models beside llama.cpp, and our embedding models beside the engine of their
//! package: the same files, the same tokens, the same threads.
//!
//! Both engines run in processes of their own and are given the same jobs in turn, ours first.
//! What counts is the median over the rounds; a ratio says how many times as fast, or as large,
//! we are. Each engine is taken at its best: which batch, and with llama.cpp which way to keep
//! keys and values, is found out beforehand.

mod bandwidth;
mod embed;
mod engine;
mod job;
mod measure;
mod quality;
mod speed;
mod work;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

pub use bandwidth::gib_per_s;
pub use embed::{EmbeddingBench, EmbeddingFigures, EmbeddingSpeed, Likeness};
pub use engine::{Engine, EngineError};
pub use job::{
    Choices, Embedded, Job, Loaded, Memory, Messages, Scores, Single, Tokens, Took, Work as Asked,
};
pub use quality::{Greedy, Listed, Quality, Reading};
pub use speed::{Best, Figures, Growth, Point, Ratios, Speed};
pub use work::work;

/// What the benchmark measured.
#[derive(Debug, Clone, Serialize)]
pub struct InferenceBench {
    /// What threads read of memory, in GiB a second, by how many there are.
    pub read_gib_per_s: BTreeMap<usize, f64>,
    /// Our engine and the other one, or why there is none.
    pub engines: Engines,
    /// By model.
    pub models: BTreeMap<String, ModelBench>,
}

/// Who was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Engines {
    /// We, with the instructions that we compute with.
    pub ours: String,
    /// The other engine.
    pub peer: Option<String>,
    /// Why there is no other, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// One model.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum ModelBench {
    /// A model that writes.
    Text(TextBench),
    /// A model that makes vectors.
    Embedding(EmbeddingBench),
}

/// One text model.
#[derive(Debug, Clone, Serialize)]
pub struct TextBench {
    /// By the number of threads.
    pub threads: BTreeMap<usize, Speed>,
    /// What speed has cost: compared with the other engine, so without one there is nothing.
    pub quality: Option<Quality>,
}

/// How to measure.
pub struct Setting<'a> {
    /// Names and files of text models.
    pub texts: Vec<(String, PathBuf)>,
    /// Names and folders of embedding models.
    pub embedders: Vec<(String, PathBuf)>,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// How often everything is measured that a ratio is made of.
    pub rounds: usize,
    /// How many texts go through a model together, ascending. With a model whose file is larger
    /// than [`LARGE`] they end at [`LARGE_BATCH`].
    pub batches: Vec<usize>,
    /// Lengths of the two prompts that are read.
    pub prompts: [usize; 2],
    /// How fast memory is read, by the number of threads.
    pub read_gib_per_s: BTreeMap<usize, f64>,
    /// Starts an engine.
    pub start: &'a dyn Fn(Side) -> Result<Engine, EngineError>,
    /// Hears each figure as it is found.
    pub progress: &'a dyn Fn(&str),
}

/// A model's file, in bytes, above which large batches would take hours.
pub const LARGE: u64 = 512 << 20;
/// The largest batch of such a model.
pub const LARGE_BATCH: usize = 16;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Ours.
    Ours,
    /// The other.
    Peer,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }
}

/// Measures. Fails where our own engine does; without the other there are no ratios.
pub fn inference(setting: &Setting<'_>) -> Result<InferenceBench, EngineError> {
    let mut bench = InferenceBench {
        read_gib_per_s: setting.read_gib_per_s.clone(),
        engines: Engines::default(),
        models: BTreeMap::new(),
    };
    for (name, path) in &setting.embedders {
        let found = embed::embeddings(setting, name, path)?;
        bench.models.insert(name.clone(), ModelBench::Embedding(found));
    }
    for (name, path) in &setting.texts {
        let model = Model::new(setting, name, path, &mut bench.engines)?;
        let mut found = TextBench { threads: BTreeMap::new(), quality: None };
        for threads in &setting.threads {
            found.threads.insert(*threads, speed::speed(&model, *threads)?);
        }
        found.quality = quality::quality(&model)?;
        bench.models.insert(name.clone(), ModelBench::Text(found));
    }
    Ok(bench)
}

/// A model under measurement.
struct Model<'a> {
    setting: &'a Setting<'a>,
    name: &'a str,
    path: &'a PathBuf,
    /// Tokens to make prompts of.
    ids: Vec<u32>,
    has_peer: bool,
}

impl<'a> Model<'a> {
    /// Finds out who is there.
    fn new(
        setting: &'a Setting<'a>,
        name: &'a str,
        path: &'a PathBuf,
        engines: &mut Engines,
    ) -> Result<Self, EngineError> {
        let mut model = Self { setting, name, path, ids: Vec::new(), has_peer: false };
        let mut ours = (setting.start)(Side::Ours)?;
        let loaded: Loaded = ours.ask(&model.job(1, Asked::Load))?;
        engines.ours = loaded.engine;
        let text = quality::VIETNAMESE.to_owned();
        model.ids = ours.ask::<Tokens>(&model.job(1, Asked::Tokens { text }))?.ids;
        drop(ours);
        // Whoever could not be started is not waited for again.
        if engines.missing.is_none() {
            let peer = (setting.start)(Side::Peer);
            match peer.and_then(|mut peer| peer.ask::<Loaded>(&model.job(1, Asked::Load))) {
                Ok(loaded) => {
                    engines.peer = Some(loaded.engine);
                    model.has_peer = true;
                }
                Err(error) => engines.missing = Some(words(&error)),
            }
        }
        Ok(model)
    }

    /// A fresh process, so that what it holds is what this model takes.
    fn start(&self, side: Side) -> Result<Engine, EngineError> {
        (self.setting.start)(side)
    }

    fn job(&self, threads: usize, work: Asked) -> Job {
        Job { model: self.path.clone(), threads, shortlist: false, work }
    }

    /// The first so many of the model's tokens of a text, again and again.
    fn prompt(&self, from: usize, count: usize) -> Vec<u32> {
        self.ids.iter().copied().cycle().skip(from).take(count).collect()
    }

    fn note(&self, what: &str) {
        (self.setting.progress)(&format!("{}: {what}", self.name));
    }
}

/// An error with its causes.
fn words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The middle of the values; of an even number, the mean of the two in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(middle(half.wrapping_sub(1)), middle(half))
    } else {
        middle(half)
    }
}

#[expect(clippy::cast_precision_loss, reason = "benchmarks count far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&mut [4.0, 1.0]) - 2.5).abs() < 1e-12);
        assert!(median(&mut []).is_nan());
    }
}
