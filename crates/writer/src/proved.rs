//! Proofs that are kept: a text is proved once for all persons of a shape.
//!
//! A template from a cache may be of another plan, or changed since. It is therefore proved where
//! it is used. Proving takes some hundred times as long as filling in the values, and what it
//! reads of a plan is the same for everybody of that shape. So what it read is kept beside what it
//! answered, and a kept answer is given only where all of that is equal, text for text: not where
//! a hash or an id is, which a changed template still has.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Evidence, Template, TemplateId};

use crate::lint::lint_template;
use crate::manners::Manners;
use crate::phrase::{Part, parts};
use crate::plan::{Plan, Point};
use crate::proof::prove_again;
use crate::render::RenderError;
use crate::slot::SlotKind;
use crate::words::{DeadlineKind, LetterKind};

/// So many are kept: more than the shapes of a country. Then all are forgotten, and come again.
const MOST: usize = 50_000;
/// What values add to the length of a text, about.
const VALUES: usize = 600;

/// A stretch of a proved text: words, or what is to be filled in.
#[derive(Debug)]
pub(crate) enum Stretch {
    Words(String),
    /// Its place among the slots of the plan.
    Slot(usize),
    Passage(String),
}

/// A template that was proved, with all that the proof read.
#[derive(Debug)]
pub(crate) struct Proved {
    template: Template,
    letter: LetterKind,
    deadline: DeadlineKind,
    manners: Arc<Manners>,
    points: Vec<Point>,
    kinds: Vec<(String, SlotKind)>,
    /// What carries each sentence.
    pub(crate) evidence: Arc<[Evidence]>,
    /// The text in the order in which it is written out.
    pub(crate) stretches: Vec<Stretch>,
    /// About how long it gets.
    pub(crate) usual_length: usize,
}

impl Proved {
    fn of(plan: &Plan, template: &Template) -> Result<Self, RenderError> {
        let cited: BTreeSet<String> =
            template.evidence.iter().flat_map(|it| it.passages.iter().cloned()).collect();
        let evidence = prove_again(plan, &template.text, cited).map_err(RenderError::Unproved)?;
        lint_template(plan, &evidence)?;
        let stretch = |part| match part {
            Part::Text(words) => Ok(Stretch::Words(words.to_owned())),
            Part::Slot(token) => match token.strip_prefix("cite:") {
                Some(id) => Ok(Stretch::Passage(id.to_owned())),
                None => plan
                    .slots
                    .keys()
                    .position(|name| name == token)
                    .map(Stretch::Slot)
                    .ok_or_else(|| RenderError::Unfilled(token.to_owned())),
            },
        };
        let text = parts(&template.text).map_err(|_| RenderError::Unfilled("{".to_owned()))?;
        Ok(Self {
            template: template.clone(),
            letter: plan.letter,
            deadline: plan.deadline,
            manners: Arc::clone(&plan.manners),
            points: plan.points.clone(),
            kinds: plan.slots.iter().map(|(name, slot)| (name.clone(), slot.kind)).collect(),
            // The same in most cases: then all letters of the template share one.
            evidence: if *evidence == *template.evidence {
                Arc::clone(&template.evidence)
            } else {
                evidence.into()
            },
            stretches: text.into_iter().map(stretch).collect::<Result<_, _>>()?,
            usual_length: template.text.len() + VALUES,
        })
    }

    /// Whether proving `template` for `plan` would read what was read here.
    fn stands_for(&self, plan: &Plan, template: &Template) -> bool {
        let kinds = plan.slots.iter().map(|(name, slot)| (name, slot.kind));
        self.letter == plan.letter
            && self.deadline == plan.deadline
            && self.kinds.iter().map(|(name, kind)| (name, *kind)).eq(kinds)
            && self.manners == plan.manners
            && self.points == plan.points
            && self.template == *template
    }
}

/// What was proved since the program started.
#[derive(Default)]
pub(crate) struct Proofs(RwLock<HashMap<TemplateId, Vec<Arc<Proved>>>>);

impl Proofs {
    /// The proof of `template` for `plan`, made now or kept.
    pub(crate) fn of(&self, plan: &Plan, template: &Template) -> Result<Arc<Proved>, RenderError> {
        if let Some(kept) = self.kept(plan, template) {
            return Ok(kept);
        }
        let proved = Arc::new(Proved::of(plan, template)?);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        let same_id = all.entry(template.id).or_default();
        // A text may serve a few shapes; what has more is not worth keeping.
        same_id.truncate(3);
        same_id.push(Arc::clone(&proved));
        Ok(proved)
    }

    fn kept(&self, plan: &Plan, template: &Template) -> Option<Arc<Proved>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(&template.id)?.iter().find(|it| it.stands_for(plan, template));
        found.map(Arc::clone)
    }
}

/// Words are equal whatever was proved with them.
impl PartialEq for Proofs {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Proofs {}

impl Clone for Proofs {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").finish_non_exhaustive()
    }
}
