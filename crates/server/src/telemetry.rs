//! Logs: one line an event, one trace from a register's event to the delivery.
//!
//! Spans carry `trace`, the id that [`domain::Trace`] gives an event at intake and that
//! milestones, jobs and deliveries keep, and `request`, the id that an answer carries too.
//! What is never logged stands in the crate's README.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Format, Telemetry};

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("`telemetry.filter` is `{filter}`, which is no filter")]
    Filter {
        /// What was given.
        filter: String,
        /// Why.
        source: ParseError,
    },
    /// Something else in this process logs already.
    #[error("logging was set up twice in one process")]
    Twice,
}

/// Starts logging to standard error, so that standard output stays for answers.
pub fn init(settings: &Telemetry) -> Result<(), TelemetryError> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.filter)?)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    match settings.format {
        Format::Text => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
        }
        Format::Json => lines.json().flatten_event(true).with_current_span(true).try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
}

fn filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(text)
        .map_err(|source| TelemetryError::Filter { filter: text.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_named() {
        let error = filter("info,sqlx=loud").unwrap_err();
        assert_eq!(error.to_string(), "`telemetry.filter` is `info,sqlx=loud`, which is no filter");
        assert!(filter("info,sqlx=warn").is_ok());
    }
}
