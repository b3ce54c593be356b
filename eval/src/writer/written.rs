//! How often a model that writes phrases writes one that is proved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::Language;
use knowledge::Embed;
use serde::Serialize;
use writer::{
    Range, Rephrasings, Saying, Support, Vocabulary, Wording, WordingError, Words, propose,
};

/// Texts that are asked for, for each phrase.
const CANDIDATES: u64 = 16;

/// What a model wrote.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Written {
    /// Phrases that it was asked about, evenly spread over the bank.
    pub phrases: usize,
    /// Those for which at least one text was proved.
    pub with_accepted: usize,
    /// Different texts that it gave.
    pub candidates: usize,
    /// Those that were proved: phrases that the bank would gain.
    pub accepted: usize,
    /// Texts for one that was proved; nothing where none was.
    pub candidates_per_accepted: Option<f64>,
    /// Time for one phrase, with the proof.
    pub seconds_per_phrase: f64,
    /// Why texts were refused, and how often.
    pub refused: BTreeMap<String, usize>,
}

impl Written {
    /// The share of phrases for which something was proved.
    #[must_use]
    pub fn accepted_share(&self) -> f64 {
        float(self.with_accepted) / float(self.phrases.max(1))
    }
}

/// At most `most` of `all`, evenly spread, the first among them.
#[must_use]
pub fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, most) = (all.len(), most.min(all.len()));
    let places: BTreeSet<usize> = (0..most).map(|nth| nth * count / most).collect();
    let all = all.into_iter().enumerate();
    all.filter(|(place, _)| places.contains(place)).map(|(_, it)| it).collect()
}

/// Has `wording` write about `most` Vietnamese phrases of the pack.
///
/// # Errors
/// When the model fails.
pub fn written(
    (words, vocabularies): (&Words, &[Vocabulary]),
    prompts: &Rephrasings,
    (wording, embedder): (&dyn Wording, Option<&dyn Embed>),
    most: usize,
    on: &mut dyn FnMut(usize, usize),
) -> Result<Written, WordingError> {
    let language = Language::Vi;
    let vocabulary = vocabularies.iter().find(|it| it.language() == language);
    let (Some(vocabulary), Some(prompt)) = (vocabulary, prompts.get(language)) else {
        return Err(WordingError::Other("no vocabulary or prompt for Vietnamese".to_owned()));
    };
    let support = Support { vocabulary, manners: words.manners(language), model: embedder };
    let sayings: Vec<Saying<'_>> = spread(words.sayings(language), most);
    let mut out = Written { phrases: sayings.len(), ..Written::default() };
    let started = Instant::now();
    for (done, saying) in sayings.iter().enumerate() {
        on(done, sayings.len());
        let model = (wording, CANDIDATES, 0);
        let found = propose((words, saying), (prompt, Range::Near), model, &support)?;
        out.with_accepted += usize::from(!found.taken.is_empty());
        out.candidates += found.given();
        out.accepted += found.taken.len();
        for (reason, count) in found.reasons() {
            *out.refused.entry(reason).or_default() += count;
        }
    }
    out.seconds_per_phrase = started.elapsed().as_secs_f64() / float(out.phrases.max(1));
    let per = float(out.candidates) / float(out.accepted.max(1));
    out.candidates_per_accepted = (out.accepted > 0).then_some(per);
    Ok(out)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than a float tells apart")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_and_no_larger_than_asked_for() {
        let all = || (0..100).collect::<Vec<_>>();
        assert_eq!(spread(all(), 4), [0, 25, 50, 75]);
        assert!(spread(all(), 0).is_empty());
        assert_eq!(spread(all(), 200), all());
        assert_eq!(spread(all(), 40).len(), 40);
        assert!(spread(Vec::<u8>::new(), 3).is_empty());
    }
}
