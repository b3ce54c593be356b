//! Asking a model for other ways to say a phrase, and keeping what is proved.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::proof::take;
use super::{NotTaken, Range, Rephrase, Saying, rephrase_grammar};
use crate::model::{Ask, Wording, WordingError};
use crate::support::{Carried, Support};
use crate::words::Words;

/// A phrase that was proved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposed {
    /// What it says, slots and all.
    pub text: String,
    /// How likely the model found it.
    pub likelihood: f64,
    /// What carries each of its sentences.
    pub proved: Vec<Carried>,
}

/// What came of asking once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposals {
    /// What was proved, the likeliest first.
    pub taken: Vec<Proposed>,
    /// What was not, and why.
    pub refused: Vec<(String, NotTaken)>,
}

impl Proposals {
    /// How many texts the model gave that differ.
    #[must_use]
    pub fn given(&self) -> usize {
        self.taken.len() + self.refused.len()
    }

    /// How often each reason was met.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for (_, reason) in &self.refused {
            *out.entry(reason.name().to_owned()).or_default() += 1;
        }
        out
    }
}

/// Asks `wording` for `candidates` ways to say `saying` otherwise, and proves each.
///
/// `words` are the pack's own: a phrase that joined them proves nothing.
pub fn propose(
    (words, saying): (&Words, &Saying<'_>),
    (prompt, range): (&Rephrase, Range),
    (wording, candidates, seed): (&dyn Wording, u64, u64),
    support: &Support<'_>,
) -> Result<Proposals, WordingError> {
    let (shared, own) = prompt.fill(words, saying);
    let grammar = rephrase_grammar(words, saying, range, support.vocabulary);
    let samples = candidates.saturating_sub(1);
    let ask = Ask { shared: &shared, own: &own, grammar: &grammar, samples, seed };
    let mut out = Proposals::default();
    let mut seen = BTreeSet::new();
    for candidate in wording.word(&ask)? {
        let text = candidate.text.trim().to_owned();
        if !seen.insert(text.clone()) {
            continue;
        }
        match take(words, saying, &text, support) {
            Ok(proved) => {
                out.taken.push(Proposed { text, likelihood: candidate.likelihood, proved });
            }
            Err(reason) => out.refused.push((text, reason)),
        }
    }
    out.taken.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
    Ok(out)
}
