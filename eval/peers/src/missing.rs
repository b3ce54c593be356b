//! What our engine answers where facts are missing, which is where the peers have no answer.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::columns::Columns;
use crate::measure::{Engine as _, MET, UNKNOWN, UNMET, processor_time};
use crate::ours::Ours;
use crate::subjects::{self, Chance, Row};

/// How many of a hundred facts are missing.
const MISSING: u64 = 30;
const SEED: u64 = 30;

/// Decides all subjects twice, knowing all and knowing part, and holds the answers together.
pub(crate) fn run(subjects: &Path, pack: &Path) -> Result<Value> {
    let ours = Ours::read(pack)?;
    let engine = Columns::new(&ours)?;
    let rows = subjects::read(subjects)?;
    let outputs = engine.outputs();
    let truth = engine.letters(engine.decide(&engine.load(&rows)?)?);

    let mut chance = Chance::new(SEED);
    let mut left_out = 0_u64;
    let mut part = Vec::with_capacity(rows.len());
    for row in &rows {
        let kept: Row = row
            .iter()
            .filter(|(path, _)| {
                let missing = ours.may_be_missing(path) && chance.percent(MISSING);
                left_out += u64::from(missing);
                !missing
            })
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        part.push(kept);
    }
    let part = engine.load(&part)?;
    let start = processor_time()?;
    let answers = engine.decide(&part)?;
    let elapsed = processor_time()?.saturating_sub(start);
    let answers = engine.letters(answers);

    let mut by_output = Map::new();
    let mut reversed = 0_usize;
    for ((name, answers), truth) in outputs.iter().zip(&answers).zip(&truth) {
        let pairs = || answers.iter().copied().zip(truth.iter().copied());
        let count = |want: &dyn Fn(u8, u8) -> bool| pairs().filter(|(a, t)| want(*a, *t)).count();
        reversed += count(&|a, t| a != UNKNOWN && a != t);
        by_output.insert(
            name.clone(),
            json!({
                "met": count(&|a, _| a == MET),
                "unmet": count(&|a, _| a == UNMET),
                "unknown": count(&|a, _| a == UNKNOWN),
                "unknown_of_which_met_in_truth": count(&|a, t| a == UNKNOWN && t == MET),
            }),
        );
    }
    Ok(json!({
        "missing_percent": MISSING,
        "facts_left_out": left_out,
        "run_s": elapsed.as_secs_f64(),
        "answers_that_full_knowledge_reverses": reversed,
        "by_output": by_output,
    }))
}
