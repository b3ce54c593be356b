//! `cotmoc check --diff OLD NEW`: what a change of the pack does to the people in the database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use domain::{AsOf, Clock as _, LegalBasis};
use engine::population::{Change, Counts, Diff, Sweep};
use engine::{Purpose, Reader, population};
use jiff::civil::Date;
use rules::Pack;
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::pack;
use server::wiring::{self, Tables};

use super::output::Output;
use super::paper::{Paper, faint, plain, strong};

/// How often the bar moves.
const MOVES: Duration = Duration::from_millis(200);

/// Which packs, over whom, when.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare two packs over everybody in the database: who newly gets, loses or keeps which
    /// suggestion. Every reading is logged.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    diff: Vec<PathBuf>,
    /// With `--diff`: the database; that of the settings where left out.
    #[arg(long, value_name = "URL", requires = "diff")]
    database: Option<String>,
}

impl Args {
    /// The two folders, where packs are to be compared.
    pub(crate) fn folders(&self) -> Option<(&Path, &Path)> {
        let [old, new] = self.diff.as_slice() else { return None };
        Some((old, new))
    }
}

/// What machines read.
#[derive(Serialize)]
struct Told<'a> {
    old: &'a str,
    new: &'a str,
    on: Date,
    #[serde(flatten)]
    diff: &'a Diff,
}

/// Compares.
pub(crate) async fn run(
    args: &Args,
    on: Option<Date>,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let (old, new) = args.folders().context("two folders are wanted after `--diff`")?;
    super::log_quietly(config)?;
    let mut config = config.clone();
    if let Some(url) = &args.database {
        config.storage.url.clone_from(url);
    }
    let (old, new) = (load(old)?, load(new)?);
    let store = wiring::store(&config, Tables::Expected).await?.store;
    let now = RealClock.now();
    let on = on.unwrap_or_else(|| now.to_zoned(new.time_zone().clone()).date());
    let law = new.head().purposes.get(&Purpose::Accountability);
    let sweep = Sweep {
        store,
        packs: vec![Arc::clone(&old), Arc::clone(&new)],
        as_of: AsOf { occurred: on, known: now, law: on },
        reader: Reader {
            by: "check".to_owned(),
            purpose: Purpose::Accountability.name().to_owned(),
            legal_basis: law.map(LegalBasis::cite).unwrap_or_default(),
        },
        now,
        parts: engine::population::parts(),
    };
    let diff = with_bar(&sweep, output).await?;
    sweep.store.close().await;
    tell(&Paper::of_stdout(output.is_json()), &diff, &old, &new, on);
    output.value(&Told { old: old.version(), new: new.version(), on, diff: &diff })
}

fn load(folder: &Path) -> anyhow::Result<Arc<Pack>> {
    let place = || format!("the pack in `{}` is not in order", folder.display());
    let files = pack::files(Some(folder)).with_context(place)?;
    Ok(Arc::new(Pack::load(&files).with_context(place)?))
}

async fn with_bar(sweep: &Sweep, output: Output) -> anyhow::Result<Diff> {
    let bar = output.bar(sweep.subjects().await?, false, "comparing over everybody");
    let done = Arc::new(AtomicU64::new(0));
    let work = population::diff(sweep, &done);
    tokio::pin!(work);
    let diff = loop {
        tokio::select! {
            diff = &mut work => break diff,
            () = tokio::time::sleep(MOVES) => bar.set_position(done.load(Ordering::Relaxed)),
        }
    };
    bar.finish_and_clear();
    Ok(diff?)
}

fn tell(paper: &Paper, diff: &Diff, old: &Pack, new: &Pack, on: Date) {
    paper.rule(&format!("{} → {} on {on}", old.version(), new.version()));
    let (same, changed): (Vec<&Change>, Vec<&Change>) =
        diff.changes.iter().partition(|change| change.size() == (0, 0));
    for change in &changed {
        paper.gap();
        let about = format!("{} · {} · {}", change.life_event, change.service, change.role);
        paper.write("  ", &about, &strong());
        for (word, counts) in [("met", change.met), ("unknown", change.unknown)] {
            if counts != Counts::default() {
                paper.write(&format!("    {word:<8} "), &counted(counts), &plain());
            }
        }
        for it in &change.samples {
            let known = [it.age.clone(), it.province.clone()].into_iter().flatten();
            let known: Vec<String> = known.collect();
            let line = format!("{} {} → {} {}", it.who, it.was, it.is, known.join(", "));
            paper.write("      ", &line, &faint());
        }
    }
    paper.gap();
    let line = format!(
        "{} subjects, {} suggestions change, {} stay as they are",
        diff.subjects,
        changed.len(),
        same.len()
    );
    paper.write("  ", &line, &plain());
}

fn counted(counts: Counts) -> String {
    format!("{} get it, {} lose it, {} keep it", counts.get, counts.lose, counts.keep)
}
