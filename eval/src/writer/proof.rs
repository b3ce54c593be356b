//! What the support of free sentences lets through, and what it refuses.

use std::collections::BTreeMap;

use knowledge::Embed;
use serde::Serialize;
use writer::{Support, SupportError, Vocabulary, Words};

use super::interval::Rate;
use super::pairs::{Kind, Origin, Pair, Set};

/// How the support did. Figures are those of the held set, unless it is said otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct ProofReport {
    /// Pairs in all.
    pub pairs: usize,
    /// Pairs that somebody wrote.
    pub by_hand: usize,
    /// SHA-256 of each language's vocabulary with its limits.
    pub vocabulary: BTreeMap<String, String>,
    /// The model that compared meanings; empty without one.
    pub model: String,
    /// Accepted though wrong.
    pub false_accept_rate: Rate,
    /// Rejected though right.
    pub false_reject_rate: Rate,
    /// Accepted though wrong, of what somebody wrote.
    pub false_accept_rate_by_hand: Rate,
    /// Accepted though wrong, by what is wrong.
    pub false_accept_by_fault: BTreeMap<String, Rate>,
    /// Accepted though wrong, by language and kind of evidence.
    pub false_accept_by_part: BTreeMap<String, Rate>,
    /// Rejected though right, by language and kind of evidence.
    pub false_reject_by_part: BTreeMap<String, Rate>,
    /// The same two figures of the set on which thresholds were set.
    pub on_threshold_set: [Rate; 2],
    /// The pairs of both sets that were accepted though wrong.
    pub accepted_though_wrong: Vec<String>,
}

/// A pair with what was decided.
struct Decided<'p> {
    pair: &'p Pair,
    accepted: bool,
}

/// Decides every pair. `progress` is told how many were decided, of how many.
pub fn proof(
    pairs: &[Pair],
    words: &Words,
    vocabularies: &[Vocabulary],
    model: Option<&dyn Embed>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ProofReport, SupportError> {
    let mut decided = Vec::new();
    for (done, pair) in pairs.iter().enumerate() {
        progress(done, pairs.len());
        let vocabulary = vocabularies.iter().find(|it| it.language() == pair.language);
        let accepted = match vocabulary {
            // Without a vocabulary nothing is free in that language.
            None => false,
            Some(vocabulary) => {
                let manners = words.manners(pair.language);
                let support = Support { vocabulary, manners, model };
                match support.carried(&pair.sentence, &pair.grounds) {
                    Ok(_) => true,
                    Err(SupportError::NotCarried { .. }) => false,
                    Err(error) => return Err(error),
                }
            }
        };
        decided.push(Decided { pair, accepted });
    }
    progress(pairs.len(), pairs.len());
    let mut report = report(&decided);
    report.vocabulary = vocabularies
        .iter()
        .map(|it| (it.language().tag().to_owned(), it.hash().to_owned()))
        .collect();
    report.model = model.map(Embed::model).unwrap_or_default();
    Ok(report)
}

fn report(decided: &[Decided<'_>]) -> ProofReport {
    let held = |it: &Decided<'_>| it.pair.set == Set::Held;
    let mut report = ProofReport {
        pairs: decided.len(),
        by_hand: decided.iter().filter(|it| it.pair.origin == Origin::Hand).count(),
        vocabulary: BTreeMap::new(),
        model: String::new(),
        false_accept_rate: false_accepts(decided, held),
        false_reject_rate: false_rejects(decided, held),
        false_accept_rate_by_hand: false_accepts(decided, |it| {
            held(it) && it.pair.origin == Origin::Hand
        }),
        false_accept_by_fault: BTreeMap::new(),
        false_accept_by_part: BTreeMap::new(),
        false_reject_by_part: BTreeMap::new(),
        on_threshold_set: [
            false_accepts(decided, |it| !held(it)),
            false_rejects(decided, |it| !held(it)),
        ],
        accepted_though_wrong: Vec::new(),
    };
    for it in decided.iter().filter(|it| held(it)) {
        let part = part_of(it.pair);
        let in_part = |other: &Decided<'_>| held(other) && part_of(other.pair) == part;
        if let Some(fault) = &it.pair.fault {
            let of_fault =
                |other: &Decided<'_>| held(other) && other.pair.fault.as_ref() == Some(fault);
            report
                .false_accept_by_fault
                .entry(fault.clone())
                .or_insert_with(|| false_accepts(decided, of_fault));
            report
                .false_accept_by_part
                .entry(part.clone())
                .or_insert_with(|| false_accepts(decided, in_part));
        } else {
            report
                .false_reject_by_part
                .entry(part.clone())
                .or_insert_with(|| false_rejects(decided, in_part));
        }
    }
    let wrong = decided.iter().filter(|it| it.accepted && it.pair.fault.is_some());
    report.accepted_though_wrong =
        wrong.map(|it| format!("{}: {}", it.pair.id, it.pair.sentence)).collect();
    report
}

fn part_of(pair: &Pair) -> String {
    let kind = match pair.kind {
        Kind::Point => "point",
        Kind::Passage => "passage",
    };
    format!("{} {kind}", pair.language.tag())
}

fn false_accepts(decided: &[Decided<'_>], chosen: impl Fn(&Decided<'_>) -> bool) -> Rate {
    let wrong = decided.iter().filter(|it| it.pair.fault.is_some() && chosen(it));
    let (accepted, all) = wrong.fold((0, 0), |(n, of), it| (n + usize::from(it.accepted), of + 1));
    Rate::new(accepted, all)
}

fn false_rejects(decided: &[Decided<'_>], chosen: impl Fn(&Decided<'_>) -> bool) -> Rate {
    let right = decided.iter().filter(|it| it.pair.fault.is_none() && chosen(it));
    let (refused, all) = right.fold((0, 0), |(n, of), it| (n + usize::from(!it.accepted), of + 1));
    Rate::new(refused, all)
}
