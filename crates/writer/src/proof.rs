//! Whether a text says what the plan says, and nothing else.
//!
//! The proof knows nothing of how a text was made. It accepts a text if, sentence by
//! sentence, every sentence is one that people approved for a point of this plan, every point
//! of the plan is said once, whole and in order, and every citation is of a passage that was
//! given, is in force and is about this. Slots are part of a sentence, so a value cannot be
//! dropped, doubled or put in another's place.
//!
//! # Why so strict?
//!
//! One may instead accept any sentence whose words all stand in a passage or in the plan. But
//! such a measure cannot tell "the buyer pays the seller" from its reverse, nor a duty from
//! its negation, and a passage that holds an instruction would carry it. Being wrong here
//! means that a person acts on it. So free wording is not accepted at all until a way is
//! found that refuses those; a passage is cited, never quoted.
//!
//! # Invariants
//!
//! - What is accepted, accepted again after it was laid out anew, is the same.
//! - No text is accepted for two plans whose points differ.

use std::collections::BTreeSet;

use domain::Evidence;
use knowledge::Passage;

use crate::citation::{CitationFault, citable, refusal};
use crate::hygiene::{Fault, faults};
use crate::phrase::{Part, Phrase, parts, sentences, slot_name, slots};
use crate::plan::{Plan, Point};
use crate::words::Place;

/// A sentence that nothing carries, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{sentence}`: {reason}")]
pub struct Unproved {
    /// The sentence with its slots; empty where one is missing.
    pub sentence: String,
    /// Why it does not stand.
    pub reason: Reason,
}

/// Why a sentence does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It holds something that no text may hold.
    #[error(transparent)]
    Text(#[from] Fault),
    /// Its values are not those of the point that it stands for.
    #[error("the point `{point}` needs the slot `{slot}` here")]
    MissingSlot {
        /// The point.
        point: String,
        /// The slot.
        slot: String,
    },
    /// A slot that this plan does not fill.
    #[error("the plan has no slot `{0}`")]
    ForeignSlot(String),
    /// A citation that does not stand.
    #[error("the passage `{id}` {fault}")]
    Citation {
        /// The passage.
        id: String,
        /// Why.
        fault: CitationFault,
    },
    /// It belongs to another place of the message, or was said already.
    #[error("stands where `{0}` should")]
    Order(String),
    /// Nobody approved it for a point of this plan.
    #[error("nobody approved it for a point of this plan")]
    NotApproved,
    /// A point of the plan is not said.
    #[error("the point `{0}` is not said")]
    MissingPoint(String),
}

/// Proves `text` against `plan` and the passages that were found for it.
pub fn prove(
    plan: &Plan,
    passages: &[Passage],
    text: &str,
) -> Result<Vec<Evidence>, Vec<Unproved>> {
    let allowed = citable(plan, passages);
    let allowed = allowed.iter().map(|passage| passage.id.clone()).collect();
    let why = |id: &str| {
        let given = passages.iter().find(|passage| passage.id == id);
        given.map_or(CitationFault::NotGiven, |passage| {
            refusal(plan, passage).unwrap_or(CitationFault::NotAbout)
        })
    };
    Proof::new(plan, allowed).run(text, &why)
}

/// Proves a text again whose citations were proved when it was made.
pub(crate) fn prove_again(
    plan: &Plan,
    text: &str,
    cited: BTreeSet<String>,
) -> Result<Vec<Evidence>, Vec<Unproved>> {
    Proof::new(plan, cited).run(text, &|_| CitationFault::NotGiven)
}

/// The points that a text must say, given what may be cited: without a passage to cite, no
/// sentence that cites one.
pub(crate) fn expected(plan: &Plan, may_cite: bool) -> Vec<&Point> {
    let cites =
        |point: &&Point| point.alternatives.iter().any(|phrase| phrase.slots().contains("cite"));
    plan.points.iter().filter(|point| may_cite || !cites(point)).collect()
}

/// The proved sentences as the reader sees them: a paragraph for each place.
pub(crate) fn lay_out(plan: &Plan, evidence: &[Evidence]) -> String {
    let place_of = |evidence: &Evidence| -> Option<Place> {
        let id = evidence.facts.first()?;
        plan.points.iter().find(|point| &point.id == id).map(|point| point.place)
    };
    let mut out = String::new();
    let mut last = None;
    for each in evidence {
        let place = place_of(each);
        if !out.is_empty() {
            out.push_str(if place == last { " " } else { "\n\n" });
        }
        out.push_str(&each.sentence);
        last = place;
    }
    out
}

struct Proof<'p> {
    plan: &'p Plan,
    points: Vec<&'p Point>,
    citable: BTreeSet<String>,
}

/// How far the points could be followed: the point that is next and the sentence there.
#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reached {
    sentence: usize,
    point: usize,
    /// How many sentences of that point are said already.
    within: usize,
}

impl<'p> Proof<'p> {
    fn new(plan: &'p Plan, citable: BTreeSet<String>) -> Self {
        Self { plan, points: expected(plan, !citable.is_empty()), citable }
    }

    fn run(
        &self,
        text: &str,
        why: &dyn Fn(&str) -> CitationFault,
    ) -> Result<Vec<Evidence>, Vec<Unproved>> {
        let said = sentences(text);
        let mut unproved = Vec::new();
        for sentence in &said {
            unproved.extend(self.look(sentence, why));
        }
        let bare: Vec<String> = said.iter().map(|sentence| bare(sentence)).collect();
        let mut reached = Reached::default();
        let lengths = self.follow(&bare, Reached::default(), &mut reached);
        match lengths {
            Some(lengths) if unproved.is_empty() => Ok(self.evidence(said, &lengths)),
            Some(_) => Err(unproved),
            None => {
                unproved.push(self.stopped(&said, &bare, reached));
                Err(unproved)
            }
        }
    }

    /// What is wrong with one sentence, wherever it stands.
    fn look(&self, sentence: &str, why: &dyn Fn(&str) -> CitationFault) -> Vec<Unproved> {
        let mut reasons: Vec<Reason> =
            faults(sentence, &self.plan.manners).into_iter().map(Reason::from).collect();
        for part in parts(sentence).unwrap_or_default() {
            let Part::Slot(token) = part else { continue };
            let name = slot_name(token);
            if self.plan.kind(name).is_none() {
                reasons.push(Reason::ForeignSlot(name.to_owned()));
            } else if name == "cite" {
                let id = token.strip_prefix("cite:").unwrap_or_default();
                if !self.citable.contains(id) {
                    reasons.push(Reason::Citation { id: id.to_owned(), fault: why(id) });
                }
            } else if token != name {
                reasons.push(Reason::ForeignSlot(token.to_owned()));
            }
        }
        reasons.dedup();
        let unproved = |reason| Unproved { sentence: sentence.to_owned(), reason };
        reasons.into_iter().map(unproved).collect()
    }

    /// How many sentences each point takes, if the points can be followed to the end.
    fn follow(&self, said: &[String], at: Reached, far: &mut Reached) -> Option<Vec<usize>> {
        *far = (*far).max(at);
        let Some(point) = self.points.get(at.point) else {
            return (at.sentence == said.len()).then(Vec::new);
        };
        let rest = said.get(at.sentence..).unwrap_or_default();
        let mut tried = BTreeSet::new();
        for reading in readings(point) {
            let length = reading.len();
            let within = reading.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let begun = Reached { sentence: at.sentence + within, point: at.point, within };
            *far = (*far).max(begun);
            if within == length && tried.insert(length) {
                let next =
                    Reached { sentence: at.sentence + length, point: at.point + 1, within: 0 };
                if let Some(mut lengths) = self.follow(said, next, far) {
                    lengths.insert(0, length);
                    return Some(lengths);
                }
            }
        }
        None
    }

    fn evidence(&self, said: Vec<String>, lengths: &[usize]) -> Vec<Evidence> {
        let owners = self.points.iter().zip(lengths);
        let owners = owners.flat_map(|(point, length)| std::iter::repeat_n(point, *length));
        let carried = |(sentence, point): (String, &&Point)| {
            let mut facts = vec![point.id.clone()];
            let mut passages = Vec::new();
            for part in parts(&sentence).unwrap_or_default() {
                match part {
                    Part::Slot(token) => match token.strip_prefix("cite:") {
                        Some(id) => passages.push(id.to_owned()),
                        None => facts.push(token.to_owned()),
                    },
                    Part::Text(_) => {}
                }
            }
            Evidence { sentence, facts, passages }
        };
        said.into_iter().zip(owners).map(carried).collect()
    }

    /// Why the points could not be followed further than `reached`.
    fn stopped(&self, said: &[String], bare: &[String], reached: Reached) -> Unproved {
        let sentence = said.get(reached.sentence).cloned();
        let words = bare.get(reached.sentence).map(String::as_str).unwrap_or_default();
        let of_plan =
            |point: &&Point| readings(point).any(|reading| reading.iter().any(|s| s == words));
        let reason = match (self.points.get(reached.point), &sentence) {
            (Some(point), None) => Reason::MissingPoint(point.id.clone()),
            (Some(point), Some(_)) if self.points.iter().any(&of_plan) => {
                Reason::Order(point.id.clone())
            }
            (None, Some(_)) if self.points.iter().any(of_plan) => {
                Reason::Order("the end".to_owned())
            }
            (Some(point), Some(_)) => {
                missing_slot(point, reached.within, words).unwrap_or(Reason::NotApproved)
            }
            (None, _) => Reason::NotApproved,
        };
        Unproved { sentence: sentence.unwrap_or_default(), reason }
    }
}

fn readings(point: &Point) -> impl Iterator<Item = &Vec<String>> {
    point.alternatives.iter().flat_map(Phrase::readings)
}

/// The sentence as its author wrote it: a citation without its passage.
fn bare(sentence: &str) -> String {
    let Ok(parts) = parts(sentence) else { return sentence.to_owned() };
    let word = |part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Slot(token) if token.starts_with("cite:") => "{cite}".to_owned(),
        // A citation of nothing is none.
        Part::Slot("cite") => "{cite:}".to_owned(),
        Part::Slot(token) => format!("{{{token}}}"),
    };
    parts.into_iter().map(word).collect()
}

/// A slot that the approved wording of `point` has at this sentence and `sentence` has not.
fn missing_slot(point: &Point, within: usize, sentence: &str) -> Option<Reason> {
    let here: BTreeSet<&str> = slots(sentence).into_keys().collect();
    let wanted = slots(readings(point).next()?.get(within)?);
    let slot = wanted.keys().find(|slot| !here.contains(**slot))?;
    Some(Reason::MissingSlot { point: point.id.clone(), slot: (*slot).to_owned() })
}
