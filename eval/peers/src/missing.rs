//! What our engine answers where facts are missing, which is where the peers have no answer.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::measure::{Engine as _, MET, UNKNOWN, UNMET, decide_all, processor_time};
use crate::ours::Ours;
use crate::subjects::{self, Chance, Row};

/// How many of a hundred facts are missing.
const MISSING: u64 = 30;
const SEED: u64 = 30;

/// Decides all subjects twice, knowing all and knowing part, and holds the answers together.
pub(crate) fn run(subjects: &Path, pack: &Path) -> Result<Value> {
    let engine = Ours::boot(pack)?;
    let rows = subjects::read(subjects)?;
    let outputs = engine.outputs();
    let all = rows.iter().map(|row| engine.load(row)).collect::<Result<Vec<_>>>()?;
    let truth = decide_all(&engine, &all, outputs.len())?;
    drop(all);

    let mut chance = Chance::new(SEED);
    let mut left_out = 0_u64;
    let mut part = Vec::with_capacity(rows.len());
    for row in &rows {
        let kept: Row = row
            .iter()
            .filter(|(path, _)| {
                let missing = engine.may_be_missing(path) && chance.percent(MISSING);
                left_out += u64::from(missing);
                !missing
            })
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        part.push(engine.load(&kept)?);
    }
    let start = processor_time()?;
    let answers = decide_all(&engine, &part, outputs.len())?;
    let elapsed = processor_time()?.saturating_sub(start);

    let mut by_output = Map::new();
    let mut reversed = 0_usize;
    for (at, name) in outputs.iter().enumerate() {
        let pairs = || {
            let column =
                |of: &[u8]| of.iter().skip(at).step_by(outputs.len()).copied().collect::<Vec<_>>();
            column(&answers).into_iter().zip(column(&truth))
        };
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
