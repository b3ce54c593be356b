//! The limits of `thresholds.toml`, and whether a run keeps them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::EvalError;
use crate::report::{ChainReport, Threshold};

const FILE: &str = "thresholds.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    chain: BTreeMap<String, f64>,
}

/// Holds `report` against the limits. A limit without a measure and a measure without a limit
/// are both faults of the file: neither may be lost silently.
pub(crate) fn of_chain(report: &ChainReport) -> Result<Vec<Threshold>, EvalError> {
    let fault = |said: String| EvalError::Data { file: FILE, said };
    let limits: Limits = toml::from_str(include_str!("../thresholds.toml"))
        .map_err(|error| fault(error.to_string()))?;
    let measures = measures(report);
    if let Some(name) = limits.chain.keys().find(|name| measures.iter().all(|it| it.0 != **name)) {
        return Err(fault(format!("nothing measures `{name}`")));
    }
    measures
        .into_iter()
        .map(|(name, kind, value)| {
            let limit = limits.chain.get(name).copied();
            let limit = limit.ok_or_else(|| fault(format!("`{name}` has no limit")))?;
            let passed = if kind == AT_MOST { value <= limit } else { value >= limit };
            Ok(Threshold { name: name.to_owned(), kind, limit, value, passed })
        })
        .collect()
}

const AT_MOST: &str = "at_most";
const AT_LEAST: &str = "at_least";

#[expect(clippy::cast_precision_loss, reason = "counts of a report are small")]
fn measures(report: &ChainReport) -> Vec<(&'static str, &'static str, f64)> {
    let most = |name, value: usize| (name, AT_MOST, value as f64);
    vec![
        most("milestones_missed", report.milestones.missed + report.milestones.wrong),
        most("milestones_false", report.milestones.invented),
        most("suggestions_missed", report.suggestions.missed),
        most("suggestions_false", report.suggestions.invented),
        most("suggestions_wrong", report.suggestions.wrong),
        most("deadlines_wrong", report.deadlines.wrong),
        ("prefill_correct_percent", AT_LEAST, report.prefill.correct_percent),
        most("prefill_filled_for_the_person", report.prefill.filled_for_the_person),
        most("prefill_leaks", report.prefill.leaks),
        most("messages_missing", report.messages.missing),
        most("messages_unexpected", report.messages.unexpected),
        most("messages_wrong", report.messages.wrong),
        most("messages_unproved", report.messages.unproved),
        most("examples_failed", report.examples.failed),
        most("jobs_given_up", usize::try_from(report.events.dead_jobs).unwrap_or(usize::MAX)),
    ]
}
