//! A draft: the application prepared for one suggestion, each field with its provenance.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DraftId, Fact, FactId, SuggestionId, Text, Value};

/// Which register, which record, as of when, on what legal basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The fact that was used.
    pub fact: FactId,
    /// The register, as the pack names it.
    pub register: String,
    /// The register's own record number, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// When we learnt it.
    pub known_from: Timestamp,
    /// The law that lets us read it.
    pub legal_basis: String,
}

impl From<&Fact> for Provenance {
    fn from(fact: &Fact) -> Self {
        Self {
            fact: fact.id,
            register: fact.source.register.clone(),
            record: fact.source.record.clone(),
            known_from: fact.known_from,
            legal_basis: fact.source.legal_basis.clone(),
        }
    }
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FieldState {
    /// Filled from data.
    Filled {
        /// What stands in it.
        value: Value,
        /// Where it comes from: one entry for each fact that the value was made of.
        provenance: Vec<Provenance>,
    },
    /// No register told us, or only the person can say: asked.
    Missing,
    /// Registers disagree: the person chooses, nothing is chosen for them.
    Conflict {
        /// What each says.
        candidates: Vec<(Value, Provenance)>,
    },
}

/// One field of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftField {
    /// The key in the form's definition.
    pub key: String,
    /// What people read beside it.
    pub label: Text,
    /// Whether the form needs it.
    pub required: bool,
    /// Whether only the person may say it (a child's name, a choice of school).
    pub only_person: bool,
    /// What stands in it.
    #[serde(flatten)]
    pub state: FieldState,
}

/// An application prepared for one suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Made from the suggestion.
    pub id: DraftId,
    /// Which suggestion.
    pub suggestion: SuggestionId,
    /// The form's id in the pack.
    pub form: String,
    /// In the order of the form.
    pub fields: Vec<DraftField>,
}

impl Draft {
    /// The id of the draft of `suggestion`.
    #[must_use]
    pub fn id_of(suggestion: SuggestionId) -> DraftId {
        DraftId::of(&[&suggestion.to_string()])
    }

    /// How many fields are filled, of how many.
    #[must_use]
    pub fn coverage(&self) -> (usize, usize) {
        let filled =
            self.fields.iter().filter(|f| matches!(f.state, FieldState::Filled { .. })).count();
        (filled, self.fields.len())
    }

    /// The fields that a person must still fill or decide before filing.
    pub fn to_do(&self) -> impl Iterator<Item = &DraftField> {
        self.fields.iter().filter(|field| match field.state {
            FieldState::Filled { .. } => false,
            FieldState::Missing => field.required,
            FieldState::Conflict { .. } => true,
        })
    }
}
