//! Which passages a message may cite.
//!
//! A passage may be cited if it is in force on the day of writing, holds where the person
//! lives and serves this life event or service. Those of the service come before those of the
//! life event, then those that name the plan's act and article before the others, and only the
//! best class is offered. The model may choose among what is left; it cannot bring a citation of
//! its own.

use knowledge::Passage;

use crate::manners::Manners;
use crate::plan::{Law, Plan};

/// The section in which a document says what was not verified: no ground for anything.
const UNKNOWN: &str = "unknown";
/// More would make the choice no better and the grammar longer.
const MOST: usize = 4;

/// The passages that a message of `plan` may cite, in the order given: the best class of those
/// that may be cited at all. Where none of them names the act, nothing tells them apart but the
/// order in which they were found, and the first alone is offered.
#[must_use]
pub fn citable<'p>(plan: &Plan, passages: &'p [Passage]) -> Vec<&'p Passage> {
    let Some(law) = &plan.law else { return Vec::new() };
    let rank = |passage: &Passage| {
        // A passage of another service of the same life event is the lesser ground, whatever
        // act it names: a father must not be sent to the rules for mothers.
        let own = passage.codes.contains(&plan.service);
        match nearness(law, passage) {
            0 => (own, 0, usefulness(passage)),
            near => (own, near, 0),
        }
    };
    let ranked: Vec<_> = passages
        .iter()
        .filter(|passage| refusal(plan, passage).is_none())
        .map(|passage| (rank(passage), passage))
        .collect();
    let best = ranked.iter().map(|(rank, _)| *rank).max().unwrap_or_default();
    let most = if best.1 == 0 { 1 } else { MOST };
    let best = ranked.into_iter().filter(|(rank, _)| *rank == best);
    best.map(|(_, passage)| passage).take(most).collect()
}

/// How much a section tells a person who asks what applies to them, where no section names the
/// act: sections go by the same ids in every document of the corpus.
fn usefulness(passage: &Passage) -> u8 {
    match passage.section.as_str() {
        "deadline" => 3,
        "who" => 2,
        "what" | "content" => 1,
        _ => 0,
    }
}

/// Why a passage may not be cited at all, if so.
pub(crate) fn refusal(plan: &Plan, passage: &Passage) -> Option<CitationFault> {
    let serves = |code: &String| *code == plan.life_event || *code == plan.service;
    if !passage.in_force.contains(plan.written_on) {
        Some(CitationFault::NotInForce)
    } else if !passage.place.covers(&plan.place) {
        Some(CitationFault::NotHere)
    } else if passage.section == UNKNOWN
        || !passage.codes.iter().any(serves)
        || passage.id.contains(['{', '}', ' ', '\n'])
    {
        Some(CitationFault::NotAbout)
    } else {
        None
    }
}

/// How a reader finds the passage: its document and section.
#[must_use]
pub fn cited_as(passage: &Passage, manners: &Manners) -> String {
    format!("“{}”, {} “{}”", passage.title, manners.section, passage.heading)
}

/// Why a citation does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CitationFault {
    /// It was not among the passages that were found.
    #[error("was not given")]
    NotGiven,
    /// It did not hold on the day of writing.
    #[error("is not in force on the day of writing")]
    NotInForce,
    /// It holds in another place.
    #[error("does not hold in this place")]
    NotHere,
    /// It is about something else.
    #[error("is not about this")]
    NotAbout,
}

fn nearness(law: &Law, passage: &Passage) -> u8 {
    let text = format!("{} {} {}", passage.title, passage.heading, passage.text);
    let number = law
        .act
        .split_whitespace()
        .find(|word| word.contains('/') && word.contains(|c: char| c.is_ascii_digit()));
    let names_act = number.is_some_and(|number| text.contains(number.trim_end_matches(',')));
    let names_article = !law.article.is_empty() && text.contains(&law.article);
    match (names_act, names_article) {
        (true, true) => 2,
        (true, false) => 1,
        (false, _) => 0,
    }
}
