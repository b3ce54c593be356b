//! Events from files: one JSON event a line. A bad line is set aside, the next one goes on.

use serde::Serialize;
use std::collections::BTreeMap;
use std::io::BufRead;

use super::{Input, Intake};
use crate::{App, EngineError};

/// How many lines are taken in at once.
const AT_ONCE: usize = 200;

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinesReport {
    /// Accepted for the first time.
    pub new: u64,
    /// Delivered before.
    pub repeats: u64,
    /// Set aside, by reason.
    pub set_aside: BTreeMap<&'static str, u64>,
    /// Warnings on accepted events.
    pub warnings: u64,
}

impl LinesReport {
    fn count(&mut self, intake: &Intake) {
        match intake {
            Intake::New { warnings, .. } => {
                self.new += 1;
                self.warnings += warnings.len() as u64;
            }
            Intake::Repeat { .. } => self.repeats += 1,
            Intake::SetAside { reason, .. } => {
                *self.set_aside.entry(reason.name()).or_default() += 1;
            }
        }
    }
}

/// Takes in every line of `input`; `told` hears of each with its number, from 1.
///
/// # Errors
/// Only when the input cannot be read on, the database fails, or the queue is full and nobody
/// works it off: never because of what a line says.
pub async fn lines(
    app: &App,
    mut input: impl BufRead,
    mut told: impl FnMut(u64, &Intake),
) -> Result<LinesReport, EngineError> {
    let mut report = LinesReport::default();
    let mut numbers = 1..;
    loop {
        let some = read(&mut input, &mut numbers)?;
        if some.is_empty() {
            return Ok(report);
        }
        app.wait_for_room(some.len() as u64).await?;
        let (numbers, inputs): (Vec<u64>, Vec<Input>) = some.into_iter().unzip();
        for (number, intake) in numbers.into_iter().zip(app.accept_all(&inputs).await?) {
            report.count(&intake);
            told(number, &intake);
        }
    }
}

/// The next lines that say anything, with their numbers; none at the end.
fn read(
    input: &mut impl BufRead,
    numbers: &mut impl Iterator<Item = u64>,
) -> Result<Vec<(u64, Input)>, EngineError> {
    let mut lines = Vec::with_capacity(AT_ONCE);
    let mut bytes = Vec::new();
    while lines.len() < AT_ONCE {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(EngineError::Input)? == 0 {
            break;
        }
        let Some(number) = numbers.next() else { break };
        let line = bytes.trim_ascii();
        if !line.is_empty() {
            lines.push((number, Input::read(line, format!("line {number}"))));
        }
    }
    Ok(lines)
}
