//! Templates and messages: text that was proved, and text that a person gets.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Language, MessageId, MilestoneId, SubjectId, TemplateId};

/// Who worded a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageSource {
    /// The model, and the proof accepted it.
    Model,
    /// The approved hand-written template, because the proof failed or no model is there.
    Template,
}

/// What carries one sentence: facts of the plan, passages of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The sentence with its slots.
    pub sentence: String,
    /// Names of the plan's facts and points that carry it.
    pub facts: Vec<String>,
    /// Ids of the passages that carry it, each `document#section`.
    pub passages: Vec<String>,
}

/// Text with typed slots for one shape of plan. Holds nothing about any person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Made from the shape, the language, the text and what made it.
    pub id: TemplateId,
    /// Hash of the plan's shape, the pack, the prompt, the models and the index: the key of the cache.
    pub shape: String,
    /// The language of the text.
    pub language: Language,
    /// The text, slots written `{slot}`.
    pub text: String,
    /// Who worded it.
    pub source: MessageSource,
    /// Why the model's text was not taken, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_because: Option<String>,
    /// sha256 of the model that worded it, empty for a hand-written one.
    pub model: String,
    /// The prompt's id and version.
    pub prompt: String,
    /// Hash of the index that the passages came from.
    pub index: String,
    /// What carries each sentence.
    pub evidence: Arc<[Evidence]>,
}

/// Which letter about a milestone it is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// The one that tells of it.
    #[default]
    First,
    /// One that reminds, on this day, of what is not done.
    Reminder(Date),
    /// One that takes back what an earlier letter said.
    Correction,
}

/// As stored, in full: `first`, `reminder 2026-12-01`, `correction`.
impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Reminder(on) => write!(f, "reminder {on}"),
            Self::Correction => f.write_str("correction"),
        }
    }
}

/// A template filled for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Made from (milestone, recipient, letter): one birth, one first letter.
    pub id: MessageId,
    /// Which letter it is.
    #[serde(default)]
    pub letter: Letter,
    /// Because of what.
    pub milestone: MilestoneId,
    /// To whom.
    pub recipient: SubjectId,
    /// The language of the text.
    pub language: Language,
    /// The template it was made from.
    pub template: TemplateId,
    /// Who worded it.
    pub source: MessageSource,
    /// Whether every sentence was proved. What is not proved is not sent.
    pub proved: bool,
    /// One line for lists: names no person.
    pub subject_line: String,
    /// What the person reads.
    pub text: String,
    /// What carries each sentence.
    pub evidence: Arc<[Evidence]>,
}

impl Message {
    /// The id of a letter to `recipient` about `milestone`: there is one of each kind, ever.
    #[must_use]
    pub fn id_of(milestone: MilestoneId, recipient: SubjectId, letter: Letter) -> MessageId {
        MessageId::of(&[&milestone.to_string(), &recipient.to_string(), &letter.to_string()])
    }
}
