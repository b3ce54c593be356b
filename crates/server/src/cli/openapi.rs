//! `cotmoc openapi`: the description of the API.

use std::io::Write as _;

use server::api;

/// Prints the description (OpenAPI 3.1, JSON), with and without `--json`.
pub(crate) fn run() -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&api::document())?;
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}
