//! What a command prints: words for people, one JSON value for machines.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Where a command's words go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

/// Prints JSON that is wanted as such, whoever reads it.
pub(crate) fn print(value: &impl Serialize) -> anyhow::Result<()> {
    let _ = writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

impl Output {
    /// Prints JSON only, or words only.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine reads it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A line for people. Nothing is printed for machines.
    pub(crate) fn say(self, line: impl Display) {
        if !self.json {
            // A closed pipe (`| head`) is the reader's wish, not an error.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    /// The one value for machines. Nothing is printed for people.
    pub(crate) fn value(self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.json { print(value) } else { Ok(()) }
    }

    /// A progress bar over `length` steps, on stderr; hidden for machines.
    pub(crate) fn bar(self, length: u64, bytes: bool, what: &str) -> ProgressBar {
        let target =
            if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let template = if bytes {
            "{msg:28!} {bar:30} {bytes:>10}/{total_bytes} {eta}"
        } else {
            "{msg:28!} {bar:30} {pos:>6}/{len} {eta}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// What went wrong, with each cause, on stderr; for machines an object.
    pub(crate) fn error(self, error: &anyhow::Error) {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        let mut stderr = std::io::stderr();
        if self.json {
            let _ = writeln!(stderr, "{}", serde_json::json!({ "error": causes }));
            return;
        }
        for (place, cause) in causes.iter().enumerate() {
            let lead = if place == 0 { "error: " } else { "  because " };
            let _ = writeln!(stderr, "{lead}{cause}");
        }
    }
}
