//! What a page says of a suggestion beside what is stored with it: who is responsible, and why
//! no day is known. Both come from the decision itself, taken again at its own dates.

use std::collections::BTreeMap;

use domain::{AsOf, Milestone, Suggestion, SuggestionId, Text};
use rules::LifeEvent;
use storage::{Conn, receipts};

use crate::known::load_case;
use crate::memory::Memory;
use crate::{App, EngineError};

/// What a decision said and the suggestion does not hold.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    /// Who is responsible.
    pub(super) authority: Text,
    /// Why there is no deadline.
    pub(super) deadline_unknown: Option<Text>,
}

type Offers = BTreeMap<SuggestionId, Offer>;

impl App {
    /// The offers behind `suggestions` of `milestone`. One whose decision does not come out
    /// again, because the pack is another one now, is left out.
    pub(super) async fn offers(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        suggestions: &[Suggestion],
    ) -> Result<Offers, EngineError> {
        let mut offers = Offers::new();
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(offers);
        };
        // The suggestions of a milestone are mostly of one moment: each moment is loaded once.
        let mut taken: Vec<(AsOf, Offers)> = Vec::new();
        for suggestion in suggestions {
            let as_of = self.dates_of(conn, suggestion, milestone).await?;
            if taken.iter().all(|(at, _)| *at != as_of) {
                taken.push((as_of, self.offers_at(conn, life_event, milestone, as_of).await?));
            }
            let at = taken.iter().find(|(at, _)| *at == as_of);
            if let Some(offer) = at.and_then(|(_, found)| found.get(&suggestion.id)) {
                offers.insert(suggestion.id, offer.clone());
            }
        }
        Ok(offers)
    }

    /// The dates of the decision that stands in `suggestion`.
    async fn dates_of(
        &self,
        conn: &mut Conn,
        suggestion: &Suggestion,
        milestone: &Milestone,
    ) -> Result<AsOf, EngineError> {
        let decided = receipts::about(conn, &suggestion.id.to_string()).await?;
        Ok(decided.last().map_or(milestone.as_of, |receipt| receipt.as_of))
    }

    async fn offers_at(
        &self,
        conn: &mut Conn,
        life_event: &LifeEvent,
        milestone: &Milestone,
        as_of: AsOf,
    ) -> Result<Offers, EngineError> {
        let subject = milestone.subject;
        let loaded =
            load_case(conn, &mut Memory::default(), &self.pack, (life_event, subject), as_of)
                .await?;
        let case = loaded.case(&self.pack, life_event);
        let Some(version) = case.version() else { return Ok(Offers::new()) };
        let proposals = case.suggest(version, milestone);
        let offer = |proposal: rules::Proposal<'_>| {
            let offer = Offer {
                authority: proposal.authority,
                deadline_unknown: proposal.deadline_unknown,
            };
            (proposal.suggestion.id, offer)
        };
        Ok(proposals.into_iter().map(offer).collect())
    }
}
