//! Suggest: which services a milestone opens, to whom, by when, and the drafts for them.
//!
//! Run again whenever a fact may have changed: what is proposed now is stored, what is proposed
//! no more is taken back, and what the person did about a suggestion stays as they left it.

use domain::{
    Level, Milestone, MilestoneId, MilestoneState, SubjectId, Suggestion, SuggestionState, Verdict,
};
use jiff::Timestamp;
use rules::{Case, Proposal};
use storage::drafts::Prepared;
use storage::{Conn, suggestions};

use crate::decide::Occasion;
use crate::known::{Loaded, load_case, readings};
use crate::ledger::Ledger;
use crate::memory::Memory;
use crate::{App, EngineError};

impl App {
    /// Works out the suggestions of one milestone anew, and notes what came out and what follows.
    /// Nothing is done where whom it was about was erased.
    pub(crate) async fn suggest(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        id: MilestoneId,
        occasion: Occasion<'_>,
    ) -> Result<(), EngineError> {
        let now = occasion.now;
        let Some(milestone) = memory.milestone(conn, id).await? else { return Ok(()) };
        let held = memory.suggestions(conn, id).await?;
        let loaded = self.load_milestone(conn, memory, &milestone, now).await?;
        let proposals = match &loaded {
            Some(loaded) => self.proposals(loaded, &milestone),
            None => Vec::new(),
        };
        let proposed = |id| proposals.iter().any(|it| it.suggestion.id == id);
        for gone in held.iter().filter(|held| !proposed(held.id)) {
            take_back(conn, gone, milestone.state, now).await?;
        }
        let mut standing = Vec::with_capacity(proposals.len());
        if let (Some(loaded), Some(life_event)) =
            (&loaded, self.pack.life_event(&milestone.life_event))
        {
            if !occasion.again {
                memory.ledger.readings.extend(readings(loaded, &self.own_reader()));
            }
            let case = loaded.case(&self.pack, life_event);
            for proposal in &proposals {
                let held = held.iter().find(|held| held.id == proposal.suggestion.id);
                standing.push(reopen(conn, &proposal.suggestion, held, now).await?);
                note(&mut memory.ledger, (&case, &milestone), proposal, held);
            }
        }
        if occasion.again {
            return Ok(());
        }
        let occasion = (now, occasion.trace);
        let ledger = &mut memory.ledger;
        match milestone.state {
            MilestoneState::Reached => {
                self.call_for_letters(ledger, &milestone, &proposals, &standing, occasion)
            }
            MilestoneState::Withdrawn => {
                self.call_for_corrections(conn, ledger, &milestone, &held, occasion).await
            }
            MilestoneState::Pending | MilestoneState::NotMet | MilestoneState::Closed => Ok(()),
        }
    }

    /// The case of `milestone` as known at `now`; `None` where nothing follows from it any more,
    /// or its pack does not know it.
    pub(crate) async fn load_milestone(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        milestone: &Milestone,
        now: Timestamp,
    ) -> Result<Option<Loaded>, EngineError> {
        let stands = matches!(milestone.state, MilestoneState::Reached | MilestoneState::Pending);
        let life_event = self.pack.life_event(&milestone.life_event).filter(|_| stands);
        Ok(match life_event {
            None => None,
            Some(life_event) => {
                let as_of = self.as_of(now);
                let of = (life_event, milestone.subject);
                memory.learn_facts(conn, &milestone.named()).await?;
                Some(load_case(conn, memory, &self.pack, of, as_of).await?)
            }
        })
    }

    /// What `milestone` opens, by the law of the day on which `loaded` is asked about.
    ///
    /// Nothing, while something holds it back: someone guarded has died, or it hurts and is too
    /// early or nobody released it. No draft is prepared in the name of the dead.
    pub(crate) fn proposals<'a>(
        &'a self,
        loaded: &'a Loaded,
        milestone: &Milestone,
    ) -> Vec<Proposal<'a>> {
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Vec::new();
        };
        let case = loaded.case(&self.pack, life_event);
        let decision = case.decide(&|event| loaded.began(event));
        match decision.version {
            Some(version) if decision.hold.is_none() => case.suggest(version, milestone),
            _ => Vec::new(),
        }
    }
}

/// Notes one proposal where it says something new, and the draft of its application where the
/// engine prepares one.
fn note(
    ledger: &mut Ledger,
    (case, milestone): (&Case<'_>, &Milestone),
    proposal: &Proposal<'_>,
    held: Option<&Suggestion>,
) {
    let suggestion = &proposal.suggestion;
    let known =
        held.is_some_and(|held| *held == Suggestion { state: held.state, ..suggestion.clone() });
    if !known {
        ledger.suggestions.push((suggestion.clone(), proposal.receipt.clone()));
    }
    if suggestion.level >= Level::Prepare
        && let Some(draft) = case.prefill(proposal.entry, suggestion)
    {
        let mut about = milestone.named();
        about.insert(suggestion.recipient);
        ledger.drafts.push(Prepared { draft, about });
    }
}

/// The suggestion that is proposed, as it stands: again open where it was withdrawn, and otherwise
/// as the person left it.
async fn reopen(
    conn: &mut Conn,
    proposed: &Suggestion,
    held: Option<&Suggestion>,
    now: Timestamp,
) -> Result<Suggestion, EngineError> {
    let state = held.map_or(proposed.state, |held| held.state);
    if state != SuggestionState::Withdrawn {
        return Ok(Suggestion { state, ..proposed.clone() });
    }
    let (from, to) = (SuggestionState::Withdrawn, SuggestionState::Open);
    suggestions::move_state(conn, proposed.id, from, to, now).await?;
    Ok(Suggestion { state: to, ..proposed.clone() })
}

/// Takes back what is proposed no more. What the person filed is done when its ground is gone
/// because it was dealt with, and withdrawn with the milestone; what they refused stays refused.
async fn take_back(
    conn: &mut Conn,
    gone: &Suggestion,
    milestone: MilestoneState,
    now: Timestamp,
) -> Result<(), EngineError> {
    let to = match (gone.state, milestone) {
        (SuggestionState::Open, _) | (SuggestionState::Filed, MilestoneState::Withdrawn) => {
            SuggestionState::Withdrawn
        }
        (SuggestionState::Filed, _) => SuggestionState::Done,
        _ => return Ok(()),
    };
    suggestions::move_state(conn, gone.id, gone.state, to, now).await?;
    Ok(())
}

/// What a message to `recipient` is about: the first thing to do among what is certain and
/// still open, as the pack orders them.
pub(crate) fn first_thing_to_do<'p, 'a>(
    proposals: &'p [Proposal<'a>],
    held: &[Suggestion],
    recipient: SubjectId,
) -> Option<&'p Proposal<'a>> {
    let open = |id| held.iter().any(|held| held.id == id && held.state == SuggestionState::Open);
    let theirs = proposals.iter().filter(|it| {
        it.suggestion.recipient == recipient
            && it.suggestion.verdict == Verdict::Met
            && open(it.suggestion.id)
    });
    theirs.min_by_key(|it| !it.suggestion.main)
}
