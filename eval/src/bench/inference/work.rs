//! Our engine at the jobs: reads a line, does what it says, writes a line.

use std::io::{BufRead, Write};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use inference::embed::{EmbedError, Embedder};
use inference::text::{LoadError, Prefix, Session, Shortlist, TextError, TextModel};
use serde::Serialize;
use serde_json::{Value, json};

use super::job::{Choices, Embedded, Job, Loaded, Messages, Scores, Single, Tokens, Took, Work};
use crate::memory::peak_mib;

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error("the line is no job: {0}")]
    Line(#[from] serde_json::Error),
    #[error("another model is loaded")]
    Another,
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
    #[error("a thread that computes has panicked")]
    Panicked,
}

/// Does jobs until there are no more. What cannot be done is answered with an error.
pub fn work(jobs: impl BufRead, mut answers: impl Write) -> std::io::Result<()> {
    let mut held = (None, None);
    for line in jobs.lines() {
        let answer = one(&line?, &mut held);
        let answer = answer.unwrap_or_else(|undone| json!({ "error": undone.to_string() }));
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

struct Held {
    path: std::path::PathBuf,
    model: TextModel,
    list: Option<Shortlist>,
    load: Took,
}

/// The model that vectors are made with, its folder, and what loading it took.
type Vectors = (std::path::PathBuf, Embedder, Took);

fn one(line: &str, held: &mut (Option<Held>, Option<Vectors>)) -> Result<Value, Undone> {
    let Job { model: path, threads, shortlist, work } = serde_json::from_str(line)?;
    let (held, vectors) = held;
    if let Work::Embed { .. } = &work {
        return value(&embed(vectors, path, threads, &work)?);
    }
    let held = match held {
        Some(held) if held.path != path => return Err(Undone::Another),
        Some(held) => held,
        None => {
            let clock = Clock::start();
            let model = TextModel::load(&path)?;
            held.insert(Held { path, model, list: None, load: clock.stop() })
        }
    };
    let Held { model, list, load, .. } = held;
    let listed = shortlist || matches!(work, Work::Listed { .. });
    if listed && list.is_none() {
        *list = Some(model.shortlist(writer::LETTERS, writer::SHORTLIST));
    }
    let list = list.as_ref().filter(|_| listed);
    match work {
        Work::Load => value(&loaded(model, *load)),
        Work::Tokens { text } => {
            let ids = model.tokenizer().encode_start(&text).map_err(TextError::from)?;
            value(&Tokens { ids })
        }
        Work::Single { ids, decode } => value(&single(model, threads, &ids, decode)?),
        Work::Messages { prefix, owns, out, run, batch, .. } => {
            let prefix = model.prefill(&prefix)?;
            let task = Task { model, prefix: &prefix, list, out, run };
            let clock = Clock::start();
            task.all(&owns, batch, threads)?;
            value(&Messages { messages: clock.stop() })
        }
        Work::Score { ids } => value(&score(model, &ids, list)?),
        Work::Listed { mut ids } => {
            ids.retain(|id| list.is_some_and(|list| list.has(*id)));
            value(&Tokens { ids })
        }
        Work::Choices { prompts, follow, count } => {
            value(&Choices { choices: choices(model, &prompts, &follow, count, list)? })
        }
        // It was done before a text model was looked for.
        Work::Embed { .. } => Err(Undone::Another),
    }
}

fn embed(
    held: &mut Option<Vectors>,
    path: std::path::PathBuf,
    threads: usize,
    work: &Work,
) -> Result<Embedded, Undone> {
    let Work::Embed { texts, queries, batch, vectors: wanted } = work else {
        return Err(Undone::Another);
    };
    let (embedder, load) = match held.take() {
        Some((held, embedder, load)) if held == path => (embedder, load),
        Some(_) => return Err(Undone::Another),
        None => {
            let clock = Clock::start();
            (Embedder::load(&path)?, clock.stop())
        }
    };
    let embedder = embedder.on_threads(NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN));
    let (_, embedder, load) = held.insert((path, embedder, load));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let clock = Clock::start();
    let mut vectors = Vec::new();
    for texts in texts.chunks((*batch).max(1)) {
        vectors.extend(if *queries {
            embedder.embed_queries(texts)?
        } else {
            embedder.embed_passages(texts)?
        });
    }
    let embeddings = clock.stop();
    let prefix = if *queries { "query: " } else { "passage: " };
    let count = |text: &&str| embedder.count_tokens(&format!("{prefix}{text}"));
    let tokens = texts.iter().map(count).collect::<Result<_, _>>()?;
    let wide = |vector: Vec<f32>| vector.into_iter().map(f64::from).collect();
    let vectors = if *wanted { vectors.into_iter().map(wide).collect() } else { Vec::new() };
    let engine = format!("cotmoc, {}", embedder.instructions());
    Ok(Embedded { embeddings, load: *load, tokens, vectors, peak_mib: peak_mib(), engine })
}

fn value(answer: &impl Serialize) -> Result<Value, Undone> {
    Ok(serde_json::to_value(answer)?)
}

fn loaded(model: &TextModel, load: Took) -> Loaded {
    let engine = format!("cotmoc, {}", model.instructions());
    Loaded { engine, load, step_bytes: model.step_bytes(), token_bytes: model.token_bytes() }
}

fn single(
    model: &TextModel,
    threads: usize,
    ids: &[u32],
    decode: usize,
) -> Result<Single, TextError> {
    let clock = Clock::start();
    let mut session = model.session().on_threads(threads);
    session.extend(ids)?;
    let prefill = clock.stop();
    let clock = Clock::start();
    for _ in 0..decode {
        let chosen = Session::likeliest(&mut [&mut session], None)?;
        session.extend(&chosen)?;
    }
    Ok(Single { prefill, decode: clock.stop(), peak_mib: peak_mib() })
}

/// Messages that share a beginning.
struct Task<'a> {
    model: &'a TextModel,
    prefix: &'a Prefix,
    list: Option<&'a Shortlist>,
    out: usize,
    run: usize,
}

impl Task<'_> {
    /// Each thread takes a batch after the other, as the workers of a server do.
    fn all(&self, owns: &[Vec<u32>], batch: usize, threads: usize) -> Result<(), Undone> {
        let groups = Mutex::new(owns.chunks(batch.max(1)));
        let next = || groups.lock().unwrap_or_else(PoisonError::into_inner).next();
        let worker = || -> Result<(), Undone> {
            while let Some(group) = next() {
                self.together(group)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
            let own = worker();
            let joined = others.into_iter().map(|it| it.join().unwrap_or(Err(Undone::Panicked)));
            joined.chain([own]).collect()
        })
    }

    fn together(&self, owns: &[Vec<u32>]) -> Result<(), Undone> {
        let sessions: Result<Vec<_>, _> =
            owns.iter().map(|_| self.model.resume(self.prefix)).collect();
        let mut sessions = sessions?;
        extend(&mut sessions, owns)?;
        let mut written = 1;
        while written < self.out {
            let chosen =
                Session::likeliest(&mut sessions.iter_mut().collect::<Vec<_>>(), self.list)?;
            let count = self.run.clamp(1, self.out - written);
            let steps = chosen.iter().zip(owns).map(|(token, own)| {
                // What a grammar would force is known: here, tokens of the own prompt.
                let forced = own.iter().cycle().skip((written + 1) % own.len().max(1));
                std::iter::once(token).chain(forced.take(count - 1)).copied().collect()
            });
            extend(&mut sessions, &steps.collect::<Vec<Vec<u32>>>())?;
            written += count;
        }
        Ok(())
    }
}

/// Adds to each session its tokens.
fn extend(sessions: &mut [Session<'_>], tokens: &[Vec<u32>]) -> Result<(), TextError> {
    let mut steps: Vec<_> = sessions.iter_mut().zip(tokens.iter().map(Vec::as_slice)).collect();
    Session::extend_all(&mut steps)
}

fn choices(
    model: &TextModel,
    prompts: &[Vec<u32>],
    follow: &[Vec<u32>],
    count: usize,
    list: Option<&Shortlist>,
) -> Result<Vec<Vec<u32>>, TextError> {
    let mut sessions: Vec<_> = prompts.iter().map(|_| model.session()).collect();
    for (session, prompt) in sessions.iter_mut().zip(prompts) {
        session.extend(prompt)?;
    }
    let mut out = vec![Vec::with_capacity(count); prompts.len()];
    for at in 0..count {
        let chosen = Session::likeliest(&mut sessions.iter_mut().collect::<Vec<_>>(), list)?;
        for (out, token) in out.iter_mut().zip(&chosen) {
            out.push(*token);
        }
        let next = |(row, token)| {
            vec![follow.get(row).and_then(|it: &Vec<u32>| it.get(at)).copied().unwrap_or(token)]
        };
        extend(&mut sessions, &chosen.into_iter().enumerate().map(next).collect::<Vec<_>>())?;
    }
    Ok(out)
}

/// Goes through the text token by token, because every score is wanted at every place.
fn score(model: &TextModel, ids: &[u32], list: Option<&Shortlist>) -> Result<Scores, TextError> {
    let mut scores =
        Scores { log_probabilities: Vec::new(), listed: Vec::new(), likeliest: Vec::new() };
    let size = u32::try_from(model.tokenizer().size()).unwrap_or(u32::MAX);
    let within: Vec<bool> = (0..size).map(|id| list.is_some_and(|list| list.has(id))).collect();
    let has = |id: u32| within.get(id as usize).copied().unwrap_or(false);
    let mut session = model.session();
    for (token, next) in ids.iter().zip(ids.iter().skip(1)) {
        let logits = session.append(&[*token])?;
        let own = logits.get(*next as usize).copied().map_or(f64::NEG_INFINITY, f64::from);
        scores.log_probabilities.push(own - log_sum(logits.iter()));
        scores.likeliest.push(likeliest(logits));
        if list.is_some() {
            let listed = logits.iter().zip(&within).filter(|(_, has)| **has).map(|(x, _)| x);
            scores.listed.push(has(*next).then(|| own - log_sum(listed)));
        }
    }
    Ok(scores)
}

/// The first of the highest.
fn likeliest(logits: &[f32]) -> u32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let at = logits.iter().position(|x| *x >= top).unwrap_or(0);
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The logarithm of the sum of the exponentials.
fn log_sum<'a>(logits: impl Iterator<Item = &'a f32> + Clone) -> f64 {
    let top = f64::from(logits.clone().copied().fold(f32::NEG_INFINITY, f32::max));
    top + logits.map(|x| (f64::from(*x) - top).exp()).sum::<f64>().ln()
}

/// Seconds of the processor, for this thread, and of the clock.
struct Clock(f64, Instant);

impl Clock {
    fn start() -> Self {
        Self(processor(), Instant::now())
    }

    fn stop(&self) -> Took {
        Took(processor() - self.0, self.1.elapsed().as_secs_f64())
    }
}

fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_job_is_answered_and_the_next_is_still_read() {
        let jobs = b"nonsense\n{\"model\":\"nowhere.gguf\",\"threads\":1,\"kind\":\"load\"}\n";
        let mut answers = Vec::new();
        work(&jobs[..], &mut answers).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let lines: Vec<Value> =
            answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines[0]["error"].as_str().unwrap().starts_with("the line is no job"), "{answers}");
        assert!(lines[1]["error"].as_str().unwrap().contains("nowhere.gguf"), "{answers}");
    }

    #[test]
    fn sums_of_exponentials_do_not_overflow() {
        let sum = log_sum([1000.0f32, 1000.0].iter());
        assert!((sum - 1000.0 - 2f64.ln()).abs() < 1e-9);
        assert_eq!(likeliest(&[0.0, 3.0, 3.0]), 1);
    }
}
