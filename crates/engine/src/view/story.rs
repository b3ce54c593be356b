//! The story of the pack's sample families: all that happened to them and all that followed.
//!
//! People by name and pseudonym, never by number. Everything hangs below its family for whoever
//! reads; [`Story::lists`] gives the same as flat lists for programs.

use std::collections::BTreeSet;

use domain::{
    Delivery, DraftId, Language, MessageId, MessageSource, MilestoneId, MilestoneState, SubjectId,
    SuggestionId, Text,
};
use jiff::civil::Date;
use serde::Serialize;
use storage::status::Counts;

use super::SuggestionView;

/// The whole story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// The day on which it is told.
    pub today: Date,
    /// The version of the pack.
    pub pack: String,
    /// The families, in the order of the pack.
    pub families: Vec<Family>,
    /// How much there is of what, in the whole database.
    pub totals: Counts,
    /// Who worded the messages of the story.
    pub wording: Wording,
}

/// One family: who they are and what happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Family {
    /// A short name.
    pub key: String,
    /// A title.
    pub title: Text,
    /// What happens to them, in a sentence.
    pub story: Text,
    /// Who they are.
    pub people: Vec<StoryPerson>,
    /// What happened, in order.
    pub chapters: Vec<Chapter>,
}

/// A milestone and what followed from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chapter {
    /// What happened.
    pub milestone: StoryMilestone,
    /// The services that it opened or obliged, the most pressing first.
    pub suggestions: Vec<StorySuggestion>,
    /// What was written to whom.
    pub messages: Vec<StoryMessage>,
}

/// A sample person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryPerson {
    /// A short name.
    pub key: String,
    /// The key of the family.
    pub family: String,
    /// The person.
    pub subject: SubjectId,
    /// The synthetic name.
    pub name: String,
    /// The language of messages.
    pub language: Language,
    /// What the person does, where the pack says so.
    pub story: Option<Text>,
    /// What the person refuses now: `all`, `group:…`, `life-event:…`.
    pub refuses: Vec<String>,
    /// Messages in the inbox.
    pub messages: usize,
}

/// Who plays a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Player {
    /// The role, as the pack names it.
    pub role: String,
    /// Who or what plays it.
    pub subject: SubjectId,
    /// The name; a newborn, a parcel and a stranger have none.
    pub name: Option<String>,
}

/// A milestone as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryMilestone {
    /// The milestone.
    pub id: MilestoneId,
    /// The life event's id.
    pub life_event: String,
    /// The life event's name.
    pub name: Text,
    /// Whose it is.
    pub whose: Player,
    /// Everybody in it, by role.
    pub roles: Vec<Player>,
    /// What brought it about.
    pub cause: Text,
    /// The day it happened.
    pub occurred_on: Date,
    /// Where it stands.
    pub state: MilestoneState,
    /// `met`, `unmet` or `unknown`.
    pub verdict: &'static str,
    /// The facts that would settle `unknown`, as people call them.
    pub missing: Vec<Text>,
    /// The rule that answered, as `LE-BIRTH@2026-09-01`.
    pub rule: String,
    /// The law behind the rule.
    pub law: Vec<String>,
    /// Whose death holds everything until somebody looked.
    pub held: Option<Player>,
    /// Why a thing that hurts is not told now.
    pub waits: Option<Text>,
}

/// A suggestion as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StorySuggestion {
    /// To whom.
    pub recipient: Player,
    /// What is suggested.
    #[serde(flatten)]
    pub service: SuggestionView,
    /// The application that was prepared for it.
    #[serde(skip_serializing)]
    pub prepared: Option<StoryDraft>,
}

/// A draft as the story tells it: how far it is filled, none of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryDraft {
    /// The draft.
    pub id: DraftId,
    /// For which suggestion.
    pub suggestion: SuggestionId,
    /// The form's title.
    pub form: Text,
    /// Fields filled.
    pub filled: usize,
    /// Fields in all.
    pub total: usize,
    /// Fields that the person must still fill or decide.
    pub to_do: usize,
    /// Fields on which registers disagree.
    pub conflicts: usize,
}

/// A message as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryMessage {
    /// The message.
    pub id: MessageId,
    /// Because of what.
    pub milestone: MilestoneId,
    /// To whom.
    pub recipient: Player,
    /// The language of the text.
    pub language: Language,
    /// Who worded it.
    pub source: MessageSource,
    /// Whether every sentence was proved.
    pub proved: bool,
    /// Why the model's text was not taken, where it was not.
    pub refused_because: Option<String>,
    /// One line that names no person.
    pub subject_line: String,
    /// What the person reads.
    pub text: String,
    /// What carries each sentence.
    pub evidence: Vec<StoryEvidence>,
    /// Where it went, or why it went nowhere.
    pub deliveries: Vec<Delivery>,
}

/// What carries one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryEvidence {
    /// The sentence with its slots.
    pub sentence: String,
    /// Names of the plan's facts and points.
    pub facts: Vec<String>,
    /// The passages cited.
    pub passages: Vec<StoryPassage>,
}

/// A passage by its id and its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryPassage {
    /// `document#section`.
    pub id: String,
    /// Title and heading; nothing without the index.
    pub title: Option<String>,
}

/// Who worded how many messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Wording {
    /// Messages of the story.
    pub messages: u64,
    /// Worded by the model.
    pub by_model: u64,
    /// Worded by people: the approved text.
    pub by_template: u64,
    /// The model's share, from 0 to 1.
    pub model_share: f64,
}

/// The story as flat lists, each thing once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryLists<'a> {
    /// The day on which it is told.
    pub today: Date,
    /// The version of the pack.
    pub pack: &'a str,
    /// The sample people.
    pub people: Vec<&'a StoryPerson>,
    /// What happened.
    pub milestones: Vec<&'a StoryMilestone>,
    /// What it opened or obliged.
    pub suggestions: Vec<&'a StorySuggestion>,
    /// What was prepared.
    pub drafts: Vec<&'a StoryDraft>,
    /// What was written.
    pub messages: Vec<&'a StoryMessage>,
    /// How much there is of what.
    pub totals: &'a Counts,
    /// Who worded the messages.
    pub wording: Wording,
}

impl Story {
    /// The chapters of all families, each once: two families may share a milestone.
    fn chapters(&self) -> impl Iterator<Item = &Chapter> {
        let mut told = BTreeSet::new();
        let all = self.families.iter().flat_map(|family| &family.chapters);
        all.filter(move |chapter| told.insert(chapter.milestone.id))
    }

    /// Who worded how many messages.
    pub(crate) fn worded(&self) -> Wording {
        let (mut messages, mut by_model) = (0_u32, 0_u32);
        for message in self.chapters().flat_map(|chapter| &chapter.messages) {
            messages += 1;
            by_model += u32::from(message.source == MessageSource::Model);
        }
        Wording {
            messages: messages.into(),
            by_model: by_model.into(),
            by_template: (messages - by_model).into(),
            model_share: f64::from(by_model) / f64::from(messages.max(1)),
        }
    }

    /// The same as flat lists, for programs.
    #[must_use]
    pub fn lists(&self) -> StoryLists<'_> {
        let suggestions: Vec<_> = self.chapters().flat_map(|it| &it.suggestions).collect();
        StoryLists {
            today: self.today,
            pack: &self.pack,
            people: self.families.iter().flat_map(|family| &family.people).collect(),
            milestones: self.chapters().map(|chapter| &chapter.milestone).collect(),
            drafts: suggestions.iter().filter_map(|it| it.prepared.as_ref()).collect(),
            suggestions,
            messages: self.chapters().flat_map(|chapter| &chapter.messages).collect(),
            totals: &self.totals,
            wording: self.wording,
        }
    }
}
