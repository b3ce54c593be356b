//! Events from files: one JSON event a line. A bad line is set aside, the next one goes on.

use serde::Serialize;
use std::collections::BTreeMap;
use std::io::BufRead;

use super::Intake;
use crate::{App, EngineError};

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
/// Only when the input cannot be read on or the database fails: never because of what a line says.
pub async fn lines(
    app: &App,
    mut input: impl BufRead,
    mut told: impl FnMut(u64, &Intake),
) -> Result<LinesReport, EngineError> {
    let mut report = LinesReport::default();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(EngineError::Input)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let place = format!("line {number}");
        let intake = match serde_json::from_str(line) {
            Ok(json) => app.accept(&json, &place).await?,
            Err(error) => {
                let detail = format!("not JSON at column {}", error.column());
                app.set_aside_text(line, &place, detail).await?
            }
        };
        report.count(&intake);
        told(number, &intake);
    }
    Ok(report)
}
