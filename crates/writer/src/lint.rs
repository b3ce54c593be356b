//! The last look at a message before it may be sent.

use domain::Evidence;

use crate::phrase::{Part, parts, sentences, slot_name};
use crate::plan::Plan;
use crate::slot::SlotKind;
use crate::words::{DeadlineKind, LetterKind, Place};

/// The most words that a sentence may have, slots counted by their kind.
pub const MOST_WORDS: usize = 20;

/// Why a message may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// It says neither a deadline nor that it is unknown.
    #[error("neither a deadline nor its absence is said")]
    NoDeadline,
    /// Its points are out of order or one is missing.
    #[error("the point `{0:?}` is missing or out of order")]
    Order(Place),
    /// A sentence is too long.
    #[error("a sentence has {0} words")]
    Long(usize),
    /// A value brought a link, a brace or a line break with it.
    #[error("a value holds `{0}`, which no message may hold")]
    Value(&'static str),
}

/// How many words a sentence has.
pub(crate) fn count_words(sentence: &str, kind: impl Fn(&str) -> Option<SlotKind>) -> usize {
    let count = |part| match part {
        Part::Text(text) => {
            text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
        }
        Part::Slot(token) => kind(slot_name(token)).map_or(1, SlotKind::words),
    };
    parts(sentence).unwrap_or_default().into_iter().map(count).sum()
}

/// Looks at the template of a message: its order, its deadline, its sentences.
pub(crate) fn lint_template(plan: &Plan, evidence: &[Evidence]) -> Result<(), LintError> {
    let place_of = |evidence: &Evidence| {
        let point = evidence.facts.first()?;
        plan.points.iter().find(|p| &p.id == point).map(|p| p.place)
    };
    let places: Vec<Place> = evidence.iter().filter_map(place_of).collect();
    if let Some(late) = places.windows(2).find_map(|w| match w {
        [a, b] if a > b => Some(*b),
        _ => None,
    }) {
        return Err(LintError::Order(late));
    }
    if let Some(missing) = plan.letter.places().iter().find(|place| !places.contains(place)) {
        return Err(LintError::Order(*missing));
    }
    if plan.letter != LetterKind::Correction {
        says_by_when(plan, evidence)?;
    }
    for sentence in evidence.iter().flat_map(|e| sentences(&e.sentence)) {
        let words = count_words(&sentence, |slot| plan.kind(slot));
        if words > MOST_WORDS {
            return Err(LintError::Long(words));
        }
    }
    Ok(())
}

/// What is to be done is told with its deadline, or that none is known.
fn says_by_when(plan: &Plan, evidence: &[Evidence]) -> Result<(), LintError> {
    let says = |slot: &str| evidence.iter().any(|e| e.facts.iter().any(|fact| fact == slot));
    let wanted = match plan.deadline {
        DeadlineKind::Unknown => "deadline_reason",
        _ => "deadline",
    };
    if says(wanted) { Ok(()) } else { Err(LintError::NoDeadline) }
}

/// Looks at what a value brings into the rendered text.
pub(crate) fn lint_value(value: &str) -> Result<(), LintError> {
    // Most values hold none of these, and then there is nothing to look for.
    if !value.bytes().any(|byte| matches!(byte, b':' | b'.' | b'{' | b'}' | b'\n')) {
        return Ok(());
    }
    let lower = value.to_lowercase();
    let found =
        ["http:", "https:", "www.", "{", "}", "\n"].into_iter().find(|it| lower.contains(it));
    found.map_or(Ok(()), |sign| Err(LintError::Value(sign)))
}
