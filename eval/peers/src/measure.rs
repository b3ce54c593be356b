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

/// By output one letter for each subject.
pub(crate) type Letters = Vec<Vec<u8>>;

/// An engine with its rules loaded.
pub(crate) trait Engine: Sized {
    /// All subjects, in the form in which this engine takes them best.
    type Subjects<'e>
    where
        Self: 'e;

    /// Everything about all of them, in the form in which this engine answers.
    type Answers;

    /// What it is called in the report.
    const NAME: &'static str;

    /// Its version.
    fn version(&self) -> String;

    /// What it answers, in order: `LE-BIRTH`, `LE-BIRTH/3.000722`, ...
    fn outputs(&self) -> Vec<String>;

    /// Takes the subjects in.
    fn load<'e>(&'e self, rows: &[Row]) -> Result<Self::Subjects<'e>>;

    /// Answers. This is what is timed.
    fn decide(&self, subjects: &Self::Subjects<'_>) -> Result<Self::Answers>;

    /// The answers in the order of `outputs`.
    fn letters(&self, answers: Self::Answers) -> Letters;
}

/// The answers of an engine that is asked about one subject after the other. `decide` finds all
/// answers unmet.
pub(crate) fn one_by_one<S>(
    subjects: &[S],
    outputs: usize,
    mut decide: impl FnMut(&S, &mut [u8]) -> Result<()>,
) -> Result<Letters> {
    let mut columns: Letters = vec![Vec::with_capacity(subjects.len()); outputs];
    let mut answers = vec![UNMET; outputs];
    for subject in subjects {
        answers.fill(UNMET);
        decide(subject, &mut answers)?;
        for (column, answer) in columns.iter_mut().zip(&answers) {
            column.push(*answer);
        }
    }
    Ok(columns)
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
    let rows = subjects::read(Path::new(subjects))?;
    // What a first pass costs (memory, caches, branches) is the computer's, not the engine's.
    let warm = engine.load(rows.get(..rows.len() / 10).unwrap_or_default())?;
    engine.decide(&warm)?;
    let loaded = engine.load(&rows)?;
    let start = processor_time()?;
    let all = engine.decide(&loaded)?;
    let elapsed = processor_time()?.saturating_sub(start);
    write(Path::new(answers), &engine.outputs(), &engine.letters(all))?;
    Ok(json!({
        "engine": E::NAME,
        "version": engine.version(),
        "subjects": rows.len(),
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

/// One line for each output: its name, and one letter for each subject.
fn write(path: &Path, outputs: &[String], all: &Letters) -> Result<()> {
    let to = || path.display().to_string();
    let mut file = std::io::BufWriter::new(fs::File::create(path).with_context(to)?);
    for (name, column) in outputs.iter().zip(all) {
        write!(file, "{name} ")?;
        file.write_all(column)?;
        writeln!(file)?;
    }
    file.flush().with_context(to)
}
