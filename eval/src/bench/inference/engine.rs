//! An engine in another process, seen from the one that gives it work.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::job::Job;

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Its program cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing can be sent to it, or read from it.
    #[error("the engine cannot be reached")]
    Reach(#[from] std::io::Error),
    /// It ended before it answered.
    #[error("the engine ended without an answer; what it said of that stands above")]
    Ended,
    /// It says that it cannot do the job.
    #[error("the engine says: {0}")]
    Refused(String),
    /// Its answer is not what the job asks for.
    #[error("the engine's answer does not read back: {line}")]
    Answer {
        /// How it begins.
        line: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// An engine at the other end of two pipes. It ends when it is dropped.
pub struct Engine {
    input: Option<Box<dyn Write>>,
    output: Box<dyn BufRead>,
    child: Option<Child>,
}

impl Engine {
    /// Starts a program that reads jobs and writes answers. What it says beside them goes to
    /// the standard error of this one.
    pub fn start(command: &mut Command) -> Result<Self, EngineError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|source| EngineError::Start { program, source })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err(EngineError::Ended) };
        let mut engine = Self::over(output, input);
        engine.child = Some(child);
        Ok(engine)
    }

    /// An engine whose answers come from `output` and whose jobs go to `input`.
    pub fn over(output: impl Read + 'static, input: impl Write + 'static) -> Self {
        let output = Box::new(BufReader::new(output));
        Self { input: Some(Box::new(input)), output, child: None }
    }

    /// Gives it a job and waits for the answer.
    pub fn ask<T: DeserializeOwned>(&mut self, job: &Job) -> Result<T, EngineError> {
        let Some(input) = &mut self.input else { return Err(EngineError::Ended) };
        let mut line = serde_json::to_string(job).map_err(std::io::Error::from)?;
        line.push('\n');
        match input.write_all(line.as_bytes()).and_then(|()| input.flush()) {
            // It has ended: there may be an answer that says why.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            sent => sent?,
        }
        line.clear();
        self.output.read_line(&mut line)?;
        read(&line)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The end of its input is the end of an engine.
        self.input = None;
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn read<T: DeserializeOwned>(line: &str) -> Result<T, EngineError> {
    if line.is_empty() {
        return Err(EngineError::Ended);
    }
    if let Ok(Refusal { error }) = serde_json::from_str(line) {
        return Err(EngineError::Refused(error));
    }
    serde_json::from_str(line).map_err(|source| {
        let line = line.trim_end().chars().take(80).collect();
        EngineError::Answer { line, source }
    })
}

#[cfg(test)]
mod tests {
    use super::super::job::{Tokens, Work};
    use super::*;

    fn asked(answer: &'static str) -> Result<Tokens, EngineError> {
        let work = Work::Tokens { text: "a".to_owned() };
        let job = Job { model: "a.gguf".into(), threads: 1, shortlist: false, work };
        Engine::over(answer.as_bytes(), std::io::sink()).ask(&job)
    }

    #[test]
    fn an_answer_is_read_and_whatever_else_comes_is_told() {
        assert_eq!(asked("{\"ids\": [1, 2], \"more\": 1}\n").unwrap().ids, [1, 2]);
        let refused = asked("{\"error\": \"no such model\"}\n").unwrap_err();
        assert_eq!(refused.to_string(), "the engine says: no such model");
        assert!(matches!(asked(""), Err(EngineError::Ended)));
        let odd = asked("Traceback (most recent call last):\n").unwrap_err().to_string();
        assert!(odd.ends_with("Traceback (most recent call last):"), "{odd}");
        assert!(matches!(asked("{\"ids\": [-1]}\n"), Err(EngineError::Answer { .. })));
    }

    #[test]
    fn a_program_that_is_not_there_or_says_nothing_is_an_error() {
        let missing = Engine::start(&mut Command::new("no-such-program-anywhere"));
        assert!(matches!(missing, Err(EngineError::Start { .. })));
        let mut silent = Engine::start(&mut Command::new("true")).unwrap();
        let job = Job { model: "a".into(), threads: 1, shortlist: false, work: Work::Load };
        assert!(matches!(silent.ask::<Tokens>(&job), Err(EngineError::Ended)));
    }
}
