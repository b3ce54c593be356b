//! How often a model that writes phrases writes one that is proved.

use std::time::Instant;

use domain::Language;
use knowledge::Embed;
use serde::Serialize;
use writer::{
    Range, Rephrasings, Saying, Support, Tally, Vocabulary, Wording, WordingError, Words, propose,
};

use super::spread;

/// Texts that are asked for, for each phrase.
const CANDIDATES: u64 = 16;

/// What a model wrote, of phrases that are evenly spread over the bank.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Written {
    /// How much was asked for and how much was proved: phrases that the bank would gain.
    #[serde(flatten)]
    pub tally: Tally,
    /// Texts for one that was proved; nothing where none was.
    pub candidates_per_accepted: Option<f64>,
    /// Time for one phrase, with the proof.
    pub seconds_per_phrase: f64,
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
    let language = Language::VI;
    let vocabulary = vocabularies.iter().find(|it| it.language() == language);
    let (Some(vocabulary), Some(prompt)) = (vocabulary, prompts.get(language)) else {
        return Err(WordingError::Other("no vocabulary or prompt for Vietnamese".to_owned()));
    };
    let support = Support { vocabulary, manners: words.manners(language), model: embedder };
    let sayings: Vec<Saying<'_>> = spread(words.sayings(language), most);
    let mut tally = Tally::default();
    let started = Instant::now();
    for (done, saying) in sayings.iter().enumerate() {
        on(done, sayings.len());
        let model = (wording, CANDIDATES, 0);
        tally.add(&propose((words, saying), (prompt, Range::Near), model, &support)?);
    }
    let many = u32::try_from(tally.phrases.max(1)).unwrap_or(u32::MAX);
    Ok(Written {
        candidates_per_accepted: tally.candidates_per_accepted(),
        seconds_per_phrase: (started.elapsed() / many).as_secs_f64(),
        tally,
    })
}
