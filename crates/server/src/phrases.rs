//! Phrases that a model wrote, as the people see them who decide about them: on the command line
//! and on a page.

use engine::{Bank, NotDecided};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use storage::phrases::{self, Decision, Phrase, PhraseState};
use storage::{Conn, StorageError, Store};
use writer::{Phrase as Approved, Saying, VocabularyError, WordsError};

use crate::pack;
use crate::wiring::{Country, vocabularies};

/// Why phrases cannot be shown or decided about.
#[derive(Debug, thiserror::Error)]
pub enum PhrasesError {
    /// The decision was not taken.
    #[error(transparent)]
    NotDecided(#[from] NotDecided),
    /// The pack's words are not in order.
    #[error("the pack's words are not in order")]
    Words(#[from] WordsError),
    /// A vocabulary of the pack is not in order.
    #[error("a vocabulary of the pack is not in order")]
    Vocabulary(#[from] VocabularyError),
    /// The database.
    #[error("the database did not answer")]
    Storage(#[from] StorageError),
}

/// The pack's words with the phrases that people approved, and those that do not join.
///
/// # Errors
/// When the pack is not in order, or the database cannot be read.
pub async fn bank(conn: &mut Conn, country: &Country) -> Result<Bank, PhrasesError> {
    let own = pack::words(&country.files)?;
    let vocabularies = vocabularies(&country.files)?;
    Ok(engine::bank(conn, &country.pack, own, &vocabularies).await?)
}

/// A phrase among others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The phrase.
    #[serde(flatten)]
    pub phrase: Phrase,
    /// Why an approved one is in no letter.
    pub left_out: Option<String>,
}

/// The phrases in `state`, or all.
///
/// # Errors
/// As [`bank`].
pub async fn list(
    conn: &mut Conn,
    country: &Country,
    state: Option<PhraseState>,
) -> Result<Vec<Listed>, PhrasesError> {
    let bank = bank(conn, country).await?;
    let all = phrases::list(conn, state).await?.into_iter();
    Ok(all.map(|phrase| Listed { left_out: why_left_out(&bank, &phrase.id), phrase }).collect())
}

fn why_left_out(bank: &Bank, id: &str) -> Option<String> {
    let found = bank.left_out.iter().find(|(left, _)| left == id);
    found.map(|(_, why)| why.to_string())
}

/// What became of words between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// They stand in both.
    Same,
    /// They stand in the later one alone.
    Added,
    /// They stand in the earlier one alone.
    Removed,
}

/// One phrase with all that a decision needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The phrase.
    #[serde(flatten)]
    pub phrase: Phrase,
    /// The approved phrase that is nearest.
    pub nearest: Option<String>,
    /// What differs from it, word by word.
    pub difference: Vec<(Change, String)>,
    /// What carries each sentence.
    pub proof: Vec<Carried>,
    /// What was decided, the earliest first.
    pub decisions: Vec<Decision>,
    /// How many different people must approve it.
    pub approvals_needed: usize,
    /// Whether the approved wording has changed since.
    pub stale: bool,
    /// Why it is in no letter, where it is approved.
    pub left_out: Option<String>,
}

/// A sentence, and what carries it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Carried {
    /// The sentence.
    pub sentence: String,
    /// The approved words that say the same.
    pub by: String,
    /// Whether one part stands at the front that stands behind in these.
    pub moved: bool,
    /// How near both are by an embedding model, at most 1, where one was asked.
    pub likeness: Option<f64>,
}

/// The phrase `id`; `None` where there is none.
///
/// # Errors
/// As [`bank`].
pub async fn one(
    conn: &mut Conn,
    country: &Country,
    id: &str,
) -> Result<Option<Shown>, PhrasesError> {
    let Some(phrase) = phrases::get(conn, id).await? else { return Ok(None) };
    let words = pack::words(&country.files)?;
    let saying = words.saying(&engine::home_of(&phrase));
    let nearest = saying.as_ref().and_then(|saying| nearest(saying, &phrase.text));
    Ok(Some(Shown {
        stale: saying.is_none_or(|saying| saying.hash() != phrase.approved),
        difference: nearest.as_ref().map(|it| difference(it, &phrase.text)).unwrap_or_default(),
        proof: phrase.evidence.as_array().into_iter().flatten().map(carried).collect(),
        decisions: phrases::decisions(conn, id).await?,
        approvals_needed: engine::approvals_needed(&country.pack, &phrase.life_event),
        left_out: why_left_out(&bank(conn, country).await?, id),
        nearest,
        phrase,
    }))
}

fn carried(evidence: &serde_json::Value) -> Carried {
    let of = |pointer: &str| evidence.pointer(pointer);
    let text =
        |pointer: &str| of(pointer).and_then(|it| it.as_str()).unwrap_or_default().to_owned();
    Carried {
        sentence: text("/sentence"),
        by: text("/by/quote"),
        moved: of("/measures/moved").and_then(serde_json::Value::as_bool).unwrap_or_default(),
        likeness: of("/measures/likeness").and_then(serde_json::Value::as_f64),
    }
}

/// The approved reading that shares most words with `text`.
fn nearest(saying: &Saying<'_>, text: &str) -> Option<String> {
    let readings = saying.alternatives.iter().flat_map(Approved::readings);
    let texts = readings.map(|reading| reading.join(" "));
    let likeness = |of: &str| TextDiff::from_words(of, text).ratio();
    texts.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

fn difference(from: &str, to: &str) -> Vec<(Change, String)> {
    let mut out: Vec<(Change, String)> = Vec::new();
    for change in TextDiff::from_words(from, to).iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => Change::Same,
            ChangeTag::Insert => Change::Added,
            ChangeTag::Delete => Change::Removed,
        };
        match out.last_mut() {
            Some((last, words)) if *last == tag => words.push_str(change.value()),
            _ => out.push((tag, change.value().to_owned())),
        }
    }
    out
}

/// What a decision led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The phrase.
    pub id: String,
    /// Where it stands now.
    pub state: PhraseState,
    /// How many more different people must approve it.
    pub approvals_missing: usize,
    /// Why it joins nothing though it is approved.
    pub left_out: Option<String>,
}

/// Takes the decision of one person about the phrase `id`.
///
/// # Errors
/// Says why it was not taken, or as [`bank`].
pub async fn decide(
    store: &Store,
    country: &Country,
    id: &str,
    decision: &Decision,
) -> Result<Outcome, PhrasesError> {
    let mut tx = store.begin().await?;
    let decided = engine::decide(&mut tx, &country.pack, id, decision).await?;
    tx.commit().await?;
    // All that was approved is proved for this: nobody who writes should wait for it.
    let bank = bank(&mut *store.read().await?, country).await?;
    Ok(Outcome {
        id: id.to_owned(),
        state: decided.state,
        approvals_missing: decided.approvals_missing,
        left_out: why_left_out(&bank, id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_word_by_word() {
        let told = difference("Bà có thể nộp đơn.", "Bà nộp đơn được.");
        let kept = |without: Change| {
            let kept = told.iter().filter(|(change, _)| *change != without);
            kept.map(|(_, words)| words.as_str()).collect::<String>()
        };
        assert_eq!(kept(Change::Removed), "Bà nộp đơn được.");
        assert_eq!(kept(Change::Added), "Bà có thể nộp đơn.");
        assert!(told.contains(&(Change::Same, "Bà ".to_owned())), "{told:?}");
    }

    #[test]
    fn what_carries_a_sentence_is_read_from_what_was_kept() {
        let kept = serde_json::json!({
            "sentence": "a.", "by": {"quote": "b."}, "measures": {"moved": true, "likeness": 0.5},
        });
        let wanted = Carried {
            sentence: "a.".to_owned(),
            by: "b.".to_owned(),
            moved: true,
            likeness: Some(0.5),
        };
        assert_eq!(carried(&kept), wanted);
        assert_eq!(carried(&serde_json::Value::Null).likeness, None);
    }
}
