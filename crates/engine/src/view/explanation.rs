//! Why something is as it is, for whoever answers for it.

use domain::{
    AsOf, Delivery, Evidence, FactId, Interval, MessageSource, MilestoneId, MilestoneState,
    ReceiptId, SubjectId, TemplateId, Text, Verdict,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::PassageLine;

/// What an id stands for, and all decisions behind it. Holds no personal number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The id that was asked about.
    pub id: String,
    /// `milestone`, `suggestion`, `draft` or `message`.
    pub kind: &'static str,
    /// The life event's, service's or form's name, or the message's subject line.
    pub name: Text,
    /// Where it stands; a message stands where its deliveries do.
    pub state: Option<&'static str>,
    /// To whom it goes, where it goes to somebody.
    pub recipient: Option<SubjectId>,
    /// The milestone that it follows from.
    pub milestone: MilestoneId,
    /// Where that stands.
    pub milestone_state: MilestoneState,
    /// The life event's id.
    pub life_event: String,
    /// The life event's name.
    pub life_event_name: Text,
    /// Whose milestone it is.
    pub subject: SubjectId,
    /// The day it happened.
    pub occurred_on: Date,
    /// What brought it about.
    pub cause: Text,
    /// The decisions behind it: about the milestone first, in the order they were taken.
    pub decisions: Vec<DecisionView>,
    /// What its rules answer when they are asked anew, at the dates that were asked for.
    pub asked: Option<Asked>,
    /// How the text was made, where it is a message.
    pub worded: Option<Worded>,
}

/// What the rules behind something answer at three dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The three dates.
    pub as_of: AsOf,
    /// The life event's own rule first, then those of its services, proposed or not.
    pub rules: Vec<AskedRule>,
}

/// One rule and why it answers so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedRule {
    /// As receipts name it.
    pub rule: String,
    /// The service, where it is about one.
    pub service: Option<Text>,
    /// The law behind it.
    pub law: Vec<String>,
    /// The answer.
    pub verdict: Verdict,
    /// The facts that would settle it, as people call them.
    pub missing: Vec<Text>,
    /// The one of them to ask for first.
    pub ask_first: Option<Text>,
    /// The fewest parts that would turn the answer.
    pub nearest_miss: Vec<String>,
    /// From when on time alone will make it hold.
    pub holds_from: Option<Date>,
    /// The parts of its condition.
    pub parts: Vec<AskedPart>,
}

/// One part of a condition and the facts behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedPart {
    /// As its author wrote it.
    pub text: String,
    /// How it came out; `None` where that is not known.
    pub outcome: Option<bool>,
    /// The facts that it read.
    pub facts: Vec<FactRead>,
    /// The facts that no register told.
    pub not_told: Vec<Text>,
}

/// One answer of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionView {
    /// The receipt.
    pub receipt: ReceiptId,
    /// The milestone or suggestion that was decided.
    pub about: String,
    /// The rule, as `LE-BIRTH@2026-09-01/when`.
    pub rule: String,
    /// The version of the pack.
    pub pack: String,
    /// The three dates.
    pub as_of: AsOf,
    /// The answer.
    pub verdict: Verdict,
    /// The facts that would settle it, as people call them.
    pub missing: Vec<Text>,
    /// How each part of the condition came out.
    pub trace: Vec<String>,
    /// The facts read.
    pub facts: Vec<FactRead>,
}

/// One fact that a decision read, with both its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactRead {
    /// The fact.
    pub id: FactId,
    /// As the rule names it: `mother.nationality`.
    pub path: String,
    /// As people call it.
    pub label: Text,
    /// What it says; a personal number is masked.
    pub value: String,
    /// Which register said so.
    pub register: Text,
    /// The register's own record number, where it gave one.
    pub record: Option<String>,
    /// When it holds.
    pub valid: Interval,
    /// From when on it was known.
    pub known_from: Timestamp,
    /// Until when it was believed.
    pub known_until: Option<Timestamp>,
    /// The law that lets us read it.
    pub legal_basis: String,
}

/// How the text of a message was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worded {
    /// The template.
    pub template: TemplateId,
    /// Its text, with slots.
    pub text: String,
    /// Who worded it.
    pub source: MessageSource,
    /// Why the model's text was not taken, where it was not.
    pub refused_because: Option<String>,
    /// Whether every sentence was proved.
    pub proved: bool,
    /// sha256 of the model, empty for a hand-written text.
    pub model: String,
    /// The prompt's id and version.
    pub prompt: String,
    /// Hash of the index that the passages came from.
    pub index: String,
    /// What carries each sentence.
    pub evidence: Vec<Evidence>,
    /// The passages that the evidence names.
    pub passages: Vec<PassageLine>,
    /// Where the message went, or why it went nowhere.
    pub deliveries: Vec<Delivery>,
}
