//! Times our engine and the peer that is written in Rust, and makes the subjects for all.
//!
//! `run` in the folder above calls this and the peers in other languages in turn.

mod columns;
mod measure;
mod missing;
mod ours;
mod receipts;
mod subjects;
mod zen;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "cotmoc-peers generate SUBJECTS COUNT
       cotmoc-peers ours|ours-with-receipts|zen-engine|zen-expression SUBJECTS ANSWERS PACK
       cotmoc-peers missing SUBJECTS PACK";

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let told = match given.as_slice() {
        ["generate", subjects, count] => {
            let count = count.parse().with_context(|| format!("`{count}` is no number"))?;
            return subjects::generate(Path::new(subjects), count);
        }
        ["ours", subjects, answers, pack] => {
            let kept = std::cell::OnceCell::new();
            let boot = || {
                let ours = ours::Ours::read(Path::new(pack))?;
                columns::Columns::new(kept.get_or_init(|| ours))
            };
            measure::run(boot, subjects, answers)?
        }
        ["ours-with-receipts", subjects, answers, pack] => {
            let boot = || Ok(receipts::Receipts(ours::Ours::read(Path::new(pack))?));
            measure::run(boot, subjects, answers)?
        }
        ["zen-engine", subjects, answers, _] => measure::run(zen::Graph::boot, subjects, answers)?,
        ["zen-expression", subjects, answers, _] => {
            measure::run(zen::Expressions::boot, subjects, answers)?
        }
        ["missing", subjects, pack] => missing::run(Path::new(subjects), Path::new(pack))?,
        _ => bail!("this call is not understood; it is one of\n       {USAGE}"),
    };
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}
