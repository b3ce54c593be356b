//! How often a model that writes phrases writes one that is proved, and the letters that come of it.

use std::collections::BTreeMap;
use std::time::Instant;

use domain::Language;
use engine::{App, Shape};
use knowledge::Embed;
use serde::Serialize;
use writer::{
    Phrase, Plan, Range, Rephrasings, Saying, Support, Tally, Vocabulary, Wording, WordingError,
    Words, propose,
};

use super::letters::by_hand;
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
    /// The same by life event; `common` is what all letters say.
    pub by_life_event: BTreeMap<String, Tally>,
    /// The likeliest proved phrase for each that was asked for.
    #[serde(skip)]
    pub bank: Bank,
}

/// What a model wrote, by the point and the approved wording; nothing where nothing was proved.
#[derive(Debug, Clone, Default)]
pub struct Bank(BTreeMap<(String, String), Option<Phrase>>);

impl Bank {
    /// `plan` with each phrase that a model wrote in front of what people approved, and of how many
    /// phrases that were asked for how many those are.
    pub(super) fn put_before(&self, plan: &Plan) -> (Plan, usize, usize) {
        let mut plan = plan.clone();
        let (mut asked, mut written) = (0, 0);
        for point in &mut plan.points {
            let Some(first) = point.alternatives.first() else { continue };
            let Some(found) = self.0.get(&(point.id.clone(), first.source().to_owned())) else {
                continue;
            };
            asked += 1;
            if let Some(phrase) = found {
                written += 1;
                point.alternatives.insert(0, phrase.clone());
            }
        }
        (plan, asked, written)
    }
}

/// Vietnamese letters in which every phrase stands as the model wrote it, where one was proved.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WrittenLetters {
    /// Shapes of letters.
    pub shapes: usize,
    /// Of these, with at least one phrase of the model's, the whole letter proved.
    pub proved: usize,
    /// Of the phrases of these letters that the model was asked for, the share that it wrote.
    pub phrases_written: f64,
}

/// Puts what is in `bank` into the Vietnamese letters of `shapes`.
#[must_use]
pub fn written_letters(app: &App, shapes: &[Shape], bank: &Bank) -> WrittenLetters {
    let (writing, writer) = (&app.writing, by_hand(app));
    let mut out = WrittenLetters::default();
    let (mut all_asked, mut all_written) = (0, 0);
    for shape in shapes.iter().filter(|it| it.input.language == Language::VI) {
        out.shapes += 1;
        let Ok(plan) = writing.words.plan(&shape.input) else { continue };
        let (plan, asked, written) = bank.put_before(&plan);
        all_asked += asked;
        all_written += written;
        let stands = written > 0 && writer.make_template(&plan, &[]).is_ok();
        out.proved += usize::from(stands);
    }
    out.phrases_written = Tally::share(all_written, all_asked);
    out
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
    on: &mut dyn FnMut(usize),
) -> Result<Written, WordingError> {
    let language = Language::VI;
    let vocabulary = vocabularies.iter().find(|it| it.language() == language);
    let (Some(vocabulary), Some(prompt)) = (vocabulary, prompts.get(language)) else {
        return Err(WordingError::Other("no vocabulary or prompt for Vietnamese".to_owned()));
    };
    let support = Support { vocabulary, manners: words.manners(language), model: embedder };
    let sayings: Vec<Saying<'_>> = spread(words.sayings(language), most);
    let mut out = Written::default();
    let started = Instant::now();
    for (done, saying) in sayings.iter().enumerate() {
        on(done);
        let model = (wording, CANDIDATES, 0);
        let found = propose((words, saying), (prompt, Range::Near), model, &support)?;
        out.tally.add(&found);
        out.by_life_event.entry(saying.home.of.clone()).or_default().add(&found);
        let likeliest = found.taken.first().and_then(|it| Phrase::parse(&it.text).ok());
        if let Some(first) = saying.alternatives.first() {
            let place = (saying.home.point.clone(), first.source().to_owned());
            out.bank.0.insert(place, likeliest);
        }
    }
    let many = u32::try_from(out.tally.phrases.max(1)).unwrap_or(u32::MAX);
    out.candidates_per_accepted = out.tally.candidates_per_accepted();
    out.seconds_per_phrase = (started.elapsed() / many).as_secs_f64();
    Ok(out)
}
