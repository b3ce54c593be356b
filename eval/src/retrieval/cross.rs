//! Whether the weights of the ranking were chosen to fit the questions: they are chosen by four
//! fifths of the answers, from the shipped ones and their neighbours, and asked for the rest.
//!
//! No procedure is an answer in two parts, or what was learnt of it in one would be known in the
//! other.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::{Procedures, Ways, Weights};
use serde::Serialize;

use super::measure::{Figures, Outcome};
use super::{Asked, RetrievalError, WithAnswer, hits, parts, with_answer};

/// In how many parts the answers are.
const PARTS: usize = 5;
/// What a weight is multiplied by, one weight at a time.
const STEPS: [f32; 2] = [0.5, 2.0];

/// A weight by its name.
type Named = (&'static str, fn(&mut Weights) -> &mut f32);

const WEIGHTS: [Named; 9] = [
    ("title_words", |it| &mut it.title_words),
    ("all_words", |it| &mut it.all_words),
    ("title_meaning", |it| &mut it.title_meaning),
    ("card_meaning", |it| &mut it.card_meaning),
    ("covered", |it| &mut it.covered),
    ("citizens", |it| &mut it.citizens),
    ("commune", |it| &mut it.commune),
    ("local", |it| &mut it.local),
    ("feedback", |it| &mut it.feedback),
];

/// What came of choosing weights and asking for the rest.
#[derive(Debug, Clone, Serialize)]
pub struct Cross {
    /// Among how many sets of weights was chosen.
    pub sets: usize,
    /// What was chosen, once for each part.
    pub turns: Vec<Turn>,
    /// Figures over all questions, each asked with weights that its answers had no part in; by
    /// where the questions are from.
    pub sources: BTreeMap<String, Figures>,
}

/// Weights chosen without a part, and asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// How many questions the part has.
    pub questions: usize,
    /// How the chosen weights differ from the shipped ones.
    pub chosen: String,
}

/// Chooses and asks. `progress` is told how many questions were asked, of how many.
pub fn cross_validate(
    search: &Procedures,
    asked: &[Asked],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Cross, RetrievalError> {
    let questions = with_answer(search, asked)?;
    let sets = sets();
    let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
    for (done, (question, relevant)) in questions.iter().enumerate() {
        progress(done, questions.len());
        let failed = |source| RetrievalError::Ask { id: question.id.clone(), source };
        let understood = search.understand(&question.query).map_err(failed)?;
        let each = sets.iter().map(|(_, weights)| {
            let hits = hits(search, &understood, (Ways::Hybrid, weights), None, relevant);
            hits.map(|hits| Outcome::of(&hits, relevant.len())).map_err(failed)
        });
        outcomes.push(each.collect::<Result<_, _>>()?);
    }
    progress(questions.len(), questions.len());
    let part_of = split(&questions);
    let mut held_out: Vec<Outcome> = vec![Outcome::default(); questions.len()];
    let mut turns = Vec::new();
    for part in 0..PARTS {
        let others = |at: usize| part_of.get(at) != Some(&part);
        let best = best(&questions, &outcomes, sets.len(), others);
        let chosen = sets.get(best).map(|(name, _)| name.clone()).unwrap_or_default();
        let mut count = 0;
        for ((slot, outcomes), _) in
            held_out.iter_mut().zip(&outcomes).zip(&part_of).filter(|(_, of)| **of == part)
        {
            *slot = outcomes.get(best).copied().unwrap_or_default();
            count += 1;
        }
        turns.push(Turn { questions: count, chosen });
    }
    let sources = parts(&questions).into_iter().map(|part| {
        let ours = questions.iter().zip(&held_out).filter(|((it, _), _)| part.holds(it));
        let ours: Vec<Outcome> = ours.map(|(_, outcome)| *outcome).collect();
        (part.name(), Figures::of(&ours))
    });
    Ok(Cross { sets: sets.len(), turns, sources: sources.collect() })
}

/// The shipped weights and those that differ in one.
fn sets() -> Vec<(String, Weights)> {
    let mut out = vec![("as shipped".to_owned(), Weights::default())];
    for (name, weight) in WEIGHTS {
        for by in STEPS {
            let mut weights = Weights::default();
            *weight(&mut weights) *= by;
            out.push((format!("{name} times {by}"), weights));
        }
    }
    out
}

/// The set that does best on the questions that `count`, each source counting as much.
fn best(
    questions: &[WithAnswer<'_>],
    outcomes: &[Vec<Outcome>],
    sets: usize,
    count: impl Fn(usize) -> bool,
) -> usize {
    let worth = |set: usize| -> f64 {
        let mut sources: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (at, ((question, _), outcomes)) in questions.iter().zip(outcomes).enumerate() {
            if count(at) {
                let (sum, many) = sources.entry(&question.source).or_default();
                *sum += outcomes.get(set).map_or(0.0, |outcome| outcome.ndcg());
                *many += 1.0;
            }
        }
        sources.values().map(|(sum, many)| sum / many).sum()
    };
    let worths = (0..sets).map(|set| (set, worth(set)));
    worths.reduce(|best, it| if it.1 > best.1 { it } else { best }).map_or(0, |(set, _)| set)
}

/// The part that each question is in: questions that share an answer are in one, and parts are
/// about as large.
fn split(questions: &[WithAnswer<'_>]) -> Vec<usize> {
    let mut groups: Vec<(BTreeSet<&String>, Vec<usize>)> = Vec::new();
    for (at, (_, titles)) in questions.iter().enumerate() {
        let mut group: (BTreeSet<&String>, Vec<usize>) = (titles.iter().collect(), vec![at]);
        let (shared, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(others, _)| !others.is_disjoint(&group.0));
        for (others, places) in shared {
            group.0.extend(others);
            group.1.extend(places);
        }
        groups = apart;
        groups.push(group);
    }
    groups.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    let mut sizes = [0; PARTS];
    let mut out = vec![0; questions.len()];
    for (_, places) in groups {
        let smallest = sizes.iter_mut().enumerate().min_by_key(|(_, size)| **size);
        let Some((part, size)) = smallest else { continue };
        *size += places.len();
        for place in places {
            if let Some(slot) = out.get_mut(place) {
                *slot = part;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(source: &str) -> Asked {
        Asked {
            id: String::new(),
            source: source.to_owned(),
            query: String::new(),
            no_diacritics: None,
            relevant: Vec::new(),
            templated: false,
            must: false,
        }
    }

    fn titles(titles: &[&str]) -> BTreeSet<String> {
        titles.iter().map(|title| (*title).to_owned()).collect()
    }

    #[test]
    fn no_answer_is_in_two_parts_and_parts_are_alike() {
        let one = asked("a");
        let mut questions: Vec<WithAnswer<'_>> =
            (0..40).map(|n| (&one, titles(&[&n.to_string()]))).collect();
        questions.push((&one, titles(&["1", "2"])));
        questions.push((&one, titles(&["2", "3"])));
        let parts = split(&questions);
        assert_eq!([parts[1], parts[2], parts[3], parts[41]], [parts[40]; 4]);
        for part in 0..PARTS {
            let size = parts.iter().filter(|it| **it == part).count();
            assert!((8..=9).contains(&size), "{size}");
        }
    }

    #[test]
    fn the_best_is_chosen_by_those_that_count_and_by_source() {
        let (a, b) = (asked("a"), asked("b"));
        let questions: Vec<WithAnswer<'_>> =
            [&a, &a, &a, &b].map(|it| (it, titles(&["1"]))).to_vec();
        let (right, wrong) = (Outcome::of(&[true], 1), Outcome::of(&[false], 1));
        let outcomes = [[right, wrong], [right, wrong], [wrong, right], [wrong, right]];
        let outcomes = outcomes.map(|each| each.to_vec()).to_vec();
        // Of the three of `a` the first set has two; but `b` has one question, and it counts as much.
        assert_eq!(best(&questions, &outcomes, 2, |_| true), 1);
        assert_eq!(best(&questions, &outcomes, 2, |at| at < 3), 0);
        assert_eq!(sets().len(), 1 + WEIGHTS.len() * STEPS.len());
    }
}
