//! The comparison with other engines, as `eval/peers/run` left it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How to get the comparison.
const HINT: &str = "not compared yet: eval/peers/run --json > target/peers/report.json";

/// The other engines.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Peers {
    /// Each engine's time for one subject: three life events, the same for all.
    Compared {
        /// By engine.
        per_subject_us: BTreeMap<String, f64>,
        /// Whether all gave the same answers.
        agreement: bool,
        /// The time of the fastest other over ours.
        #[serde(skip)]
        ratio: f64,
    },
    /// Why there is nothing, and how to get it.
    Missing {
        /// In words.
        missing: String,
    },
}

impl Peers {
    /// The time of the fastest other over ours.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        match self {
            Self::Compared { ratio, .. } => Some(*ratio),
            Self::Missing { .. } => None,
        }
    }
}

/// One engine's time.
#[derive(Debug, Clone, Copy, Deserialize)]
struct PeerTime {
    per_subject_us_median: f64,
}

/// What the comparison's report holds.
#[derive(Deserialize)]
struct Report {
    ours: PeerTime,
    peers: BTreeMap<String, PeerTime>,
    ratio_to_fastest_peer: f64,
    agreement: bool,
}

/// Reads the report at `path`.
pub(super) fn read(path: &Path) -> Peers {
    let missing = |missing: &str| Peers::Missing { missing: missing.to_owned() };
    let Ok(text) = std::fs::read_to_string(path) else { return missing(HINT) };
    match serde_json::from_str::<Report>(&text) {
        Ok(report) => {
            let mut times: BTreeMap<String, f64> = report
                .peers
                .into_iter()
                .map(|(name, time)| (name, time.per_subject_us_median))
                .collect();
            times.insert("ours".to_owned(), report.ours.per_subject_us_median);
            let (agreement, ratio) = (report.agreement, report.ratio_to_fastest_peer);
            Peers::Compared { per_subject_us: times, agreement, ratio }
        }
        Err(error) => {
            missing(&format!("`{}` does not read back ({error}); {HINT}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_read_and_its_absence_is_told() {
        let folder = std::env::temp_dir().join(format!("cotmoc-peers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("report.json");
        assert!(read(&path).ratio().is_none());
        let time = r#"{"version":"1","boot_s":1,"per_subject_us_median":2.5}"#;
        let text = format!(
            r#"{{"ours":{time},"peers":{{"x":{time}}},"ratio_to_fastest_peer":1.0,"agreement":true}}"#
        );
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path).ratio(), Some(1.0));
        std::fs::write(&path, "{}").unwrap();
        assert!(
            matches!(read(&path), Peers::Missing { missing } if missing.contains("report.json"))
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
