//! Phrases that a model wrote: who may decide about them, and which join the words of letters.
//!
//! # Invariants
//!
//! - A phrase joins only if as many different people approved it as its life event needs, counted
//!   from what each decided and not from the state alone; and only if it is proved again.
//! - What was refused or retired stays so.

use std::collections::BTreeSet;

use domain::Level;
use rules::Pack;
use storage::phrases::{self, Decision, Phrase, PhraseAction, PhraseState};
use storage::{Conn, StorageError};
use writer::{Home, Joining, NotJoined, Vocabulary, Words, clean};

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// There is no such phrase.
    #[error("there is no phrase `{0}`: `cotmoc words list` shows those that there are")]
    Unknown(String),
    /// Nobody answers for it, or says nothing of why.
    #[error("a decision needs a name and a reason")]
    Nobody,
    /// The phrase stands where this cannot follow.
    #[error("the phrase is {}, and only one that is {} can be {done}", is.name(), must.name())]
    State {
        /// Where it stands.
        is: PhraseState,
        /// Where it would have to stand.
        must: PhraseState,
        /// What was to be done.
        done: &'static str,
    },
    /// The same person has approved it already.
    #[error("`{0}` has approved it already, and one person counts once")]
    Again(String),
    /// The database.
    #[error("the database did not carry it out")]
    Storage(#[from] StorageError),
}

/// How many different people must approve what letters about `life_event` say: two where it goes
/// as far as comparing or carrying out, and two for what all letters say.
#[must_use]
pub fn approvals_needed(pack: &Pack, life_event: &str) -> usize {
    let Some(found) = pack.life_event(life_event) else { return 2 };
    let local = found.overlays.iter().flat_map(|overlay| &overlay.services);
    let mut entries = found.versions.iter().flat_map(|version| &version.services).chain(local);
    if entries.any(|entry| entry.level >= Level::Compare) { 2 } else { 1 }
}

/// Where a phrase stands once somebody has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// The state.
    pub state: PhraseState,
    /// How many more different people must approve it.
    pub approvals_missing: usize,
}

/// Takes the decision of one person about the phrase `id`, and answers where the phrase stands
/// then. The caller commits.
pub async fn decide(
    conn: &mut Conn,
    pack: &Pack,
    id: &str,
    decision: &Decision,
) -> Result<Decided, NotDecided> {
    if clean(&decision.by_whom).is_empty() || clean(&decision.because).is_empty() {
        return Err(NotDecided::Nobody);
    }
    phrases::hold(conn, id).await?;
    let phrase = phrases::get(conn, id).await?;
    let phrase = phrase.ok_or_else(|| NotDecided::Unknown(id.to_owned()))?;
    let (must, to, done) = match decision.action {
        PhraseAction::Approve => (PhraseState::Proved, PhraseState::Approved, "approved"),
        PhraseAction::Refuse => (PhraseState::Proved, PhraseState::Refused, "refused"),
        PhraseAction::Retire => (PhraseState::Approved, PhraseState::Retired, "retired"),
    };
    if phrase.state != must {
        return Err(NotDecided::State { is: phrase.state, must, done });
    }
    let mut missing = 0;
    if decision.action == PhraseAction::Approve {
        let before = approvers(&phrases::decisions(conn, id).await?);
        if before.contains(&person(&decision.by_whom)) {
            return Err(NotDecided::Again(decision.by_whom.clone()));
        }
        missing = approvals_needed(pack, &phrase.life_event).saturating_sub(before.len() + 1);
    }
    phrases::decided(conn, id, decision).await?;
    if missing > 0 {
        return Ok(Decided { state: must, approvals_missing: missing });
    }
    phrases::move_on(conn, id, must, to).await?;
    Ok(Decided { state: to, approvals_missing: 0 })
}

/// One person, however the name was typed.
fn person(name: &str) -> String {
    clean(name).to_lowercase()
}

fn approvers(decisions: &[Decision]) -> BTreeSet<String> {
    let approvals = decisions.iter().filter(|it| it.action == PhraseAction::Approve);
    approvals.map(|it| person(&it.by_whom)).collect()
}

/// Why a phrase that is marked as approved is in no letter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotJoining {
    /// The pack asks for more people than approved it.
    #[error("{0} approved it, and {1} are needed")]
    Approvals(usize, usize),
    /// Its language is none of ours, or the proof and the pack refuse it.
    #[error(transparent)]
    Words(#[from] NotJoined),
}

/// The words of letters: the pack's own and what people approved beside them.
#[derive(Debug)]
pub struct Bank {
    /// The words.
    pub words: Words,
    /// The approved phrases that did not join, by id, and why.
    pub left_out: Vec<(String, NotJoining)>,
}

/// Joins what people approved to the `words` of `pack`. This is the one way by which a phrase
/// that a model wrote comes into a letter.
pub async fn bank(
    conn: &mut Conn,
    pack: &Pack,
    words: Words,
    vocabularies: &[Vocabulary],
) -> Result<Bank, StorageError> {
    let mut left_out = Vec::new();
    let mut joining = Vec::new();
    for phrase in phrases::list(conn, Some(PhraseState::Approved)).await? {
        let has = approvers(&phrases::decisions(conn, &phrase.id).await?).len();
        let needs = approvals_needed(pack, &phrase.life_event);
        if has < needs {
            left_out.push((phrase.id, NotJoining::Approvals(has, needs)));
        } else {
            joining.push(as_joining(phrase));
        }
    }
    let (words, left) = words.joined(&joining, vocabularies);
    left_out.extend(left.into_iter().map(|(id, why)| (id, why.into())));
    Ok(Bank { words, left_out })
}

fn as_joining(phrase: Phrase) -> Joining {
    let home = home_of(&phrase);
    Joining { home, id: phrase.id, text: phrase.text, approved: phrase.approved }
}

/// Where `phrase` stands among the words of letters.
#[must_use]
pub fn home_of(phrase: &Phrase) -> Home {
    Home {
        of: phrase.life_event.clone(),
        point: phrase.point.clone(),
        // No variant has such a number, so a broken one is nowhere.
        variant: usize::try_from(phrase.variant).unwrap_or(usize::MAX),
        language: phrase.language,
    }
}
