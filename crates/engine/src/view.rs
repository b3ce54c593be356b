//! What people and portals are shown: read models, put together from storage and the pack.
//!
//! Nothing here decides anything. Each type is one page or one answer of the API, so that a
//! page template needs no second query and no logic of its own.

mod explanation;
mod replayed;
mod story;

pub use explanation::{Asked, AskedPart, AskedRule, DecisionView, Explanation, FactRead, Worded};
pub use replayed::{Difference, Replayed};
pub use story::{
    Chapter, Family, Player, Story, StoryDraft, StoryEvidence, StoryLists, StoryMessage,
    StoryMilestone, StoryPassage, StoryPerson, StorySuggestion, Wording,
};

use domain::{
    DraftId, Evidence, Language, MessageId, MessageSource, MilestoneId, MilestoneState, SubjectId,
    SuggestionId, SuggestionState, Text,
};
use jiff::civil::{Date, Time};
use serde::Serialize;

/// A deadline as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadlineView {
    /// The last day by law, moved past days off.
    pub on: Date,
    /// The last working day on or before: the day to tell people.
    pub safe: Date,
    /// Whether the days may still move, because not all days off up to them are known.
    pub may_move: bool,
    /// What must be done by then.
    pub duty: Text,
    /// Article and act.
    pub law: String,
    /// Days from today to `on`; negative when it has passed.
    pub days_left: i32,
}

/// When an authority answers, if something is filed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultView {
    /// The law's words for how long it takes.
    pub takes: Text,
    /// The last day.
    pub on: Date,
    /// The moment on it, where hours are counted.
    pub at: Option<Time>,
    /// Whether it may still move, because not all days off up to it are known.
    pub may_move: bool,
}

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InboxItem {
    /// The message.
    pub message: MessageId,
    /// The life event's name.
    pub life_event: Text,
    /// One line that names no person.
    pub subject_line: String,
    /// The day it arrived.
    pub sent_on: Date,
    /// The main suggestion's deadline, if the law or a plan names one.
    pub deadline: Option<DeadlineView>,
    /// Where the main suggestion stands.
    pub state: SuggestionState,
    /// Whether it was opened.
    pub seen: bool,
}

/// One suggested service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestionView {
    /// The suggestion.
    pub id: SuggestionId,
    /// The milestone that it follows from.
    pub milestone: MilestoneId,
    /// The life event's id.
    pub life_event: String,
    /// The service's key in the pack.
    pub service: String,
    /// The national code, where there is one.
    pub code: Option<String>,
    /// The service's name.
    pub name: Text,
    /// Whether it is the first thing to do.
    pub main: bool,
    /// 1 remind, 2 prepare, 3 compare, 4 execute.
    pub level: u8,
    /// Who handles it.
    pub authority: Text,
    /// By when; `None` is unknown.
    pub deadline: Option<DeadlineView>,
    /// Why no deadline is known, where none is.
    pub deadline_unknown: Option<Text>,
    /// When the authority answers if it is filed now, for each time that the law names and that
    /// can be counted. Empty once it was filed.
    pub results: Vec<ResultView>,
    /// `eligible` or `needs_info`.
    pub verdict: &'static str,
    /// The facts that would settle `needs_info`, as people call them.
    pub missing: Vec<Text>,
    /// The prepared draft, where the level is 2 or more.
    pub draft: Option<DraftId>,
    /// Fields filled and fields in all.
    pub coverage: Option<(usize, usize)>,
    /// Where it stands.
    pub state: SuggestionState,
}

/// One fact that a decision read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactLine {
    /// What it is.
    pub label: Text,
    /// What it says.
    pub value: String,
    /// Which register said so.
    pub register: Text,
    /// The day we learnt it.
    pub as_of: Date,
    /// The law that lets us read it.
    pub legal_basis: String,
}

/// A passage of the corpus that carries a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassageLine {
    /// `document#section`.
    pub id: String,
    /// Title and heading.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where we read it.
    pub source: String,
}

/// "Why am I getting this?"
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyView {
    /// What happened.
    pub event: Text,
    /// When.
    pub occurred_on: Date,
    /// The data that the decision read.
    pub facts: Vec<FactLine>,
    /// The rule, as `LE-BIRTH@2026-09-01`.
    pub rule: String,
    /// The law behind the rule.
    pub law: Vec<String>,
    /// Who is responsible.
    pub responsible: Text,
    /// What carries each sentence of the message.
    pub evidence: Vec<Evidence>,
    /// The passages that the evidence names.
    pub passages: Vec<PassageLine>,
    /// Who worded the message.
    pub source: MessageSource,
}

/// One message, opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessagePage {
    /// The message.
    pub message: MessageId,
    /// The life event's id.
    pub life_event_id: String,
    /// The life event's name.
    pub life_event: Text,
    /// The groups it belongs to, by which it can be refused.
    pub groups: Vec<String>,
    /// The language of `text`.
    pub language: Language,
    /// One line that names no person.
    pub subject_line: String,
    /// What the person reads; paragraphs parted by line breaks.
    pub text: String,
    /// The day it arrived.
    pub sent_on: Date,
    /// Where the milestone stands: `withdrawn` must be said.
    pub milestone_state: MilestoneState,
    /// The first thing to do.
    pub main: SuggestionView,
    /// What else the milestone opens.
    pub others: Vec<SuggestionView>,
    /// Why.
    pub why: WhyView,
}

/// Where the value of a field comes from, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The register.
    pub register: Text,
    /// The day we learnt it.
    pub as_of: Date,
    /// The law that lets us read it.
    pub legal_basis: String,
}

/// One field of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldLine {
    /// The key in the form.
    pub key: String,
    /// What people read beside it.
    pub label: Text,
    /// Whether the form needs it.
    pub required: bool,
    /// Whether only the person may say it.
    pub only_person: bool,
    /// `filled`, `missing` or `conflict`.
    pub state: &'static str,
    /// The value, where filled.
    pub value: Option<String>,
    /// Where the value comes from.
    pub sources: Vec<SourceLine>,
    /// What each register says, where they disagree.
    pub candidates: Vec<(String, SourceLine)>,
}

/// A draft, opened for review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftPage {
    /// The draft.
    pub id: DraftId,
    /// What it is for.
    pub suggestion: SuggestionView,
    /// The form's title.
    pub form: Text,
    /// The form's basis, with how sure we are of its fields.
    pub basis: String,
    /// Fields filled.
    pub filled: usize,
    /// Fields in all.
    pub total: usize,
    /// Fields that the person must still fill or decide before filing.
    pub to_do: usize,
    /// In the order of the form.
    pub fields: Vec<FieldLine>,
}

/// A refusal in force, as the person's settings show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalLine {
    /// `all`, `group:…`, `life-event:…`.
    pub scope: String,
    /// What it covers, in words.
    pub label: Text,
    /// Since when.
    pub since: Date,
}

/// A reading of a person's data, for "who looked at my data".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessLine {
    /// The day.
    pub on: Date,
    /// Who: a portal's name, the engine, the person.
    pub by: String,
    /// What for.
    pub purpose: String,
    /// On what law.
    pub legal_basis: String,
}

/// A sample person of the demo's picker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SamplePerson {
    /// The person.
    pub subject: SubjectId,
    /// The synthetic name.
    pub name: String,
    /// What their story shows.
    pub story: Text,
    /// Messages in the inbox.
    pub messages: usize,
}
