//! The grammar that a model words a message under, and the candidates that it gives.

use std::fmt::Write as _;

use knowledge::Passage;

use crate::citation::citable;
use crate::model::{Ask, Candidate, Wording, WordingError};
use crate::phrase::{Phrase, Piece};
use crate::plan::Plan;
use crate::prompt::Prompt;
use crate::proof::expected;

/// The Lark grammar of every text that `plan` allows: its points in order, each in one of its
/// alternatives, slots as they stand, citations of the passages that may be cited.
#[must_use]
pub fn grammar(plan: &Plan, passages: &[Passage]) -> String {
    let cited = citable(plan, passages);
    let points = expected(plan, !cited.is_empty());
    let mut start = String::from("start:");
    let mut rules = String::new();
    let mut last = None;
    for (number, point) in points.iter().enumerate() {
        if let Some(last) = last {
            let gap = if last == point.place { " " } else { "\n\n" };
            let _ = write!(start, " {}", literal(gap));
        }
        last = Some(point.place);
        let _ = write!(start, " p{number}");
        let alternatives: Vec<String> = point.alternatives.iter().map(alternative).collect();
        let _ = writeln!(rules, "p{number}: {}", alternatives.join(" | "));
    }
    if !cited.is_empty() {
        let ids: Vec<String> =
            cited.iter().map(|passage| literal(&format!("{{cite:{}}}", passage.id))).collect();
        let _ = writeln!(rules, "cite: {}", ids.join(" | "));
    }
    format!("{start}\n{rules}")
}

fn alternative(phrase: &Phrase) -> String {
    let mut out = Vec::new();
    for piece in phrase.pieces() {
        match piece {
            Piece::Fixed(words) => {
                for (place, words) in words.split("{cite}").enumerate() {
                    if place > 0 {
                        out.push("cite".to_owned());
                    }
                    if !words.is_empty() {
                        out.push(literal(words));
                    }
                }
            }
            Piece::Choice(options) => {
                let options: Vec<String> = options.iter().map(|option| literal(option)).collect();
                out.push(format!("({})", options.join(" | ")));
            }
        }
    }
    out.join(" ")
}

/// A string of the grammar. JSON's escapes are those of the notation.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Asks `wording` for texts of `plan`, the likeliest first.
pub fn candidates(
    plan: &Plan,
    passages: &[Passage],
    prompt: &Prompt,
    example: &str,
    wording: &dyn Wording,
    samples: u64,
) -> Result<Vec<Candidate>, WordingError> {
    let (shared, own) = prompt.fill(plan, example, &citable(plan, passages));
    let grammar = grammar(plan, passages);
    wording.word(&Ask { shared: &shared, own: &own, grammar: &grammar, samples, seed: 0 })
}
