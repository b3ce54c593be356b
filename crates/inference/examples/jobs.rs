//! The jobs that `eval/inference/compare.py` gives to this engine and to others in turn.
//!
//! Reads one job as a line of JSON after the other and answers each with a line: seconds of the
//! processor and of the clock for each part, and the peak of memory.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use inference::text::{Prefix, Session, Shortlist, TextError, TextModel};
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Job {
    model: PathBuf,
    /// How many tokens to weigh: all if there is none.
    #[serde(default)]
    shortlist: Option<usize>,
    #[serde(default)]
    letters: String,
    #[serde(flatten)]
    work: Work,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Work {
    /// Reads a prompt, then goes on for some tokens, alone.
    Single { ids: Vec<u32>, decode: usize },
    /// Many texts that share a beginning, `run` tokens of each in a step.
    Messages { prefix: Vec<u32>, owns: Vec<Vec<u32>>, out: usize, run: usize, batch: usize },
}

/// Seconds of the processor, for this thread, and of the clock.
struct Clock(f64, Instant);

impl Clock {
    fn start() -> Self {
        Self(processor(), Instant::now())
    }

    fn stop(&self) -> [f64; 2] {
        [processor() - self.0, self.1.elapsed().as_secs_f64()]
    }
}

fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn main() -> Result<(), Failure> {
    let mut held: Option<(TextModel, [f64; 2])> = None;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        if held.is_none() {
            let clock = Clock::start();
            let model = TextModel::load(&job.model)?;
            held = Some((model, clock.stop()));
        }
        let Some((model, load)) = &held else { continue };
        let list = job.shortlist.map(|most| model.shortlist(&job.letters, most));
        let mut found = match &job.work {
            Work::Single { ids, decode } => single(model, ids, *decode, list.as_ref())?,
            Work::Messages { prefix, owns, out, run, batch } => {
                let prefix = model.prefill(prefix)?;
                let clock = Clock::start();
                for group in owns.chunks((*batch).max(1)) {
                    messages(model, &prefix, group, (*out, *run), list.as_ref())?;
                }
                Map::from_iter([("messages".to_owned(), json!(clock.stop()))])
            }
        };
        found.insert("load".to_owned(), json!(load));
        found.insert("peak_mib".to_owned(), json!(peak_mib()));
        found.insert("instructions".to_owned(), json!(model.instructions()));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", json!(found))?;
        out.flush()?;
    }
    Ok(())
}

fn single(
    model: &TextModel,
    ids: &[u32],
    decode: usize,
    list: Option<&Shortlist>,
) -> Result<Map<String, Value>, TextError> {
    let clock = Clock::start();
    let mut session = model.session();
    session.extend(ids)?;
    let prefill = json!(clock.stop());
    let clock = Clock::start();
    for _ in 0..decode {
        let chosen = Session::likeliest(&mut [&mut session], list)?;
        session.extend(&chosen)?;
    }
    let parts = [("prefill".to_owned(), prefill), ("decode".to_owned(), json!(clock.stop()))];
    Ok(Map::from_iter(parts))
}

fn messages(
    model: &TextModel,
    prefix: &Prefix,
    owns: &[Vec<u32>],
    (out, run): (usize, usize),
    list: Option<&Shortlist>,
) -> Result<(), TextError> {
    let sessions: Result<Vec<_>, _> = owns.iter().map(|_| model.resume(prefix)).collect();
    let mut sessions = sessions?;
    let mut steps: Vec<(&mut Session<'_>, &[u32])> =
        sessions.iter_mut().zip(owns.iter().map(Vec::as_slice)).collect();
    Session::extend_all(&mut steps)?;
    let mut written = 1;
    while written < out {
        let chosen = Session::likeliest(&mut sessions.iter_mut().collect::<Vec<_>>(), list)?;
        let count = run.min(out - written);
        // What a grammar would force is known: here, tokens of the own prompt.
        let forced = |own: &Vec<u32>| {
            own.iter()
                .cycle()
                .skip((written + 1) % own.len().max(1))
                .take(count - 1)
                .copied()
                .collect()
        };
        let steps: Vec<Vec<u32>> = chosen
            .iter()
            .zip(owns)
            .map(|(token, own)| [vec![*token], forced(own)].concat())
            .collect();
        let mut steps: Vec<(&mut Session<'_>, &[u32])> =
            sessions.iter_mut().zip(steps.iter().map(Vec::as_slice)).collect();
        Session::extend_all(&mut steps)?;
        written += count;
    }
    Ok(())
}
