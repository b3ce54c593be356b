//! One page of subjects: what is known of them and of whoever plays a role for them.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{SubjectId, SubjectKind, Told as Fact};
use rules::population::{Finding, Population, Row, Rule, Scene};
use storage::sweep::Known as Told;

use super::{About, Known, Reached, Tally};
use crate::EngineError;

pub(super) type Rows = HashMap<(SubjectId, SubjectKind), Row>;

/// A page, under each pack.
pub(super) struct Page<'a, 'p> {
    sheets: Vec<Sheet<'a, 'p>>,
    subjects: Vec<(SubjectId, SubjectKind)>,
    /// Whom we asked about already, as what.
    asked: HashSet<(SubjectId, SubjectKind)>,
}

/// A page under one pack.
struct Sheet<'a, 'p> {
    population: &'a Population<'p>,
    rows: Rows,
    /// Rows of pages before, to be used again.
    spare: Vec<Row>,
    candidates: Vec<Candidate>,
}

/// What may have begun, by the places of subject and rule.
type Candidate = (usize, usize);

impl<'a, 'p> Page<'a, 'p> {
    pub(super) fn new(rules: &'a [Population<'p>]) -> Self {
        let sheet = |population| Sheet {
            population,
            rows: Rows::new(),
            spare: Vec::new(),
            candidates: Vec::new(),
        };
        let sheets = rules.iter().map(sheet).collect();
        Self { sheets, subjects: Vec::new(), asked: HashSet::new() }
    }

    /// Takes in the page's own subjects.
    pub(super) fn begin(&mut self, known: &[Told]) -> Result<(), EngineError> {
        self.subjects.clear();
        self.subjects.extend(known.iter().map(|it| (it.subject, it.kind)));
        self.asked.clear();
        self.asked.extend(self.subjects.iter().copied());
        for sheet in &mut self.sheets {
            sheet.clear();
        }
        for told in known {
            self.load(told, told.kind)?;
        }
        for sheet in &mut self.sheets {
            sheet.find_candidates(&self.subjects);
        }
        Ok(())
    }

    /// Settles what is known of a subject as one of `kind`, under each pack.
    fn load(&mut self, told: &Told, kind: SubjectKind) -> Result<(), EngineError> {
        let facts = told.told().collect::<Result<Vec<_>, _>>()?;
        let Some((last, others)) = self.sheets.split_last_mut() else { return Ok(()) };
        for sheet in others {
            sheet.load(told.subject, kind, facts.clone());
        }
        last.load(told.subject, kind, facts);
        Ok(())
    }

    /// Who plays a role and is not at hand yet. Asked again after each [`Self::learn`]: whoever
    /// becomes known may name somebody else.
    ///
    /// Whoever plays a role where the rule says no whatever we learn of them is left alone:
    /// their data is not read.
    pub(super) fn missing(&mut self) -> Option<BTreeSet<SubjectId>> {
        let mut missing = BTreeSet::new();
        for sheet in &self.sheets {
            for candidate in &sheet.candidates {
                let Some((rule, scene)) = sheet.candidate(*candidate, &self.subjects) else {
                    continue;
                };
                if scene.missing(rule).next().is_some() && !rule.is_out(&scene) {
                    missing.extend(scene.missing(rule));
                }
            }
        }
        let new: Vec<_> = missing.into_iter().filter(|it| self.asked.insert(*it)).collect();
        (!new.is_empty()).then(|| new.into_iter().map(|(subject, _)| subject).collect())
    }

    /// Takes in others, each as what it was asked for.
    pub(super) fn learn(&mut self, known: &[Told]) -> Result<(), EngineError> {
        for told in known {
            for kind in KINDS {
                if self.asked.contains(&(told.subject, kind)) {
                    self.load(told, kind)?;
                }
            }
        }
        // Of the others nothing is told.
        for sheet in &mut self.sheets {
            for (subject, kind) in &self.asked {
                if !sheet.rows.contains_key(&(*subject, *kind)) {
                    sheet.load(*subject, *kind, Vec::new());
                }
            }
        }
        Ok(())
    }

    /// Decides what has begun and hands it on, subject by subject.
    pub(super) fn count<T: Tally>(&mut self, tally: &mut T) {
        let mut by_subject: Vec<Vec<Vec<Reached<'p>>>> = Vec::new();
        by_subject
            .resize_with(self.subjects.len(), || self.sheets.iter().map(|_| Vec::new()).collect());
        for (pack, sheet) in self.sheets.iter().enumerate() {
            for candidate in &sheet.candidates {
                let Some(reached) = sheet.decide(*candidate, &self.subjects) else { continue };
                let place = by_subject.get_mut(candidate.0).and_then(|it| it.get_mut(pack));
                if let Some(place) = place {
                    place.push(reached);
                }
            }
        }
        let known: Vec<Known<'_, 'p>> = self
            .sheets
            .iter()
            .map(|sheet| Known { population: sheet.population, rows: &sheet.rows })
            .collect();
        for ((subject, _), decided) in self.subjects.iter().zip(&by_subject) {
            tally.count(&About { subject: *subject, decided, known: &known });
        }
    }
}

const KINDS: [SubjectKind; 5] = [
    SubjectKind::Person,
    SubjectKind::Household,
    SubjectKind::Parcel,
    SubjectKind::Vehicle,
    SubjectKind::Business,
];

impl<'p> Sheet<'_, 'p> {
    fn clear(&mut self) {
        self.spare.extend(self.rows.drain().map(|(_, row)| row));
        self.candidates.clear();
    }

    fn load(&mut self, subject: SubjectId, kind: SubjectKind, facts: Vec<Fact<'_>>) {
        let mut row = self.spare.pop().unwrap_or_default();
        self.population.load(&mut row, subject, kind, facts);
        self.rows.insert((subject, kind), row);
    }

    /// What may have begun and is not out of the question by what is known of the page alone.
    fn find_candidates(&mut self, subjects: &[(SubjectId, SubjectKind)]) {
        let mut candidates = std::mem::take(&mut self.candidates);
        for (place, subject) in subjects.iter().enumerate() {
            let Some(row) = self.rows.get(subject) else { continue };
            for (at, rule) in self.population.rules().iter().enumerate() {
                if rule.kind() == subject.1
                    && rule.may_begin(row)
                    && !rule.is_out(&Scene::new(rule, row, &self.rows))
                {
                    candidates.push((place, at));
                }
            }
        }
        self.candidates = candidates;
    }

    fn candidate<'s>(
        &'s self,
        (subject, rule): Candidate,
        subjects: &[(SubjectId, SubjectKind)],
    ) -> Option<(&'s Rule<'p>, Scene<'s>)> {
        let row = self.rows.get(subjects.get(subject)?)?;
        let rule = self.population.rules().get(rule)?;
        Some((rule, Scene::new(rule, row, &self.rows)))
    }

    /// What a milestone would be stored for.
    fn decide(
        &self,
        candidate: Candidate,
        subjects: &[(SubjectId, SubjectKind)],
    ) -> Option<Reached<'p>> {
        let (rule, scene) = self.candidate(candidate, subjects)?;
        if !rule.has_begun(&scene) {
            return None;
        }
        let decided = rule.decide(&scene);
        let told = decided.finding != Finding::Unmet && !decided.held;
        told.then_some(Reached { life_event: &rule.life_event().id, decided })
    }
}
