//! The rules over everybody: a sweep through all that is known, page by page.
//!
//! Memory stays flat: a page of subjects, whoever plays a role for them, and what the caller
//! counts. Parts of all subjects are swept side by side, each on a connection of its own. Nothing
//! is stored but that everybody's data was read, for what and on which law (invariant 10): that is
//! committed before anything is decided with it.
//!
//! The rules tell beforehand whom they need to know more about: whoever nothing has begun for,
//! which is most people most days, costs one look at their own facts.

mod diff;
mod page;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{AsOf, SubjectId, SubjectKind};
use jiff::Timestamp;
use rules::Pack;
use rules::population::{Decided, Population, Row};
use storage::Store;
use storage::access_log::{self, Access};
use storage::sweep::{self, Part, Wanted};
use tokio::task::JoinSet;

use crate::{EngineError, Reader};

pub use diff::{Change, Counts, Diff, Sample, diff};
use page::Page;

/// How many subjects are read at once.
const AT_ONCE: u32 = 1000;

/// In how many parts to sweep on this machine: two for each core, so that one decides while the
/// other waits for the database, and few enough to leave connections to others.
#[must_use]
pub fn parts() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| 2 * cores.get()).min(6)
}

/// A sweep: over what, under which packs, when, by whom.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Where everybody is kept.
    pub store: Store,
    /// The packs; each subject is decided under each of them.
    pub packs: Vec<Arc<Pack>>,
    /// The three dates.
    pub as_of: AsOf,
    /// Who reads, and what for.
    pub reader: Reader,
    /// The moment that the log of readings names.
    pub now: Timestamp,
    /// In how many parts, each on its own connection.
    pub parts: usize,
}

/// What a sweep counts, part by part.
pub trait Tally: Default + Send + 'static {
    /// Takes in what was decided about one subject, pack by pack.
    fn count(&mut self, about: &About<'_, '_>);

    /// Adds what another part counted.
    fn add(&mut self, other: Self);
}

/// What was decided about one subject.
#[derive(Debug)]
pub struct About<'a, 'p> {
    /// Whom.
    pub subject: SubjectId,
    /// By pack: each life event that has begun, is not held back, and whose rule does not say no.
    pub decided: &'a [Vec<Reached<'p>>],
    /// By pack: what is known.
    pub known: &'a [Known<'a, 'p>],
}

/// A life event that a milestone would be stored for.
#[derive(Debug)]
pub struct Reached<'p> {
    /// Its id.
    pub life_event: &'p str,
    /// What its rule says, and what it opens.
    pub decided: Decided<'p>,
}

/// What is known under one pack of everybody whom a page is about.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, 'p> {
    /// The rules.
    pub population: &'a Population<'p>,
    rows: &'a page::Rows,
}

impl<'a> Known<'a, '_> {
    /// What is known of a person of the page.
    #[must_use]
    pub fn person(&self, subject: SubjectId) -> Option<&'a Row> {
        self.rows.get(&(subject, SubjectKind::Person))
    }
}

impl Sweep {
    /// Decides everything about everybody. `done` counts subjects as they are done.
    pub async fn run<T: Tally>(&self, done: &Arc<AtomicU64>) -> Result<T, EngineError> {
        let mut parts = JoinSet::new();
        for part in Part::all(self.parts) {
            let (sweep, done) = (self.clone(), Arc::clone(done));
            parts.spawn(async move { sweep.part::<T>(&part, &done).await });
        }
        let mut all = T::default();
        while let Some(part) = parts.join_next().await {
            all.add(part.map_err(EngineError::Part)??);
        }
        Ok(all)
    }

    /// How many subjects there are.
    pub async fn subjects(&self) -> Result<u64, EngineError> {
        let mut conn = self.store.read().await?;
        Ok(sweep::count(&mut conn).await?)
    }

    async fn part<T: Tally>(&self, part: &Part, done: &AtomicU64) -> Result<T, EngineError> {
        let rules: Vec<Population<'_>> =
            self.packs.iter().map(|pack| Population::new(pack, self.as_of)).collect();
        let wanted = wanted(&rules);
        let mut page = Page::new(&rules);
        let mut tally = T::default();
        let mut after = None;
        loop {
            let known = {
                let mut conn = self.store.read().await?;
                sweep::page(&mut conn, &wanted, part, after, AT_ONCE).await?
            };
            let Some(last) = known.last() else { return Ok(tally) };
            after = Some(last.subject);
            page.begin(&known)?;
            let mut read: Vec<SubjectId> = known.iter().map(|it| it.subject).collect();
            while let Some(others) = page.missing() {
                let others: Vec<SubjectId> = others.into_iter().collect();
                let mut conn = self.store.read().await?;
                page.learn(&sweep::of(&mut conn, &wanted, &others).await?)?;
                read.extend(others);
            }
            self.log(&read).await?;
            page.count(&mut tally);
            done.fetch_add(known.len() as u64, Ordering::Relaxed);
        }
    }

    /// Writes down that the facts of `subjects` are read.
    async fn log(&self, subjects: &[SubjectId]) -> Result<(), EngineError> {
        let Some(subject) = subjects.first().copied() else { return Ok(()) };
        let access = Access {
            at: self.now,
            subject,
            reader: self.reader.by.clone(),
            what: "facts".to_owned(),
            purpose: self.reader.purpose.clone(),
            legal_basis: self.reader.legal_basis.clone(),
        };
        let mut tx = self.store.begin().await?;
        access_log::record_all(&mut tx, &access, subjects).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What any of the packs asks about, and nothing else.
fn wanted(rules: &[Population<'_>]) -> Wanted {
    let all = rules.iter().flat_map(Population::attributes);
    Wanted::new(all.collect::<BTreeSet<&str>>())
}
