//! What a page says of a suggestion beside what is stored with it: who is responsible, and why
//! no day is known. Both come from the decision itself, taken again at its own dates.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AsOf, Milestone, SubjectId, Suggestion, SuggestionId, Text};
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
    /// The offers behind the suggestions of some milestones. One whose decision does not come out
    /// again, because the pack is another one now, is left out.
    pub(super) async fn offers(
        &self,
        conn: &mut Conn,
        groups: &[(&Milestone, &[Suggestion])],
    ) -> Result<Offers, EngineError> {
        let mut memory = Memory::default();
        let players = groups.iter().flat_map(|(milestone, _)| milestone.named());
        memory.learn_facts(conn, &players.collect::<BTreeSet<SubjectId>>()).await?;
        let mut about = Vec::new();
        for (_, suggestions) in groups {
            about.extend(suggestions.iter().map(|it| it.id.to_string()));
        }
        let decided = receipts::last_decided(conn, &about).await?;
        let mut offers = Offers::new();
        for (milestone, suggestions) in groups {
            let Some(life_event) = self.pack.life_event(&milestone.life_event) else { continue };
            // The suggestions of a milestone are mostly of one moment: each moment is taken once.
            let mut taken: Vec<(AsOf, Offers)> = Vec::new();
            for suggestion in *suggestions {
                let at = decided.get(&suggestion.id.to_string());
                let as_of = at.map_or(milestone.as_of, |at| self.as_of(*at));
                if taken.iter().all(|(at, _)| *at != as_of) {
                    let of = (life_event, *milestone);
                    taken.push((as_of, self.offers_at(conn, &mut memory, of, as_of).await?));
                }
                let at = taken.iter().find(|(at, _)| *at == as_of);
                if let Some(offer) = at.and_then(|(_, found)| found.get(&suggestion.id)) {
                    offers.insert(suggestion.id, offer.clone());
                }
            }
        }
        Ok(offers)
    }

    async fn offers_at(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        (life_event, milestone): (&LifeEvent, &Milestone),
        as_of: AsOf,
    ) -> Result<Offers, EngineError> {
        let of = (life_event, milestone.subject);
        let loaded = load_case(conn, memory, &self.pack, of, as_of).await?;
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
