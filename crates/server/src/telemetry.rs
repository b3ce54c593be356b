//! Logs: one line an event, one trace from a register's event to the delivery.
//!
//! Spans carry `trace`, the id that [`domain::Trace`] gives an event at intake and that
//! milestones, jobs and deliveries keep, and `request`, the id that an answer carries too.
//! What is never logged stands in the crate's README.

mod spans;

use std::io::IsTerminal as _;

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

pub use spans::Spans;

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
    /// The collector's address is none.
    #[error("`telemetry.traces_url` must be the address of a collector, as http://127.0.0.1:4317")]
    Collector(#[source] ExporterBuildError),
    /// Not a share.
    #[error("`telemetry.traces_share` is {0}, it must be from 0 to 1")]
    Share(f64),
    /// Something else in this process logs already.
    #[error("logging was set up twice in one process")]
    Twice,
}

/// Starts logging to standard error, so that standard output stays for answers; and sends spans
/// where an address is set, as long as the answer is held. Call it within a runtime.
///
/// # Errors
/// When a setting is wrong, or something in this process logs already.
pub fn init(settings: &Telemetry) -> Result<Option<Spans>, TelemetryError> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(true).boxed(),
    };
    let share = settings.traces_share;
    if !(0.0..=1.0).contains(&share) {
        return Err(TelemetryError::Share(share));
    }
    let spans = match &settings.traces_url {
        None => None,
        Some(address) => Some(Spans::to(address, share).map_err(TelemetryError::Collector)?),
    };
    let sent = spans.as_ref().map(|it| tracing_opentelemetry::layer().with_tracer(it.tracer()));
    tracing_subscriber::registry()
        .with(filter(&settings.filter)?)
        .with(sent)
        .with(lines)
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;
    Ok(spans)
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
