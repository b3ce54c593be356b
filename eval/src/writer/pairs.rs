//! The labelled pairs: a sentence, what it is held against, and whether it is carried.

use std::collections::BTreeMap;

use domain::Language;
use knowledge::Passage;
use serde::{Deserialize, Serialize};
use writer::{Ground, Words};

use crate::chance::Chance;

/// The files of `data/proof/`.
const FILES: [(&str, &str); 6] = [
    ("points-vi", include_str!("../../data/proof/points-vi.yaml")),
    ("points-en", include_str!("../../data/proof/points-en.yaml")),
    ("passages-vi", include_str!("../../data/proof/passages-vi.yaml")),
    ("changed-points-vi", include_str!("../../data/proof/changed-points-vi.yaml")),
    ("changed-points-en", include_str!("../../data/proof/changed-points-en.yaml")),
    ("changed-passages-vi", include_str!("../../data/proof/changed-passages-vi.yaml")),
];

/// One pair of so many is for setting thresholds, the others for the figures.
const PARTS: usize = 3;

/// What a sentence is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An approved sentence of a letter.
    Point,
    /// A span of a passage.
    Passage,
}

/// How the sentence came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody wrote it.
    Hand,
    /// A right one was changed in one place, by rule.
    Rule,
}

/// What a pair is used for. All pairs about one point or passage are in one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// Thresholds and vocabulary may be set on it.
    Threshold,
    /// Figures are told of it.
    Held,
}

/// What is wrong with a sentence, as its author called it.
pub type Fault = String;

/// A labelled pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Its name: file, group and place in it.
    pub id: String,
    /// The language.
    pub language: Language,
    /// What it is held against.
    pub kind: Kind,
    /// The point or passage.
    pub of: String,
    /// The evidence that the sentence was written against.
    pub says: String,
    /// All that may carry it: what was approved for the point, or the quoted span.
    pub grounds: Vec<Ground>,
    /// The sentence, with slots.
    pub sentence: String,
    /// What is wrong with it; nothing if it is carried.
    pub fault: Option<Fault>,
    /// How it came about.
    pub origin: Origin,
    /// What it is used for.
    pub set: Set,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: Language,
    evidence: Kind,
    origin: Origin,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    of: String,
    says: String,
    #[serde(default)]
    right: Vec<String>,
    #[serde(default)]
    wrong: BTreeMap<Fault, Vec<String>>,
}

/// Why there are no pairs.
#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    /// A file is not of the right form.
    #[error("`eval` data/proof/{file}.yaml is not of the right form")]
    Form {
        /// Which.
        file: &'static str,
        /// Why.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// The evidence is not in the pack any more.
    #[error("`eval` data/proof/{file}.yaml: the pack's `{of}` does not say `{says}`")]
    NoEvidence {
        /// Which file.
        file: &'static str,
        /// The point or passage.
        of: String,
        /// What it should say.
        says: String,
    },
}

/// All pairs, with their evidence from the pack's words and the passages of its corpus.
pub fn pairs(words: &Words, passages: &[Passage]) -> Result<Vec<Pair>, PairsError> {
    let mut out = Vec::new();
    for (file, text) in FILES {
        let read: File = serde_saphyr::from_str(text)
            .map_err(|source| PairsError::Form { file, source: Box::new(source) })?;
        for (nth, group) in read.groups.iter().enumerate() {
            let grounds = match read.evidence {
                Kind::Point => words.grounds(&group.of, &group.says, read.language),
                Kind::Passage => quoted(passages, &group.of, &group.says),
            };
            if grounds.is_empty() {
                let (of, says) = (group.of.clone(), group.says.clone());
                return Err(PairsError::NoEvidence { file, of, says });
            }
            let right = group.right.iter().map(|sentence| (None, sentence));
            let wrong = group.wrong.iter().flat_map(|(fault, sentences)| {
                sentences.iter().map(move |sentence| (Some(fault.clone()), sentence))
            });
            for (place, (fault, sentence)) in right.chain(wrong).enumerate() {
                out.push(Pair {
                    id: format!("{file}/{nth}/{place}"),
                    language: read.language,
                    kind: read.evidence,
                    of: group.of.clone(),
                    says: group.says.clone(),
                    grounds: grounds.clone(),
                    sentence: sentence.clone(),
                    fault,
                    origin: read.origin,
                    set: set(&group.of),
                });
            }
        }
    }
    Ok(out)
}

/// The span alone: the other sentences of the passage are no evidence for this pair.
fn quoted(passages: &[Passage], id: &str, says: &str) -> Vec<Ground> {
    let passage = passages.iter().find(|passage| passage.id == id);
    let grounds = passage.map(Ground::of_passage).unwrap_or_default();
    grounds.into_iter().filter(|ground| ground.carrier().quote() == says).collect()
}

fn set(of: &str) -> Set {
    if Chance::of(of).below(PARTS) == 0 { Set::Threshold } else { Set::Held }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use knowledge::Corpus;

    use super::*;

    fn all() -> Vec<Pair> {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../life-events/vn");
        let words = Words::load(&pack.join("words")).unwrap();
        let files = std::fs::read_dir(pack.join("corpus")).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            (path.display().to_string(), std::fs::read_to_string(path).unwrap())
        });
        let files: BTreeMap<String, String> = files.collect();
        pairs(&words, &Corpus::parse(&files).unwrap().passages()).unwrap()
    }

    /// Evidence that the pack does not hold is an error of `pairs`.
    #[test]
    fn no_pair_stands_twice_and_every_slot_is_closed() {
        let mut seen = BTreeSet::new();
        for pair in all() {
            let key = (pair.language, pair.of.clone(), pair.says.clone(), pair.sentence.clone());
            assert!(seen.insert(key), "{} stands twice: {}", pair.id, pair.sentence);
            let mut open = false;
            for c in pair.sentence.chars().filter(|c| matches!(c, '{' | '}')) {
                assert_eq!(open, c == '}', "{}: {}", pair.id, pair.sentence);
                open = !open;
            }
            assert!(!open && pair.sentence.ends_with(['.', '?', '!']), "{}", pair.id);
            assert_ne!(pair.sentence, pair.says, "{}", pair.id);
        }
    }

    #[test]
    fn there_are_enough_of_each_sort() {
        let all = all();
        let count = |chosen: &dyn Fn(&Pair) -> bool| all.iter().filter(|it| chosen(it)).count();
        let by_hand = count(&|it| it.origin == Origin::Hand);
        assert!(by_hand >= 600 && by_hand * 2 >= all.len(), "{by_hand} of {}", all.len());
        for set in [Set::Threshold, Set::Held] {
            for kind in [Kind::Point, Kind::Passage] {
                let right = count(&|it| it.set == set && it.kind == kind && it.fault.is_none());
                let wrong = count(&|it| it.set == set && it.kind == kind && it.fault.is_some());
                assert!(right >= 25 && wrong >= 100, "{set:?} {kind:?}: {right}, {wrong}");
            }
        }
    }
}
