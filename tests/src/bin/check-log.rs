//! Reads a history and the log of the portal that was told of it, and says whether anything was
//! lost, doubled or said after it was taken back. It reads nothing else.
//!
//! `check-log HISTORY LOG PSEUDONYM-KEY`: exit code 0 where all is good, 1 where not, 2 where it
//! could not tell.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use domain::PseudonymKey;
use serde_json::Value;
use support::verdict::decide;

fn main() -> ExitCode {
    match judge() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::from(2)
        }
    }
}

fn judge() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [history, log, key] = arguments.as_slice() else {
        bail!("usage: check-log HISTORY LOG PSEUDONYM-KEY");
    };
    let key = std::fs::read(key).with_context(|| key.clone())?;
    let key = PseudonymKey::new(key.trim_ascii());
    let verdict = decide(&lines(Path::new(history))?, &lines(Path::new(log))?, &key);
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&verdict)?)?;
    Ok(verdict.is_good())
}

fn lines(path: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().with_context(|| path.display().to_string())
}
