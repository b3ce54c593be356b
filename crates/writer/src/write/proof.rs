//! Whether a phrase that a model wrote says what people approved, and may be shown to them.

use domain::Language;

use super::grammar::MORE_WORDS;
use super::{Saying, first_slot};
use crate::phrase::{Part, Phrase, parts, sentences};
use crate::support::{Carried, Ground, NotCarried, Support, SupportError, Vocabulary};
use crate::words::{Broken, Words};

/// Why a phrase was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotTaken {
    /// It is there already, word for word.
    #[error("it is an alternative that is there already")]
    There,
    /// More or fewer sentences than were approved.
    #[error("it has {0} sentences, and the approved wording {1}")]
    Sentences(usize, usize),
    /// It does not read as sentences do.
    #[error("a sentence begins with a capital or a value, and ends with a full stop")]
    Form,
    /// The form of address stands where it would be written wrongly.
    #[error("the form of address stands in the wrong place")]
    Address,
    /// Too many words.
    #[error("it has {0} words more than the approved wording")]
    Long(usize),
    /// A word that says nothing of its own, and that the approved sentence has not so often: the
    /// meaning is the same with it, but it seldom reads well.
    #[error("`{0}` stands there more often than in what was approved")]
    Filler(String),
    /// A sentence says something else than what was approved.
    #[error("{0}")]
    Meaning(NotCarried),
    /// The pack's own rules of phrases refuse it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Words(Vec<Broken>),
    /// Meanings could not be compared.
    #[error("its meaning could not be compared")]
    Uncompared,
}

impl NotTaken {
    /// What reasons of one kind are counted by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::There => "there already",
            Self::Sentences(..) => "number of sentences",
            Self::Form => "form of a sentence",
            Self::Address => "form of address",
            Self::Long(_) => "length",
            Self::Filler(_) => "filler",
            Self::Words(_) => "rules of words",
            Self::Uncompared => "not compared",
            Self::Meaning(reason) => match reason {
                NotCarried::Text(_) => "character or word that no letter holds",
                NotCarried::Slots | NotCarried::Value(_) => "slots",
                NotCarried::Turn(_) => "turned meaning",
                NotCarried::Word(_) => "word without evidence",
                NotCarried::Order => "order of words",
                NotCarried::LeftOut { .. } => "words left out",
                NotCarried::Far(_) => "likeness",
                NotCarried::Nothing => "no evidence",
            },
        }
    }
}

/// Decides whether `text` may stand beside the approved phrases of `saying`: the same sentences,
/// one by one, as one approved reading of it, in words that the pack itself might hold. What
/// carries each sentence is answered.
pub fn take(
    words: &Words,
    saying: &Saying<'_>,
    text: &str,
    support: &Support<'_>,
) -> Result<Vec<Carried>, NotTaken> {
    let own = sentences(text);
    if text != own.join(" ") {
        return Err(NotTaken::Form);
    }
    let mut readings = saying.alternatives.iter().flat_map(Phrase::readings);
    if readings.any(|reading| reading.join(" ") == text) {
        return Err(NotTaken::There);
    }
    let approved = saying.approved();
    if own.len() != approved.len() {
        return Err(NotTaken::Sentences(own.len(), approved.len()));
    }
    own.iter().try_for_each(|sentence| form(words, sentence, saying.home.language))?;
    let more = count(&own).saturating_sub(count(approved));
    if more > MORE_WORDS {
        return Err(NotTaken::Long(more));
    }
    let carried = carried(saying, &own, support)?;
    let broken = words.broken(&saying.home, text);
    if broken.is_empty() { Ok(carried) } else { Err(NotTaken::Words(broken)) }
}

impl Words {
    /// What is wrong by words alone with a phrase that people approved and that now is to join.
    pub(crate) fn still_stands(
        &self,
        saying: &Saying<'_>,
        text: &str,
        vocabularies: &[Vocabulary],
    ) -> Result<(), NotTaken> {
        let language = saying.home.language;
        let vocabulary = vocabularies.iter().find(|it| it.language() == language);
        let vocabulary = vocabulary.ok_or(NotTaken::Meaning(NotCarried::Nothing))?;
        let support = Support { vocabulary, manners: self.manners(language), model: None };
        take(self, saying, text, &support).map(|_| ())
    }
}

/// Looks at how one sentence begins and ends, and where the reader is addressed.
fn form(words: &Words, sentence: &str, language: Language) -> Result<(), NotTaken> {
    let capital = sentence.chars().next().is_some_and(char::is_uppercase);
    let begins = match first_slot(sentence) {
        Some("pronoun") => return Err(NotTaken::Address),
        Some(slot) => words.begins(language).contains(slot),
        None => capital,
    };
    if !begins || !sentence.ends_with('.') {
        return Err(NotTaken::Form);
    }
    let parts = parts(sentence).unwrap_or_default();
    let before_name = |place: usize| matches!(parts.get(place + 2), Some(Part::Slot("recipient")));
    let misplaced = |(place, part): (usize, &Part<'_>)| {
        *part == Part::Slot("address") && place > 0 && !before_name(place)
    };
    if parts.iter().enumerate().any(misplaced) { Err(NotTaken::Address) } else { Ok(()) }
}

/// Each sentence of one approved reading carries the sentence in its place, so that none is said
/// twice and none is left out. Where none does, the reason is that of the reading that comes
/// furthest.
fn carried(
    saying: &Saying<'_>,
    own: &[String],
    support: &Support<'_>,
) -> Result<Vec<Carried>, NotTaken> {
    let mut nearest: Option<(usize, NotTaken)> = None;
    let readings = saying.alternatives.iter().flat_map(Phrase::readings);
    for reading in readings.filter(|reading| reading.len() == own.len()) {
        let mut all = Vec::new();
        for (sentence, evidence) in own.iter().zip(reading) {
            let ground = Ground::approved(&saying.home.point, evidence);
            let (far, reason) = match support.carried(sentence, &[ground]) {
                Ok(carried) => match style(sentence, evidence, support.vocabulary) {
                    Ok(()) => {
                        all.push(carried);
                        continue;
                    }
                    Err(reason) => (9, reason),
                },
                Err(SupportError::Embed(_)) => return Err(NotTaken::Uncompared),
                Err(SupportError::NotCarried { reason, .. }) => {
                    (usize::from(reason.how_far()), NotTaken::Meaning(reason))
                }
            };
            let far = all.len() * 10 + far;
            if nearest.as_ref().is_none_or(|(best, _)| far > *best) {
                nearest = Some((far, reason));
            }
            break;
        }
        if all.len() == own.len() {
            return Ok(all);
        }
    }
    Err(nearest.map_or(NotTaken::Meaning(NotCarried::Nothing), |(_, reason)| reason))
}

/// What the words of a sentence alone do not tell: whether it reads as the evidence does.
fn style(sentence: &str, evidence: &str, vocabulary: &Vocabulary) -> Result<(), NotTaken> {
    if let Some(word) = filler(sentence, evidence, vocabulary) {
        return Err(NotTaken::Filler(word));
    }
    let turned = |sentence| vocabulary.turned_readers(sentence);
    if turned(sentence) > turned(evidence) { Err(NotTaken::Address) } else { Ok(()) }
}

/// A word of `sentence` that says nothing and that `evidence` has not so often.
fn filler(sentence: &str, evidence: &str, vocabulary: &Vocabulary) -> Option<String> {
    let there = vocabulary.fillers(evidence);
    let more = |(word, count): &(String, usize)| *count > there.get(word).copied().unwrap_or(0);
    vocabulary.fillers(sentence).into_iter().find(more).map(|(word, _)| word)
}

/// How many words stand in `sentences`; slots are not counted.
fn count(sentences: &[String]) -> usize {
    let parts = sentences.iter().flat_map(|sentence| parts(sentence).unwrap_or_default());
    let text = parts.filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
    text.map(|text| {
        text.split_whitespace().filter(|it| it.chars().any(char::is_alphabetic)).count()
    })
    .sum()
}
