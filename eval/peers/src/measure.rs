//! How an engine in this program is timed: rules and subjects are in memory before the clock
//! starts, and what counts is the processor's time, which other programs on the same core do not
//! lengthen.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::subjects::{self, Row};

/// It holds.
pub(crate) const MET: u8 = b'1';
/// It does not hold.
pub(crate) const UNMET: u8 = b'0';
/// Facts are missing. Only our engine can say so.
pub(crate) const UNKNOWN: u8 = b'?';

/// An engine with its rules loaded.
pub(crate) trait Engine: Sized {
    /// A subject in the form in which this engine takes it best.
    type Subject;

    /// What it is called in the report.
    const NAME: &'static str;

    /// Its version.
    fn version(&self) -> String;

    /// What it answers, in order: `LE-BIRTH`, `LE-BIRTH/3.000722`, ...
    fn outputs(&self) -> Vec<String>;

    /// Takes a subject in.
    fn load(&self, row: &Row) -> Result<Self::Subject>;

    /// Answers everything about one subject, in the order of `outputs`. `answers` is all unmet
    /// before.
    fn decide(&self, subject: &Self::Subject, answers: &mut [u8]) -> Result<()>;
}

/// Boots an engine, loads the subjects, times one pass over all, and writes the answers down.
pub(crate) fn run<E: Engine>(
    boot: impl FnOnce() -> Result<E>,
    subjects: &str,
    answers: &str,
) -> Result<Value> {
    let start = Instant::now();
    let engine = boot()?;
    let boot = start.elapsed();
    let loaded = subjects::read(Path::new(subjects))?
        .iter()
        .map(|row| engine.load(row))
        .collect::<Result<Vec<_>>>()?;
    let outputs = engine.outputs();
    // What a first pass costs (memory, caches, branches) is the computer's, not the engine's.
    let warm = loaded.get(..loaded.len() / 10).unwrap_or_default();
    decide_all(&engine, warm, outputs.len())?;
    let start = processor_time()?;
    let all = decide_all(&engine, &loaded, outputs.len())?;
    let elapsed = processor_time()?.saturating_sub(start);
    write(Path::new(answers), &outputs, &all)?;
    Ok(json!({
        "engine": E::NAME,
        "version": engine.version(),
        "subjects": loaded.len(),
        "boot_s": boot.as_secs_f64(),
        "run_s": elapsed.as_secs_f64(),
    }))
}

/// How long this thread, the only one, has computed.
pub(crate) fn processor_time() -> Result<Duration> {
    const FILE: &str = "/proc/thread-self/schedstat";
    // The system brings the figure up to date when the thread offers to stop.
    std::thread::yield_now();
    let told = fs::read_to_string(FILE).context("the measurement needs Linux")?;
    let nanoseconds = told.split(' ').next().and_then(|it| it.parse().ok());
    nanoseconds.map(Duration::from_nanos).with_context(|| format!("{FILE} says {told}"))
}

/// All answers about all subjects, subject by subject.
pub(crate) fn decide_all<E: Engine>(
    engine: &E,
    subjects: &[E::Subject],
    outputs: usize,
) -> Result<Vec<u8>> {
    let mut all = vec![UNMET; subjects.len() * outputs];
    for (subject, answers) in subjects.iter().zip(all.chunks_exact_mut(outputs)) {
        engine.decide(subject, answers)?;
    }
    Ok(all)
}

/// One line for each output: its name, and one letter for each subject.
fn write(path: &Path, outputs: &[String], all: &[u8]) -> Result<()> {
    let to = || path.display().to_string();
    let mut file = std::io::BufWriter::new(fs::File::create(path).with_context(to)?);
    for (at, name) in outputs.iter().enumerate() {
        write!(file, "{name} ")?;
        let column: Vec<u8> = all.iter().skip(at).step_by(outputs.len()).copied().collect();
        file.write_all(&column)?;
        writeln!(file)?;
    }
    file.flush().with_context(to)
}
