//! Suggested services as people and portals read them.

use std::collections::BTreeMap;

use domain::{
    Deadline, Draft, Milestone, MilestoneId, SubjectId, Suggestion, SuggestionId, SuggestionState,
    Verdict,
};
use jiff::civil::Date;
use rules::Service;
use storage::{Conn, drafts, milestones, refusals, suggestions};

use super::offers::Offer;
use super::plain;
use crate::view::{DeadlineView, ResultView, SuggestionView};
use crate::{App, EngineError, Purpose, Reader};

impl App {
    /// What one person may get or must do: open first, nearest deadline first.
    ///
    /// What the person refuses to be told of is left out of a proactive offer: a portal that asks
    /// must not become a way around the refusal. Whoever looks for another purpose, the person
    /// first of all, finds it. The reading is logged, also of somebody whom nobody knows.
    #[tracing::instrument(name = "engine.list_suggestions", skip_all, fields(subject.id = %subject))]
    pub async fn suggestions(
        &self,
        subject: SubjectId,
        reader: &Reader,
    ) -> Result<Vec<SuggestionView>, EngineError> {
        self.log_access(subject, "suggestions", reader).await?;
        let mut conn = self.store.read().await?;
        let refused = if reader.purpose == Purpose::ProactiveService.name() {
            refusals::in_force(&mut conn, subject).await?
        } else {
            Vec::new()
        };
        let mut by_milestone: BTreeMap<MilestoneId, Vec<Suggestion>> = BTreeMap::new();
        for suggestion in suggestions::suggestions_for(&mut conn, subject, &[]).await? {
            by_milestone.entry(suggestion.milestone).or_default().push(suggestion);
        }
        let ids: Vec<MilestoneId> = by_milestone.keys().copied().collect();
        let mut of = milestones::get_all(&mut conn, &ids).await?;
        of.retain(|milestone| {
            let event = self.pack.life_event(&milestone.life_event);
            let groups = event.map_or(&[][..], |event| &event.groups);
            !refused.iter().any(|no| no.scope.covers(&milestone.life_event, groups))
        });
        let groups: Vec<(&Milestone, &[Suggestion])> =
            of.iter().filter_map(|it| Some((it, by_milestone.get(&it.id)?.as_slice()))).collect();
        let mut views = self.suggestion_views(&mut conn, &groups).await?;
        views.sort_by_key(order);
        Ok(views)
    }

    /// Suggestions of some milestones as they are read, in the order given.
    pub(super) async fn suggestion_views(
        &self,
        conn: &mut Conn,
        groups: &[(&Milestone, &[Suggestion])],
    ) -> Result<Vec<SuggestionView>, EngineError> {
        let mut offers = self.offers(conn, groups).await?;
        let mut ids: Vec<SuggestionId> = Vec::new();
        for (_, suggestions) in groups {
            ids.extend(suggestions.iter().map(|it| it.id));
        }
        let drafts = drafts::of_suggestions(conn, &ids).await?;
        let mut views = Vec::with_capacity(ids.len());
        for (milestone, suggestions) in groups {
            for suggestion in *suggestions {
                let (id, offer) = (suggestion.id, offers.remove(&suggestion.id));
                views.push(self.suggestion_view(milestone, suggestion, drafts.get(&id), offer));
            }
        }
        Ok(views)
    }

    fn suggestion_view(
        &self,
        milestone: &Milestone,
        suggestion: &Suggestion,
        draft: Option<&Draft>,
        offer: Option<Offer>,
    ) -> SuggestionView {
        let service = self.pack.service(&suggestion.service);
        // A pack that dropped the service leaves its key, which is still what was suggested.
        let named = || plain(&suggestion.service);
        let general = || service.map(|service| service.authority.clone()).unwrap_or_default();
        let (authority, deadline_unknown) = match offer {
            Some(offer) => (offer.authority, offer.deadline_unknown),
            None => (general(), None),
        };
        SuggestionView {
            id: suggestion.id,
            milestone: milestone.id,
            life_event: milestone.life_event.clone(),
            service: suggestion.service.clone(),
            code: service.and_then(|service| service.code.clone()),
            name: service.map_or_else(named, |service| service.name.clone()),
            main: suggestion.main,
            level: u8::from(suggestion.level),
            authority,
            deadline: suggestion.deadline.as_ref().map(|due| self.deadline_view(due)),
            deadline_unknown: deadline_unknown.filter(|_| suggestion.deadline.is_none()),
            results: match (suggestion.state, service) {
                (SuggestionState::Open, Some(service)) => self.results_if_filed_now(service),
                _ => Vec::new(),
            },
            verdict: match suggestion.verdict {
                Verdict::Met => "eligible",
                // A service that is unmet is never suggested.
                Verdict::Unmet | Verdict::Unknown { .. } => "needs_info",
            },
            missing: self.missing(&milestone.life_event, &suggestion.verdict),
            draft: draft.map(|draft| draft.id),
            coverage: draft.map(Draft::coverage),
            state: suggestion.state,
        }
    }

    /// When the authority of a service answers if it is filed at this moment.
    fn results_if_filed_now(&self, service: &Service) -> Vec<ResultView> {
        let now = self.now().to_zoned(self.pack.time_zone().clone()).datetime();
        let due = self.pack.results_due(service, now);
        due.map(|(value, due)| ResultView {
            takes: value.text.clone().unwrap_or_default(),
            on: due.on,
            at: due.at,
            may_move: !due.incomplete_years.is_empty(),
        })
        .collect()
    }

    /// Where in `all`, one person's suggestions of one milestone, that stands which their message
    /// is about.
    pub(super) fn place_of_main(&self, life_event: &str, all: &[Suggestion]) -> Option<usize> {
        let today = self.today();
        let event = self.pack.life_event(life_event);
        let version = event.and_then(|event| event.version_on(today));
        let national = version.map_or(&[][..], |version| &version.services).iter();
        let places = event.map_or(&[][..], |event| &event.overlays).iter();
        let services: Vec<&str> = national
            .chain(places.flat_map(|it| &it.services))
            .map(|entry| entry.service.as_str())
            .collect();
        place_of_main(all, |one| services.contains(&one.service.as_str()))
    }

    /// A deadline with the days that are left from today.
    pub(super) fn deadline_view(&self, deadline: &Deadline) -> DeadlineView {
        DeadlineView {
            on: deadline.on,
            safe: deadline.safe,
            may_move: deadline.may_move,
            duty: deadline.duty.clone(),
            law: deadline.legal_basis.cite(),
            days_left: days_between(self.today(), deadline.on),
        }
    }
}

/// Days from one day to another; what lies beyond the calendar is today.
fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map(|span| span.get_days()).unwrap_or_default()
}

/// Open first, nearest deadline first; the id makes the order the same each time.
pub(super) fn order(view: &SuggestionView) -> (u8, bool, Option<Date>, bool, domain::SuggestionId) {
    let due = view.deadline.as_ref().map(|deadline| deadline.on);
    (standing(view.state), due.is_none(), due, !view.main, view.id)
}

/// How much there is still to do about a suggestion, most first.
pub(super) fn standing(state: SuggestionState) -> u8 {
    match state {
        SuggestionState::Open => 0,
        SuggestionState::Filed => 1,
        SuggestionState::Done => 2,
        SuggestionState::Refused => 3,
        SuggestionState::Withdrawn => 4,
    }
}

/// The suggestion that a message is about: the pack's main one, and of several the one that is
/// most alive. A change of law may have replaced a main service by another; where neither is
/// left to do, the one that the law of today knows is the one to show.
fn place_of_main(all: &[Suggestion], is_current: impl Fn(&Suggestion) -> bool) -> Option<usize> {
    let rank = |one: &Suggestion| {
        let due = one.deadline.as_ref().map(|deadline| deadline.on);
        (!one.main, standing(one.state), !is_current(one), due.is_none(), due, one.id)
    };
    let found = all.iter().enumerate().min_by_key(|(_, one)| rank(one));
    found.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Level, SubjectId, SuggestionId};
    use jiff::civil::date;

    fn suggestion(service: &str, main: bool, state: SuggestionState) -> Suggestion {
        let milestone = MilestoneId::of(&["birth"]);
        Suggestion {
            id: SuggestionId::of(&[service]),
            milestone,
            service: service.to_owned(),
            recipient: SubjectId::of(&["mother"]),
            role: "mother".to_owned(),
            main,
            level: Level::Remind,
            verdict: Verdict::Met,
            deadline: None,
            state,
        }
    }

    #[test]
    fn a_message_is_about_the_main_service_that_is_most_alive() {
        use SuggestionState::{Open, Refused, Withdrawn};
        let old = suggestion("2.002621", true, Withdrawn);
        let new = suggestion("3.000722", true, Refused);
        let other = suggestion("1.014166", false, Open);
        let place = |all: &[Suggestion]| place_of_main(all, |one| one.service != "2.002621");
        let all = [other.clone(), old.clone(), new.clone()];
        assert_eq!(place(&all), Some(2), "the letter speaks of the main one");
        let gone = Suggestion { state: Withdrawn, ..new };
        assert_eq!(place(&[old.clone(), gone]), Some(1), "of today's law");
        assert_eq!(place(&[other.clone(), old]), Some(1));
        assert_eq!(place(&[other]), Some(0));
        assert_eq!(place(&[]), None);
    }

    #[test]
    fn days_are_counted_over_months_and_backwards() {
        assert_eq!(days_between(date(2026, 11, 23), date(2027, 1, 4)), 42);
        assert_eq!(days_between(date(2026, 11, 23), date(2026, 11, 20)), -3);
    }
}
