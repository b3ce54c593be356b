//! Goes the way of one example and marks the branches that it reaches.

use domain::{Value, Verdict};

use super::branches::{
    Outcome, SENSITIVE, Sheet, already, deadline_of, death_of, of_entry, of_overlay, of_transition,
    of_version, part_of,
};
use crate::cel::Condition;
use crate::examples::proposals;
use crate::hold::Hold;
use crate::known::{Case, Reader};
use crate::pack::life_event::{Entry, Version};
use crate::suggest::Proposal;

pub(super) fn walk(sheet: &mut Sheet, case: &Case<'_>) {
    let decision = case.decide(&|_| true);
    match &decision.hold {
        None => {}
        Some(Hold::Deceased { role }) => sheet.reach(&death_of(role), Outcome::Holds),
        Some(Hold::Officer { .. } | Hold::Wait { .. }) => sheet.reach(SENSITIVE, Outcome::Holds),
    }
    if let Some(sensitive) = &case.life_event.guards.sensitive {
        parts(sheet, case, SENSITIVE, &sensitive.condition);
    }
    transitions(sheet, case);
    let Some(version) = decision.version else { return };
    let outcome = match decision.verdict {
        Verdict::Met => Outcome::Met,
        Verdict::Unmet => Outcome::Unmet,
        Verdict::Unknown { .. } => Outcome::Unknown,
    };
    sheet.reach(&of_version(version), outcome);
    if is_asked(case) {
        parts(sheet, case, &of_version(version), &version.condition);
    }
    if outcome == Outcome::Unmet {
        return;
    }
    let proposals = proposals(case, &decision);
    for entry in case.entries(version) {
        let (name, here) = (name(case, version, entry), |own: &Entry| std::ptr::eq(own, entry));
        parts(sheet, case, &name, &entry.condition);
        let proposal = proposals.iter().find(|one| here(one.entry));
        service(sheet, case, &name, entry, proposal);
    }
}

/// Whether the condition of a version is asked at all: before and after the days that time brings
/// it is not.
fn is_asked(case: &Case<'_>) -> bool {
    let by_time_alone = case.life_event.begins.events.is_empty() && !case.strikes().is_empty();
    !by_time_alone || case.strike_now().is_some()
}

/// How each part of a condition comes out.
fn parts(sheet: &mut Sheet, case: &Case<'_>, name: &str, condition: &Condition) {
    let outcomes = Reader::new(*case).outcomes(condition);
    for (part, outcome) in condition.parts().iter().zip(outcomes) {
        let Some(yes) = outcome else { continue };
        sheet.reach(&part_of(name, part), if yes { Outcome::Yes } else { Outcome::No });
    }
}

/// The transition that hands this case to the law of an earlier day.
fn transitions(sheet: &mut Sheet, case: &Case<'_>) {
    let Some(version) = case.life_event.version_on(case.as_of.law) else { return };
    let reader = Reader::new(*case);
    for (place, transition) in version.transition.iter().enumerate() {
        let name = of_transition(version, place);
        parts(sheet, case, &name, &transition.condition);
        match reader.answer(&transition.condition).verdict {
            Verdict::Met => return sheet.reach(&name, Outcome::Taken),
            Verdict::Unmet => {}
            Verdict::Unknown { .. } => return,
        }
    }
}

/// What a service came to. One that is proposed as unknown shows neither way.
fn service(
    sheet: &mut Sheet,
    case: &Case<'_>,
    name: &str,
    entry: &Entry,
    proposal: Option<&Proposal<'_>>,
) {
    for path in entry.already.paths() {
        if case.value(path) == Some(&Value::Bool(true)) {
            sheet.reach(&already(name, path), Outcome::HasItAlready);
        }
    }
    let Some(proposal) = proposal else { return sheet.reach(name, Outcome::NotProposed) };
    if proposal.suggestion.verdict == Verdict::Met {
        sheet.reach(name, Outcome::Proposed);
    }
    let day = proposal.suggestion.deadline.is_some();
    sheet.reach(&deadline_of(name), if day { Outcome::Day } else { Outcome::NoDay });
}

/// What an entry is called: that of its version, or that of the place that changes it.
fn name(case: &Case<'_>, version: &Version, entry: &Entry) -> String {
    let overlays = &case.life_event.overlays;
    let here = |own: &Entry| std::ptr::eq(own, entry);
    let overlay = overlays.iter().find(|overlay| overlay.services.iter().any(here));
    overlay.map_or_else(|| of_entry(version, entry), |overlay| of_overlay(overlay, entry))
}
