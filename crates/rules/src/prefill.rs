//! Fills an application from what registers know, and says of each field where it comes from.
//!
//! # Invariants
//!
//! - **Nothing is guessed.** A field is filled by facts that registers told. Silence fills
//!   nothing, not even where the pack reads it as a value in conditions.
//! - **What only the person may say is never filled**: a child's name, ethnic group, native
//!   place and nationality are choices of the parents, however likely one answer is.
//! - **A disagreement is shown, not settled.** Where two registers differ, both stand there and
//!   the person chooses.

use domain::{Draft, DraftField, Fact, FieldState, Provenance, Suggestion, Value};

use crate::alike::alike;
use crate::known::Case;
use crate::pack::at::At;
use crate::pack::fill::Fill;
use crate::pack::life_event::Entry;
use crate::pack::service::FormField;

impl Case<'_> {
    /// The draft of the application for `suggestion`, or `None` for a service without a form.
    #[must_use]
    pub fn prefill(&self, entry: &Entry, suggestion: &Suggestion) -> Option<Draft> {
        let form = entry.form.as_ref()?;
        let fields = self.pack.form_fields(form).iter().map(|field| self.field(entry, field));
        Some(Draft {
            id: Draft::id_of(suggestion.id),
            suggestion: suggestion.id,
            form: form.value.clone(),
            fields: fields.collect(),
        })
    }

    /// One field of the form: filled, missing or in conflict.
    fn field(&self, entry: &Entry, field: &FormField) -> DraftField {
        let fill = entry.fill.get(field.key.as_str()).filter(|_| !field.only_person);
        let state = match fill {
            None => FieldState::Missing,
            // The life event itself gives it: there is no record to point at.
            Some(Fill::Text(text)) => {
                FieldState::Filled { value: Value::Text(text.vi.clone()), provenance: Vec::new() }
            }
            Some(Fill::Facts(paths)) => self.composed(paths),
        };
        DraftField {
            key: field.key.value.clone(),
            label: field.label.clone(),
            required: field.required,
            only_person: field.only_person,
            state,
        }
    }

    /// One part from each path. A field of several parts is filled only when all are known.
    fn composed(&self, paths: &[At<String>]) -> FieldState {
        let parts: Vec<Vec<&Fact>> = paths
            .iter()
            .map(|path| {
                let (role, attribute) = path.split_once('.').unwrap_or((path, ""));
                self.said(role, attribute)
            })
            .collect();
        if parts.iter().any(Vec::is_empty) || parts.is_empty() {
            return FieldState::Missing;
        }
        let candidates = candidates(&parts);
        match candidates.as_slice() {
            [only] => FieldState::Filled {
                value: only.value(),
                provenance: only.0.iter().map(|fact| Provenance::from(*fact)).collect(),
            },
            several => FieldState::Conflict {
                candidates: several
                    .iter()
                    .filter_map(|one| Some((one.value(), Provenance::from(one.speaker(&parts)?))))
                    .collect(),
            },
        }
    }
}

/// One way in which a field could be filled: a fact for each part.
struct Candidate<'a>(Vec<&'a Fact>);

impl<'a> Candidate<'a> {
    /// The words that would stand in the field: a single fact keeps its kind, several are joined.
    fn value(&self) -> Value {
        match self.0.as_slice() {
            [one] => one.value.clone(),
            several => {
                let parts: Vec<String> = several.iter().map(|f| f.value.to_string()).collect();
                Value::Text(parts.join(", "))
            }
        }
    }

    /// The fact that makes this candidate differ: the first in a part where registers differ.
    fn speaker(&self, parts: &[Vec<&'a Fact>]) -> Option<&'a Fact> {
        let differ = |part: &[&Fact]| {
            part.first().is_some_and(|one| part.iter().any(|fact| !alike(&fact.value, &one.value)))
        };
        let disputed = self.0.iter().zip(parts).find(|(_, part)| differ(part));
        disputed.map(|(fact, _)| *fact).or_else(|| self.0.first().copied())
    }
}

/// The different ways to fill a field, the one of the first owner first: each register's own
/// word for the parts that it knows, the first owner's for the others. Registers are not mixed
/// further, since half an address from each is nobody's.
fn candidates<'a>(parts: &[Vec<&'a Fact>]) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut speakers: Vec<&str> = Vec::new();
    for fact in parts.iter().flatten() {
        let register = fact.source.register.as_str();
        if !speakers.contains(&register) {
            speakers.push(register);
        }
    }
    let first = parts.iter().filter_map(|part| part.first().copied()).collect();
    let own = speakers.into_iter().map(|speaker| {
        let of = |part: &Vec<&'a Fact>| {
            let said = part.iter().find(|fact| fact.source.register == speaker);
            said.or_else(|| part.first()).copied()
        };
        parts.iter().filter_map(of).collect()
    });
    for candidate in std::iter::once(first).chain(own).map(Candidate) {
        if found.iter().all(|known| !alike(&known.value(), &candidate.value())) {
            found.push(candidate);
        }
    }
    found
}
