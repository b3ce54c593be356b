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

/// What came of asking about several phrases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Phrases that a model was asked about.
    pub phrases: usize,
    /// Those for which at least one text was proved.
    pub with_accepted: usize,
    /// Different texts that it gave.
    pub candidates: usize,
    /// Those that were proved.
    pub accepted: usize,
    /// Why texts were refused, and how often.
    pub refused: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts what came of one more.
    pub fn add(&mut self, found: &Proposals) {
        self.phrases += 1;
        self.with_accepted += usize::from(!found.taken.is_empty());
        self.candidates += found.given();
        self.accepted += found.taken.len();
        for (reason, count) in found.reasons() {
            *self.refused.entry(reason).or_default() += count;
        }
    }

    /// The share of phrases for which something was proved; 0 of none.
    #[must_use]
    pub fn accepted_share(&self) -> f64 {
        Self::share(self.with_accepted, self.phrases)
    }

    /// What part of `of` `some` is; 0 of none.
    #[must_use]
    pub fn share(some: usize, of: usize) -> f64 {
        float(some) / float(of.max(1))
    }

    /// How many texts it took for one that was proved; nothing where none was.
    #[must_use]
    pub fn candidates_per_accepted(&self) -> Option<f64> {
        (self.accepted > 0).then(|| float(self.candidates) / float(self.accepted))
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than a float tells apart")]
fn float(count: usize) -> f64 {
    count as f64
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
    let mut out = Proposals::default();
    let Some(grammar) = rephrase_grammar(words, saying, range, support.vocabulary) else {
        return Ok(out);
    };
    let samples = candidates.saturating_sub(1);
    let ask = Ask { shared: &shared, own: &own, grammar: &grammar, samples, seed };
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
