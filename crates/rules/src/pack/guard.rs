//! What holds a life event back, and what a level of proactive service needs before it is taken.

use domain::{LegalBasis, Text};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::deadline_rule::Length;
use super::one_or_many::Names;
use crate::cel::Condition;

/// What stops everything until a person looked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Roles whose death does.
    #[serde(default)]
    pub deceased: Vec<At<String>>,
    /// What makes it a thing to be careful with.
    #[serde(default)]
    pub sensitive: Option<Sensitive>,
}

/// Who may be told of something that hurts, when, and after whom.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sensitive {
    /// What it is.
    pub kind: SensitiveKind,
    /// When it is; always where left out. What is not known counts as yes.
    #[serde(default)]
    pub when: Option<At<String>>,
    /// Who may be told. Nobody else gets a word.
    pub told: Names,
    /// How long nothing is said, from the day it occurred.
    #[serde(default)]
    pub wait: Option<Length>,
    /// Whether a person releases it.
    #[serde(default)]
    pub officer: bool,
    /// Why it is handled so.
    pub because: Text,
    /// `when`, checked.
    #[serde(skip)]
    pub condition: Condition,
}

/// Kinds of life events that hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveKind {
    /// A child was born dead.
    Stillbirth,
    /// A child died.
    ChildDeath,
    /// Somebody died.
    Death,
    /// A child was adopted.
    Adoption,
    /// Somebody lives with a disability.
    Disability,
    /// A household is poor.
    Poverty,
    /// A marriage ended.
    Divorce,
}

/// Facts which say that a person has a service already.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Already {
    /// The path of whether they receive it.
    #[serde(default)]
    pub receives: Option<At<String>>,
    /// The path of whether they applied for it.
    #[serde(default)]
    pub applied: Option<At<String>>,
}

impl Already {
    /// Both paths, where they are written.
    pub fn paths(&self) -> impl Iterator<Item = &At<String>> {
        self.receives.iter().chain(&self.applied)
    }
}

/// What lets the engine carry a service out with no file (Decree 224/2026/NĐ-CP art. 16, level 4).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Executes {
    /// The law that allows it for this service.
    pub legal_basis: LegalBasis,
    /// How the state before is restored when the person refuses.
    pub restore: Text,
}

/// Who answers for acting on a weak source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// The officer, by office.
    pub by: String,
    /// When.
    pub on: Date,
}
