//! The jobs that `eval/inference/compare_embeddings.py` gives to this engine and to that of the
//! model's package in turn.
//!
//! Reads a job as one line of JSON after the other and answers each with a line: the seconds of
//! the processor and of the clock that all texts took, how many tokens each has, and the vectors
//! where they are asked for.

use std::io::{BufRead as _, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use inference::embed::Embedder;
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Job {
    model: PathBuf,
    threads: NonZeroUsize,
    texts: Vec<String>,
    queries: bool,
    /// How many texts are given at once.
    batch: NonZeroUsize,
    #[serde(default)]
    vectors: bool,
}

/// Seconds of the processor, for all threads of this process, and of the clock.
struct Clock(f64, Instant);

impl Clock {
    fn start() -> Self {
        Self(processor(), Instant::now())
    }

    fn stop(&self) -> [f64; 2] {
        [processor() - self.0, self.1.elapsed().as_secs_f64()]
    }
}

/// In steps of a hundredth, as the system counts them.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn main() -> Result<(), Failure> {
    let mut held: Option<(Embedder, [f64; 2])> = None;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let (embedder, load) = if let Some(held) = held.take() {
            held
        } else {
            let clock = Clock::start();
            (Embedder::load(&job.model)?, clock.stop())
        };
        let embedder = embedder.on_threads(job.threads);
        let mut answer = answer(&embedder, &job)?;
        answer.insert("load".to_owned(), json!(load));
        answer.insert("peak_mib".to_owned(), json!(peak_mib()));
        answer.insert("instructions".to_owned(), json!(embedder.instructions()));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", json!(answer))?;
        out.flush()?;
        held = Some((embedder, load));
    }
    Ok(())
}

fn answer(embedder: &Embedder, job: &Job) -> Result<Map<String, Value>, Failure> {
    let clock = Clock::start();
    let mut vectors = Vec::new();
    let texts: Vec<&str> = job.texts.iter().map(String::as_str).collect();
    for texts in texts.chunks(job.batch.get()) {
        vectors.extend(if job.queries {
            embedder.embed_queries(texts)?
        } else {
            embedder.embed_passages(texts)?
        });
    }
    let took = clock.stop();
    let prefix = if job.queries { "query: " } else { "passage: " };
    let count = |text: &&str| embedder.count_tokens(&format!("{prefix}{text}"));
    let tokens: Vec<usize> = texts.iter().map(count).collect::<Result<_, _>>()?;
    let wanted = if job.vectors { vectors } else { Vec::new() };
    Ok(Map::from_iter([
        ("embeddings".to_owned(), json!(took)),
        ("tokens".to_owned(), json!(tokens)),
        ("vectors".to_owned(), json!(wanted)),
    ]))
}
