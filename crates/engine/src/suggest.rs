//! Suggest: which services a milestone opens, to whom, by when, and the drafts for them.
//!
//! Run again whenever a fact may have changed: what is proposed now is stored, what is proposed
//! no more is taken back, and what the person did about a suggestion stays as they left it.

use domain::{
    Level, Milestone, MilestoneId, MilestoneState, SubjectId, Suggestion, SuggestionState, Verdict,
};
use jiff::Timestamp;
use rules::{Case, Proposal};
use storage::jobs::{self, Job};
use storage::{Conn, drafts, milestones, receipts, suggestions};

use crate::decide::Occasion;
use crate::known::{Loaded, load_case, log_reading};
use crate::memory::Memory;
use crate::rebuild::Turn;
use crate::{App, EngineError};

impl App {
    /// Works out the suggestions of one milestone anew.
    pub(crate) async fn suggest(
        &self,
        conn: &mut Conn,
        id: MilestoneId,
        job: &Job,
    ) -> Result<(), EngineError> {
        let now = self.moment(conn).await?;
        self.suggest_at(conn, id, Occasion::new(&job.trace, now)).await?;
        let turn = Turn::Suggest { milestone: id };
        self.note_turn(conn, &turn, (now, &job.trace)).await?;
        Ok(jobs::complete(conn, job, now).await?)
    }

    /// The same, on a given occasion. Nothing is done where whom it was about was erased.
    pub(crate) async fn suggest_at(
        &self,
        conn: &mut Conn,
        id: MilestoneId,
        occasion: Occasion<'_>,
    ) -> Result<(), EngineError> {
        let now = occasion.now;
        let Some(milestone) = milestones::get(conn, id).await? else { return Ok(()) };
        let held = suggestions::of_milestone(conn, id).await?;
        let loaded = self.load_milestone(conn, &milestone, now).await?;
        let proposals = match &loaded {
            Some(loaded) => self.proposals(loaded, &milestone),
            None => Vec::new(),
        };
        let proposed = |id| proposals.iter().any(|it| it.suggestion.id == id);
        for gone in held.iter().filter(|held| !proposed(held.id)) {
            take_back(conn, gone, milestone.state, now).await?;
        }
        if let (Some(loaded), Some(life_event)) =
            (&loaded, self.pack.life_event(&milestone.life_event))
        {
            if !occasion.again {
                log_reading(conn, loaded, &self.own_reader()).await?;
            }
            let case = loaded.case(&self.pack, life_event);
            for proposal in &proposals {
                let held = held.iter().find(|held| held.id == proposal.suggestion.id);
                self.propose(conn, &case, proposal, held).await?;
            }
        }
        if occasion.again {
            return Ok(());
        }
        let occasion = (now, occasion.trace);
        match milestone.state {
            MilestoneState::Reached => {
                let held = suggestions::of_milestone(conn, id).await?;
                self.call_for_letters(conn, &milestone, &proposals, &held, occasion).await?;
            }
            MilestoneState::Withdrawn => {
                self.call_for_corrections(conn, &milestone, &held, occasion).await?;
            }
            MilestoneState::Pending | MilestoneState::NotMet | MilestoneState::Closed => {}
        }
        Ok(())
    }

    /// The case of `milestone` as known at `now`; `None` where nothing follows from it any more,
    /// or its pack does not know it.
    pub(crate) async fn load_milestone(
        &self,
        conn: &mut Conn,
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
                Some(load_case(conn, &mut Memory::default(), &self.pack, of, as_of).await?)
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

    /// Stores one proposal, and the draft of its application where the engine prepares one.
    async fn propose(
        &self,
        conn: &mut Conn,
        case: &Case<'_>,
        proposal: &Proposal<'_>,
        held: Option<&Suggestion>,
    ) -> Result<(), EngineError> {
        let suggestion = &proposal.suggestion;
        let now = case.as_of.known;
        if suggestions::put(conn, suggestion, now).await?.is_news() {
            receipts::put(conn, &proposal.receipt, suggestion.recipient, now).await?;
            tracing::info!(suggestion.id = %suggestion.id, service = %suggestion.service, "service suggested");
        }
        if held.is_some_and(|held| held.state == SuggestionState::Withdrawn) {
            let (from, to) = (SuggestionState::Withdrawn, SuggestionState::Open);
            suggestions::move_state(conn, suggestion.id, from, to, now).await?;
        }
        if suggestion.level >= Level::Prepare
            && let Some(draft) = case.prefill(proposal.entry, suggestion)
        {
            drafts::put(conn, &draft, now).await?;
        }
        Ok(())
    }
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
