//! The second way to words: a model writes a phrase anew, code proves it, people approve it.
//!
//! What is asked for is one variant of a point in one language. A model sees phrases that people
//! approved, and never a value. What it wrote is held against the approved phrases of that very
//! variant; what stands is a proposal, and joins the bank only once people approved it.
//!
//! # Invariants
//!
//! - A phrase is proved against what the pack's authors wrote, never against another phrase that
//!   joined: meaning cannot drift from step to step.
//! - A phrase that joins is proved again when it joins, whatever is stored about it.

use std::collections::BTreeSet;
use std::fmt;

use domain::Language;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::phrase::{Part, Phrase, parts};
use crate::words::{PointWords, Words};

mod grammar;
mod prompt;
mod proof;
mod propose;
mod skeleton;

pub use grammar::{Range, rephrase_grammar};
pub use prompt::{Rephrase, Rephrasings};
pub use proof::{NotTaken, take};
pub use propose::{Proposals, Proposed, Tally, propose};

/// What stands for the life event where a point is common to all.
pub const COMMON: &str = "common";

/// Which variant of which point a phrase is for, and in which language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Home {
    /// The life event, or [`COMMON`].
    pub of: String,
    /// The point.
    pub point: String,
    /// The place of the variant in the point, from 0.
    pub variant: usize,
    /// The language.
    pub language: Language,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, point, variant, language } = self;
        write!(f, "{of} {point} {variant} {}", language.tag())
    }
}

/// What names an ask: asked again with the same, a model would say the same.
#[must_use]
pub fn ask_id(
    saying: &Saying<'_>,
    (model, prompt, vocabulary): (&str, &str, &str),
    range: Range,
    (candidates, seed): (u64, u64),
) -> String {
    let mut hash = Fingerprint::default();
    let (candidates, seed) = (candidates.to_string(), seed.to_string());
    let range = match range {
        Range::Any => "any",
        Range::Near => "near",
    };
    let home = saying.home.to_string();
    for part in
        ["ask/2", &home, &saying.hash(), model, prompt, vocabulary, range, &candidates, &seed]
    {
        hash.put(part);
    }
    hash.hex()
}

/// What people approved for one variant of a point in one language.
#[derive(Debug, Clone)]
pub struct Saying<'w> {
    /// Where it stands.
    pub home: Home,
    /// The approved phrases; the first is the approved wording.
    pub alternatives: &'w [Phrase],
}

impl Saying<'_> {
    /// SHA-256 of what people approved: a phrase that was proved against it stands as long as
    /// this is the same.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Fingerprint::default();
        for phrase in self.alternatives {
            hash.put(phrase.source());
        }
        hash.hex()
    }

    /// The sentences of the approved wording.
    fn approved(&self) -> &[String] {
        let first = self.alternatives.first().and_then(|phrase| phrase.readings().first());
        first.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether it can be asked for: sentences that end with a full stop.
    fn is_plain(&self) -> bool {
        let sentences = self.approved();
        !sentences.is_empty() && sentences.iter().all(|sentence| sentence.ends_with('.'))
    }
}

/// The id of a phrase: made from where it stands and what it says, so that what was refused once
/// is known again.
#[must_use]
pub fn phrase_id(home: &Home, text: &str) -> String {
    let mut hash = Fingerprint::default();
    for part in ["phrase/1", &home.to_string(), text] {
        hash.put(part);
    }
    let mut hex = hash.hex();
    hex.truncate(26);
    format!("phr_{hex}")
}

impl Words {
    /// Everything that may be said otherwise in `language`, in an order that is always the same.
    /// Points of one fixed wording are not among it: nobody may vary them.
    #[must_use]
    pub fn sayings(&self, language: Language) -> Vec<Saying<'_>> {
        let own = self.events.iter().flat_map(|(id, event)| of(id, &event.points, language));
        let all = of(COMMON, &self.common, language).chain(own);
        all.filter(Saying::is_plain).collect()
    }

    /// What is approved at `home`, where such a place is there.
    #[must_use]
    pub fn saying(&self, home: &Home) -> Option<Saying<'_>> {
        self.sayings(home.language).into_iter().find(|saying| saying.home == *home)
    }

    /// The slots that may begin a sentence: those that a sentence of the pack begins with.
    fn begins(&self, language: Language) -> BTreeSet<&str> {
        let own = self.events.values().flat_map(|event| &event.points).chain(&self.common);
        let variants = own.flat_map(|point| &point.variants);
        let phrases = variants.flat_map(|variant| variant.phrases(language));
        let sentences = phrases.flat_map(Phrase::readings).flatten();
        sentences.filter_map(|sentence| first_slot(sentence)).collect()
    }
}

fn of<'w>(
    id: &'w str,
    points: &'w [PointWords],
    language: Language,
) -> impl Iterator<Item = Saying<'w>> {
    let points = points.iter().filter(|point| !point.fixed);
    points.flat_map(move |point| {
        point.variants.iter().enumerate().map(move |(variant, words)| Saying {
            home: Home { of: id.to_owned(), point: point.id.clone(), variant, language },
            alternatives: words.phrases(language),
        })
    })
}

/// The slot that `sentence` begins with.
fn first_slot(sentence: &str) -> Option<&str> {
    match parts(sentence).unwrap_or_default().first() {
        Some(Part::Slot(name)) => Some(name),
        _ => None,
    }
}
